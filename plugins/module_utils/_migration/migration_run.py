# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrate a database to the revisions of a backend's image: find both, plan, run the steps, verify.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path
from typing import Any

from .._backup import paths
from .._backup.catalogue import Backup, Catalogue
from .._core import dotenv
from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._engine import project as engine_project
from .._postgres.connection import is_elsewhere
from .._restore.backup_gate import Gate
from .._stack import project_owner
from .._stack.backend_image import Backend
from . import alembic_client, migration_failure, migration_plan, migration_steps, release_schema, unreachable
from .alembic_client import Alembic, Target
from .lock_holders import Blockers, Session
from .migration_plan import RUN, UNDO, Migration, Planner
from .revisions import Code
from .schema_repository import SchemaRepository
from .unreachable import ABSENT, UNKNOWN

_NOTHING: Mapping[str, Any] = {
    "revisions_before": [],
    "revisions": [],
    "steps": [],
    "ended_sessions": [],
    "backup": None,
    "backup_missing": None,
}


@dataclass(frozen=True)
class Planned:
    """A migration of a database that can be reached. ``objection`` says in check mode why no backup is good enough."""

    migration: Migration
    code: Code
    repository: SchemaRepository
    target: Target
    alembic: Alembic
    backup: Backup | None = None
    objection: str | None = None

    @property
    def backup_id(self) -> str | None:
        """The id of the backup to restore if the migration fails."""
        return self.backup.manifest.id if self.backup else None


