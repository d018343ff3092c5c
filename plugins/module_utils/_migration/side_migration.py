# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrate a side database as the live one would be migrated, and measure it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .._postgres.connection import quoted_identifier
from .._restore.database_server import Server
from .._stack.backend_image import Backend
from . import alembic_client, migration_steps, release_schema, rewritten_tables
from .alembic_client import Alembic
from .lock_sampler import LockSampler
from .migration_plan import RUN, Migration, Planner
from .revisions import Code
from .schema_repository import SchemaRepository

#: Nothing else works in a side database, but autovacuum.
_LOCK_TIMEOUT = 10


@dataclass
class SideMigration:
    """The migration of one side database. ``params`` are the module's options, ``alembic`` has the settings.

    ``code`` has the revisions of the image with the id ``alembic.image``.
    """

    params: Mapping[str, Any]
    server: Server
    backend: Backend
    code: Code
    alembic: Alembic
    #: The seconds of each revision, and of all programs that ran them.
    seconds: dict[str, float] = field(default_factory=dict)
    total: float = 0.0

    def measure(self, name: str) -> dict[str, Any]:
        """Migrate the database ``name``, into which a backup was loaded. Return the measured values.

        Raises DatabaseError with ``revision`` in its details if a revision fails, and InputError if one is refused.
        """
        self._settle(name)
        login = {**self.params, "login_db": name, "lock_timeout": _LOCK_TIMEOUT}
        repository = SchemaRepository(login, read_only=False)
        session = Server(login, read_only=True, database=name)
        try:
            repository.lock_out()
            migration = self._plan(repository)
            before = rewritten_tables.read(session.fetch)
            with LockSampler(login, alembic_client.APPLICATION) as sampler:
                self._run(repository, login, migration)
            rewritten = rewritten_tables.compare(before, rewritten_tables.read(session.fetch))
        finally:
            session.close()
            repository.close()
        return self._measured(migration, sampler, rewritten)

    def _settle(self, name: str) -> None:
        """Give a loaded database what a live one has: its settings, statistics, and rows known to be committed."""
        # A loaded one syncs less to the disk, which would make the migration faster than the live one.
        self.server.execute(f"ALTER DATABASE {quoted_identifier(name)} RESET ALL", step=f"reset the settings of {name}")
        session = Server(self.params, read_only=False, database=name)
        try:
            session.execute("VACUUM (ANALYZE)", step=f"vacuum the database {name}")
        finally:
            session.close()

    def _plan(self, repository: SchemaRepository) -> Migration:
        current = repository.read()
        planner = Planner(self.code, current, None, self.params["accept"], self.params["assume"])
        if current.tables and not planner.is_recorded:
            served = release_schema.served(self.backend, self.alembic.image, self.code, self._read)
            planner = replace(planner, served=served)
        return planner.migration()

    def _read(self, image_id: str) -> Code:
        return Code(replace(self.alembic, image=image_id).revisions())

    def _run(self, repository: SchemaRepository, login: Mapping[str, Any], migration: Migration) -> None:
        target = repository.target(login)

        def run(_action: str, names: list[str]) -> None:
            began = time.monotonic()
            try:
                found = self.alembic.upgrade(target, self.code.tips(names), self.params["migration_timeout"])
                self.seconds.update(found)
            finally:
                self.total += time.monotonic() - began

        migration_steps.run_all(migration, self.code, repository, run)

    def _measured(self, migration: Migration, sampler: LockSampler, rewritten: list[dict[str, Any]]) -> dict[str, Any]:
        steps = [
            {
                "revision": step.revision.id,
                "action": step.action,
                "reason": step.reason,
                "seconds": round(self.seconds[step.revision.id], 3) if step.revision.id in self.seconds else None,
            }
            for step in migration.steps
        ]
        return {
            "revisions": list(migration.after),
            "steps": steps,
            "seconds": round(self.total, 3),
            "locks": sampler.times.tables(),
            "rewritten": rewritten,
            "only_adds": all(step.revision.adds for step in migration.steps if step.action == RUN),
        }
