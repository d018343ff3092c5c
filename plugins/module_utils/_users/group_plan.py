# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare desired groups with the current ones: identify them, and plan what changes. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._core.display import printable
from .._core.plan import Change, Plan, compare
from .._entities import dependents, field_types
from .._entities.dependents import Belongings
from .._entities.list_problems import Problems
from .._entities.values import ValueProblem
from .group_spec import FIELDS, DesiredGroup, GroupNames


@dataclass(frozen=True)
class Task:
    """One group to change; ``id`` is None for a new one."""

    change: Change
    desired: DesiredGroup
    id: str | None


@dataclass(frozen=True)
class GroupPlan:
    """Everything that is needed to apply a plan; ``ids`` are those of the current groups, by key."""

    plan: Plan = field(default_factory=Plan)
    tasks: Sequence[Task] = ()
    ids: Mapping[str, str] = field(default_factory=dict)
    belongings: Belongings = field(default_factory=lambda: dependents.classify(()))


def normalised(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the database in the form of the desired fields."""
    fields = {name: field_types.of_row(kind, row[name]) for name, kind in FIELDS.items()}
    return {**fields, "is_system": row["is_system"], "members": sorted(row["members"])}


def identify(groups: Iterable[DesiredGroup], names: GroupNames, problems: Problems) -> dict[str, str]:
    """Return the id of each desired group that exists or is given by id, by key."""
    ids = {}
    for group in groups:
        if group.id is not None:
            ids[group.key] = group.id
            if group.id not in names.labels and not group.absent:
                problems.add(group.label, f"there is no group with the id {group.id}")
        elif group.name in names.by_name:
            try:
                ids[group.key] = names.ids[names.find(group.name)]
            except ValueProblem as problem:
                problems.add(group.label, f"name {problem}")
    return ids


def resolve_members(
    groups: Iterable[DesiredGroup], emails: Mapping[str, str], problems: Problems
) -> dict[str, list[str]]:
    """Return the emails of each group's members as they are stored, by key. ``emails`` has them by lower case."""
    members = {}
    for group in groups:
        for email in group.members or ():
            if email.lower() not in emails:
                problems.add(group.label, f"members: there is no user {printable(email)}")
        if group.members is not None:
            members[group.key] = [emails[email.lower()] for email in group.members if email.lower() in emails]
    return members


def refuse_deletions(
    groups: Iterable[DesiredGroup],
    ids: Mapping[str, str],
    rows: Mapping[str, Mapping[str, Any]],
    owns: Mapping[str, Mapping[str, int]],
) -> list[str]:
    """Return a problem for each group to delete that belongs to the system, or that other rows need."""
    problems = []
    for group in groups:
        row = rows.get(ids.get(group.key, ""))
        if not group.absent or row is None:
            continue
        if row["is_system"]:
            problems.append(f"{group.label}: a system group cannot be deleted")
        if ids[group.key] in owns:
            problems.append(f"{group.label} is still used by {dependents.describe(owns[ids[group.key]])}")
    return problems


def plan_groups(
    groups: Iterable[DesiredGroup],
    ids: Mapping[str, str],
    rows: Mapping[str, Mapping[str, Any]],
    members: Mapping[str, Sequence[str]],
    names: GroupNames,
) -> tuple[list[Task], list[str]]:
    """Return the tasks in the order of the list, and the labels of unchanged groups."""
    tasks: list[Task] = []
    unchanged: list[str] = []
    for group in groups:
        identifier = ids.get(group.key)
        label = names.labels.get(identifier or "", group.name)
        change = change_of(group, label, rows.get(identifier or ""), members.get(group.key))
        if change:
            tasks.append(Task(change, group, identifier))
        else:
            unchanged.append(label)
    return tasks, unchanged


def change_of(
    group: DesiredGroup, label: str, row: Mapping[str, Any] | None, members: Sequence[str] | None
) -> Change | None:
    """Return the change of one group; None if nothing differs. ``row`` is None if it does not exist."""
    if group.absent:
        current = {key: value for key, value in (row or {}).items() if key != "is_system"}
        return compare(label, None, current if row else None)
    desired = dict(group.fields)
    if members is not None:
        kept: Iterable[str] = row["members"] if row and group.options["members_mode"] == "append" else ()
        desired["members"] = sorted({*members, *kept})
    if row is None:
        defaults = {option: kind.default for option, kind in FIELDS.items() if kind.default is not None}
        desired = {option: value for option, value in {**defaults, **desired}.items() if value is not None}
    return compare(label, desired, row)
