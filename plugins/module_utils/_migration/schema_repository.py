# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the tables and alembic's record of a database, write the record, and keep other migrations out.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from .._core.errors import DatabaseError
from .._postgres import session_settings
from .._postgres.connection import Database
from .alembic_client import APPLICATION, Target
from .migration_plan import WIDTH
from .revisions import CurrentSchema

RECORD = "alembic_version"
#: The second half of the advisory lock's key: one migration at a time.
LOCK = 2
POLL_SECONDS = 0.1

_TABLES = """
SELECT c.relname::text, array_agg(a.attname::text)
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p') GROUP BY 1
"""
_OTHERS = """
FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s AND pid <> pg_backend_pid()
"""
_CREATE = f"""
CREATE TABLE {RECORD} (version_num varchar({WIDTH}) NOT NULL, CONSTRAINT {RECORD}_pkc PRIMARY KEY (version_num))
"""


class SchemaRepository(Database):
    """The schema of one database."""

    def __init__(self, params: Mapping[str, Any], *, read_only: bool) -> None:
        super().__init__(params, read_only=read_only)
        self.lock_timeout = int(params["lock_timeout"])

    def read(self) -> CurrentSchema:
        """Return the current tables and revisions, read in a new transaction."""
        self.rollback()
        tables = {name: frozenset(columns) for name, columns in self.fetch(_TABLES)}
        if RECORD not in tables:
            return CurrentSchema(tables)
        del tables[RECORD]
        stamps = [row[0] for row in self.fetch(f"SELECT version_num FROM {RECORD}")]  # noqa: S608 - a constant
        width = self.columns(RECORD, ["version_num"])["version_num"].length
        # An open transaction would keep a migration from changing the tables.
        self.rollback()
        return CurrentSchema(tables, tuple(sorted(stamps)), width)

    def lock_out(self) -> None:
        """Keep other migrations of this database out until the connection is closed, and terminate leftover ones."""
        self.lock("the schema of the database", LOCK, self.lock_timeout)
        self.end_others()

    def end_others(self) -> None:
        """Terminate the sessions of interrupted migrations, while the lock is held. The transaction is rolled back."""
        with self.asking("terminate the sessions of an interrupted migration"):
            self.rollback()
        deadline = time.monotonic() + self.lock_timeout
        self.fetch(f"SELECT pg_terminate_backend(pid) {_OTHERS}", (APPLICATION,))
        while self.fetch(f"SELECT pid {_OTHERS}", (APPLICATION,)):
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"A terminated migration of {self.name} still works in the server after {self.lock_timeout} s",
                    hint=f"Raise lock_timeout, or find it in pg_stat_activity: its application_name is {APPLICATION}.",
                )
            self.rollback()  # within a transaction the activity does not change
            time.sleep(POLL_SECONDS)
        self.rollback()

    def prepare(self, *, create: bool, widen: bool) -> None:
        """Create or widen alembic's record, in the transaction that the next ``record`` or commit ends."""
        self.execute("SELECT set_config('lock_timeout', %s, true)", (f"{self.lock_timeout}s",))
        if create:
            self.execute(_CREATE, step=f"create the table {RECORD}")
        if widen:
            self.execute(
                f"ALTER TABLE {RECORD} ALTER COLUMN version_num TYPE varchar({WIDTH})", step=f"widen the table {RECORD}"
            )

    def record(self, revisions: Iterable[str]) -> None:
        """Replace the rows of alembic's record, and commit."""
        desired = sorted(revisions)
        self.execute(f"DELETE FROM {RECORD} WHERE version_num <> ALL (%s::text[])", (desired,))  # noqa: S608
        self.execute(
            f"INSERT INTO {RECORD} SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
            (desired,),
        )
        self.commit()

    def target(self, params: Mapping[str, Any]) -> Target:
        """Return the same database for alembic, by the address of this connection."""
        settings = {"PGSSLMODE": params["ssl_mode"], "PGCONNECT_TIMEOUT": str(params["connect_timeout"])}
        if params["ca_cert"]:
            settings["PGSSLROOTCERT"] = params["ca_cert"]
        found = self.connection.info
        limits = self.lock_timeout, int(params["migration_timeout"])
        options = session_settings.options() if session_settings.may_set(self.connection) else ""
        return Target(found.host, found.port, found.user, found.password, found.dbname, *limits, settings, options)
