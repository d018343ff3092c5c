# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to a user, found by the foreign keys in the catalog, so that no dependant is forgotten.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .._postgres.catalog import Reference
from .._postgres.connection import Database, quoted

# A column that must have a user, and is not one of an association, says whose a row is. Of these tables the rows
# are of no use to anybody else.
_PERSONAL = {"search_queries", "user_dashboards"}
# Of a nullable column only the name tells whether it says whose a row is, or who once did something to it.
_OWNER_COLUMNS = {"creator_id", "owner_id"}


@dataclass(frozen=True)
class Belongings:
    """The references to users, by what a deletion does with them."""

    owned: Sequence[Reference]
    transferred: Sequence[Reference]
    removed: Sequence[Reference]
    forgotten: Sequence[Reference]


def classify(references: Sequence[Reference]) -> Belongings:
    """What is owned stands in the way; associations and personal rows go too; history forgets its user."""
    removed = [one for one in references if (one.association and not one.nullable) or one.table in _PERSONAL]
    forgotten = [one for one in references if one.nullable and one not in removed]
    owned = [one for one in references if one not in removed and one not in forgotten]
    return Belongings(
        owned=owned,
        transferred=[*owned, *(one for one in forgotten if one.column in _OWNER_COLUMNS)],
        removed=removed,
        forgotten=forgotten,
    )


def count(database: Database, belongings: Belongings, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """What each of the users owns: ``{id: {table: number of rows}}``, without those who own nothing."""
    found: dict[str, dict[str, int]] = {}
    if not ids or not belongings.owned:
        return found
    queries = [
        f"SELECT '{one.table}', {quoted(one.column)}::text, count(*) FROM {one.table} "  # noqa: S608 - from the catalog
        f"WHERE {quoted(one.column)} = ANY (%(ids)s::uuid[]) GROUP BY 2"
        for one in belongings.owned
    ]
    for table, user, number in database.fetch(" UNION ALL ".join(queries), {"ids": list(ids)}):
        owns = found.setdefault(user, {})
        owns[table] = owns.get(table, 0) + number
    return found


def release(
    database: Database, belongings: Belongings, ids: Sequence[str], transfers: Mapping[str, Sequence[str]]
) -> None:
    """Free users from everything that points at them, so that they can be deleted.

    ``transfers`` maps the id of each user who takes something over to the ids of those it comes from.
    """
    for target, sources in transfers.items():
        for one in belongings.transferred:
            column = quoted(one.column)
            database.execute(
                f"UPDATE {one.table} SET {column} = %s WHERE {column} = ANY (%s::uuid[])",  # noqa: S608 - from the catalog
                (target, list(sources)),
            )
    for one in belongings.removed:
        database.execute(
            f"DELETE FROM {one.table} WHERE {quoted(one.column)} = ANY (%s::uuid[])",  # noqa: S608 - from the catalog
            (list(ids),),
        )
    for one in belongings.forgotten:
        column = quoted(one.column)
        database.execute(
            f"UPDATE {one.table} SET {column} = NULL WHERE {column} = ANY (%s::uuid[])",  # noqa: S608 - from the catalog
            (list(ids),),
        )


def describe(owns: Mapping[str, int]) -> str:
    """``2 assistants, 1 documents`` for a message."""
    return ", ".join(f"{number} {table}" for table, number in sorted(owns.items()))
