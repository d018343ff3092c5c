# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the one user or assistant that a name in the options means.

Names of assistants are not unique, and each user can choose one: a name that several have is refused, not guessed. An
exact match counts before look-alikes, so that an address in another case stops no rule.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .._postgres.connection import Database

#: The last column is the rank of the match: an id counts before an e-mail address, that before an address in another
#: case of its letters, and that before a username.
_USERS = """
SELECT given.name, u.id::text, CASE WHEN u.id::text = lower(given.name) THEN 0
    WHEN u.email = given.name THEN 1 WHEN lower(u.email) = lower(given.name) THEN 2 ELSE 3 END
FROM unnest(%(names)s::text[]) AS given (name)
JOIN users u ON lower(u.email) = lower(given.name) OR u.username = given.name OR u.id::text = lower(given.name)
"""
_ASSISTANTS = """
SELECT given.name, a.id::text, CASE WHEN a.id::text = lower(given.name) THEN 0 ELSE 1 END
FROM unnest(%(names)s::text[]) AS given (name)
JOIN assistants a ON a.name = given.name OR a.id::text = lower(given.name)
"""


@dataclass(frozen=True)
class Found:
    """The ids of the names that mean one row, the names without a row, and a problem for each name of several rows."""

    ids: tuple[str, ...]
    unknown: tuple[str, ...]
    problems: tuple[str, ...]


def users(database: Database, given: Sequence[str]) -> Found:
    """Return the users of e-mail addresses, usernames or ids."""
    return choose(given, database.fetch(_USERS, {"names": list(given)}), "users")


def assistants(database: Database, given: Sequence[str]) -> Found:
    """Return the assistants of names or ids."""
    return choose(given, database.fetch(_ASSISTANTS, {"names": list(given)}), "assistants")


def choose(given: Sequence[str], rows: Iterable[Sequence[object]], kind: str) -> Found:
    """Choose for each name its rows of the lowest rank. A row is a name, an id and the rank."""
    ranked: dict[str, dict[int, list[str]]] = {}
    for name, identifier, rank in rows:
        ids = ranked.setdefault(str(name), {}).setdefault(int(str(rank)), [])
        if str(identifier) not in ids:
            ids.append(str(identifier))
    best = {name: sorted(by_rank[min(by_rank)]) for name, by_rank in ranked.items()}
    names = tuple(dict.fromkeys(given))
    return Found(
        tuple(dict.fromkeys(best[name][0] for name in names if len(best.get(name, ())) == 1)),
        tuple(name for name in names if name not in best),
        tuple(
            f"has {name}, and {len(best[name])} {kind} have that name: give the id of the one that you mean, of "
            f"{', '.join(best[name])}"
            for name in names
            if len(best.get(name, ())) > 1
        ),
    )
