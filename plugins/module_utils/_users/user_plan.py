# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare desired users with the current ones: match them, and plan what changes. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .._core.plan import DELETE, Change, compare
from .._core.redaction import Secret
from .._entities import entity_plan, field_types
from .._entities.desired import Desired, Task
from .._entities.list_problems import Problems
from . import user_login
from .user_spec import FIELDS, USER, final_email, keys_of

#: The fields that the diff of a deleted user shows.
SHOWN = ("username", "role", "status")
#: The columns that are read of every user.
IDENTITY = ("id", "email", *SHOWN)
#: A current user: IDENTITY and the fields that the list is about, normalised.
Row = dict[str, Any]


@dataclass
class Current:
    """The current users that the list is about, by id, and all that were read by username."""

    rows: dict[str, Row] = field(default_factory=dict)
    holders: dict[str, Row] = field(default_factory=dict)


def normalised(row: Mapping[str, Any]) -> Row:
    """Return a row of the database in the form of the desired fields."""
    fields = {name: field_types.of_row(FIELDS[name], value) if name in FIELDS else value for name, value in row.items()}
    if "locked_until" in row:
        fields["locked"] = fields.pop("locked_until") is not None
    return fields


def match(desired: Iterable[Desired], rows: Iterable[Mapping[str, Any]], problems: Problems) -> Current:
    """Find each desired user among the rows, by its email or new email, in any case."""
    by_key = {}
    for user in desired:
        user.exists = False
        by_key.update(dict.fromkeys(keys_of(user), user))
    current = Current()
    for row in rows:
        fields = normalised(row)
        found = by_key.get(row["email"].lower())
        if found is not None:
            # Equal values are kept in memory once: for a hundred thousand users they take as much as all the rest.
            fields = {name: _shared(found, name, value) for name, value in fields.items()}
        current.holders[fields["username"]] = fields
        if found is None:
            continue
        if found.exists:
            _refuse_second(found, current.rows[found.row], fields, problems)
        else:
            found.exists, found.row = True, fields["id"]
            current.rows[found.row] = fields
    for user in desired:
        twin = user if user.exists else by_key[keys_of(user)[0]]  # two users with one email are a problem already
        user.exists, user.row = twin.exists, twin.row if twin.exists else str(uuid.uuid4())
    return current


def _shared(user: Desired, name: str, value: Any) -> Any:
    desired = user.fields.get(name)
    return desired if desired == value else value


def _refuse_second(user: Desired, first: Row, second: Row, problems: Problems) -> None:
    pair = " and ".join(sorted(f"'{one['email']}'" for one in (first, second)))
    same = first["email"].lower() == second["email"].lower()
    reason = "which differ only in case" if same else "so it cannot be renamed"
    problems.append(f"{user.label}: the platform has {pair}, {reason}")


def refuse_duplicates(users: Iterable[Desired], problems: Problems) -> None:
    """Add a problem for two users of the list with one email or one username."""
    emails: dict[str, Desired] = {}
    names: dict[str, Desired] = {}
    for user in users:
        for key in keys_of(user):
            other = emails.setdefault(key, user)
            if other is not user:
                problems.append(f"{other.label} and {user.label} have the same email in the list")
                break
        username = user.fields.get("username")
        if username is not None and not user.absent:
            other = names.setdefault(username, user)
            if other is not user:
                problems.append(f"{other.label} and {user.label} have the same username '{username}'")


def to_verify(users: Iterable[Desired], rows: Mapping[str, Row]) -> dict[str, tuple[str, str]]:
    """Return password and stored hash of each current user whose password is always set, by id."""
    return {
        user.row: (str(user.fields["password"]), str(rows[user.row]["hashed_password"] or ""))
        for user in users
        if user.exists and user.fields.get("password") is not None and user_login.is_always_set(user)
    }


def same_passwords(
    users: Collection[Desired], rows: Mapping[str, Row], verified: Mapping[tuple[str, str], bool]
) -> set[str]:
    """Return the ids of users that have the desired password. ``verified`` has the answers for ``to_verify``."""
    found = {one for one, pair in to_verify(users, rows).items() if verified.get(pair)}
    for user in users:
        if user.exists and user.fields.get("password_hash") is not None and user_login.is_always_set(user):
            found |= {user.row} if user.fields["password_hash"] == rows[user.row]["hashed_password"] else set()
    return found


def fields_of(user: Desired, row: Row | None, same_password: Collection[str] = ()) -> dict[str, Any]:
    """Return the desired fields of a user: the given ones, and for a new user also the required ones."""
    fields = entity_plan.fields_of(USER, user, new=row is None)
    password = user_login.given(user)
    for option in ("password", "password_hash"):
        fields.pop(option, None)
    if row is None or user.fields.get("new_email") is None:
        fields.pop("email", None)  # a change names it
    if row is None or fields.get("locked") is None:
        fields.pop("locked", None)
    if password is not None and (row is None or (user_login.is_always_set(user) and user.row not in same_password)):
        fields["password"] = password
    return fields


def title_of(user: Desired, row: Row | None) -> str:
    """Return how results name a user: by its current email, or that of a new one."""
    return row["email"] if row else final_email(user)


def change_of(user: Desired, title: str, row: Row | None, same_password: Collection[str] = ()) -> Change | None:
    """Return the change of a user with state present; None if nothing differs."""
    fields = fields_of(user, row, same_password)
    return compare(title, fields, {**row, "password": Secret("")} if row and "password" in fields else row)


def heirs(tasks: Iterable[Task], owns: Collection[str], params: Mapping[str, Any]) -> dict[str, str]:
    """Return the email given as transfer_to, by the id of each deleted user that owns rows which are transferred."""
    found = {}
    for task in tasks:
        options = task.desired.options if task.desired else params
        if task.change.action == DELETE and task.id in owns and options["owned"] == "transfer":
            found[task.id] = str(options["transfer_to"])
    return found


def credentials(tasks: Iterable[Task], rows: Mapping[str, Row]) -> list[tuple[str, str, str]]:
    """Return email, username and password of each user whose password is set."""
    found = []
    for task in tasks:
        password = user_login.to_hash(task)
        if password is not None:
            row = {**rows.get(task.id, {}), **task.after}
            found.append((str(row.get("email", task.change.name)), str(row["username"]), password))
    return found
