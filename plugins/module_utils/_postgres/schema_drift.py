# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the layout of a database's tables from the catalog, and compare it with the expected one.

A layout is ``{"tables": {name: {"columns": {name: text}, "indexes": [text], "references": [text]}}, "enums": {name:
[label]}, "optional_tables": [name]}``. A column's text is its type, ``not null`` and default; an index is identified by
its definition rather than its name. A table that another session has locked exclusively is ``{"locked": true}``: to
read more would wait for that session.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._core.errors import InputError
from .connection import Database
from .table_statistics import HELD

#: In PostgreSQL's words: "varchar(255) not null default now()", "unique btree (email)".
_READ = f"""
WITH {HELD}, here AS (SELECT oid FROM pg_namespace WHERE nspname = current_schema()),
found AS (
    SELECT c.oid, c.relname, c.oid IN (SELECT relation FROM held) AS locked
    FROM pg_class c JOIN here ON here.oid = c.relnamespace WHERE c.relkind IN ('r', 'p')
),
readable AS (SELECT oid FROM found WHERE NOT locked),
columns AS (
    SELECT a.attrelid, json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)
        || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
        || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') ORDER BY a.attnum) AS texts
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
    WHERE a.attrelid IN (SELECT oid FROM readable) AND a.attnum > 0 AND NOT a.attisdropped
    GROUP BY a.attrelid
),
indexes AS (
    SELECT i.indrelid, json_agg(i.text ORDER BY i.text) AS texts FROM (
        SELECT DISTINCT indrelid,
            CASE WHEN indisprimary THEN 'primary key ' WHEN indisunique THEN 'unique ' ELSE '' END
            || split_part(pg_get_indexdef(indexrelid), ' USING ', 2)
            || CASE WHEN indisvalid THEN '' ELSE ' (invalid)' END AS text
        FROM pg_index WHERE indrelid IN (SELECT oid FROM readable)
    ) i GROUP BY i.indrelid
),
keys AS (
    SELECT conrelid, json_agg(pg_get_constraintdef(oid) ORDER BY pg_get_constraintdef(oid)) AS texts
    FROM pg_constraint WHERE contype = 'f' AND conrelid IN (SELECT oid FROM readable) GROUP BY conrelid
),
labels AS (
    SELECT t.typname, json_agg(e.enumlabel ORDER BY e.enumsortorder) AS texts
    FROM pg_type t JOIN here ON here.oid = t.typnamespace JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
)
SELECT (
    SELECT coalesce(json_object_agg(found.relname, CASE WHEN locked THEN '{{"locked": true}}' ELSE json_build_object(
        'columns', coalesce(columns.texts, '{{}}'),
        'indexes', coalesce(indexes.texts, '[]'),
        'references', coalesce(keys.texts, '[]')
    ) END ORDER BY found.relname), '{{}}')
    FROM found LEFT JOIN columns ON columns.attrelid = found.oid LEFT JOIN indexes ON indexes.indrelid = found.oid
    LEFT JOIN keys ON keys.conrelid = found.oid
), (
    SELECT coalesce(json_object_agg(typname, texts ORDER BY typname), '{{}}') FROM labels
)
"""  # noqa: S608 - nothing in it comes from outside


def read(database: Database) -> dict[str, Any]:
    """Return the layout of the tables in the platform's schema."""
    [(tables, enums)] = database.fetch(_READ)
    return {"tables": tables, "enums": enums}


def checked(layout: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the given layout. Raises InputError if it is not a layout."""
    tables, enums = layout.get("tables"), layout.get("enums")
    if not isinstance(tables, Mapping) or not isinstance(enums, Mapping):
        raise InputError(
            "layout has no tables and enums", hint="Set layout to the content of a file of the role database."
        )
    for name, table in tables.items():
        if not isinstance(table, Mapping) or not isinstance(table.get("columns"), Mapping):
            raise InputError(f"The table {name} in layout has no columns")
    return layout


def drift(expected: Mapping[str, Any], current: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each difference of two layouts as ``{kind, object, expected, found}``.

    ``kind`` is missing, extra, different, or unknown for a table that is locked. A missing or extra table is one
    difference, whatever it contains. An optional table is neither missing nor extra.
    """
    desired, optional = expected["tables"], set(expected.get("optional_tables") or ())
    tables = {name: table for name, table in current["tables"].items() if name not in optional or name in desired}
    differences = list(_differences("table", dict.fromkeys(desired, ""), dict.fromkeys(tables, "")))
    for name in sorted({*desired} & {*tables}):
        differences += _of_table(name, desired[name], tables[name])
    return [*differences, *_differences("enum", expected["enums"], current["enums"])]


def _of_table(name: str, expected: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    if current.get("locked"):
        yield {"kind": "unknown", "object": f"table {name}", "expected": None, "found": None}
        return
    columns = [{f"{name}.{column}": text for column, text in each["columns"].items()} for each in (expected, current)]
    yield from _differences("column", *columns)
    for kind, key in (("index", "indexes"), ("reference", "references")):
        listed = [{f"{name}: {text}": text for text in each.get(key) or ()} for each in (expected, current)]
        yield from _differences(kind, *listed)


def _differences(kind: str, expected: Mapping[str, Any], current: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for name in sorted({**expected, **current}):
        if expected.get(name) != current.get(name):
            how = "missing" if name not in current else "extra" if name not in expected else "different"
            values = {"expected": expected.get(name) or None, "found": current.get(name) or None}
            yield {"kind": how, "object": f"{kind} {name}", **values}
