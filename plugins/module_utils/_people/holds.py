# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep legal holds: what erasure and retention must not delete, and why. The only file that knows the table holds.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from dataclasses import dataclass

from .._postgres import collection_schema
from .._postgres.connection import Database

USER = "user"
CONVERSATION = "conversation"
ASSISTANT = "assistant"
KINDS = (USER, CONVERSATION, ASSISTANT)
TABLE = "holds"
_COLUMNS = """
    subject_kind text NOT NULL, subject_id text NOT NULL, reason text NOT NULL, held_by text NOT NULL,
    held_since timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (subject_kind, subject_id)
"""
_SINCE = """to_char(held_since AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


@dataclass(frozen=True)
class Hold:
    """One hold. ``id`` is that of a row of users, conversations or assistants; ``since`` is ISO 8601 in UTC."""

    kind: str
    id: str
    reason: str
    held_by: str
    since: str


def held(database: Database, kind: str) -> frozenset[str]:
    """Return the ids of one of KINDS that are on hold. Without the table there are no holds."""
    return frozenset(hold.id for hold in listed(database) if hold.kind == kind)


def listed(database: Database) -> list[Hold]:
    """Return all holds, sorted by kind and id."""
    if not collection_schema.has_table(database, TABLE):
        return []
    statement = f"""
        SELECT subject_kind, subject_id, reason, held_by, {_SINCE} FROM {collection_schema.qualified(TABLE)}
        ORDER BY subject_kind, subject_id
    """  # noqa: S608 - names of this file
    return [Hold(*row) for row in database.fetch(statement)]


def missing_rights(database: Database) -> list[str]:
    """Return a problem if the first hold could not be recorded."""
    return collection_schema.refuse_missing_rights(database, TABLE)


def place(database: Database, kind: str, identifier: str, reason: str, held_by: str, since: str | None = None) -> None:
    """Record a hold, or the new reason of an existing one, which keeps its time. The caller commits.

    ``since`` is ISO 8601; None for now.
    """
    collection_schema.ensure_table(database, TABLE, _COLUMNS)
    statement = f"""
        INSERT INTO {collection_schema.qualified(TABLE)} (subject_kind, subject_id, reason, held_by, held_since)
        VALUES (%s, %s, %s, %s, coalesce(%s::timestamptz, now())) ON CONFLICT (subject_kind, subject_id)
        DO UPDATE SET reason = excluded.reason, held_by = excluded.held_by
    """  # noqa: S608 - names of this file
    database.execute(statement, (kind, identifier, reason, held_by, since), step=f"place a hold on {kind} {identifier}")


def release(database: Database, kind: str, identifier: str) -> None:
    """Remove a hold, if there is one. The caller commits."""
    if collection_schema.has_table(database, TABLE):
        statement = f"DELETE FROM {collection_schema.qualified(TABLE)} WHERE subject_kind = %s AND subject_id = %s"  # noqa: S608
        database.execute(statement, (kind, identifier), step=f"release the hold on {kind} {identifier}")
