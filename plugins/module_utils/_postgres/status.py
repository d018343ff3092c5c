# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a database is: server, sizes, revisions, connections, replication, out of one read-only transaction.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import sql_text, table_statistics
from .connection import Database, quoted
from .table_statistics import MOMENT, Table

#: Transaction numbers run out after so many: the server stops writing a few millions before.
_XIDS = 2**31
_SERVER = f"""
SELECT current_setting('server_version'), current_setting('server_version_num')::int,
    to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', {MOMENT}), pg_is_in_recovery(),
    pg_database_size(d.oid), pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
    age(d.datfrozenxid), mxid_age(d.datminmxid), current_setting('autovacuum_freeze_max_age')::int,
    current_setting('autovacuum')::bool, current_setting('max_connections')::int,
    current_setting('superuser_reserved_connections')::int, to_regclass('alembic_version') IS NOT NULL
FROM pg_database d WHERE d.datname = current_database()
"""  # noqa: S608 - nothing in it comes from outside
# Who may not look at what others do gets null for their kind and state, even for those that are the server's own.
_ACTIVITY = f"""
SELECT pid, coalesce(state, 'unknown'), datname = current_database(), application_name, usename::text,
    extract(epoch FROM now() - xact_start)::float8,
    to_char(xact_start AT TIME ZONE 'UTC', {MOMENT}), wait_event_type, query
FROM pg_stat_activity
WHERE coalesce(backend_type, 'client backend') = 'client backend' AND datid IS NOT NULL AND pid <> pg_backend_pid()
ORDER BY xact_start NULLS LAST, pid
"""  # noqa: S608
_REPLICATION = """
WITH here AS (SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END AS lsn)
SELECT
    (SELECT coalesce(json_agg(json_build_object('name', application_name, 'address', host(client_addr), 'state', state,
        'sync', sync_state, 'lag_bytes', pg_wal_lsn_diff(here.lsn, replay_lsn)::bigint,
        'lag_seconds', extract(epoch FROM replay_lag)) ORDER BY application_name, pid), '[]') FROM pg_stat_replication),
    (SELECT coalesce(json_agg(json_build_object('name', slot_name, 'type', slot_type, 'active', active,
        'retained_bytes', pg_wal_lsn_diff(here.lsn, restart_lsn)::bigint, 'wal_status', wal_status)
        ORDER BY slot_name), '[]') FROM pg_replication_slots),
    CASE WHEN pg_is_in_recovery() THEN extract(epoch FROM now() - pg_last_xact_replay_timestamp())::float8 END
FROM here
"""


def read(database: Database, *, exact: bool, seconds: int) -> dict[str, Any]:
    """All return values of convosphere_db_info that need nothing but the database.

    ``seconds`` is what each query of this transaction may take, those of the caller among them.
    """
    database.fetch("SELECT set_config('statement_timeout', %s, true)", (f"{seconds}s",))
    server = database.fetch(_SERVER)[0]
    version, number, started, standby, size, encoding, collate, ctype, age, multixact_age, freeze = server[:11]
    autovacuum, limit, reserved, stamped = server[11:]
    tables = table_statistics.read(database)
    activity = database.fetch(_ACTIVITY)
    return {
        "server": {
            "version": version,
            "version_number": number,
            "started_at": started,
            "standby": standby,
            "autovacuum": autovacuum,
        },
        "size_bytes": size,
        "encoding": encoding,
        "collate": collate,
        "ctype": ctype,
        "tables": [_table(table, counts) for table, counts in _with_counts(database, tables, exact)],
        "revisions": _revisions(database) if stamped else [],
        "connections": _connections(activity, limit, reserved),
        "longest_transaction": _longest_transaction(activity),
        "replication": _replication(database),
        "wraparound": wraparound(age, multixact_age, freeze),
    }


def _with_counts(
    database: Database, tables: Sequence[Table], exact: bool
) -> list[tuple[Table, tuple[int | None, str | None]]]:
    """Each table with its rows and where that number is from; counted are those that nobody holds for himself."""
    found = {table.full_name: table.rows() for table in tables}
    counted = [table for table in tables if exact and not table.locked and table.may_read]
    if counted:
        selects = [
            f"SELECT {index} AS index, count(*) FROM {quoted(table.schema)}.{quoted(table.name)}"  # noqa: S608
            for index, table in enumerate(counted)
        ]
        for index, rows in database.fetch(" UNION ALL ".join(selects)):
            found[counted[index].full_name] = (rows, "count")
    return [(table, found[table.full_name]) for table in tables]


def _table(table: Table, counted: tuple[int | None, str | None]) -> dict[str, Any]:
    rows, source = counted
    parts = (table.index_bytes, table.toast_bytes)
    heap = None if table.total_bytes is None else table.total_bytes - sum(part or 0 for part in parts)
    return {
        "name": table.full_name,
        "rows": rows,
        "rows_from": source,
        "bytes": table.total_bytes,
        "heap_bytes": heap,
        "index_bytes": table.index_bytes,
        "toast_bytes": table.toast_bytes,
        "locked": table.locked,
        "dead_rows": table.dead,
        "dead_ratio": table.dead_ratio,
        "bloat_bytes": table.bloat_bytes(),
        "last_vacuum": table.vacuumed_at,
        "last_analyze": table.analyzed_at,
        "changed_since_analyze": table.changed,
        "age": table.age,
    }


def _revisions(database: Database) -> list[str]:
    return [row[0] for row in database.fetch("SELECT version_num::text FROM alembic_version ORDER BY 1")]


def at_heads(revisions: Sequence[str], heads: Sequence[str] | None) -> bool | None:
    """Whether every head of the code is stamped and nothing else; None where the heads are not known."""
    return None if heads is None else sorted(revisions) == sorted(heads)


def _connections(activity: Sequence[Sequence[Any]], limit: int, reserved: int) -> dict[str, Any]:
    states: dict[str, int] = {}
    for row in activity:
        if row[2]:
            states[row[1]] = states.get(row[1], 0) + 1
    return {
        "total": sum(states.values()),
        "by_state": dict(sorted(states.items())),
        "server_total": len(activity),
        "max": limit,
        "reserved": reserved,
    }


def _longest_transaction(activity: Sequence[Sequence[Any]]) -> dict[str, Any] | None:
    """Of this database, the one that began first: it keeps dead rows of all tables from being removed."""
    for pid, state, here, application, user, age, started, waits, query in activity:
        if here and started is not None:
            return {
                "pid": pid,
                "age": round(age, 1),
                "started_at": started,
                "state": state,
                "application": application,
                "user": user,
                "waits_for": waits,
                "query": sql_text.without_values(query or ""),
            }
    return None


def _replication(database: Database) -> dict[str, Any]:
    [(standbys, slots, lag)] = database.fetch(_REPLICATION)
    return {"standbys": standbys, "slots": slots, "lag_seconds": lag}


def wraparound(age: int, multixact_age: int, freeze_max_age: int) -> dict[str, Any]:
    """How near the database is to where the server stops writing, in percent, and where it forces a vacuum."""
    return {
        "age": age,
        "multixact_age": multixact_age,
        "freeze_max_age": freeze_max_age,
        "used_percent": round(100 * max(age, multixact_age) / _XIDS, 1),
    }
