# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wanted users beside those that are there: who is who, and what must be done. Pure: it asks no database.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._core.display import printable
from .._core.plan import CREATE, Change, compare
from .._core.redaction import Secret
from . import field_types
from .user_spec import (
    DEFAULTS,
    FIELDS,
    Wanted,
    username_candidates,
)

#: What is read of every user, and shown of one that is deleted.
IDENTITY = ("id", "email", "username", "role", "status")
_SUPER_ADMIN = "super_admin"
_ACTIVE = "active"
_ARCHIVED = "archived"


@dataclass(frozen=True)
class Present:
    """A user that is there; ``row`` holds IDENTITY and the fields that the list is about, normalised."""

    __slots__ = ("row",)

    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """Its primary key."""
        return str(self.row["id"])

    @property
    def email(self) -> str:
        """Its email as it is stored."""
        return str(self.row["email"])

    @property
    def identity(self) -> dict[str, Any]:
        """What a diff shows of a user that goes."""
        return {name: self.row[name] for name in IDENTITY[2:]}


@dataclass
class Task:
    """One user that something is done to. ``wanted`` is None for one that is pruned, ``present`` for a new one."""

    __slots__ = ("change", "present", "wanted")  # for the memory that a long list takes

    change: Change
    wanted: Wanted | None
    present: Present | None


