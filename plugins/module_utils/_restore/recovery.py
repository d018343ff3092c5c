# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recover from restores that were interrupted while they swapped uploads and vectors: find them, and undo the swap.

The databases are renamed in one transaction. Uploads and vectors are swapped before it, by programs that take no part
in it. Therefore a note on how to undo that swap is written first, into the mark of the database that is to become live.
The transaction replaces the mark: while the note exists, the databases were not renamed.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan, make_plan
from . import side_databases
from .component_group import ComponentGroup
from .database_server import INTERRUPTED_SWAP, ServerDatabase
from .service_stop import ServiceStop
from .side_databases import SideDatabases


@dataclass(frozen=True)
class Recovery:
    """Undo interrupted swaps beside one live database. ``params`` are those of a restore."""

    side_databases: SideDatabases
    params: Mapping[str, Any]

    def interrupted(self) -> list[ServerDatabase]:
        """Return the databases whose marks have a note on an interrupted swap."""
        live = self.side_databases.live
        databases = self.side_databases.server.databases().values()
        return [
            each
            for each in databases
            if each.interrupted_swap and each.is_ours(live, side_databases.RESTORE, side_databases.REJECTED)
        ]

    def plan(self) -> Plan:
        """Return a change for each swap to undo. The plan is nearly always empty."""
        names = [f"{', '.join(each.interrupted_swap['kept'])} beside {each.name}" for each in self.interrupted()]
        desired, current = ({name: {"swap": state} for name in names} for state in ("undone", "interrupted"))
        return make_plan(desired, current)

    def refuse(self) -> None:
        """Raise InputError if there is a swap to undo: nothing that is kept may be discarded then."""
        for each in self.interrupted():
            raise InputError(
                f"A restore of database {self.side_databases.live} was interrupted while it swapped {_kinds(each)}: "
                "the kept content may be the only copy, and cannot be discarded",
                hint=f"Nothing was changed. Restore any backup: that first puts the previous {_kinds(each)} back.",
            )

    def check(self) -> None:
        """Raise ConvosphereError unless the swaps can be undone. Change nothing."""
        for each in self.interrupted():
            with _explaining(each):
                self._components(each).state()

    def stopped(self) -> list[str]:
        """Return the services, beside those of the options, that ``undo`` stops. Raises ConvosphereError."""
        return [service for each in self.interrupted() for service in self._components(each).stopped()]

    def undo(self, services: ServiceStop) -> None:
        """Put the previous content back while the services are stopped. Call this only with the locks.

        Content that was written in between is kept as rejected. Raises ConvosphereError; the next run tries again then.
        """
        interrupted = self.interrupted()
        if not interrupted:
            return
        try:
            services.stop()
            for each in interrupted:
                with _explaining(each):
                    self._components(each).recover(each.interrupted_swap, datetime.now(timezone.utc))
                self._forget(each)
        finally:
            services.start_if_possible()

    def _components(self, database: ServerDatabase) -> ComponentGroup:
        note = database.interrupted_swap
        params = {**self.params, "include": ["database", *note["kept"]], "project_name": note["project"]}
        return ComponentGroup(params, None)

    def _forget(self, database: ServerDatabase) -> None:
        if database.is_ours(self.side_databases.live, side_databases.RESTORE):
            self.side_databases.drop(database.name)
        else:
            mark = {key: value for key, value in database.mark.items() if key != INTERRUPTED_SWAP}
            self.side_databases.mark(database.name, mark)


def _kinds(database: ServerDatabase) -> str:
    return " and ".join(database.interrupted_swap["kept"])


@contextmanager
def _explaining(database: ServerDatabase) -> Iterator[None]:
    """Add to an error which swap could not be undone, and how to continue without that."""
    try:
        yield
    except ConvosphereError as error:
        kinds = _kinds(database)
        raise ConvosphereError(
            f"Cannot undo the swap of {kinds} that an earlier, interrupted restore left: {error.message}",
            hint=f"{error.hint or ''} The note on it is in the comment of database {database.name}. If the {kinds} are "
            "in the desired state already, drop that database and restore again.".strip(),
            **error.details,
        ) from error
