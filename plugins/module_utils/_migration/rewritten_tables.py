# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the tables that a migration rewrote, and the indexes that it built, by the names of their files on the disk.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

INDEX = "i"
#: The size of a table includes the part in which PostgreSQL keeps long values.
_READ = """
SELECT c.oid::bigint, t.oid::bigint,
    CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(t.relname),
    c.relkind::text, pg_relation_filenode(c.oid)::bigint,
    CASE c.relkind WHEN 'i' THEN pg_relation_size(c.oid) ELSE pg_table_size(c.oid) END
FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
JOIN pg_class t ON t.oid = coalesce(i.indrelid, c.oid) JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE c.relkind IN ('r', 'm', 'i') AND t.relkind <> 't' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
"""


@dataclass(frozen=True)
class Relation:
    """A table or an index. ``owner`` is the id of its table, ``file`` changes when PostgreSQL writes it anew."""

    owner: int
    table: str
    kind: str
    file: int | None
    size: int


Relations = Mapping[int, Relation]


def read(fetch: Callable[[str], Sequence[Any]]) -> Relations:
    """Return all tables and indexes of a database by their ids."""
    return {oid: Relation(*facts) for oid, *facts in fetch(_READ)}


def compare(before: Relations, after: Relations) -> list[dict[str, Any]]:
    """Return each table of ``before`` of which files were written anew, the largest first, with their bytes.

    ``bytes`` are those of the rewritten table, 0 if only indexes were built; ``index_bytes`` are those of new and
    rebuilt indexes. New tables are left out: no session waits for one.
    """
    known = {relation.file for relation in before.values()}
    found: dict[str, dict[str, Any]] = {}
    for relation in after.values():
        if relation.owner in before and relation.file not in known:
            entry = found.setdefault(
                relation.table, {"table": relation.table, "rewritten": False, "bytes": 0, "index_bytes": 0}
            )
            if relation.kind == INDEX:
                entry["index_bytes"] += relation.size
            else:
                entry.update(rewritten=True, bytes=relation.size)
    return sorted(found.values(), key=lambda each: (-each["bytes"] - each["index_bytes"], each["table"]))
