# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write groups in the platform's tables, a whole list at a time.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

from .._core.plan import CREATE, DELETE, UPDATE
from .._entities import dependents
from .._entities.dependents import Belongings
from .._postgres.catalog import Column
from .._postgres.connection import Database
from .group_plan import GroupPlan, Task, normalised
from .group_spec import COLUMNS, FIELDS, MEMBERSHIP_LOCK, GroupNames

#: The privileges that the database role needs for a change.
RIGHTS = {
    "user_groups": "SELECT, INSERT, UPDATE, DELETE",
    "user_group_association": "SELECT, INSERT, DELETE",
    "audit_logs": "INSERT",
}
_MEMBERS = """ARRAY(
    SELECT u.email::text FROM user_group_association a JOIN users u ON u.id = a.user_id WHERE a.group_id = g.id
)"""


class GroupRepository:
    """The table ``user_groups`` and the memberships. ``database`` is connected when it is first asked."""

    def __init__(self, database: Database) -> None:
        self.database = database

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The columns of the table. Raises DatabaseError if one that the collection uses is missing."""
        return self.database.columns("user_groups", COLUMNS)

    def lock(self) -> None:
        """Wait until no other run changes users or groups. The lock ends with the connection."""
        self.database.lock("users", MEMBERSHIP_LOCK)

    def names(self) -> GroupNames:
        """Return the names of all groups."""
        return GroupNames.of(self.database)

    def rows(self, ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Return the groups with these ids, normalised, by id."""
        names = ("id", "is_system", *FIELDS, "members")
        selected = ", ".join(_MEMBERS if name == "members" else f"g.{name}" for name in names)
        rows = self.database.fetch(
            f"SELECT {selected} FROM user_groups g WHERE g.id = ANY (%s::uuid[])",  # noqa: S608 - names of this file
            (list(ids),),
        )
        return {row[0]: normalised(dict(zip(names, row))) for row in rows}

    def emails(self, asked: Iterable[str]) -> dict[str, str]:
        """Return the emails of users as they are stored, by their emails in lower case."""
        rows = self.database.fetch(
            "SELECT email FROM users WHERE lower(email) = ANY (%s::text[]) ORDER BY email", (sorted(asked),)
        )
        return {email.lower(): email for (email,) in rows}

    def belongings(self) -> Belongings:
        """Return the references to groups, from the catalog."""
        return dependents.classify(self.database.references("user_groups"))

    def missing_rights(self) -> list[str]:
        """Return a problem for each privilege that the database role lacks."""
        return self.database.missing_rights(RIGHTS)

    def write(self, planned: GroupPlan) -> dict[str, str]:
        """Delete, insert and update groups and their members. Return the ids of all tasks, by the groups' keys."""
        ids = {task.desired.key: task.id or str(uuid.uuid4()) for task in planned.tasks}
        leaving = [ids[task.desired.key] for task in planned.tasks if task.change.action == DELETE]
        if leaving:
            dependents.release(self.database, planned.belongings, leaving, {})
            self.database.execute("DELETE FROM user_groups WHERE id = ANY (%s::uuid[])", (leaving,))
        for action, write in ((UPDATE, self.database.update), (CREATE, self.database.insert)):
            rows = [_row(task, ids[task.desired.key]) for task in planned.tasks if task.change.action == action]
            names = sorted({name for row in rows for name in row} - ({"id"} if action == UPDATE else set()))
            if rows:
                write("user_groups", rows, names)
        self._write_members([task for task in planned.tasks if "members" in (task.change.after or {})], ids)
        return ids

    def _write_members(self, tasks: Sequence[Task], ids: Mapping[str, str]) -> None:
        groups = [ids[task.desired.key] for task in tasks]
        if groups:
            self.database.execute("DELETE FROM user_group_association WHERE group_id = ANY (%s::uuid[])", (groups,))
        pairs = [(group, email) for group, task in zip(groups, tasks) for email in (task.change.after or {})["members"]]
        users = self._user_ids({email for _group, email in pairs})
        rows = [{"user_id": users[email], "group_id": group} for group, email in pairs]
        self.database.insert("user_group_association", rows, ("user_id", "group_id"))

    def _user_ids(self, emails: Iterable[str]) -> dict[str, str]:
        return dict(self.database.fetch("SELECT email, id FROM users WHERE email = ANY (%s::text[])", (list(emails),)))


def _row(task: Task, identifier: str) -> dict[str, Any]:
    """Return the columns to write for one group."""
    row: dict[str, Any] = {name: value for name, value in (task.change.after or {}).items() if name in FIELDS}
    if task.change.action == CREATE:
        return {"id": identifier, "is_system": False, **row}
    return {"id": identifier, **row, "updated_at": "now"}
