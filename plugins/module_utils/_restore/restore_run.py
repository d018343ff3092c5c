# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore one backup: load it beside the live database, compare it with its manifest, and swap it for the live content.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._backup import catalogue as backup_catalogue
from .._backup import run_key, selection
from .._backup.catalogue import Backup, Catalogue, Scope
from .._backup.manifest import RESTORE
from .._backup.progress import Progress
from .._core import timestamps
from .._core.plan import Plan, make_plan
from .._core.work import Invocation
from .._host import environment_directory
from .._people import signatures
from .._people.signatures import Keys
from .._postgres.client_tools import PostgresTools
from . import registered, server_rights, verification
from .component_group import ComponentGroup
from .database_fingerprint import Content
from .database_restore import DatabaseRestore
from .platform_swap import PlatformSwap
from .registered import Registered
from .restore_requirements import Requirements
from .restore_work import RestoreWork
from .service_stop import ServiceStop
from .side_databases import LIVE
from .verification import Verifier


@dataclass(frozen=True)
class Comparison:
    """The chosen backup compared with the current content. ``database`` is not set if nothing has to be restored."""

    backup: Backup
    others: ComponentGroup
    database: DatabaseRestore | None
    plan: Plan


class RestoreRun(RestoreWork):
    """Restore the backup that the options name.

    ``known_revisions`` returns the schema revisions that the backend's code knows, None if nothing reports them.
    """

    def __init__(self, invocation: Invocation, known_revisions: Callable[[], set[str] | None]) -> None:
        super().__init__(invocation)
        given, own = Path(self.params["backup"]), Path(self.params["backup_dir"])
        self.own_directory = own
        self.catalogue = Catalogue(given.parent if given.is_absolute() else own)
        self.scope = Scope(self.params["environment_name"], self.live)
        self.tools = PostgresTools(self.params)
        self.services = ServiceStop(self.params)
        self.verifier = Verifier(self.catalogue, self.tools, self.server, **verification.settings(self.params))
        self.requirements = Requirements(self.params, self.scope, self.server, self.tools, known_revisions)
        self.comparison: Comparison | None = None
        #: The key of the registers.
        self.keys = Keys()
        self.previous: str | None = None
        self.duration: float | None = None
        #: How many persons of the ledger were erased again; None without a restore.
        self.erased: int | None = None

    def plan(self) -> Plan:
        """Compare the backup with the current content, and once more under the locks if there is something to do."""
        self.connect()
        if not self.params["force"]:  # with force another environment's backup is restored, and not changed
            environment_directory.refuse_foreign_backups(self.own_directory, self.params["environment_name"])
        server_rights.read(self.server.fetch, self.live).refuse_restore(self.live)
        self.tools.require(self.server.version(), "pg_restore")
        self.tools.adopt(self.server.connection)
        comparison = self._compare()
        if comparison.database:
            self.refuse_unconfirmed(self._step(comparison), [f"database {self.live}"])
        if comparison.plan.changed and not self.check_mode:
            self.held.enter_context(self.catalogue.lock())
            self.services.lock(self.held)
            self.server.lock(self.live)
            comparison = self._compare()  # another run may have changed something until now
        self.keys = signatures.read(self.params)
        self._registered(comparison.backup, self.warn)  # refused now rather than after the backup is loaded
        warning = selection.warning(self.catalogue, self.params["backup"], comparison.backup)
        if warning:
            self.warn(warning)
        self.comparison = comparison
        return comparison.plan

    def apply(self, _plan: Plan) -> None:
        """Remove what interrupted runs left, undo their swaps, restore, and start the services."""
        self.remove_leftovers()
        self.catalogue.clear_unfinished()
        run_key.RunKeys(self.catalogue.directory).clear(self.catalogue.read()[0])
        self.recovery.undo(self.services)
        began = time.monotonic()
        comparison = self._compared
        if comparison.database:
            self.previous = self._restore(comparison.database, comparison.others)
            self.erased = len(comparison.database.erased.users)
            self.duration = round(time.monotonic() - began, 1)
        else:
            self.services.start()

    def report(self, _plan: Plan) -> dict[str, Any]:
        """Return the backup, whether it was restored, and the kept content."""
        comparison = self._compared
        return {
            "backup": _described(comparison.backup),
            "restored": comparison.database is not None,
            "skipped": comparison.database.roles.skipped() if comparison.database else [],
            "previous": self.previous,
            "kept": self.kept(comparison.others),
            "discarded": [],
            "erased_again": self.erased,
            "duration": self.duration,
        }

    def _restore(self, database: DatabaseRestore, others: ComponentGroup) -> str | None:
        """Stage and swap all components. Return the name of the previous database, None if it did not exist.

        Raises ConvosphereError; the services run on the previous content then, unless the error says otherwise.
        """
        backup = database.backup
        progress = Progress(self.catalogue.directory / backup_catalogue.PROGRESS, backup.manifest.id)
        with ExitStack() as held:
            held.callback(progress.end)
            held.callback(others.close)
            held.enter_context(self.verifier.judging(backup))
            held.callback(database.close)
            database.stage(progress)
            database.erase_again(self._registered(backup))
            others.stage(progress)
            others.forget(database.erased.files, database.erased.ids)
            progress.begin("analyze")
            database.analyze()
            progress.begin("swap")
            return PlatformSwap(database, others, self.services, self.params["drain_timeout"]).run()

    def _registered(self, backup: Backup, warn: Callable[[str], None] = lambda _text: None) -> Registered:
        return registered.read(self.own_directory, self.params["environment_name"], backup, self.keys, warn)

    @property
    def _compared(self) -> Comparison:
        if self.comparison is None:
            raise RuntimeError("plan() comes first")
        return self.comparison

    def _compare(self) -> Comparison:
        """Compare once. Raises InputError if the backup must not be restored here."""
        backup = self.catalogue.find(self.params["backup"], scope=self.scope)
        others = ComponentGroup(self.params, backup)
        current = self._current(backup, others)
        desired = {"backup": backup.manifest.id, "written_since": False, **_parts(others, others.kinds)}
        plan = self.recovery.plan() + make_plan({self.live: desired}, {self.live: current} if current else {})
        database = None
        if plan.changed:
            database = self._database(backup)
            others.check()
            self.recovery.check()
            database.check()
            plan += database.roles.plan() + self._verification(backup)
        also = [*others.stopped(), *self.recovery.stopped()] if database else []
        return Comparison(backup, others, database, plan + self.services.plan(also))

    def _database(self, backup: Backup) -> DatabaseRestore:
        return DatabaseRestore(
            self.verifier,
            self.server,
            self.live,
            backup,
            self.requirements.check(backup),
            self.params["analyze_timeout"],
            self.warn,
        )

    @staticmethod
    def _verification(backup: Backup) -> Plan:
        """Return the change of the manifest: a restore verifies the backup."""
        level = backup.manifest.level
        desired = level if backup.manifest.reaches(RESTORE) else RESTORE
        return make_plan({backup.manifest.id: {"verified": desired}}, {backup.manifest.id: {"verified": level}})

    def _current(self, backup: Backup, others: ComponentGroup) -> dict[str, Any] | None:
        """Return the backup that the live content was restored from, and whether it was written to since.

        Return None without a live database.
        """
        live = self.server.databases().get(self.live)
        if live is None:
            return None
        current: dict[str, Any] = {"backup": live.mark.get("backup"), "written_since": None}
        if self.recovery.interrupted():
            return current  # uploads or vectors are not those that belong to the database
        sha256 = backup.manifest.file("database").sha256
        if not live.is_ours(self.live, LIVE) or live.mark.get("sha256") != sha256:
            return current
        state = live.mark.get("parts") or {}
        current.update(_parts(others, [kind for kind in others.kinds if kind in state]))
        if self.params["force"]:
            return current
        with Content(self.params, self.live) as content:
            unchanged: bool | None = content.is_unchanged_since(live.mark.get("state") or {})
        if unchanged and others.kinds:
            unchanged = others.is_unchanged_since(state)
        return {**current, "written_since": None if unchanged is None else not unchanged}

    def _step(self, comparison: Comparison) -> str:
        """Describe the restore for the confirmation."""
        backup, kinds = _described(comparison.backup), " and ".join(["database", *comparison.others.kinds])
        return (
            f"This replaces the {kinds} of {self.place()} by the backup {backup['id']} with {backup['rows']} rows. "
            f"The backup excludes everything written since {backup['created_at']}. The current content is kept under "
            "another name:"
        )


def _parts(others: ComponentGroup, kinds: list[str]) -> dict[str, str]:
    """Return the plan's field of uploads and vectors, empty if the options name neither."""
    return {"parts": ", ".join(kinds)} if others.kinds else {}


def _described(backup: Backup) -> dict[str, Any]:
    manifest, record = backup.manifest, verification.database_record(backup)
    return {
        "id": manifest.id,
        "label": manifest.label,
        "created_at": timestamps.format_time(manifest.created_at),
        "schema_revisions": list(record.schema_revisions),
        "rows": sum(record.tables.values()),
    }
