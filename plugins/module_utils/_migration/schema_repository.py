# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database's side of a migration: which tables there are, alembic's record of it, and who else is migrating.

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
    """One connection. In check mode the server itself refuses every write."""

    def __init__(self, params: Mapping[str, Any], *, read_only: bool) -> None:
        super().__init__(params, read_only=read_only)
        self.lock_timeout = int(params["lock_timeout"])

    def read(self) -> CurrentSchema:
        """What the database holds now, not as it was when another run began."""
        self.rollback()
        tables = {name: frozenset(columns) for name, columns in self.fetch(_TABLES)}
        if RECORD not in tables:
            return CurrentSchema(tables)
        del tables[RECORD]
        stamps = [row[0] for row in self.fetch(f"SELECT version_num FROM {RECORD}")]  # noqa: S608 - a constant
        width = self.columns(RECORD, ["version_num"])["version_num"].length
        # To hold on to what was read would keep a migration from changing it.
        self.rollback()
        return CurrentSchema(tables, tuple(sorted(stamps)), width)

    def lock_out(self) -> None:
        """Keep every other migration of this database out, for as long as this connection lasts, and end one that a
        killed run left behind: it works on in the server without anybody to hear of it.
        """
        self.lock("the schema of the database", LOCK, self.lock_timeout)
        self.end_others()

    def end_others(self) -> None:
        """End whatever works in the server for a migration that nobody waits for any more, while the lock is held.

        What this connection has not committed is undone.
        """
        with self.asking("end what a migration left at work"):
            self.rollback()
        deadline = time.monotonic() + self.lock_timeout
        self.fetch(f"SELECT pg_terminate_backend(pid) {_OTHERS}", (APPLICATION,))
        while self.fetch(f"SELECT pid {_OTHERS}", (APPLICATION,)):
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"A migration of {self.name} that was ended still works in the server after {self.lock_timeout} s",
                    hint=f"Look for it in pg_stat_activity: its application_name is {APPLICATION}.",
                )
            self.rollback()  # a transaction sees the same activity again and again
            time.sleep(POLL_SECONDS)
        self.rollback()

    def prepare(self, *, create: bool, widen: bool) -> None:
        """Have the record, wide enough. It is part of the transaction that the next ``record`` or commit ends."""
        self.execute("SELECT set_config('lock_timeout', %s, true)", (f"{self.lock_timeout}s",))
        if create:
            self.execute(_CREATE, step=f"create the table {RECORD}")
        if widen:
            self.execute(
                f"ALTER TABLE {RECORD} ALTER COLUMN version_num TYPE varchar({WIDTH})", step=f"widen the table {RECORD}"
            )

    def record(self, revisions: Iterable[str]) -> None:
        """Have the record hold just these, and commit."""
        wanted = sorted(revisions)
        self.execute(f"DELETE FROM {RECORD} WHERE version_num <> ALL (%s::text[])", (wanted,))  # noqa: S608
        self.execute(
            f"INSERT INTO {RECORD} SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
            (wanted,),
        )
        self.commit()

    def target(self, params: Mapping[str, Any]) -> Target:
        """The same database, for alembic: as this very connection reached it."""
        settings = {"PGSSLMODE": params["ssl_mode"], "PGCONNECT_TIMEOUT": str(params["connect_timeout"])}
        if params["ca_cert"]:
            settings["PGSSLROOTCERT"] = params["ca_cert"]
        found = self.connection.info
        limits = self.lock_timeout, int(params["migration_timeout"])
        options = session_settings.options() if session_settings.may_set(self.connection) else ""
        return Target(found.host, found.port, found.user, found.password, found.dbname, *limits, settings, options)
