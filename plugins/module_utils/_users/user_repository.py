# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read users, the rows that a list is about.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .._entities.desired import Desired
from .._postgres.connection import Database, quoted_identifier
from . import user_login
from .user_plan import IDENTITY, Row, normalised
from .user_spec import FIELDS, keys_of


class UserRepository:
    """The table ``users``. ``database`` is connected when it is first asked."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def rows(self, users: Sequence[Desired]) -> Iterator[dict[str, Any]]:
        """Yield the rows of the desired users and of the holders of desired usernames, in one read."""
        names = _columns_for(users)
        keys = [key for user in users for key in keys_of(user)]
        # lower() of a database with the locale C leaves letters unchanged that Python's does not.
        given = (user.fields.get(option) for user in users for option in ("email", "new_email"))
        exact = [email for email in given if email and not email.isascii()]
        usernames = [user.fields["username"] for user in users if user.fields.get("username")]
        statement = f"""
            SELECT {", ".join(map(quoted_identifier, names))} FROM users
            WHERE lower(email) = ANY (%(keys)s::text[]) OR username = ANY (%(usernames)s::text[])
              OR email = ANY (%(exact)s::text[])
            ORDER BY id
        """  # noqa: S608 - names of this file, quoted
        for row in self.database.stream(statement, {"keys": keys, "usernames": usernames, "exact": exact}):
            yield dict(zip(names, row))

    def taken(self, usernames: Sequence[str]) -> set[str]:
        """Return those of ``usernames`` that exist."""
        rows = self.database.fetch("SELECT username FROM users WHERE username = ANY (%s::text[])", (list(usernames),))
        return {row[0] for row in rows}

    def scope(self, auth_provider: str, organization_id: str | None) -> list[Row]:
        """Return all users of one auth provider and organization; None stands for no organization."""
        names = ", ".join(IDENTITY)
        rows = self.database.fetch(
            f"SELECT {names} FROM users WHERE auth_provider::text = %s "  # noqa: S608 - names of this file
            "AND organization_id IS NOT DISTINCT FROM %s::uuid ORDER BY lower(email), id",
            (auth_provider.upper(), organization_id),
        )
        return [normalised(dict(zip(IDENTITY, row))) for row in rows]

    def active_super_admins(self) -> dict[str, str]:
        """Return their emails by id. A run that writes locks the rows, so that no other session changes them."""
        locking = "" if self.database.read_only else " FOR UPDATE"
        statement = f"SELECT id, email FROM users WHERE role = 'SUPER_ADMIN' AND status = 'ACTIVE'{locking}"  # noqa: S608
        return dict(self.database.fetch(statement))

    def emails_to_ids(self, emails: Iterable[str]) -> dict[str, str]:
        """Return the ids of users by their emails in lower case."""
        rows = self.database.fetch(
            "SELECT lower(email), id FROM users WHERE lower(email) = ANY (%s::text[])",
            ([email.lower() for email in emails],),
        )
        return dict(rows)


def _columns_for(users: Sequence[Desired]) -> list[str]:
    """Return the columns to read for the users."""
    given = {name for user in users for name in user.fields}
    names = [*IDENTITY, *(name for name in FIELDS if name in given and name not in IDENTITY)]
    if any(user.fields.get("locked") is not None for user in users):
        names.append("locked_until")
    if any(user_login.is_always_set(user) for user in users):
        names.append("hashed_password")
    return names
