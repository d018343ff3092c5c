# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read PostgreSQL's statistics of each table: rows, bytes, dead rows, the last vacuum and analyze.

No table is read or locked: all values come from the catalog, the statistics and the sizes of files. The size of a table
that another session has locked exclusively is left out, because reading it would wait for that session.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from .connection import Database

#: The format of timestamps everywhere in the collection, for to_char().
TIMESTAMP = """'YYYY-MM-DD"T"HH24:MI:SS"Z"'"""

#: The tables that another session has locked exclusively, as a common table expression.
HELD = """held AS (
    SELECT relation FROM pg_locks WHERE granted AND mode = 'AccessExclusiveLock' AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)"""
_READ = f"""
WITH {HELD},
found AS (
    SELECT c.*, n.nspname, c.oid IN (SELECT relation FROM held) AS locked
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
    AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
)
SELECT c.nspname::text, c.relname::text, c.nspname = current_schema(), c.locked,
    c.reltuples::float8, w.width::float8, w.nulls, c.relnatts::int,
    coalesce(substring(array_to_string(c.reloptions, ',') FROM 'fillfactor=([0-9]+)')::int, 100),
    current_setting('block_size')::int,
    CASE WHEN NOT c.locked THEN pg_relation_size(c.oid) END,
    CASE WHEN NOT c.locked THEN pg_total_relation_size(c.oid) END,
    CASE WHEN NOT c.locked THEN pg_indexes_size(c.oid) END,
    CASE WHEN NOT c.locked THEN coalesce(pg_total_relation_size(nullif(c.reltoastrelid, 0)), 0) END,
    s.n_live_tup, s.n_dead_tup, s.n_mod_since_analyze, s.n_tup_ins + s.n_tup_upd + s.n_tup_del,
    to_char(v.vacuumed AT TIME ZONE 'UTC', {TIMESTAMP}), extract(epoch FROM now() - v.vacuumed)::float8,
    to_char(v.analyzed AT TIME ZONE 'UTC', {TIMESTAMP}), greatest(age(c.relfrozenxid), age(t.relfrozenxid)),
    pg_has_role(c.relowner, 'USAGE')
        OR pg_has_role((SELECT datdba FROM pg_database WHERE datname = current_database()), 'USAGE'),
    has_table_privilege(c.oid, 'SELECT')
FROM found c
LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
LEFT JOIN pg_stat_all_tables s ON s.relid = c.oid
LEFT JOIN LATERAL (
    SELECT greatest(s.last_vacuum, s.last_autovacuum) AS vacuumed,
        greatest(s.last_analyze, s.last_autoanalyze) AS analyzed
) v ON true
LEFT JOIN LATERAL (
    SELECT sum((1 - null_frac) * avg_width) AS width, bool_or(null_frac > 0) AS nulls FROM pg_stats
    WHERE schemaname = c.nspname AND tablename = c.relname AND NOT inherited
) w ON true
ORDER BY 1, 2
"""  # noqa: S608 - nothing in it comes from outside
_HEADER, _POINTER, _PAGE_HEADER, _ALIGNMENT = 23, 4, 24, 8


@dataclass(frozen=True)
class Table:
    """One table, with fields in the order of the query. Bytes are None if it is locked.

    ``width`` is that of an average row, None if the table was never analyzed; ``written`` is the number of rows written
    since the statistics were reset.
    """

    schema: str
    name: str
    is_default_schema: bool
    locked: bool
    planned_rows: float
    width: float | None
    nulls: bool | None
    columns: int
    fill_factor: int
    block: int
    main_bytes: int | None
    total_bytes: int | None
    index_bytes: int | None
    toast_bytes: int | None
    live: int
    dead: int
    changed: int
    written: int
    vacuumed_at: str | None
    since_vacuum: float | None
    analyzed_at: str | None
    age: int
    may_vacuum: bool
    may_read: bool

    @property
    def full_name(self) -> str:
        """``schema.table``, as messages and results name it."""
        return f"{self.schema}.{self.name}"

    @property
    def dead_ratio(self) -> float:
        """The share of dead rows, from 0 to 1."""
        return round(self.dead / (self.live + self.dead), 4) if self.dead else 0.0

    def rows(self) -> tuple[int | None, str | None]:
        """Return the number of rows and its source: ``count``, ``statistics``, ``planner``, or None if unknown.

        The running statistics follow every transaction, but start at zero after a crash; a table of no bytes is empty.
        """
        if self.main_bytes == 0:
            return 0, "count"
        if self.live or self.written or self.analyzed_at:
            return self.live, "statistics"
        return (round(self.planned_rows), "planner") if self.planned_rows >= 0 else (None, None)

    def bloat_bytes(self) -> int | None:
        """Estimate the bytes of the heap that its rows do not need; None if it was never analyzed.

        The pages of the heap are compared with those for the rows of the last analysis, at their average width with
        header and alignment, at the fill factor. Indexes are ignored. The error is often a tenth, and larger for small
        tables.
        """
        if self.main_bytes is None or self.width is None or self.planned_rows < 0:
            return None
        header = _HEADER + (ceil(self.columns / 8) if self.nulls else 0)
        row = _POINTER + _aligned(header) + _aligned(self.width)
        pages = ceil(self.planned_rows * row / ((self.block - _PAGE_HEADER) * self.fill_factor / 100))
        return max(0, self.main_bytes - pages * self.block)


def _aligned(length: float) -> int:
    return ceil(length / _ALIGNMENT) * _ALIGNMENT


def read(database: Database) -> list[Table]:
    """Return every table and materialized view but the server's own, sorted by schema and name."""
    return [Table(*row) for row in database.fetch(_READ)]
