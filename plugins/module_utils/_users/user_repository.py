# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write users in the platform's tables, a whole list at a time.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from .._core.plan import CREATE, UPDATE
from .._entities import dependents, field_types
from .._postgres.catalog import Column
from .._postgres.connection import Database, quoted_identifier
from .group_spec import MEMBERSHIP_LOCK, GroupNames
from .user_plan import IDENTITY, CurrentUser, Task, UserPlan, deletions, normalised
from .user_spec import COLUMNS, FIELDS, DesiredUser

_GROUPS_OF_USER = "ARRAY(SELECT a.group_id::text FROM user_group_association a WHERE a.user_id = users.id)"
#: The privileges that the database role needs for a change.
RIGHTS = {
    "users": "SELECT, INSERT, UPDATE, DELETE",
    "user_group_association": "SELECT, INSERT, DELETE",
    "audit_logs": "INSERT",
}
#: Required columns of a new row, because the platform's tables have no defaults.
_NEW_ROW = {"failed_login_attempts": "0"}
_NEW_PASSWORD = {"password_changed_at": "now", "password_reset_token": None, "password_reset_expires_at": None}
_UNLOCKED = {"locked_until": None, "failed_login_attempts": "0"}


class UserRepository:
    """The table ``users`` and the tables that refer to it. ``database`` is connected when it is first asked."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The columns of the table. Raises DatabaseError if one that the collection uses is missing."""
        return self.database.columns("users", COLUMNS)

    def lock(self) -> None:
        """Wait until no other run changes users or groups. The lock ends with the connection."""
        self.database.lock("users", MEMBERSHIP_LOCK)

    def group_names(self, users: Iterable[DesiredUser], planned: Iterable[str]) -> GroupNames:
        """Return the names of all groups; of none if the list names none, because reading many takes a while."""
        named = any(user.groups is not None for user in users)
        return GroupNames.of(self.database, planned) if named else GroupNames(())

    def set_password(self, identifier: str, password_hash: str) -> None:
        """Set the password of one user, as ``write`` does. The caller commits."""
        row = {"id": identifier, "hashed_password": password_hash, **_NEW_PASSWORD, "updated_at": "now"}
        self.database.update("users", [row], sorted(row.keys() - {"id"}))

    def rows(self, users: Sequence[DesiredUser], groups: GroupNames) -> Iterator[dict[str, Any]]:
        """Yield the rows of the desired users and of the holders of desired usernames, in one read."""
        names = _columns_for(users)
        keys = [key for user in users for key in user.keys]
        # lower() of a database with the locale C leaves letters unchanged that Python's does not.
        exact = [email for user in users for email in (user.email, user.new_email) if email and not email.isascii()]
        usernames = [user.fields["username"] for user in users if user.fields.get("username")]
        selected = ", ".join(_GROUPS_OF_USER if name == "groups" else quoted_identifier(name) for name in names)
        statement = f"""
            SELECT {selected} FROM users
            WHERE lower(email) = ANY (%(keys)s::text[]) OR username = ANY (%(usernames)s::text[])
              OR email = ANY (%(exact)s::text[])
            ORDER BY id
        """  # noqa: S608 - names of this file, quoted
        for row in self.database.stream(statement, {"keys": keys, "usernames": usernames, "exact": exact}):
            fields = dict(zip(names, row))
            if "groups" in fields:
                fields["groups"] = [groups.labels[identifier] for identifier in fields["groups"]]
            yield fields

    def taken(self, usernames: Sequence[str]) -> set[str]:
        """Return those of ``usernames`` that exist."""
        rows = self.database.fetch("SELECT username FROM users WHERE username = ANY (%s::text[])", (list(usernames),))
        return {row[0] for row in rows}

    def scope(self, auth_provider: str, organization_id: str | None) -> list[CurrentUser]:
        """Return all users of one auth provider and organization; None stands for no organization."""
        names = ", ".join(IDENTITY)
        rows = self.database.fetch(
            f"SELECT {names} FROM users WHERE auth_provider::text = %s "  # noqa: S608 - names of this file
            "AND organization_id IS NOT DISTINCT FROM %s::uuid ORDER BY lower(email), id",
            (auth_provider.upper(), organization_id),
        )
        return [CurrentUser(normalised(dict(zip(IDENTITY, row)))) for row in rows]

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

    def belongings(self) -> dependents.Belongings:
        """Return the references to users, from the catalog."""
        return dependents.classify(self.database.references("users"))

    def missing_rights(self) -> list[str]:
        """Return a problem for each privilege that the database role lacks."""
        return self.database.missing_rights(RIGHTS)

    def write(self, planned: UserPlan, hashes: Mapping[str, str]) -> dict[str, str]:
        """Delete, insert and update users and their groups. Return the ids by the changes' names.

        ``hashes`` maps the changes' names to the hashes of passwords: each has its own salt.
        """
        self._delete(planned)
        ids = {task.change.name: task.current.id if task.current else str(uuid.uuid4()) for task in planned.tasks}
        tasks = [task for task in planned.tasks if task.change.after is not None]
        self._free_names([task for task in tasks if task.change.action == UPDATE], ids)
        for action, write in ((UPDATE, self.database.update), (CREATE, self.database.insert)):
            chosen = [task for task in tasks if task.change.action == action]
            columns = _columns(chosen, hashes)
            write("users", (_row(task, ids[task.change.name], hashes) for task in chosen), columns)
        self._write_groups([task for task in tasks if "groups" in (task.change.after or {})], ids, planned.groups)
        return ids

    def _delete(self, planned: UserPlan) -> None:
        ids = [task.current.id for task in deletions(planned.tasks) if task.current]
        if ids:
            dependents.release(self.database, planned.belongings, ids, planned.transfers)
            self.database.execute("DELETE FROM users WHERE id = ANY (%s::uuid[])", (ids,), step="delete users")

    def _free_names(self, tasks: Sequence[Task], ids: Mapping[str, str]) -> None:
        """Let two users swap usernames or emails: unique indexes are checked row by row, not at the end."""
        for name in ("username", "email"):
            changing = [task for task in tasks if name in (task.change.after or {})]
            before = {(task.change.before or {})[name] for task in changing}
            if any((task.change.after or {})[name] in before for task in changing):
                self.database.execute(
                    f"UPDATE users SET {name} = id::text WHERE id = ANY (%s::uuid[])",  # noqa: S608 - one of two words
                    ([ids[task.change.name] for task in changing],),
                    step=f"exchange the {name}s of users",
                )

    def _write_groups(self, tasks: Sequence[Task], ids: Mapping[str, str], groups: GroupNames) -> None:
        if not tasks:
            return
        rows = [
            {"user_id": ids[task.change.name], "group_id": groups.ids[name]}
            for task in tasks
            for name in (task.change.after or {})["groups"]
        ]
        kept = [task.current.id for task in tasks if task.current]
        if kept:
            statement = "DELETE FROM user_group_association WHERE user_id = ANY (%s::uuid[])"
            self.database.execute(statement, (kept,), step="delete memberships")
        self.database.insert("user_group_association", rows, ("user_id", "group_id"))


