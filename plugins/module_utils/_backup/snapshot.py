# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database is and holds as one snapshot sees it, which pg_dump can share.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._core.errors import DatabaseError, InputError
from .._postgres.connection import Database
from . import dump_requirements

# What pg_dump dumps the rows of: tables and partitions, not those of extensions, and no temporary ones.
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
    """One transaction that sees the database as it was when it began, whatever is written meanwhile.

    ``name`` is what pg_dump takes as --snapshot. ``tables`` maps each table's name, quoted where SQL needs it, to its
    oid.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        # A server may end those that do nothing in a transaction, which this one does while the dump goes on.
        database.read_to_the_end()
        self.name = str(database.fetch("SELECT pg_export_snapshot()")[0][0])
        found = database.fetch(_TABLES)
        role = database.fetch("SELECT current_user::text")[0][0]
        hidden = [name for _oid, name, may_read in found if not may_read]
        if hidden:
            raise InputError.of(
                [f"the database role {role} has no right to read table {name}" for name in hidden],
                hint="Grant it the role pg_read_all_data, or use the role that owns the tables.",
            )
        self.tables: dict[str, int] = {name: oid for oid, name, _may_read in found}

    def lock(self, seconds: int) -> None:
        """Keep all tables from being dropped, emptied or altered until the transaction ends; everything else goes on.

        Raises DatabaseError that names the tables and who holds them after ``seconds``.
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
        """What the database is, under the names of DatabaseRecord: all but the dump's own and the rows."""
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
        """The rows of each table; ``done`` is told each one that is counted."""
        # The dump and the compression need the processors more.
        self.database.fetch("SELECT set_config('max_parallel_workers_per_gather', '0', true)")
        counted: dict[str, int] = {}
        for name in self.tables:
            counted[name] = int(self.database.fetch(f"SELECT count(*) FROM {name}")[0][0])  # noqa: S608 - quoted
            done(name)
        return counted

    def _locked(self, seconds: int) -> DatabaseError:
        holders = self.database.fetch(_HOLDERS, (list(self.tables.values()),))
        told = [
            f"{table} by process {pid} of {user} ({application or 'without a name'}), in a transaction for {age} s"
            for table, pid, user, application, age in holders
        ]
        return DatabaseError(
            f"Cannot read database {self.database.name}: a table is locked, and was not free within {seconds} s: "
            + ("; ".join(told) or "whoever held it let go in this moment"),
            hint="Wait for it to end (a migration, VACUUM FULL, TRUNCATE), or end it with pg_terminate_backend.",
            tables=[table for table, *_rest in holders],
            processes=[pid for _table, pid, *_rest in holders],
        )


def terminate(database: Database, application: str) -> int:
    """End the connections of this role that call themselves ``application``; how many there were.

    A program in a container goes on when the one that started it is killed.
    """
    rows = database.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = %s AND usename = current_user AND pid <> pg_backend_pid()",
        (application,),
    )
    return len(rows)
