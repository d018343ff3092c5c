# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the size and the bloat of each btree index: an estimate from the statistics, or a measurement of pgstattuple.

The estimate reads no index: it compares the pages of the index with those that its rows need at their average width.
That is the known estimate of the PostgreSQL community (ioguix, pgsql-bloat-estimation, btree_bloat.sql). It is too low
for an index with many equal keys, which the server stores once.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

from .connection import Database, quoted_identifier
from .table_statistics import HELD

ESTIMATE, MEASUREMENT = "estimate", "pgstattuple"

# Only its owner may rebuild an index: the owner of the database may not, other than for VACUUM.
# A row of an index has its own statistics only if the index has expressions. Rows that were written since the last
# analysis count too: otherwise an index that grew would seem bloated.
_READ = f"""
WITH {HELD}
SELECT n.nspname::text, c.relname::text, t.relname::text,
    CASE WHEN NOT (c.oid IN (SELECT relation FROM held) OR t.oid IN (SELECT relation FROM held))
        THEN pg_relation_size(c.oid) END,
    c.reltuples::float8
        * greatest(1, CASE WHEN t.reltuples > 0 THEN coalesce(s.n_live_tup, 0) / t.reltuples END)::float8,
    w.width::float8, w.nulls, w.known = i.indnatts,
    coalesce(substring(array_to_string(c.reloptions, ',') FROM 'fillfactor=([0-9]+)')::int, 90),
    current_setting('block_size')::int,
    pg_has_role(c.relowner, 'USAGE')
FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i' AND c.relpersistence = 'p'
JOIN pg_am a ON a.oid = c.relam AND a.amname = 'btree'
JOIN pg_class t ON t.oid = i.indrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_stat_all_tables s ON s.relid = t.oid
LEFT JOIN LATERAL (
    SELECT sum((1 - p.null_frac) * p.avg_width) AS width, bool_or(p.null_frac > 0) AS nulls, count(*) AS known
    FROM pg_attribute ia
    LEFT JOIN pg_attribute ta ON ta.attrelid = t.oid AND ta.attnum = i.indkey[ia.attnum - 1]
        AND i.indkey[ia.attnum - 1] <> 0
    JOIN pg_stats p ON p.schemaname = n.nspname AND NOT p.inherited
        AND p.tablename = CASE WHEN ta.attname IS NULL THEN c.relname ELSE t.relname END
        AND p.attname = coalesce(ta.attname, ia.attname)
    WHERE ia.attrelid = c.oid AND ia.attnum > 0
) w ON true
WHERE i.indisvalid AND NOT i.indisexclusion
AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1, 2
"""  # noqa: S608 - nothing in it comes from outside
# An index that REINDEX CONCURRENTLY or CREATE INDEX CONCURRENTLY builds is invalid meanwhile: only those of tables on
# which no session builds one are what an interrupted run left.
_LEFTOVERS = r"""
SELECT n.nspname::text, c.relname::text FROM pg_index i
JOIN pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i'
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE NOT i.indisvalid AND c.relname ~ '_cc(new|old)[0-9]*$'
AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
AND pg_has_role(c.relowner, 'USAGE')
AND NOT EXISTS (
    SELECT FROM pg_locks l WHERE l.relation = i.indrelid AND l.mode = 'ShareUpdateExclusiveLock' AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
ORDER BY 1, 2
"""
# By the catalog: a name in a schema that the role may not use would be an error, also in one of other extensions.
_EXTENSION = """
SELECT n.nspname::text FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = 'pgstatindex' AND p.pronargs = 1
    AND p.proargtypes[0] = 'regclass'::regtype
WHERE e.extname = 'pgstattuple'
AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
"""
_PAGE_HEADER, _SPECIAL, _POINTER, _TUPLE_HEADER, _NULLS, _ALIGNMENT = 24, 16, 4, 8, 4, 8


@dataclass(frozen=True)
class Index:
    """One btree index, with fields in the order of the query. ``size`` is in bytes, None if it is locked.

    ``width`` is that of the columns of an average row; ``known`` is whether all of them were analyzed.
    """

    schema: str
    name: str
    table: str
    size: int | None
    rows: float
    width: float | None
    nulls: bool | None
    known: bool
    fill_factor: int
    block: int
    may_rebuild: bool

    @property
    def full_name(self) -> str:
        """``schema.index``, as messages and results name it."""
        return f"{self.schema}.{self.name}"

    @property
    def quoted(self) -> str:
        """The name for a statement."""
        return quoted(self.schema, self.name)

    def bloat_bytes(self) -> int | None:
        """Estimate the bytes that a rebuilt index would not have; None if a column was never analyzed."""
        if self.size is None or not self.known or self.width is None or self.rows < 0:
            return None
        header = _aligned(_TUPLE_HEADER + (_NULLS if self.nulls else 0))
        row = _POINTER + header + _aligned(self.width)
        rows_in_page = floor((self.block - _PAGE_HEADER - _SPECIAL) * self.fill_factor / 100 / row)
        pages = 1 + ceil(self.rows / max(1, rows_in_page))
        return max(0, self.size - pages * self.block)


@dataclass(frozen=True)
class Bloat:
    """The bytes of an index that a rebuilt one would not have, and whether they are estimated or measured."""

    index: Index
    size: int
    bloat: int
    source: str = ESTIMATE

    @property
    def ratio(self) -> float:
        """The share of the index that is bloat, from 0 to 1."""
        return self.bloat / self.size if self.size else 0.0


def quoted(schema: str, name: str) -> str:
    """Return the name of an index for a statement."""
    return f"{quoted_identifier(schema)}.{quoted_identifier(name)}"


def _aligned(length: float) -> int:
    return ceil(length / _ALIGNMENT) * _ALIGNMENT


def read(database: Database) -> list[Index]:
    """Return every valid btree index but the server's own, sorted by schema and name."""
    return [Index(*row) for row in database.fetch(_READ)]


def leftovers(database: Database) -> list[tuple[str, str]]:
    """Return schema and name of the invalid indexes that interrupted rebuilds left."""
    return [(row[0], row[1]) for row in database.fetch(_LEFTOVERS)]


def size(database: Database, index: Index) -> int:
    """Return the bytes of an index now."""
    return int(database.fetch("SELECT pg_relation_size(%s::regclass)", (index.quoted,))[0][0])


def measuring_schema(database: Database) -> str | None:
    """Return the schema of the extension pgstattuple; None if it is not installed, or not for this role."""
    rows = database.fetch(_EXTENSION)
    return str(rows[0][0]) if rows else None


def measured(database: Database, schema: str, found: Bloat) -> Bloat:
    """Return the bloat of an index as pgstattuple measures it, which reads the whole index."""
    place = quoted_identifier(schema).replace("%", "%%")  # no placeholder
    statement = f"""
        SELECT index_size::int8, leaf_pages::int8, empty_pages::int8 + deleted_pages::int8, avg_leaf_density::float8
        FROM {place}.pgstatindex(%s::regclass)
    """  # noqa: S608 - a name from the catalog, quoted
    rows = database.fetch(statement, (found.index.quoted,))
    total, leaves, unused, density = rows[0]
    full = found.index.fill_factor
    sparse = max(0.0, 1 - density / full) if leaves else 0.0
    return Bloat(found.index, int(total), int((unused + leaves * sparse) * found.index.block), MEASUREMENT)
