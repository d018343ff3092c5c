# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users in the platform's tables: read those that a list is about, and write what was planned, set by set.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from .._core.plan import CREATE, DELETE, UPDATE
from .._postgres.connection import Database, quoted
from . import dependents, field_types
from .group_names import GroupNames
from .user_plan import IDENTITY, Present, Task, normalised
from .user_spec import COLUMNS, FIELDS, Wanted

LOCK = 1
_GROUPS_OF_USER = "ARRAY(SELECT a.group_id::text FROM user_group_association a WHERE a.user_id = users.id)"
#: What the database role must be allowed to do, for any change at all.
RIGHTS = {
    "users": "SELECT, INSERT, UPDATE, DELETE",
    "user_group_association": "SELECT, INSERT, DELETE",
    "audit_logs": "INSERT",
}
#: What a new row must be given, because the platform has no defaults in its tables.
_NEW_ROW = {"failed_login_attempts": "0"}
_NEW_PASSWORD = {"password_changed_at": "now", "password_reset_token": None, "password_reset_expires_at": None}
_UNLOCKED = {"locked_until": None, "failed_login_attempts": "0"}


class UserStore:
    """The table ``users`` and what hangs on it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.columns = database.columns("users", COLUMNS)
        self.read_columns: list[str] = []

    def rows(self, wanted: Sequence[Wanted], groups: GroupNames) -> Iterator[dict[str, Any]]:
        """The rows of the wanted users, and of whoever has a username that is asked for: one read for all."""
        names = self._columns_for(wanted)
        keys = [key for user in wanted for key in user.keys]
        # A database with the locale C does not know the lower case of letters that Python does.
        exact = [email for user in wanted for email in (user.email, user.new_email) if email and not email.isascii()]
        usernames = [user.fields["username"] for user in wanted if user.fields.get("username")]
        selected = ", ".join(_GROUPS_OF_USER if name == "groups" else quoted(name) for name in names)
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

    def _columns_for(self, wanted: Sequence[Wanted]) -> list[str]:
        given = {name for user in wanted for name in user.fields}
        names = [*IDENTITY, *(name for name in FIELDS if name in given and name not in IDENTITY)]
        if any(user.unlock for user in wanted):
            names.append("locked_until")
        if any(user.always_password for user in wanted):
            names.append("hashed_password")
        if any(user.groups is not None for user in wanted):
            names.append("groups")
        return names

    def taken(self, usernames: Sequence[str]) -> set[str]:
        """Those of the usernames that somebody has."""
        rows = self.database.fetch("SELECT username FROM users WHERE username = ANY (%s::text[])", (list(usernames),))
        return {row[0] for row in rows}

    def scope(self, auth_provider: str, organization_id: str | None) -> list[Present]:
        """All users of one auth provider and organization; None for those of no organization."""
        names = ", ".join(IDENTITY)
        rows = self.database.fetch(
            f"SELECT {names} FROM users WHERE auth_provider::text = %s "  # noqa: S608 - names of this file
            "AND organization_id IS NOT DISTINCT FROM %s::uuid ORDER BY lower(email), id",
            (auth_provider.upper(), organization_id),
        )
        return [Present(normalised(dict(zip(IDENTITY, row)))) for row in rows]

    def active_super_admins(self) -> dict[str, str]:
        """Their emails by id. In a run that writes they are locked, so that nobody else takes the last one away."""
        locking = "" if self.database.read_only else " FOR UPDATE"
        statement = f"SELECT id, email FROM users WHERE role = 'SUPER_ADMIN' AND status = 'ACTIVE'{locking}"  # noqa: S608
        return dict(self.database.fetch(statement))

    def emails_to_ids(self, emails: Iterable[str]) -> dict[str, str]:
        """The ids of users by their emails in lower case."""
        rows = self.database.fetch(
            "SELECT lower(email), id FROM users WHERE lower(email) = ANY (%s::text[])",
            ([email.lower() for email in emails],),
        )
        return dict(rows)

    def belongings(self) -> dependents.Belongings:
        """The references to users, from the catalog."""
        return dependents.classify(self.database.references("users"))

    def delete(
        self, tasks: Sequence[Task], belongings: dependents.Belongings, transfers: Mapping[str, Sequence[str]]
    ) -> None:
        """Delete users and what goes with them; ``transfers`` is that of ``dependents.release``."""
        ids = [task.present.id for task in tasks if task.present]
        if ids:
            dependents.release(self.database, belongings, ids, transfers)
            self.database.execute("DELETE FROM users WHERE id = ANY (%s::uuid[])", (ids,))

    def write(self, tasks: Sequence[Task], hashes: Mapping[str, str], groups: GroupNames) -> dict[str, str]:
        """Insert and update users, and their groups. Returns the ids by the changes' names.

        ``hashes`` maps the changes' names to the hashes of passwords: each has its own salt.
        """
        ids = {task.change.name: task.present.id if task.present else str(uuid.uuid4()) for task in tasks}
        self._free_names([task for task in tasks if task.change.action == UPDATE], ids)
        for action, write in ((UPDATE, self.database.update), (CREATE, self.database.insert)):
            chosen = [task for task in tasks if task.change.action == action]
            columns = _columns(chosen, hashes)
            write("users", (_row(task, ids[task.change.name], hashes) for task in chosen), columns)
        self._write_groups([task for task in tasks if "groups" in (task.change.after or {})], ids, groups)
        return ids

    def _free_names(self, tasks: Sequence[Task], ids: Mapping[str, str]) -> None:
        """Let two users exchange their usernames: unique indexes are checked row by row, not at the end."""
        for name in ("username", "email"):
            changing = [task for task in tasks if name in (task.change.after or {})]
            before = {(task.change.before or {})[name] for task in changing}
            if any((task.change.after or {})[name] in before for task in changing):
                self.database.execute(
                    f"UPDATE users SET {name} = id::text WHERE id = ANY (%s::uuid[])",  # noqa: S608 - one of two words
                    ([ids[task.change.name] for task in changing],),
                )

    def _write_groups(self, tasks: Sequence[Task], ids: Mapping[str, str], groups: GroupNames) -> None:
        if not tasks:
            return
        wanted = [
            {"user_id": ids[task.change.name], "group_id": groups.ids[name]}
            for task in tasks
            for name in (task.change.after or {})["groups"]
        ]
        kept = [task.present.id for task in tasks if task.present]
        if kept:
            self.database.execute("DELETE FROM user_group_association WHERE user_id = ANY (%s::uuid[])", (kept,))
        self.database.insert("user_group_association", wanted, ("user_id", "group_id"))


def _row(task: Task, identifier: str, hashes: Mapping[str, str]) -> dict[str, Any]:
    """The columns to write for one user."""
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
    """The columns that at least one of the users writes; an update leaves the id alone."""
    names = {name for task in tasks for name in _row(task, "", hashes)}
    return sorted(names if any(task.change.action == CREATE for task in tasks) else names - {"id"})


def deletions(tasks: Iterable[Task]) -> list[Task]:
    """The tasks that delete a user."""
    return [task for task in tasks if task.change.action == DELETE]
