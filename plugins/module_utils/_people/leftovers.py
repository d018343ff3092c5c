# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search all tables for a person, by the id and the e-mail address: what an erasure has left, or would leave.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._postgres import collection_schema
from .._postgres.connection import Database, quoted_identifier
from .erasure_steps import named

#: How many rows of each table are listed; all are counted.
LISTED = 100
_COLUMNS = """
SELECT c.oid::regclass::text, a.attname::text, a.atttypid::regtype::text
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', %s)
  AND n.nspname NOT LIKE 'pg\\_%%' AND has_table_privilege(c.oid, 'SELECT') AND a.attnum > 0 AND NOT a.attisdropped
  AND a.atttypid::regtype::text IN ('uuid', 'text', 'character varying', 'character', 'json', 'jsonb')
ORDER BY 1, a.attnum
"""


def search(
    database: Database, values: Mapping[str, Any], *, keeps_id: bool, handled: Mapping[str, Sequence[str]]
) -> tuple[dict[str, int], list[dict[str, str]]]:
    """Return the number of rows that name the person, by table, and the table and the id of the first of each.

    ``handled`` are conditions of rows that an erasure deletes or rewrites, by table. If the erasure ``keeps_id``, the
    row of the user and columns that refer to it do not count.
    """
    counts: dict[str, int] = {}
    rows: list[dict[str, str]] = []
    for table, condition in conditions(database, keeps_id=keeps_id).items():
        found = f"({condition})" + "".join(f" AND ({each}) IS NOT TRUE" for each in handled.get(table, ()))
        total = int(database.fetch(f"SELECT count(*) FROM {table} WHERE {found}", values)[0][0])  # noqa: S608
        if total:
            counts[table] = total
            rows += _listed(database, table, found, values)
    return counts, rows


def conditions(database: Database, *, keeps_id: bool) -> dict[str, str]:
    """Return, for each table, the condition that a row names the person."""
    tables: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in database.fetch(_COLUMNS, (collection_schema.SCHEMA,)):
        tables.setdefault(table, []).append((column, kind))
    found = {
        table: _condition(columns, keeps_id=keeps_id)
        for table, columns in tables.items()
        if not (keeps_id and table == "users")
    }
    return {table: condition for table, condition in found.items() if condition}


def _condition(columns: Sequence[tuple[str, str]], *, keeps_id: bool) -> str:
    conditions = []
    for column, kind in columns:
        name = quoted_identifier(column)
        if kind != "uuid":
            conditions.append(f"({named(name)})")
        elif not keeps_id:
            conditions.append(f"{name} = %(user)s")
    return " OR ".join(conditions)


def _listed(database: Database, table: str, found: str, values: Mapping[str, Any]) -> list[dict[str, str]]:
    statement = f"""
        SELECT coalesce(to_jsonb(t) ->> 'id', '') FROM {table} AS t WHERE {found} ORDER BY 1 LIMIT {LISTED}
    """  # noqa: S608 - names of the catalog and texts of the steps
    return [{"table": table, "id": row[0]} for row in database.fetch(statement, values)]
