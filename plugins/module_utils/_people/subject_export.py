# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose what an export has of a person: rows by key, and rows of others that name the person in a text.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .._postgres.connection import Database
from . import erasure_steps, leftovers
from .erasure_ledger import DELETE
from .erasure_steps import Choice
from .person import Person

#: What would let a reader act as the person, or join a group.
SECRETS = {
    "users": ("hashed_password", "password_reset_token", "password_reset_expires_at"),
    "domain_invitations": ("token",),
}
#: Tables that an erasure only corrects, and what rows of them say about a person.
_NAMES = {
    "tags": "id IN (SELECT tag_id FROM document_tag_association WHERE document_id IN "
    "(SELECT id FROM documents WHERE user_id = %(user)s))",
    "user_groups": "id IN (SELECT group_id FROM user_group_association WHERE user_id = %(user)s)",
    "domain_groups": "id IN (SELECT domain_group_id FROM domain_group_members WHERE user_id = %(user)s)",
}


@dataclass(frozen=True)
class Part:
    """Rows of one table. ``folder`` is "rows" for those of the person, or "mentions" for those of others."""

    folder: str
    table: str
    condition: str

    @property
    def name(self) -> str:
        """The name of the file in the archive."""
        return f"{self.folder}/{self.table}.jsonl"


def parts(database: Database) -> list[Part]:
    """Return the parts of an export, those of the person first. A row is in one part only."""
    own: dict[str, list[str]] = {"users": ["id = %(user)s"]}
    for step in erasure_steps.steps(Choice(DELETE, has_heir=False, documents_handed_over=False)):
        if step.table not in ("users", *_NAMES):
            own.setdefault(step.table, []).append(step.condition)
    for table, condition in _NAMES.items():
        own[table] = [condition]
    rows = [Part("rows", table, _any(conditions)) for table, conditions in own.items()]
    mentions = [
        Part("mentions", table, f"({condition}) AND ({_any(own.get(table, ['false']))}) IS NOT TRUE")
        for table, condition in leftovers.conditions(database, keeps_id=False).items()
    ]
    return [*rows, *mentions]


def count(database: Database, person: Person, part: Part) -> int:
    """Return the number of rows of a part."""
    statement = f"SELECT count(*) FROM {part.table} WHERE {part.condition}"  # noqa: S608 - texts of the steps
    return int(database.fetch(statement, person.values)[0][0])


def lines(database: Database, person: Person, part: Part) -> Iterator[str]:
    """Yield each row of a part as JSON, without secrets."""
    statement = f"""
        SELECT (to_jsonb(t) - %(secrets)s::text[])::text FROM {part.table} AS t WHERE {part.condition}
        ORDER BY to_jsonb(t) ->> 'created_at', to_jsonb(t) ->> 'id'
    """  # noqa: S608 - texts of the steps
    values: dict[str, Any] = {**person.values, "secrets": list(SECRETS.get(part.table, ()))}
    yield from (f"{row[0]}\n" for row in database.stream(statement, values))


def _any(conditions: list[str]) -> str:
    return " OR ".join(f"({condition})" for condition in conditions)
