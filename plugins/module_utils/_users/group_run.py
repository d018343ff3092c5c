# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A list of wanted groups from the first question to the commit: read, plan, apply.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._app import platform_rules
from .._app.audit_log import Trail
from .._core.display import printable
from .._core.errors import InputError
from .._core.plan import (
    CREATE,
    DELETE,
    UPDATE,
    Change,
    Plan,
    compare,
)
from .._postgres.connection import Database
from . import dependents, field_types
from .field_types import BOOL, JSON, UUID, Field, ValueProblem
from .group_names import GroupNames
from .list_problems import Problems

LOCK = 1  # the users' one: both write the memberships
FIELDS: dict[str, Field] = {
    "name": Field(rule=platform_rules.GROUP["name"]),
    "description": Field(rule=platform_rules.GROUP["description"]),
    "organization_id": Field(UUID),
    "is_active": Field(BOOL, default=True),
    "permissions": Field(JSON, rule=platform_rules.GROUP["permissions"]),
    "settings": Field(JSON, rule=platform_rules.GROUP["settings"]),
}
CHOICES = {"state": ("present", "absent"), "members_mode": ("exact", "append")}
OPTIONS = {*FIELDS, *CHOICES, "id", "members"}
COLUMNS = ("id", "is_system", "updated_at", *FIELDS)
RIGHTS = {
    "user_groups": "SELECT, INSERT, UPDATE, DELETE",
    "user_group_association": "SELECT, INSERT, DELETE",
    "audit_logs": "INSERT",
}
_MEMBERS = """ARRAY(
    SELECT u.email::text FROM user_group_association a JOIN users u ON u.id = a.user_id WHERE a.group_id = g.id
)"""


@dataclass
class Wanted:
    """One group of the list. ``fields`` are those given, normalised; None for one that is to be cleared."""

    label: str
    id: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    members: list[str] | None = None
    options: dict[str, Any] = field(default_factory=dict)
    change: Change | None = None
    row: Mapping[str, Any] | None = None

    @property
    def name(self) -> str:
        """What the group is called in the list."""
        return str(self.fields.get("name") or self.id)


