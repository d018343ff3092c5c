# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change a list of groups: read, plan, write.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._app.audit_log import Trail
from .._core.errors import InputError
from .._core.plan import CREATE, DELETE, UPDATE, Plan
from .._core.work import Invocation, Work
from .._entities import dependents
from .._entities.list_problems import Problems
from .._postgres.connection import Database
from . import group_plan
from .group_plan import GroupPlan
from .group_reader import GroupReader
from .group_repository import GroupRepository
from .group_spec import GROUP_OPTIONS, OPTIONS, DesiredGroup


class GroupWork(Work):
    """The work of convosphere_group, in one transaction."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        self.repository = GroupRepository(Database(call.params, read_only=call.check_mode))
        self.trail = Trail(self.repository.database, call.params, "user_group")
        self.desired: list[DesiredGroup] = []
        self.planned = GroupPlan()
        #: The ids of the groups that exist after the run, by key.
        self.ids: dict[str, str] = {}

    def plan(self) -> Plan:
        """Read the list, then the current groups that it is about, and compare. Raises InputError with all problems."""
        entries, single = self._entries()
        if not self.call.check_mode:
            self.repository.lock()
        reader = GroupReader(self.repository.columns, self.params)
        self.trail.check()
        self.desired = reader.read(entries, single=single)
        self.planned = self._read_and_plan(reader.problems)
        self.ids = dict(self.planned.ids)
        return self.planned.plan

    def apply(self, plan: Plan) -> None:
        """Write all changes, or none."""
        ids = self.repository.write(self.planned)
        self.trail.write((task.change, ids[task.desired.key]) for task in self.planned.tasks)
        self.repository.database.commit()
        self.ids.update(ids)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return which groups were created, updated, deleted and unchanged, and their ids."""
        kept = [group for group in self.desired if group.key in self.ids and not group.absent]
        return {
            "groups": {group.name: self.ids[group.key] for group in kept},
            "created": plan.names(CREATE),
            "updated": {change.name: sorted(change.after or {}) for change in plan.of(UPDATE)},
            "deleted": plan.names(DELETE),
            "unchanged": list(plan.unchanged),
        }

    def close(self) -> None:
        """Close the connection."""
        self.repository.database.close()

    def _entries(self) -> tuple[list[Any], bool]:
        """Return the given groups, and whether it is a single one."""
        if self.params["groups_file"]:
            from .._entities import list_file

            return list_file.read(Path(self.params["groups_file"]), "groups", OPTIONS), False
        if self.params["groups"] is not None:
            return self.params["groups"], False
        # Ansible would have made a text of a number, and not the one that was written.
        return [{name: self.call.given.get(name, self.params[name]) for name in GROUP_OPTIONS}], True

    def _read_and_plan(self, problems: Problems) -> GroupPlan:
        """Read the current groups and plan. Raises InputError with all problems."""
        names = self.repository.names()
        ids = group_plan.identify(self.desired, names, problems)
        rows = self.repository.rows(ids.values())
        emails = self.repository.emails({email.lower() for group in self.desired for email in group.members or ()})
        members = group_plan.resolve_members(self.desired, emails, problems)
        belongings = self.repository.belongings()
        leaving = [ids[group.key] for group in self.desired if group.absent and ids.get(group.key) in rows]
        owns = dependents.count(self.repository.database, belongings, leaving)
        problems += group_plan.refuse_deletions(self.desired, ids, rows, owns)
        tasks, unchanged = group_plan.plan_groups(self.desired, ids, rows, members, names)
        if tasks and not problems:
            problems += self.repository.missing_rights()
        if problems:
            raise InputError.of(list(problems), hint="Nothing was changed.")
        return GroupPlan(Plan(tuple(task.change for task in tasks), tuple(unchanged)), tasks, ids, belongings)
