# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a database: rows, revisions, and whether anything was written since a certain moment.

The server's statistics would answer that last question at once, and wrongly: they come late, forget at a crash, and
know nothing of TRUNCATE or of the tables' definitions. What cannot be wrong is the transaction that each row carries.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from .._backup.manifest import DatabaseRecord
from .._postgres.connection import Database

#: Where PostgreSQL itself keeps what tables, indexes, functions and the like are.
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
#: Rows, and those that a transaction of at or after a moment wrote. Transaction ids are numbers in a circle: what lies
#: less than half of it ahead is later. Those below 3 stand for rows that have been there forever.
_ROWS = """
SELECT count(*), count(*) FILTER (
    WHERE xmin::text::bigint > 2 AND (xmin::text::bigint - %s) & 4294967295 < 2147483648
) FROM {table}
"""
_HALF = 2**31


class Content:
    """Looks into one database, in one transaction that reads. ``params`` are those of the connection."""

    def __init__(self, params: Mapping[str, Any], name: str) -> None:
        self.database = Database({**params, "login_db": name}, read_only=True)
        self.database.read_to_the_end()

    def __enter__(self) -> Content:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the connection."""
        self.database.close()

    def counts(self) -> dict[str, int]:
        """The rows of each table, by its name as SQL needs it."""
        return {name: self._count(name) for name, _kind in self._tables()}

    def revisions(self) -> list[str]:
        """The schema revisions that alembic has recorded, sorted."""
        if self.database.fetch("SELECT to_regclass('public.alembic_version') IS NULL")[0][0]:
            return []
        return sorted(str(row[0]) for row in self.database.fetch("SELECT version_num FROM public.alembic_version"))

    def differences(self, record: DatabaseRecord) -> list[str]:
        """A sentence for each thing that is not as the manifest says; none where all is."""
        counts, revisions = self.counts(), self.revisions()
        told = [
            f"table {name} has {counts[name]} rows, and the manifest says {wanted}"
            if name in counts
            else f"table {name} is missing"
            for name, wanted in record.tables.items()
            if counts.get(name) != wanted
        ]
        if revisions != sorted(record.schema_revisions):
            wanted_revisions = ", ".join(sorted(record.schema_revisions)) or "none"
            told.append(f"its schema is at {', '.join(revisions) or 'none'}, and the manifest says {wanted_revisions}")
        return told

    def state(self) -> dict[str, Any]:
        """What ``is_as`` needs later on: ``xid``, the next transaction, and ``rows``, a digest of all numbers of rows.

        Nobody else may be writing.
        """
        xid = self._next_xid()
        return {"xid": xid, "rows": self._digest(xid)[0]}

    def is_as(self, state: Mapping[str, Any]) -> bool:
        """Whether nothing at all was written since ``state``: rows, tables, or the values of sequences.

        Every row that was added or changed since carries a later transaction. Where there is none, those that are left
        are of before, and with the same number of them none was removed either.
        """
        xid, rows = state.get("xid"), state.get("rows")
        if not isinstance(xid, int) or not 0 <= self._next_xid() - xid < _HALF:
            return False  # of another server, or so long ago that the circle has closed
        return self._digest(xid) == (rows, 0)

    def _digest(self, xid: int) -> tuple[str, int]:
        counts: dict[str, Any] = {}
        later = 0
        tables = [name for name, kind in self._tables() if kind != "p"]  # those have no rows of their own
        for name in [*_CATALOGS, *tables]:
            count, written = self.database.fetch(_ROWS.format(table=name.replace("%", "%%")), (xid % 2**32,))[0]
            counts[name] = int(count)
            later += int(written)
        counts["sequences"] = self.database.fetch(
            "SELECT schemaname::text, sequencename::text, last_value FROM pg_sequences ORDER BY 1, 2"
        )
        if counts["pg_largeobject_metadata"]:
            later += 1  # only a superuser may see whether their contents have changed
        return hashlib.sha256(json.dumps(counts, sort_keys=True).encode()).hexdigest(), later

    def _count(self, name: str) -> int:
        return int(self.database.fetch(f"SELECT count(*) FROM {name}")[0][0])  # noqa: S608 - quoted by the server

    def _next_xid(self) -> int:
        return int(self.database.fetch("SELECT txid_snapshot_xmax(txid_current_snapshot())")[0][0])

    def _tables(self) -> list[tuple[str, str]]:
        return [(str(name), str(kind)) for name, kind in self.database.fetch(_RELATIONS)]