def _row(task: Task, identifier: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    """Return the columns to write for one user."""
    after = task.change.after or {}
    row: dict[str, Any] = {"id": identifier}
    for name, value in after.items():
        if name == "password":
            row.update(_NEW_PASSWORD, hashed_password=hashes.get(task.change.name, str(value)))
        elif name == "locked":
            row.update(_UNLOCKED)
        elif name == "email":
            row["email"] = value
        elif name in FIELDS:
            row[name] = field_types.to_row(FIELDS[name], value)
    if "is_verified" in after:
        row["email_verified_at"] = "now" if after["is_verified"] else None
    if task.change.action == CREATE:
        return {**_NEW_ROW, "email": task.change.name, **row}
    return {**row, "updated_at": "now"}


def _columns(tasks: Iterable[Task], hashes: Mapping[str, str]) -> list[str]:
    """Return the columns that at least one user writes; an update does not write the id."""
    names = {name for task in tasks for name in _row(task, "", hashes)}
    return sorted(names if any(task.change.action == CREATE for task in tasks) else names - {"id"})


def _columns_for(users: Sequence[DesiredUser]) -> list[str]:
    """Return the columns to read for the users, and ``groups`` if the list names any."""
    given = {name for user in users for name in user.fields}
    names = [*IDENTITY, *(name for name in FIELDS if name in given and name not in IDENTITY)]
    if any(user.unlock for user in users):
        names.append("locked_until")
    if any(user.always_password for user in users):
        names.append("hashed_password")
    if any(user.groups is not None for user in users):
        names.append("groups")
    return names