class MigrationWork(Work):
    """The work of convosphere_db_migration."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        #: The options, with the port at which the database is reached.
        self.login: Mapping[str, Any] = call.params
        self.held = ExitStack()
        self.situation = UNKNOWN
        self.released: list[str] | None = None
        self.image_id: str | None = None
        self.code: Code | None = None
        self.backend: Backend | None = None
        #: None if, in check mode, the database or the image is not there yet.
        self.planned: Planned | None = None
        self.ended: list[Session] = []

    def plan(self) -> Plan:
        """Find the image and the database, and compare their revisions. In check mode either may not exist yet."""
        paths.refuse({"backup_dir": {"type": "path"}}, self.params)
        connect = engine_client.connect_if_there if self.call.check_mode else engine_client.connect
        client = connect(self.params["docker_host"], self.params["timeout"])
        if client is None:
            self.situation = ABSENT
            return Plan()
        if self.params["project_name"]:
            project_owner.refuse_foreign_project_of(client, self.params)
        self.login = engine_project.published_login(client, self.params)
        backend = self.backend = Backend(client, self.params)
        self.image_id = backend.image_id
        self.released = backend.released
        if self.image_id is None:
            if not self.call.check_mode:
                raise InputError(f"The host has no image {self.params['image']}", hint="Pull or build it first.")
            self.situation = ABSENT if unreachable.why(backend, self.params) == ABSENT else UNKNOWN
            return Plan()
        self.planned = self._plan(backend, self.image_id)
        return migration_plan.changes(self.planned.migration) if self.planned else Plan()

    def apply(self, plan: Plan) -> None:
        """Record, run or undo one revision after the other. If one fails, report where the database is."""
        planned = self.planned
        if planned is None:
            return
        try:
            self._run_steps(planned)
        except ConvosphereError as error:
            failure = migration_failure.Failure(planned.migration, planned.code, planned.repository.name)
            restore = migration_failure.restore_command(self.params["environment_name"], planned.backup_id)
            raise failure.explain(error, self._revisions_after(planned), restore, self.ended) from error
        finally:
            for session in self.ended:
                self.call.warn(f"Terminated a session that held a lock which a revision waited for: {session}")

    def verify(self, plan: Plan) -> None:
        """Raise ConvosphereError if alembic's record is not at the planned revisions."""
        if self.planned and plan.changed:
            current = self.planned.repository.read().stamps or ()
            if current != self.planned.migration.after:
                listed = migration_failure.listed
                raise ConvosphereError(
                    f"After the migration {self.planned.repository.name} is at {listed(current)}, "
                    f"not at {listed(self.planned.migration.after)}"
                )

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the situation, the revisions, the steps and the backup."""
        schema = release_schema.schema_record(self.image_id, self.code) if self.image_id and self.code else None
        found = {
            **_NOTHING,
            "situation": self.situation,
            "heads": self.code.heads if self.code else [],
            "released": self.released,
            "schema": schema,
            "login_port": self.login["login_port"],
        }
        if self.planned is None:
            return found
        migration = self.planned.migration
        steps = [
            {"revision": step.revision.id, "action": step.action, "reason": step.reason} for step in migration.steps
        ]
        return {
            **found,
            "situation": migration.situation,
            "heads": self.planned.code.heads,
            "revisions_before": list(migration.before),
            "revisions": list(migration.after),
            "steps": steps,
            "ended_sessions": [asdict(session) for session in self.ended],
            "backup": self.planned.backup_id,
            "backup_missing": self.planned.objection,
        }

    def close(self) -> None:
        """Close the connection, and with it release the lock."""
        self.held.close()

    def _plan(self, backend: Backend, image_id: str) -> Planned | None:
        """Plan for an image that is on the host; None if, in check mode, the database cannot be reached yet."""
        recorded = release_schema.known(backend, image_id)
        code = self.code = recorded or self._read(image_id)
        repository = SchemaRepository(self.login, read_only=self.call.check_mode)
        self.held.callback(repository.close)
        try:
            target = self._reach(repository, image_id)
        except ConvosphereError:
            self.situation = unreachable.why(backend, self.params)
            if self.call.check_mode and unreachable.is_expected(self.situation, self.params):
                migration_plan.refuse_misspelt(code, [*self.params["accept"], *self.params["assume"]])
                return None
            raise
        code, migration = self._compare(repository, backend, image_id, code, complete=recorded is None)
        self._refuse_another_server(repository, migration)
        planned = Planned(migration, code, repository, target, self._alembic(image_id))
        if migration.touches_data and not self.params["skip_backup_gate"]:
            backup, objection = self._find_backup(repository.name, migration)
            return replace(planned, backup=backup, objection=objection)
        return planned

    def _refuse_another_server(self, repository: SchemaRepository, migration: Migration) -> None:
        """Raise InputError if a managed database is empty and a release serves: it would begin a second database."""
        if migration.situation == migration_plan.EMPTY and self.released and is_elsewhere(self.params):
            raise InputError(
                f"The database {repository.name} at {self.params['login_host']} has no table, and the release that "
                f"serves needs the schema at {', '.join(self.released)}",
                hint="Nothing was changed. Check host and name in stack_managed_database. To move the data there, "
                'restore it first: docs/topology.md, "Managed PostgreSQL".',
            )

    def _reach(self, repository: SchemaRepository, image_id: str) -> Target:
        """Connect, and unless in check mode keep other migrations out and end what an interrupted one left running."""
        target = repository.target(self.login)
        if not self.call.check_mode:
            repository.lock_out()
            self._alembic(image_id).remove_leftovers(target)
        return target

    def _compare(
        self, repository: SchemaRepository, backend: Backend, image_id: str, code: Code, *, complete: bool
    ) -> tuple[Code, Migration]:
        """Return the code of the image and the migration to it.

        Code that an earlier run recorded is not ``complete``: its SQL is missing. It is needed, and a container started
        to read it, unless the database is at its heads.
        """
        current = repository.read()
        at_heads = bool(current.tables) and current.stamps == tuple(code.heads) and not self.params["revision"]
        if not complete and not at_heads:
            code = self._read(image_id)
        planner = Planner(code, current, self.params["revision"], self.params["accept"], self.params["assume"])
        if current.tables and not at_heads and not planner.is_recorded:
            planner = replace(planner, served=release_schema.served(backend, image_id, code, self._read))
        return code, planner.migration()

    def _find_backup(self, name: str, migration: Migration) -> tuple[Backup | None, str | None]:
        environment = self.params["environment_name"]
        gate = Gate(name, environment, migration.before, self.params["backup_max_age"])
        backup: Backup | None = None
        objection: str | None = "backup_dir is not set, so that there is no backup"
        if self.params["backup_dir"]:
            backups, _foreign = Catalogue(Path(self.params["backup_dir"])).read()
            backup, objection = gate.choose(backups, datetime.now(timezone.utc))
        if objection and not self.call.check_mode:
            make, verify = (
                migration_failure.playbook(file, environment) for file in ("backup.yml", "backup_verify.yml")
            )
            raise InputError(
                f"Cannot migrate the database {name} without a backup to restore. {objection}",
                hint=f"Nothing was changed. Create and verify a backup: {make}, {verify}; or set skip_backup_gate to "
                "true.",
            )
        return backup, objection

    def _run_steps(self, planned: Planned) -> None:
        run = partial(self._run, planned)
        migration_steps.run_all(planned.migration, planned.code, planned.repository, run)

    def _run(self, planned: Planned, action: str, names: list[str]) -> None:
        alembic = replace(planned.alembic, environment=self._environment())
        seconds = self.params["migration_timeout"]
        idle = self.params["idle_transaction_timeout"]
        with Blockers(self.login, alembic_client.APPLICATION, idle, self.ended):
            if action == RUN:
                # alembic runs all that comes before a revision with it, in one transaction.
                alembic.upgrade(planned.target, planned.code.tips(names), seconds)
            elif action == UNDO:
                alembic.downgrade(planned.target, [self.params["revision"]], seconds)

    def _environment(self) -> dict[str, str]:
        """Return the backend's settings, all of which are masked."""
        found = self.backend.environment() if self.backend else {}
        self.call.hide(*dotenv.maskable(found))
        return found

    def _revisions_after(self, planned: Planned) -> tuple[str, ...] | None:
        """Read the revisions once no session of this run works in the database; None if they cannot be read.

        An alembic that was terminated leaves a session behind, which works on in the server and may commit.
        """
        repository = planned.repository
        try:
            try:
                repository.end_others()
            except ConvosphereError:  # the connection may have failed, and the lock with it
                repository.close()
                repository.lock_out()
            return repository.read().stamps or ()
        except ConvosphereError:
            return None

    def _alembic(self, image_id: str) -> Alembic:
        return Alembic(image_id, self.params["docker_host"], self.params["alembic_directory"])

    def _read(self, image_id: str) -> Code:
        """Read the revisions of an image, for which a container is started."""
        return Code(self._alembic(image_id).revisions())
