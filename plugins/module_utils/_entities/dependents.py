# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find, count and release the rows that refer to other rows, by the foreign keys in the catalog.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from .._postgres.catalog import Reference
from .._postgres.connection import Database, quoted_identifier

#: What must not be deleted: the ids on hold of a kind, "user", "conversation" or "assistant".
Held = Callable[[Database, str], Collection[str]]
# A column that is not nullable, and not part of an association, names the owner of a row. Rows of these tables are
# deleted with their owner.
_PERSONAL = {"search_queries", "user_dashboards"}
# Of a nullable column only the name shows whether it names the owner or, for example, the author of the last change.
_OWNER_COLUMNS = {"creator_id", "owner_id"}


@dataclass(frozen=True)
class Belongings:
    """References to rows of a table, by how a deletion handles them.

    ``owned`` rows prevent a deletion, unless they are ``transferred``; ``removed`` rows are deleted too; ``forgotten``
    columns are set to NULL.
    """

    owned: Sequence[Reference]
    transferred: Sequence[Reference]
    removed: Sequence[Reference]
    forgotten: Sequence[Reference]


def classify(references: Sequence[Reference], removed: Collection[str] = ()) -> Belongings:
    """Sort references: associations and personal rows are removed, nullable columns set to NULL, all others owned.

    Rows of the tables ``removed`` are removed too.
    """
    with_owner = {*_PERSONAL, *removed}
    leaving = [one for one in references if (one.association and not one.nullable) or one.table in with_owner]
    forgotten = [one for one in references if one.nullable and one not in leaving]
    owned = [one for one in references if one not in leaving and one not in forgotten]
    return Belongings(
        owned=owned,
        transferred=[*owned, *(one for one in forgotten if one.column in _OWNER_COLUMNS)],
        removed=leaving,
        forgotten=forgotten,
    )


def count(database: Database, belongings: Belongings, ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return ``{id: {table: number of rows}}`` for each of ``ids`` that owns rows."""
    counts: dict[str, dict[str, int]] = {}
    if not ids or not belongings.owned:
        return counts
    queries = [
        f"SELECT '{one.table}', {quoted_identifier(one.column)}::text, count(*) FROM {one.table} "  # noqa: S608 - from the catalog
        f"WHERE {quoted_identifier(one.column)} = ANY (%(ids)s::uuid[]) GROUP BY 2"
        for one in belongings.owned
    ]
    for table, user, number in database.fetch(" UNION ALL ".join(queries), {"ids": list(ids)}):
        owns = counts.setdefault(user, {})
        owns[table] = owns.get(table, 0) + number
    return counts


def plan_transfers(
    emails: Mapping[str, str], targets: Mapping[str, str], deleted: Collection[str]
) -> tuple[dict[str, list[str]], list[str]]:
    """Return the ids of users that leave rows, by the id of the user that takes over, and the problems.

    ``emails`` maps the ids of users that leave rows to the email given as transfer_to, and
    ``targets`` these emails, in lower case, to ids. ``deleted`` are the ids of users that the run deletes.
    """
    transfers: dict[str, list[str]] = {}
    problems: list[str] = []
    for identifier, email in emails.items():
        target = targets.get(email.lower())
        if target is None or target in deleted:
            reason = "does not exist" if target is None else "is removed by the same run"
            problems.append(f"transfer_to: user {email} {reason}")
        else:
            transfers.setdefault(target, []).append(identifier)
    return transfers, problems


def release(
    database: Database, belongings: Belongings, ids: Sequence[str], transfers: Mapping[str, Sequence[str]]
) -> None:
    """Transfer, delete or clear all references to ``ids``, so that these rows can be deleted.

    ``transfers`` maps the id of each user that takes over to the ids of the users that leave rows.
    """
    for target, sources in transfers.items():
        for one in belongings.transferred:
            column = quoted_identifier(one.column)
            database.execute(
                f"UPDATE {one.table} SET {column} = %s WHERE {column} = ANY (%s::uuid[])",  # noqa: S608 - from the catalog
                (target, list(sources)),
                step=f"hand over rows of {one.table}",
            )
    for one in belongings.removed:
        database.execute(
            f"DELETE FROM {one.table} WHERE {quoted_identifier(one.column)} = ANY (%s::uuid[])",  # noqa: S608 - from the catalog
            (list(ids),),
            step=f"delete rows of {one.table}",
        )
    for one in belongings.forgotten:
        column = quoted_identifier(one.column)
        database.execute(
            f"UPDATE {one.table} SET {column} = NULL WHERE {column} = ANY (%s::uuid[])",  # noqa: S608 - from the catalog
            (list(ids),),
            step=f"clear {one.column} in rows of {one.table}",
        )


def describe(owns: Mapping[str, int]) -> str:
    """Return ``2 assistants, 1 documents`` for a message."""
    return ", ".join(f"{number} {table}" for table, number in sorted(owns.items()))
