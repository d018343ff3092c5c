# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rehearse the migrations of another release on a copy of the last verified backup, and remove the copy.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._backup.catalogue import Backup, Catalogue
from .._core import dotenv, timestamps
from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._host import environment_directory
from .._postgres import client_tools
from .._restore import load_obstacles, server_disk, server_rights, side_databases, verification
from .._restore.database_server import Server
from .._restore.side_databases import SideDatabases
from .._restore.verification import Verifier
from .._stack import project_owner, server_owner, state
from .._stack.backend_image import Backend
from . import rehearsal_record
from .alembic_client import Alembic
from .migration_plan import Planner, refuse_misspelt
from .rehearsal_record import RehearsalRecord, Subject
from .revisions import Code, CurrentSchema
from .side_migration import SideMigration

_NOTHING: Mapping[str, Any] = {
    "steps": [],
    "seconds": None,
    "load_seconds": None,
    "locks": [],
    "rewritten": [],
    "only_adds": None,
    "at": None,
}
#: The details of an error by which a revision failed.
_FAILURE = ("revision", "said", "sqlstate", "statement")


@dataclass(frozen=True)
class Compared:
    """The backup, what is rehearsed on it, and the last rehearsal. ``backend`` is None without an engine."""

    backup: Backup
    subject: Subject
    record: RehearsalRecord
    backend: Backend | None = None
    code: Code | None = None

    @property
    def is_current(self) -> bool:
        """Whether the backup has all revisions of the image."""
        return self.code is not None and not self.subject.missing


