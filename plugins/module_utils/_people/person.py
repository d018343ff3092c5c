# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a person by the e-mail address or the id, and how the person is named in texts.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .._app import service_account_script
from .._core.errors import InputError
from .._postgres import search_texts
from .._postgres.connection import Database
from .erasure_ledger import address_form

#: The beginning of the usernames of accounts that exist while a run works, and are no persons.
RUN_ACCOUNTS = service_account_script.PREFIX
COLUMNS = ("id", "email", "username", "status", "role", "hashed_password", "preferences", "created_at")
_FIND = "SELECT id::text, email, username, status::text, role::text FROM users WHERE lower(email) = lower(%s)"
_ADDRESSES = "SELECT id::text, email FROM users"
_BY_ID = "SELECT id::text, email, username, status::text, role::text FROM users WHERE id = %s"
_ADMINS = """
SELECT count(*) FROM users WHERE status = 'ACTIVE' AND role::text = ANY (%s) AND id <> %s
AND NOT starts_with(username, %s)
"""
#: A backslash that is itself escaped is a letter of the text.
_AFTER_ESCAPE = r"(?<=(?:^|[^\\])(?:\\\\)*\\[bfnrt])"
_ACTIVE, _SUPER_ADMIN, _ADMIN = "ACTIVE", "SUPER_ADMIN", "ADMIN"


@dataclass(frozen=True)
class Person:
    """One row of the table users."""

    id: str
    email: str
    username: str
    status: str
    role: str

    @property
    def is_erased(self) -> bool:
        """Whether the row is what an erasure has kept for figures of usage."""
        return self.email == f"erased-{self.id}@erased.invalid"

    @property
    def values(self) -> dict[str, Any]:
        """The values of statements: the keys of the person, and patterns that find the person in a text.

        The login name is too short to be searched in any text: it is compared with what failed logins record of it.
        ``held`` are the users whose rows an erasure leaves as they are, for the caller to fill.
        """
        return {
            "user": self.id,
            "email": self.email.lower(),
            "username": self.username.lower(),
            "like": search_texts.containing(self.email),
            "like_id": f"%{self.id}%",
            "pattern": f"{address_pattern(self.email)}|{self.id}",
            "held": [],
        }


def address_pattern(email: str) -> str:
    """Return a regular expression of PostgreSQL for an address, but not as a part of a longer one.

    In the text of JSON the letter of an escape, such as the n of a line end, may stand before it.
    """
    return rf"(?:(?<![[:alnum:]._%+-])|{_AFTER_ESCAPE}){re.escape(email)}(?![[:alnum:]_-]|[.][[:alnum:]])"


def find(database: Database, who: str) -> Person | None:
    """Return the user with an id, or with an e-mail address in any case of its letters.

    Raises InputError if several have the address, or one has it in another form of Unicode.
    """
    if search_texts.is_uuid(who):
        return by_id(database, who)
    rows = database.fetch(_FIND, (who,))
    if len(rows) > 1:
        users = ", ".join(f"{email} has the id {one}" for one, email, *_rest in sorted(rows))
        raise InputError(
            f"{len(rows)} users have the e-mail address {who} in some case of its letters: {users}",
            hint="Nothing was changed. Give the id of the one that you mean in the place of the address.",
        )
    if not rows:
        _refuse_alike(database, who)
    return Person(*rows[0]) if rows else None


def _refuse_alike(database: Database, who: str) -> None:
    """Raise InputError for users whose address only looks like ``who``: the database compares the codes of letters."""
    rows = [] if who.isascii() else database.fetch(_ADDRESSES)
    alike = [row for row in rows if address_form(row[1]) == address_form(who)]
    if alike:
        users = ", ".join(f"{email} has the id {one}" for one, email in sorted(alike))
        raise InputError(
            f"No user has exactly the e-mail address {who}, but one that looks like it in another form of Unicode: "
            f"{users}",
            hint="Nothing was changed. Give the id of the one that you mean in the place of the address.",
        )


def by_id(database: Database, identifier: str) -> Person | None:
    """Return the user with an id, or None."""
    rows = database.fetch(_BY_ID, (identifier,))
    return Person(*rows[0]) if rows else None


def last_administrator(database: Database, person: Person) -> list[str]:
    """Return a problem if the platform would have no active super_admin, or no active administrator, any more."""
    if person.status != _ACTIVE or person.role not in (_SUPER_ADMIN, _ADMIN):
        return []
    roles = [_SUPER_ADMIN] if person.role == _SUPER_ADMIN else [_SUPER_ADMIN, _ADMIN]
    if database.fetch(_ADMINS, (roles, person.id, RUN_ACCOUNTS))[0][0]:
        return []
    return [f"{person.email} is the last active {person.role.lower()}: give another user that role first"]
