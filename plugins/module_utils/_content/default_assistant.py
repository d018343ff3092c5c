# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the default assistant of users in users.preferences.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .._app import service_account_script
from .._entities import references, values
from .._entities.desired import Desired, Task
from .._entities.entity import Part, Reading, Reference
from .._postgres.connection import Database

ALL = "all"
USER = Reference("users", "username", "", also=("email",))
_KEY = "preferences ->> 'default_assistant_id'"
#: Preferences that are not an object cannot be returned by REST either: they are replaced.
_OBJECT = "CASE WHEN json_typeof(preferences) = 'object' THEN preferences::jsonb ELSE '{}'::jsonb END"
_SET = f"""
UPDATE users SET preferences = ({_OBJECT} || jsonb_build_object('default_assistant_id', %(id)s::text))::json,
  updated_at = now()
WHERE (%(names)s::text[] IS NULL OR username = ANY (%(names)s::text[])) AND ({_KEY}) IS DISTINCT FROM %(id)s::text
"""  # noqa: S608 - texts of this file
#: The account of a run is no user, and exists for seconds only. A user who is called all is named by the address.
_USERS = f"""
SELECT {_KEY}, CASE username WHEN '{ALL}' THEN email ELSE username END FROM users
WHERE {_KEY} = ANY (%s::text[]) AND NOT starts_with(username, %s)
"""  # noqa: S608 - as above
_OTHERS = f"""
SELECT 1 FROM users WHERE {_KEY} IS DISTINCT FROM %s AND NOT starts_with(username, %s) LIMIT 1
"""  # noqa: S608 - as above
_FORGET = f"""
UPDATE users SET preferences = (preferences::jsonb - 'default_assistant_id')::json, updated_at = now()
WHERE {_KEY} = ANY (%s::text[])
"""  # noqa: S608 - as above


class DefaultFor(Part):
    """The option ``default_for``: the users whose default the assistant is, or all. Other users are not changed."""

    options = {"default_for": {"type": "list", "elements": "str"}}
    rights = {"users": "SELECT, UPDATE"}

    def normalise(self, option: str, value: Any) -> Any:
        """Return the names in order, or ALL."""
        found = sorted(set(values.as_list(value)))
        return ALL if found == [ALL] else found

    def read(self, reading: Reading) -> dict[str, dict[str, Any]]:
        """Return who of the desired users has the assistant as default; for a report all who have."""
        given = [one for one in reading.desired.values() if one.fields.get("default_for") is not None]
        _refuse_overlap(given, reading)
        if not reading.desired:
            return {one: {"default_for": users} for one, users in _holders(reading.database, reading.ids).items()}
        asked = {name for one in given if one.fields["default_for"] != ALL for name in one.fields["default_for"]}
        users = references.of(reading.database, USER, asked, (), reading.planned)
        found: dict[str, dict[str, Any]] = {}
        for one in given:
            if one.fields["default_for"] != ALL:
                one.fields["default_for"] = references.resolved(users, one, "default_for", reading.problems)
            if one.exists:
                current = self._current(reading.database, one.row, one.fields["default_for"])
                found[one.row] = {"default_for": current}
        return found

    def write(self, database: Database, tasks: Sequence[Task]) -> None:
        """Set the preferences of the users that differ."""
        for task in tasks:
            asked = task.after["default_for"]
            parameters = {"id": task.id, "names": None if asked == ALL else asked}
            database.execute(_SET, parameters, step="set the default assistant of users")

    def _current(self, database: Database, identifier: str, asked: Any) -> Any:
        if asked == ALL:
            return _of_all(database, [identifier])[identifier]
        rows = database.fetch(
            f"SELECT username FROM users WHERE username = ANY (%s::text[]) AND {_KEY} = %s",  # noqa: S608 - as above
            (asked, identifier),
        )
        return sorted(row[0] for row in rows)


def _holders(database: Database, ids: Sequence[str]) -> dict[str, Any]:
    """Return the names of the users whose default an assistant is, or ALL, by id; None for that of no user."""
    found: dict[str, list[str]] = {}
    for identifier, name in database.fetch(_USERS, (list(ids), service_account_script.PREFIX)):
        found.setdefault(identifier, []).append(name)
    others = database.fetch(_OTHERS, (next(iter(found)), service_account_script.PREFIX)) if len(found) == 1 else [(1,)]
    return {one: None if one not in found else sorted(found[one]) if others else ALL for one in ids}


def _of_all(database: Database, ids: Sequence[str]) -> dict[str, str]:
    """Return ALL for an assistant that is the default of all users, or else the number of them, by id."""
    having = dict(database.fetch(f"SELECT {_KEY}, count(*) FROM users GROUP BY 1"))  # noqa: S608 - as above
    total = sum(having.values())
    return {one: ALL if having.get(one, 0) == total else f"{having.get(one, 0)} of {total} users" for one in ids}


def _refuse_overlap(given: Sequence[Desired], reading: Reading) -> None:
    """Add a problem if two assistants would be the default of the same user: no run would end unchanged."""
    given = [one for one in given if not one.absent]
    seen: dict[str, Desired] = {}
    for one in given:
        asked = one.fields["default_for"]
        for name in [ALL] if asked == ALL else asked:
            other = seen.setdefault(name, one)
            if other is not one:
                reading.problems.append(f"{other.label} and {one.label} are both the default for {name}")
    if ALL in seen and len(given) > 1:
        reading.problems.add(
            seen[ALL].label, "default_for is all, and other assistants of the list have default_for too"
        )


def forget(database: Database, ids: Sequence[str]) -> None:
    """Remove assistants from the preferences of the users whose default they are."""
    database.execute(_FORGET, (list(ids),), step="clear the default assistant of users")