class UpgradeRehearsal(Work):
    """The work of convosphere_db_upgrade_rehearsal."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        self.catalogue = Catalogue(Path(call.params["backup_dir"]))
        self.tools = client_tools.PostgresTools(call.params)
        self.server = Server(call.params, read_only=call.check_mode)
        self.held = ExitStack()
        self.codes: dict[str, Code] = {}
        self.compared: Compared | None = None
        self.result: Mapping[str, Any] = {}

    def plan(self) -> Plan:
        """Find backup and image, and compare their revisions. Connect to the server only if there is something to do.

        In check mode the image may not be on the host yet.
        """
        environment_directory.refuse_foreign_backups(self.catalogue.directory, self.params["environment_name"])
        server_owner.refuse_foreign_server(self.params)
        self.held.callback(self.server.close)
        compared = self._compare()
        if self._is_due(compared):
            if not self.call.check_mode:
                self.held.enter_context(self.catalogue.lock())
                compared = self._compare()  # another run may have removed the backup until now
            self._require(compared)
        self.compared = compared
        self.result = compared.record.result_of(compared.subject) or {}
        return compared.record.plan(compared.subject) if self._is_due(compared) else Plan()

    def apply(self, plan: Plan) -> None:
        """Load the backup into a side database, migrate it, drop it, and record what was measured."""
        compared = self.compared
        if compared is None or compared.backend is None or compared.code is None:
            raise RuntimeError("nothing was planned")
        try:
            result = self._rehearse(compared, compared.backend, compared.code)
        except ConvosphereError as error:
            failure = {name: error.details.get(name) for name in _FAILURE}
            if failure["revision"]:
                now = timestamps.format_time(datetime.now(timezone.utc))
                compared.record.write(compared.subject, now, failure=failure)
            raise self._explained(error, compared.subject) from error
        compared.record.write(compared.subject, result["at"], result=result)
        self.result = result

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return what was rehearsed and measured, now or by the recorded rehearsal."""
        if self.compared is None:
            return {}
        subject, backup = self.compared.subject, self.compared.backup
        return {
            **_NOTHING,
            "revisions": list(subject.before),
            **self.result,
            "image": subject.image,
            "image_id": subject.image_id,
            "backup": backup.manifest.id,
            "backup_age_hours": rehearsal_record.hours_old(backup, datetime.now(timezone.utc)),
            "revisions_before": list(subject.before),
            "missing": list(subject.missing),
        }

    def close(self) -> None:
        """Release the lock and the connection."""
        self.held.close()

    def _is_due(self, compared: Compared) -> bool:
        if compared.is_current:
            return False
        return bool(self.params["force"]) or compared.record.result_of(compared.subject) is None

    def _compare(self) -> Compared:
        """Compare once. Raises InputError if nothing can be rehearsed."""
        now, live = datetime.now(timezone.utc), self.params["login_db"]
        backups, _foreign = self.catalogue.read()
        backup = rehearsal_record.newest_verified(backups, self.params["environment_name"], live, now)
        record = RehearsalRecord.read(self.catalogue.directory)
        before = tuple(sorted(verification.database_record(backup).schema_revisions))
        subject = Subject(
            image=self.params["image"],
            image_id=None,
            backup=backup.manifest.id,
            before=before,
            missing=(),
            accept=tuple(sorted(self.params["accept"])),
            assume=tuple(sorted(self.params["assume"])),
        )
        backend = self._backend()
        image_id = backend.image_id if backend else None
        if backend is None or image_id is None:
            return Compared(backup, subject, record)
        code = self._read(image_id)
        refuse_misspelt(code, [*self.params["accept"], *self.params["assume"]])
        missing = Planner(code, CurrentSchema({}, before)).missing()
        subject = replace(subject, image_id=image_id, missing=tuple(revision.id for revision in missing))
        return Compared(backup, subject, record, backend, code)

    def _backend(self) -> Backend | None:
        """Return the backend; None if, in check mode, the engine or the image is not there. Raises ConvosphereError."""
        connect = engine_client.connect_if_there if self.call.check_mode else engine_client.connect
        client = connect(self.params["docker_host"], self.params["timeout"])
        if client is None:
            return None
        if self.params["project_name"]:
            project_owner.refuse_foreign_project_of(client, self.params)
        if state.image_id(client, self.params["image"]) is not None:
            return Backend(client, self.params)
        if not self.call.check_mode:
            raise InputError(f"The host has no image {self.params['image']}", hint="Pull or build it first.")
        return None

    def _read(self, image_id: str) -> Code:
        """Return the revisions of an image, for which a container is started once."""
        if image_id not in self.codes:
            self.codes[image_id] = Code(self._alembic(image_id).revisions())
        return self.codes[image_id]

    def _alembic(self, image_id: str) -> Alembic:
        return Alembic(image_id, self.params["docker_host"], self.params["alembic_directory"])

    def _require(self, compared: Compared) -> None:
        """Raise ConvosphereError unless the server can load the backup, and has room for it."""
        server_rights.read(self.server.fetch, self.params["login_db"]).refuse_rehearsal()
        self.tools.require(self.server.version(), "pg_restore")
        self.tools.adopt(self.server.connection)
        backup = compared.backup
        problems = load_obstacles.find(backup, self.server, self.tools, self.params["identity_file"])
        if problems:
            raise InputError.of(
                problems,
                hint="Nothing was changed. Set identity_file for an encrypted backup, and add the missing objects to "
                "the server, a role by CREATE ROLE ... NOLOGIN.",
            )
        # A table that a revision rewrites exists twice until the end of its transaction.
        room = server_disk.missing_room(self.server, self.tools, 2 * verification.database_record(backup).size)
        if room:
            raise ConvosphereError(room, hint="Nothing was changed. Free space on that disk, and rehearse again.")

    def _rehearse(self, compared: Compared, backend: Backend, code: Code) -> dict[str, Any]:
        live = self.params["login_db"]
        self.catalogue.clear_unfinished()
        self.server.lock(live)
        beside = SideDatabases(self.server, live)
        beside.remove_leftovers()
        environment = backend.environment()
        self.call.hide(*dotenv.maskable(environment))
        alembic = replace(self._alembic(str(compared.subject.image_id)), environment=environment)
        migration = SideMigration(self.params, self.server, backend, code, alembic)
        verifier = Verifier(self.catalogue, self.tools, self.server, **verification.settings(self.params))
        record = verification.database_record(compared.backup)
        with beside.temporary(side_databases.UPGRADE, record) as name:
            began = time.monotonic()
            verifier.load(compared.backup, name)
            loaded = time.monotonic() - began
            measured = migration.measure(name)
        at = timestamps.format_time(datetime.now(timezone.utc))
        return {**measured, "load_seconds": round(loaded, 3), "at": at}

    def _explained(self, error: ConvosphereError, subject: Subject) -> ConvosphereError:
        """Return an error of the same type that names the rehearsal, and what it left unchanged."""
        statement = error.details.get("statement")
        text = f"{error.message.rstrip('.')}. The statement: {statement}" if statement else error.message
        return type(error)(
            f"The upgrade of {self.params['login_db']} to {subject.image} failed on a copy of the backup "
            f"{subject.backup}. {text}",
            hint=f"{error.hint or ''} The copy is removed, and the live database was not changed.".lstrip(),
            **error.details,
        )
