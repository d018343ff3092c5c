# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mark the rows that a list has created, so that pruning removes no others.

The marks are in the collection's own schema, and are written in the transaction that creates the rows.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable

from .._postgres import collection_schema
from .._postgres.connection import Database

TABLE = "managed_rows"
_COLUMNS = """
entity text NOT NULL, row_id text NOT NULL, list_name text NOT NULL DEFAULT '', source text,
recorded_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (entity, row_id)
"""
_NAME = collection_schema.qualified(TABLE)


def of(database: Database, entity: str) -> dict[str, str]:
    """Return the name of the list that created it, by the id of each marked row."""
    if not collection_schema.has_table(database, TABLE):
        return {}
    return dict(
        database.fetch(
            f"SELECT row_id, list_name FROM {_NAME} WHERE entity = %s",  # noqa: S608 - a name of this collection
            (entity,),
        )
    )


def refuse_missing_rights(database: Database) -> list[str]:
    """Return a problem if the database role may not create the table, and it does not exist."""
    return collection_schema.refuse_missing_rights(database, TABLE)


def record(database: Database, entity: str, ids: Iterable[str], list_name: str, source: str | None) -> None:
    """Mark new rows in the current transaction. ``source`` is the name of the list's file, if it has one."""
    ids = list(ids)
    if not ids:
        return
    collection_schema.ensure_table(database, TABLE, _COLUMNS)
    database.execute(
        f"INSERT INTO {_NAME} (entity, row_id, list_name, source) "  # noqa: S608 - as above
        "SELECT %(entity)s, row_id, %(list_name)s, %(source)s FROM unnest(%(ids)s::text[]) AS new (row_id) "
        "ON CONFLICT (entity, row_id) DO UPDATE SET list_name = excluded.list_name, source = excluded.source, "
        "recorded_at = now()",
        {"entity": entity, "ids": ids, "list_name": list_name, "source": source},
        step="mark rows as managed",
    )


def forget(database: Database, entity: str, ids: Iterable[str]) -> None:
    """Remove the marks of deleted rows in the current transaction."""
    ids = list(ids)
    if ids and collection_schema.has_table(database, TABLE):
        database.execute(
            f"DELETE FROM {_NAME} WHERE entity = %s AND row_id = ANY (%s::text[])",  # noqa: S608 - as above
            (entity, ids),
            step="remove marks",
        )