class GroupWork:
    """One run over one list."""

    def __init__(self, params: Mapping[str, Any], *, check_mode: bool) -> None:
        self.params = params
        self.database = Database(params, read_only=check_mode)
        if not check_mode:
            self.database.lock("users", LOCK)
        self.columns = self.database.columns("user_groups", COLUMNS)
        self.trail = Trail(self.database, params, "user_group")
        self.trail.check()
        self.problems = Problems()

    def plan(self, entries: Sequence[Mapping[str, Any]], *, single: bool) -> Plan:
        """Read the list and compare it with what is there. Raises InputError with all problems of the run."""
        self.groups = GroupNames.of(self.database)
        found = [self._read("" if single else f"groups[{index}]", entry) for index, entry in enumerate(entries)]
        self.wanted = [group for group in found if group is not None]
        self._refuse_duplicates()
        self._find()
        self._find_members()
        self.belongings = dependents.classify(self.database.references("user_groups"))
        self._refuse_deletions()
        if not self.problems:
            for group in self.wanted:
                group.change = self._change(group)
        if any(group.change for group in self.wanted):
            self.problems += self.database.missing_rights(RIGHTS)
        if self.problems:
            raise InputError.of(list(self.problems), hint="Nothing was changed.")
        changes = tuple(group.change for group in self.wanted if group.change)
        return Plan(changes, tuple(self._shown(group) for group in self.wanted if not group.change))

    def apply(self, _plan: Plan) -> None:
        """Do it, in one transaction."""
        changed = [(group, group.change) for group in self.wanted if group.change]
        leaving = [str(group.id) for group, change in changed if change.action == DELETE]
        if leaving:
            dependents.release(self.database, self.belongings, leaving, {})
            self.database.execute("DELETE FROM user_groups WHERE id = ANY (%s::uuid[])", (leaving,))
        for action, write in ((UPDATE, self.database.update), (CREATE, self.database.insert)):
            rows = [_row(group, change) for group, change in changed if change.action == action]
            names = sorted({name for row in rows for name in row} - ({"id"} if action == UPDATE else set()))
            if rows:
                write("user_groups", rows, names)
        self._write_members([(group, change) for group, change in changed if "members" in (change.after or {})])
        self.trail.write((change, str(group.id)) for group, change in changed)
        self.database.commit()

    def _read(self, label: str, entry: Any) -> Wanted | None:
        if not isinstance(entry, Mapping):
            self.problems.add(label, f"must be a dictionary of options, not {type(entry).__name__}")
            return None
        name = entry.get("name") or entry.get("id")
        if not name:
            self.problems.add(label or "The group", "name or id is missing")
            return None
        shown = printable(name)
        group = Wanted(f"{label} ({shown})" if label else f"group {shown}")
        for problem in field_types.unknown(entry, OPTIONS):
            self.problems.add(group.label, problem)
        for option, kind in FIELDS.items():
            if entry.get(option) is not None:
                self._take(group, option, lambda kind=kind, option=option: self._field(group, entry, option, kind))
        if entry.get("id"):
            self._take(group, "id", lambda: setattr(group, "id", field_types.as_uuid(entry["id"])))
        if entry.get("members") is not None:
            self._take(group, "members", lambda: setattr(group, "members", field_types.as_list(entry["members"])))
        for option, choices in CHOICES.items():
            group.options[option] = entry.get(option) or self.params[option]
            if group.options[option] not in choices:
                self.problems.add(group.label, f"{option} is not one of {', '.join(choices)}")
        return group

    def _field(self, group: Wanted, entry: Mapping[str, Any], option: str, kind: Field) -> None:
        group.fields[option] = field_types.normalise(kind, self.columns[option], entry[option])

    def _take(self, group: Wanted, option: str, work: Any) -> None:
        try:
            work()
        except ValueProblem as problem:
            self.problems.add(group.label, f"{option} {problem}")

    def _refuse_duplicates(self) -> None:
        seen: dict[str, Wanted] = {}
        for group in self.wanted:
            other = seen.setdefault(group.id or group.name, group)
            if other is not group:
                self.problems.append(f"{other.label} and {group.label} are the same group in the list")

    def _find(self) -> None:
        """Give each group that is there its id, and its row."""
        for group in self.wanted:
            if group.id is None and group.name in self.groups.by_name:
                self._take(
                    group,
                    "name",
                    lambda group=group: setattr(group, "id", self.groups.ids[self.groups.find(group.name)]),
                )
            elif group.id and group.id not in self.groups.labels and group.options["state"] == "present":
                self.problems.add(group.label, f"there is no group with the id {group.id}")
        names = ("id", "is_system", *FIELDS, "members")
        selected = ", ".join(_MEMBERS if name == "members" else f"g.{name}" for name in names)
        rows = self.database.fetch(
            f"SELECT {selected} FROM user_groups g WHERE g.id = ANY (%s::uuid[])",  # noqa: S608 - names of this file
            ([group.id for group in self.wanted if group.id],),
        )
        by_id = {row[0]: dict(zip(names, row)) for row in rows}
        for group in self.wanted:
            found = by_id.get(group.id or "")
            if found:
                shown = {name: field_types.of_row(kind, found[name]) for name, kind in FIELDS.items()}
                group.row = {**shown, "is_system": found["is_system"], "members": sorted(found["members"])}

    def _find_members(self) -> None:
        """Replace the emails of members by those that are stored."""
        asked = {email.lower() for group in self.wanted for email in group.members or ()}
        rows = self.database.fetch(
            "SELECT email FROM users WHERE lower(email) = ANY (%s::text[]) ORDER BY email", (sorted(asked),)
        )
        stored = {email.lower(): email for (email,) in rows}
        for group in self.wanted:
            missing = [email for email in group.members or () if email.lower() not in stored]
            for email in missing:
                self.problems.add(group.label, f"members: there is no user {printable(email)}")
            if group.members is not None:
                group.members = [stored[email.lower()] for email in group.members if email.lower() in stored]

    def _refuse_deletions(self) -> None:
        leaving = [group for group in self.wanted if group.options["state"] == "absent" and group.row]
        owns = dependents.count(self.database, self.belongings, [str(group.id) for group in leaving])
        for group in leaving:
            if group.row and group.row["is_system"]:
                self.problems.append(f"{group.label}: a group of the system cannot be deleted")
            if group.id in owns:
                self.problems.append(f"{group.label} is still used by {dependents.describe(owns[group.id])}")

    def _shown(self, group: Wanted) -> str:
        return self.groups.labels.get(group.id or "", group.name)

    def _change(self, group: Wanted) -> Change | None:
        name = self._shown(group)
        if group.options["state"] == "absent":
            present = {key: value for key, value in (group.row or {}).items() if key != "is_system"}
            return compare(name, None, present if group.row else None)
        wanted = dict(group.fields)
        if group.members is not None:
            kept: Iterable[str] = (
                group.row["members"] if group.row and group.options["members_mode"] == "append" else ()
            )
            wanted["members"] = sorted({*group.members, *kept})
        if group.row is None:
            defaults = {option: kind.default for option, kind in FIELDS.items() if kind.default is not None}
            wanted = {option: value for option, value in {**defaults, **wanted}.items() if value is not None}
        return compare(name, wanted, group.row)

    def _write_members(self, changed: Sequence[tuple[Wanted, Change]]) -> None:
        ids = [str(group.id) for group, _change in changed]
        if ids:
            self.database.execute("DELETE FROM user_group_association WHERE group_id = ANY (%s::uuid[])", (ids,))
        kept = self._ids_of({email for _group, change in changed for email in (change.after or {})["members"]})
        rows = [
            {"user_id": kept[email], "group_id": group.id}
            for group, change in changed
            for email in (change.after or {})["members"]
        ]
        self.database.insert("user_group_association", rows, ("user_id", "group_id"))

    def _ids_of(self, emails: Iterable[str]) -> dict[str, str]:
        return dict(self.database.fetch("SELECT email, id FROM users WHERE email = ANY (%s::text[])", (list(emails),)))


def _row(group: Wanted, change: Change) -> dict[str, Any]:
    """The columns to write for one group; a new one gets its id here."""
    row: dict[str, Any] = {name: value for name, value in (change.after or {}).items() if name in FIELDS}
    if change.action == CREATE:
        group.id = str(uuid.uuid4())
        return {"id": group.id, "is_system": False, **row}
    return {"id": group.id, **row, "updated_at": "now"}
