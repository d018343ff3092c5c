# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read facts and row counts of a database in one exported snapshot, which pg_dump shares.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.errors import DatabaseError, InputError
from .._postgres.connection import Database
from . import dump_requirements

# The tables whose rows pg_dump dumps: tables and partitions, without those of extensions and temporary ones.
_TABLES = """
SELECT c.oid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), has_table_privilege(c.oid, 'SELECT')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND NOT EXISTS (
    SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY 2
"""
_HOLDERS = """
SELECT l.relation::regclass::text, a.pid, coalesce(a.usename, ''), coalesce(a.application_name, ''),
       coalesce(extract(epoch FROM now() - a.xact_start), 0)::int
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid JOIN pg_database d ON d.oid = l.database
WHERE d.datname = current_database() AND l.relation = ANY (%s::oid[]) AND l.mode = 'AccessExclusiveLock' AND l.granted
ORDER BY 1, 2
"""
_FACTS = """
SELECT split_part(current_setting('server_version'), ' ', 1), pg_encoding_to_char(encoding), datcollate, datctype,
       ARRAY(SELECT extname::text FROM pg_extension ORDER BY 1), pg_database_size(oid),
       (SELECT c.oid::regclass::text FROM pg_class c WHERE c.oid = to_regclass('public.alembic_version'))
FROM pg_database WHERE datname = current_database()
"""


class Snapshot:
    """One transaction with an exported snapshot, which does not see what is written after its begin.

    ``name`` is the value of pg_dump's --snapshot. ``tables`` maps each table's name, quoted if SQL requires it, to its
    oid.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        # A server may end idle transactions, and this one is idle during the dump.
        database.read_to_the_end()
        self.name = str(database.fetch("SELECT pg_export_snapshot()")[0][0])
        found = database.fetch(_TABLES)
        role = database.fetch("SELECT current_user::text")[0][0]
        hidden = [name for _oid, name, may_read in found if not may_read]
        if hidden:
            raise InputError.of(
                [f"The database role {role} has no privilege to read table {name}" for name in hidden],
                hint="Grant it the role pg_read_all_data, or use the role that owns the tables.",
            )
        self.tables: dict[str, int] = {name: oid for oid, name, _may_read in found}

    def lock(self, seconds: int) -> None:
        """Prevent that any table is dropped, truncated or altered until the transaction ends; all else continues.

        Raises DatabaseError that names the tables and the holders of their locks after ``seconds``.
        """
        if not self.tables:
            return
        self.database.fetch("SELECT set_config('lock_timeout', %s, true)", (f"{seconds}s",))
        try:
            self.database.execute(f"LOCK TABLE {', '.join(self.tables)} IN ACCESS SHARE MODE", step="lock the tables")
        except DatabaseError as error:
            if error.details.get("sqlstate") != "55P03":
                raise
            self.database.rollback()
            raise self._locked(seconds) from error

    def facts(self) -> dict[str, Any]:
        """Return the fields of DatabaseRecord, except the dump's version and the numbers of rows."""
        version, encoding, collate, ctype, extensions, size, stamped = self.database.fetch(_FACTS)[0]
        revisions = self.database.fetch("SELECT version_num FROM public.alembic_version ORDER BY 1") if stamped else []
        return {
            "name": self.database.name,
            "server_version": version,
            "size": int(size),
            "encoding": encoding,
            "collate": collate,
            "ctype": ctype,
            "extensions": tuple(extensions),
            "schema_revisions": tuple(row[0] for row in revisions),
            "requires": dump_requirements.read(self.database.fetch),
        }

    def count(self, done: Callable[[str], Any] = lambda _table: None) -> dict[str, int]:
        """Return the number of rows of each table. ``done`` receives the name of each table that is counted."""
        # The dump and the compression need the processors more.
        self.database.fetch("SELECT set_config('max_parallel_workers_per_gather', '0', true)")
        counted: dict[str, int] = {}
        for name in self.tables:
            counted[name] = int(self.database.fetch(f"SELECT count(*) FROM {name}")[0][0])  # noqa: S608 - quoted
            done(name)
        return counted

    def _locked(self, seconds: int) -> DatabaseError:
        holders = self.database.fetch(_HOLDERS, (list(self.tables.values()),))
        locks = [
            f"{table} by process {pid} of {user} ({application or 'without a name'}), in a transaction for {age} s"
            for table, pid, user, application, age in holders
        ]
        return DatabaseError(
            f"Cannot read database {self.database.name}: a table was locked for more than lock_timeout={seconds} s: "
            + ("; ".join(locks) or "the lock has just been released"),
            hint="Wait for the end of that transaction (a migration, VACUUM FULL, TRUNCATE), end it with "
            "pg_terminate_backend, or raise lock_timeout.",
            tables=[table for table, *_rest in holders],
            processes=[pid for _table, pid, *_rest in holders],
        )


def terminate(database: Database, application: str) -> int:
    """End the connections of this role with this application name, and return their number.

    A program in a container continues when the process that started it is killed.
    """
    rows = database.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = %s AND usename = session_user AND pid <> pg_backend_pid()",
        (application,),
    )
    return len(rows)