@dataclass
class Matches:
    """Who of the list is there, by key, and who holds a username that the list asks for."""

    found: dict[str, Present] = field(default_factory=dict)
    holders: dict[str, Present] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def normalised(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the database in the form of the wanted fields."""
    shown = {name: field_types.of_row(FIELDS[name], value) if name in FIELDS else value for name, value in row.items()}
    if "locked_until" in row:
        shown["locked"] = shown.pop("locked_until") is not None
    if "groups" in row:
        shown["groups"] = sorted(row["groups"])
    return shown


def match(wanted: Iterable[Wanted], rows: Iterable[Mapping[str, Any]]) -> Matches:
    """Find each wanted user among the rows, by its email or new email, whatever their case."""
    by_key = {key: user for user in wanted for key in user.keys}
    matches = Matches()
    for row in rows:
        shown = normalised(row)
        user = by_key.get(row["email"].lower())
        # What is the same need not be in memory twice: of a hundred thousand users that is as much as all the rest.
        present = Present(
            shown if user is None else {name: _shared(user, name, value) for name, value in shown.items()}
        )
        matches.holders[present.row["username"]] = present
        if user is None:
            continue
        other = matches.found.setdefault(user.key, present)
        if other is not present:
            pair = " and ".join(sorted(f"'{one.email}'" for one in (other, present)))
            why = (
                "which differ only in case"
                if other.email.lower() == present.email.lower()
                else "so it cannot be renamed"
            )
            matches.problems.append(f"{user.label}: the platform has {pair}, {why}")
    return matches


def _shared(user: Wanted, name: str, value: Any) -> Any:
    wanted = user.email if name == "email" else user.fields.get(name)
    return wanted if wanted == value else value


def fields_of(user: Wanted, present: Present | None, usernames: Mapping[str, str]) -> dict[str, Any]:
    """The fields that a user shall have: those given, and for a new one what it cannot be without.

    ``usernames`` maps the keys of new users that were given no username to the one made up for them.
    """
    fields: dict[str, Any] = dict(user.fields)
    if user.new_email is not None and present is not None:
        fields["email"] = user.new_email
    if user.groups is not None:
        there = present.row["groups"] if present and user.options["groups_mode"] == "append" else ()
        fields["groups"] = sorted({*user.groups, *there})
    if present is None:
        fields = {"username": usernames.get(user.key), **DEFAULTS, **fields}
        fields = {name: value for name, value in fields.items() if value is not None}
    elif user.unlock:
        fields["locked"] = False
    if _sets_password(user, present):
        fields["password"] = Secret(user.password or user.password_hash or "")
    return fields


def _sets_password(user: Wanted, present: Present | None) -> bool:
    if user.password is None and user.password_hash is None:
        return False
    return present is None or (user.always_password and not present.row.get("same_password"))


def change_of(user: Wanted, present: Present | None, usernames: Mapping[str, str]) -> Change | None:
    """What is done to a user that shall be there; None for nothing."""
    fields = fields_of(user, present, usernames)
    if present is None:
        return compare(user.final_email, fields, None)
    there = {**present.row, "password": Secret("")} if "password" in fields else present.row
    return compare(present.email, fields, there)


def deletion_of(present: Present, owns: Mapping[str, int], owned: str) -> Change | None:
    """What is done to a user that shall not be there: deleted, or archived where it owns something."""
    if owned == "archive" and owns:
        return compare(present.email, {"status": _ARCHIVED}, present.row)
    return compare(present.email, None, present.identity)


def make_usernames(users: Sequence[Wanted], taken: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """A username for each new user that was given none, by its key, and the problems.

    ``taken`` holds the usernames in the database among all candidates, and those that the list gives to others.
    """
    used = set(taken)
    made: dict[str, str] = {}
    problems: list[str] = []
    for user in users:
        free = [name for name in username_candidates(user.final_email) if name not in used]
        if free:
            made[user.key] = free[0]
            used.add(free[0])
        else:
            problems.append(f"{user.label}: no free username can be made of the email; give one")
    return made, problems


def refuse_taken_usernames(tasks: Iterable[Task], holders: Mapping[str, Present]) -> list[str]:
    """A problem for each username that somebody else has and keeps."""
    tasks = list(tasks)
    # Whoever is deleted or renamed in the same run leaves the name free.
    leaving = {
        task.present.id
        for task in tasks
        if task.present and (task.change.after is None or "username" in task.change.after)
    }
    problems = []
    for task in tasks:
        name = (task.change.after or {}).get("username")
        holder = holders.get(name) if name else None
        if task.wanted and holder and holder.id not in leaving:
            problems.append(f"{task.wanted.label}: the username '{name}' is taken by {holder.email}")
    return problems


def refuse_last_super_admin(tasks: Iterable[Task], super_admins: Mapping[str, str]) -> str | None:
    """A problem where a run would leave no active super_admin. ``super_admins`` maps their ids to their emails."""
    remaining = dict(super_admins)
    for task in tasks:
        after = task.change.after
        if task.present:
            if after is None:
                remaining.pop(task.present.id, None)
                continue
            role, status = (after.get(name, task.present.row[name]) for name in ("role", "status"))
        else:
            role, status = (after or {})["role"], (after or {})["status"]
        if (role, status) == (_SUPER_ADMIN, _ACTIVE):
            remaining[task.present.id if task.present else task.change.name] = task.change.name
        elif task.present:
            remaining.pop(task.present.id, None)
    if super_admins and not remaining:
        return (
            "Give another user role: super_admin in the same list, or before: the platform would be left without one. "
            f"{', '.join(sorted(super_admins.values()))} is the last active super_admin, and cannot be demoted, "
            "suspended or removed alone"
        )
    return None


def needs_super_admins(tasks: Iterable[Task]) -> bool:
    """Whether any task takes the role super_admin, or the status active, from somebody who has both."""
    for task in tasks:
        row = task.present.row if task.present else {}
        if (row.get("role"), row.get("status")) == (_SUPER_ADMIN, _ACTIVE):
            after = task.change.after
            if after is None or {"role", "status"} & set(after):
                return True
    return False


def problems_of_pruning(params: Mapping[str, Any], wanted: Collection[Wanted], providers: Sequence[str]) -> list[str]:
    """A problem for each option with which pruning would remove everybody, or others than those that are meant."""
    problems = []
    if not any(not user.absent for user in wanted):
        problems.append(
            "prune needs a list with users who shall be present, and this one has none: everybody would be removed. "
            "Is the list complete? To remove users list each of them with state: absent"
        )
    if not 0 <= params["prune_limit"] <= 100:
        problems.append(f"prune_limit is a percentage, 0 to 100, not {params['prune_limit']}")
    provider = params["prune_auth_provider"]
    if provider.upper() not in providers:
        allowed = ", ".join(label.lower() for label in providers)
        problems.append(f"prune_auth_provider '{printable(provider)}' is not one of {allowed}")
    try:
        if params["prune_organization_id"] is not None:
            field_types.as_uuid(params["prune_organization_id"])
    except field_types.ValueProblem as problem:
        problems.append(f"prune_organization_id {problem}")
    problems += [
        f"prune_protected: '{printable(email)}' is no email address, so it protects nobody"
        for email in params["prune_protected"]
        if not email.partition("@")[2]
    ]
    return problems


def refuse_pruning_too_many(pruned: int, scope: int, remaining: int, limit: int) -> str | None:
    """A problem if pruning would remove more than ``limit`` percent of the ``scope`` users, or leave none of the list.

    ``remaining`` is how many of the scope the list has.
    """
    if pruned and not remaining:
        return (
            f"prune would remove {pruned} of {scope} users, and the list has none of the {scope}: is it the list of "
            "this environment, and of prune_auth_provider and prune_organization_id? To remove users list each of "
            "them with state: absent"
        )
    if pruned * 100 <= scope * limit:
        return None
    share = pruned * 100 / scope
    return f"prune would remove {pruned} of {scope} users ({share:.1f} %), and prune_limit allows {limit} %"


def created(tasks: Iterable[Task]) -> list[Task]:
    """The tasks that make a new user."""
    return [task for task in tasks if task.change.action == CREATE]
