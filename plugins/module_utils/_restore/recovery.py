# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restores that were killed while they exchanged uploads and vectors: found, told of, and undone.

The databases are renamed in one transaction, and what is beside them is exchanged before, by programs that know
nothing of it. So what there is to undo is written first, into the mark of the database that is to become the live one,
which the transaction itself replaces: as long as it is there, the databases were not renamed.

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
from .._postgres.database_comment import HALFWAY
from . import side_databases
from .component_restore import PartsRestore
from .service_stop import Pause
from .side_databases import Found, Scratch


@dataclass(frozen=True)
class Halfway:
    """Those beside the live database of ``scratch``. ``params`` are those of a restore."""

    scratch: Scratch
    params: Mapping[str, Any]

    def found(self) -> list[Found]:
        """The databases whose marks say what there is to undo."""
        live = self.scratch.live
        databases = self.scratch.server.databases().values()
        return [
            each
            for each in databases
            if each.halfway and each.is_ours(live, side_databases.RESTORE, side_databases.REJECTED)
        ]

    def plan(self) -> Plan:
        """What there is to undo; a plan without a change where there is nothing, as nearly always."""
        found = {f"{', '.join(each.halfway['kept'])} beside {each.name}": each for each in self.found()}
        return make_plan(
            {name: {"exchange": "undone"} for name in found}, {name: {"exchange": "halfway"} for name in found}
        )

    def refuse(self) -> None:
        """Raise InputError where there is anything to undo: nothing that is kept may be discarded then."""
        for each in self.found():
            kinds = " and ".join(each.halfway["kept"])
            raise InputError(
                f"A restore of database {self.scratch.live} was ended while it exchanged {kinds}: "
                "what is kept of before may be all there is",
                hint=f"Nothing was changed. Restore a backup, whichever: that puts the {kinds} of before back first.",
            )

    def check(self) -> None:
        """See that all is there to undo them. Changes nothing. Raises ConvosphereError."""
        for each in self.found():
            with _telling(each):
                self._parts(each).state()

    def undo(self, pause: Pause) -> None:
        """Put back what was there before, with the services stopped meanwhile; only for whoever holds the locks.

        What was written in between is kept as rejected. Raises ConvosphereError; the next run tries it again then.
        """
        found = self.found()
        if not found:
            return
        try:
            pause.stop()
            for each in found:
                with _telling(each):
                    self._parts(each).undo(each.halfway["new"], datetime.now(timezone.utc))
                self._forget(each)
        finally:
            pause.start_if_possible()

    def _parts(self, found: Found) -> PartsRestore:
        kept = dict(found.halfway["kept"])
        params = {**self.params, "include": ["database", *kept], "project_name": found.halfway["project"]}
        parts = PartsRestore(params, None)
        parts.kept = kept
        return parts

    def _forget(self, found: Found) -> None:
        if found.is_ours(self.scratch.live, side_databases.RESTORE):
            self.scratch.drop(found.name)
        else:
            self.scratch.mark(found.name, {key: value for key, value in found.mark.items() if key != HALFWAY})


@contextmanager
def _telling(found: Found) -> Iterator[None]:
    """Say of an error what it was that could not be undone, and how to do without it."""
    try:
        yield
    except ConvosphereError as error:
        kinds = " and ".join(found.halfway["kept"])
        raise ConvosphereError(
            f"An earlier restore was ended while it exchanged {kinds}, and that cannot be undone: {error.message}",
            hint=f"{error.hint or ''} It is noted in the comment of database {found.name}: where the {kinds} are as "
            "they should be, drop that database, and restore then.".strip(),
            **error.details,
        ) from error
