# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the status of a database in one read-only transaction: server, sizes, revisions, connections, replication.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from . import table_statistics
from .connection import Database, quoted_identifier
from .table_statistics import TIMESTAMP, Table

#: The number of transaction ids; the server stops writing a few million before their end.
_XIDS = 2**31
_SERVER = f"""
SELECT current_setting('server_version'), current_setting('server_version_num')::int,
    to_char(pg_postmaster_start_time() AT TIME ZONE 'UTC', {TIMESTAMP}), pg_is_in_recovery(),
    pg_database_size(d.oid), pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,
    age(d.datfrozenxid), mxid_age(d.datminmxid), current_setting('autovacuum_freeze_max_age')::int,
    current_setting('autovacuum')::bool, current_setting('max_connections')::int,
    current_setting('superuser_reserved_connections')::int, to_regclass('alembic_version') IS NOT NULL
FROM pg_database d WHERE d.datname = current_database()
"""  # noqa: S608 - nothing in it comes from outside
# A role without the right to see other sessions gets null for their type and state, also for those of the server.
_ACTIVITY = f"""
SELECT pid, coalesce(state, 'unknown'), datname = current_database(), application_name, usename::text,
    extract(epoch FROM now() - xact_start)::float8,
    to_char(xact_start AT TIME ZONE 'UTC', {TIMESTAMP}), wait_event_type, query
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

#: The number of characters of a statement that is shown.
LENGTH = 160
#: A letter before a quote may give it another meaning, such as E'...'. Digits in a word are not a number.
_TOKENS = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<name>    "(?:[^"]|"")*(?:"|\Z) )
  | (?P<escaped> \b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z) )
  | (?P<text>    (?:\b(?:[bBxXnN]|[uU]&))?'(?:[^']|'')*(?:'|\Z) )
  | (?P<dollar>  (?<![\w$])\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z) )
  | (?P<number>  (?<![\w$])(?:\d[\w.]*|\.\d\w*) )
    """,
    re.VERBOSE | re.DOTALL,
)


def read(database: Database, *, exact: bool, seconds: int) -> dict[str, Any]:
    """Return the values of convosphere_db_info that are read from the database alone.

    ``seconds`` bounds each query of this transaction, also later ones of the caller.
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
        "revisions": revisions(database) if stamped else [],
        "connections": _connections(activity, limit, reserved),
        "longest_transaction": _longest_transaction(activity),
        "replication": _replication(database),
        "wraparound": wraparound(age, multixact_age, freeze),
    }


def _with_counts(
    database: Database, tables: Sequence[Table], exact: bool
) -> list[tuple[Table, tuple[int | None, str | None]]]:
    """Return each table with its number of rows and its source. Tables that are locked are not counted."""
    found = {table.full_name: table.rows() for table in tables}
    counted = [table for table in tables if exact and not table.locked and table.may_read]
    if counted:
        selects = [
            f"SELECT {index} AS index, count(*) FROM {quoted_identifier(table.schema)}.{quoted_identifier(table.name)}"  # noqa: S608
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


def revisions(database: Database) -> list[str]:
    """Return the rows of alembic's record, which must exist, sorted."""
    return [row[0] for row in database.fetch("SELECT version_num::text FROM alembic_version ORDER BY 1")]


def at_heads(revisions: Sequence[str], heads: Sequence[str] | None) -> bool | None:
    """Return whether the database is at exactly the heads of the code; None if the heads are not known."""
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
    """Return this database's oldest transaction, which keeps dead rows of all tables from being removed."""
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
                "query": without_values(query or ""),
            }
    return None


def _replication(database: Database) -> dict[str, Any]:
    [(standbys, slots, lag)] = database.fetch(_REPLICATION)
    return {"standbys": standbys, "slots": slots, "lag_seconds": lag}


def wraparound(age: int, multixact_age: int, freeze_max_age: int) -> dict[str, Any]:
    """Return the used part of the transaction ids, in percent, and the age at which the server forces a vacuum."""
    return {
        "age": age,
        "multixact_age": multixact_age,
        "freeze_max_age": freeze_max_age,
        "used_percent": round(100 * max(age, multixact_age) / _XIDS, 1),
    }


def without_values(statement: str, length: int = LENGTH) -> str:
    """Return a statement in one line of at most ``length`` characters, with ``?`` for every text and number.

    The server cuts long statements off, so that a text may have no end. If the end of a text cannot be known (a
    backslash before a quote, a comment in a comment), the rest of the statement is left out.
    """
    parts, position = [], 0
    for token in _TOKENS.finditer(statement):
        parts.append(statement[position : token.start()])
        position = token.end()
        kind, text = token.lastgroup, token.group()
        if kind == "tag":
            kind = "dollar"
        if (kind == "text" and "\\'" in text) or (kind == "comment" and text.count("/*") > 1):
            parts.append("...")
            position = len(statement)
            break
        parts.append(text if kind == "name" else " " if kind == "comment" else "?")
    parts.append(statement[position:])
    line = re.sub(r"\?(?:\s*,\s*\?)+", "?, ...", " ".join("".join(parts).split()))
    return line if len(line) <= length else line[: length - 3].rstrip() + "..."
