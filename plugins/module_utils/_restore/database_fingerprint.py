# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fingerprint a database: count rows, read revisions, and decide whether anything was written since a transaction.

The server's statistics are no reliable answer: they are late, are lost in a crash, and miss TRUNCATE and changes of
definitions. The transaction id that each row carries is reliable.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .._backup.manifest import DatabaseRecord
from .._postgres.connection import Database

#: The catalogs in which PostgreSQL keeps the definitions of tables, indexes, functions and the like.
_CATALOGS = (
    *("pg_attrdef", "pg_attribute", "pg_class", "pg_constraint", "pg_default_acl", "pg_enum", "pg_extension"),
    *("pg_index", "pg_largeobject_metadata", "pg_namespace", "pg_policy", "pg_proc", "pg_rewrite", "pg_trigger"),
    "pg_type",
)
_RELATIONS = """
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname), c.relkind::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND c.relpersistence <> 't' AND c.relispopulated
AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY 1
"""
#: The number of rows, and of those that the given transaction or a later one wrote. Transaction ids form a circle: an
#: id less than half of it ahead is later. Ids below 3 stand for frozen rows.
_ROWS = """
SELECT count(*), count(*) FILTER (
    WHERE xmin::text::bigint > 2 AND (xmin::text::bigint - %s) & 4294967295 < 2147483648
) FROM {table}
"""
_HALF = 2**31


class Content:
    """Read one database in one transaction. ``params`` are those of the connection, which is opened by ``with``."""

    def __init__(self, params: Mapping[str, Any], name: str) -> None:
        self.database = Database({**params, "login_db": name}, read_only=True)

    def __enter__(self) -> Content:
        self.database.read_to_the_end()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self.database.close()

    def counts(self) -> dict[str, int]:
        """Return the number of rows of each table, by its quoted name."""
        return {name: self._count(name) for name, _kind in self._tables()}

    def revisions(self) -> list[str]:
        """Return the schema revisions that alembic has recorded, sorted."""
        if self.database.fetch("SELECT to_regclass('public.alembic_version') IS NULL")[0][0]:
            return []
        return sorted(str(row[0]) for row in self.database.fetch("SELECT version_num FROM public.alembic_version"))

    def differences(self, record: DatabaseRecord) -> list[str]:
        """Return a sentence for each difference from the manifest."""
        counts, revisions = self.counts(), self.revisions()
        differences = [
            f"table {name} has {counts[name]} rows, and the manifest says {expected}"
            if name in counts
            else f"table {name} is missing"
            for name, expected in record.tables.items()
            if counts.get(name) != expected
        ]
        if revisions != sorted(record.schema_revisions):
            current, expected_revisions = (
                ", ".join(sorted(each)) or "none" for each in (revisions, record.schema_revisions)
            )
            differences.append(f"its schema is at {current}, and the manifest says {expected_revisions}")
        return differences

    def state(self) -> dict[str, Any]:
        """Return the fingerprint for ``is_unchanged_since``: ``xid``, the next transaction, and ``rows``, a digest.

        The digest is of the numbers of rows of all tables. No other session may be writing.
        """
        xid = self._next_xid()
        return {"xid": xid, "rows": self._digest(xid)[0]}

    def is_unchanged_since(self, state: Mapping[str, Any]) -> bool:
        """Return True if nothing was written since ``state``: no row, no definition, and no value of a sequence.

        Every row that was added or changed since carries a later transaction. If no row does, all rows are older, and
        with the same number of rows none was removed either.
        """
        xid, rows = state.get("xid"), state.get("rows")
        if not isinstance(xid, int) or not 0 <= self._next_xid() - xid < _HALF:
            return False  # of another server, or too long ago for a comparison of transaction ids
        return self._digest(xid) == (rows, 0)

    def _digest(self, xid: int) -> tuple[str, int]:
        counts: dict[str, Any] = {}
        later = 0
        tables = [name for name, kind in self._tables() if kind != "p"]  # partitioned tables have no rows of their own
        for name in [*_CATALOGS, *tables]:
            count, written = self.database.fetch(_ROWS.format(table=name.replace("%", "%%")), (xid % 2**32,))[0]
            counts[name] = int(count)
            later += int(written)
        counts["sequences"] = self.database.fetch(
            "SELECT schemaname::text, sequencename::text, last_value FROM pg_sequences ORDER BY 1, 2"
        )
        if counts["pg_largeobject_metadata"]:
            later += 1  # only a superuser may read whether their contents have changed
        return hashlib.sha256(json.dumps(counts, sort_keys=True).encode()).hexdigest(), later

    def _count(self, name: str) -> int:
        return int(self.database.fetch(f"SELECT count(*) FROM {name}")[0][0])  # noqa: S608 - quoted by the server

    def _next_xid(self) -> int:
        return int(self.database.fetch("SELECT txid_snapshot_xmax(txid_current_snapshot())")[0][0])

    def _tables(self) -> list[tuple[str, str]]:
        return [(str(name), str(kind)) for name, kind in self.database.fetch(_RELATIONS)]
