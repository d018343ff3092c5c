# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare desired users with the current ones: match them, and plan what changes. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._core.plan import DELETE, Change, Plan, compare
from .._core.redaction import Secret
from .._entities import dependents, field_types
from .._entities.dependents import Belongings
from .._entities.list_problems import Problems
from .._entities.values import ValueProblem
from .group_spec import GroupNames
from .user_spec import DEFAULTS, FIELDS, DesiredUser

#: The columns that are read of every user, and shown in the diff of a deleted one.
IDENTITY = ("id", "email", "username", "role", "status")
_ARCHIVED = "archived"


@dataclass(frozen=True)
class CurrentUser:
    """A user in the database; ``row`` holds IDENTITY and the fields that the list is about, normalised."""

    __slots__ = ("row",)

    row: Mapping[str, Any]

    @property
    def id(self) -> str:
        """The primary key."""
        return str(self.row["id"])

    @property
    def email(self) -> str:
        """The email as it is stored."""
        return str(self.row["email"])

    @property
    def identity(self) -> dict[str, Any]:
        """The fields that a diff shows of a deleted user."""
        return {name: self.row[name] for name in IDENTITY[2:]}


@dataclass
class Task:
    """One user to change. ``desired`` is None for a pruned user, ``current`` for a new one."""

    __slots__ = ("change", "current", "desired")  # for the memory that a long list takes

    change: Change
    desired: DesiredUser | None
    current: CurrentUser | None

    @property
    def new_password(self) -> Secret | None:
        """The password to hash; None if the password does not change, or is given as a hash."""
        if self.desired is None or self.desired.password is None:
            return None
        password = (self.change.after or {}).get("password")
        return password if isinstance(password, Secret) else None


@dataclass
class Matches:
    """The current users of the list by key, and the current holders of usernames that the list asks for."""

    current: dict[str, CurrentUser] = field(default_factory=dict)
    holders: dict[str, CurrentUser] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Context:
    """What the desired users are planned with, by their keys.

    ``usernames`` holds those derived for new users, ``groups`` the labels of groups that the list names otherwise, and
    ``same_password`` the keys of users whose stored hash is that of the desired password.
    """

    usernames: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    same_password: frozenset[str] = frozenset()


@dataclass(frozen=True)
class UserPlan:
    """Everything that is needed to apply a plan; ``transfers`` is that of ``dependents.release``."""

    plan: Plan = field(default_factory=Plan)
    tasks: Sequence[Task] = ()
    groups: GroupNames = field(default_factory=lambda: GroupNames(()))
    belongings: Belongings = field(default_factory=lambda: dependents.classify(()))
    transfers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def new_passwords(self) -> dict[str, str]:
        """The passwords to hash, by the names of the changes."""
        return {task.change.name: str(text) for task in self.tasks if (text := task.new_password) is not None}

    @property
    def credentials(self) -> list[tuple[str, str, str]]:
        """Email, username and password of each user whose password is set."""
        found = []
        for task in self.tasks:
            if task.new_password is not None:
                row = {**(task.current.row if task.current else {}), **(task.change.after or {})}
                found.append((str(row.get("email", task.change.name)), str(row["username"]), str(task.new_password)))
        return found


def normalised(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of the database in the form of the desired fields."""
    fields = {name: field_types.of_row(FIELDS[name], value) if name in FIELDS else value for name, value in row.items()}
    if "locked_until" in row:
        fields["locked"] = fields.pop("locked_until") is not None
    if "groups" in row:
        fields["groups"] = sorted(row["groups"])
    return fields


def match(desired: Iterable[DesiredUser], rows: Iterable[Mapping[str, Any]]) -> Matches:
    """Find each desired user among the rows, by its email or new email, in any case."""
    by_key = {key: user for user in desired for key in user.keys}
    matches = Matches()
    for row in rows:
        fields = normalised(row)
        user = by_key.get(row["email"].lower())
        # Equal values are kept in memory once: for a hundred thousand users they take as much as all the rest.
        current = CurrentUser(
            fields if user is None else {name: _shared(user, name, value) for name, value in fields.items()}
        )
        matches.holders[current.row["username"]] = current
        if user is None:
            continue
        other = matches.current.setdefault(user.key, current)
        if other is not current:
            pair = " and ".join(sorted(f"'{one.email}'" for one in (other, current)))
            same = other.email.lower() == current.email.lower()
            reason = "which differ only in case" if same else "so it cannot be renamed"
            matches.problems.append(f"{user.label}: the platform has {pair}, {reason}")
    return matches


def _shared(user: DesiredUser, name: str, value: Any) -> Any:
    desired = user.email if name == "email" else user.fields.get(name)
    return desired if desired == value else value


def resolve_groups(users: Iterable[DesiredUser], names: GroupNames, problems: Problems) -> dict[str, list[str]]:
    """Return the labels of each user's groups, by the user's key, if they differ from what the list says."""
    resolved = {}
    for user in users:
        labels = []
        for text in user.groups or ():
            try:
                labels.append(names.find(text))
            except ValueProblem as problem:
                problems.add(user.label, f"groups: {problem}")
        if labels != (user.groups or []):
            resolved[user.key] = labels
    return resolved


def to_verify(users: Iterable[DesiredUser], matches: Matches) -> dict[str, tuple[str, str]]:
    """Return password and stored hash of each current user whose password is always set, by key."""
    return {
        user.key: (user.password, str(matches.current[user.key].row["hashed_password"] or ""))
        for user in users
        if user.always_password and user.password is not None and user.key in matches.current
    }


def same_passwords(
    users: Iterable[DesiredUser], matches: Matches, verified: Mapping[tuple[str, str], bool]
) -> frozenset[str]:
    """Return the keys of users that have the desired password. ``verified`` has the answers for ``to_verify``."""
    users = list(users)
    found = {key for key, pair in to_verify(users, matches).items() if verified.get(pair)}
    for user in users:
        current = matches.current.get(user.key)
        if current and user.always_password and user.password_hash:
            found |= {user.key} if user.password_hash == current.row["hashed_password"] else set()
    return frozenset(found)


def fields_of(user: DesiredUser, current: CurrentUser | None, context: Context) -> dict[str, Any]:
    """Return the desired fields of a user: the given ones, and for a new user also the required ones."""
    fields: dict[str, Any] = dict(user.fields)
    if user.new_email is not None and current is not None:
        fields["email"] = user.new_email
    if user.groups is not None:
        kept = current.row["groups"] if current and user.options["groups_mode"] == "append" else ()
        fields["groups"] = sorted({*context.groups.get(user.key, user.groups), *kept})
    if current is None:
        fields = {"username": context.usernames.get(user.key), **DEFAULTS, **fields}
        fields = {name: value for name, value in fields.items() if value is not None}
    elif user.unlock:
        fields["locked"] = False
    if user.has_password and (current is None or (user.always_password and user.key not in context.same_password)):
        fields["password"] = Secret(user.password or user.password_hash or "")
    return fields


def change_of(user: DesiredUser, current: CurrentUser | None, context: Context) -> Change | None:
    """Return the change of a user with state present; None if nothing differs."""
    fields = fields_of(user, current, context)
    if current is None:
        return compare(user.final_email, fields, None)
    row = {**current.row, "password": Secret("")} if "password" in fields else current.row
    return compare(current.email, fields, row)


def deletion_of(current: CurrentUser, owns: Mapping[str, int], owned: str) -> Change | None:
    """Return the change of a user with state absent: a deletion, or with ``owned`` archive and rows an update."""
    if owned == "archive" and owns:
        return compare(current.email, {"status": _ARCHIVED}, current.row)
    return compare(current.email, None, current.identity)


def refuse_owners(label: str, owns: Mapping[str, int], owned: str) -> list[str]:
    """Return a problem if a user to remove owns rows and ``owned`` does not decide about them."""
    if not owns or owned != "refuse":
        return []
    return [f"{label} owns {dependents.describe(owns)}: set owned to transfer, or to archive to keep the user"]


def plan_users(
    users: Iterable[DesiredUser], matches: Matches, owns: Mapping[str, Mapping[str, int]], context: Context
) -> tuple[list[Task], list[str], list[str]]:
    """Return the tasks in the order of the list, the emails of unchanged users, and the problems."""
    tasks: list[Task] = []
    unchanged: list[str] = []
    problems: list[str] = []
    for user in users:
        current = matches.current.get(user.key)
        change = None
        if not user.absent:
            change = change_of(user, current, context)
        elif current:
            problems += refuse_owners(user.label, owns.get(current.id, {}), user.options["owned"])
            change = deletion_of(current, owns.get(current.id, {}), user.options["owned"])
        if change:
            tasks.append(Task(change, user, current))
        else:
            unchanged.append(current.email if current else user.final_email)
    return tasks, unchanged, problems


def plan_pruned(
    pruned: Iterable[CurrentUser], owns: Mapping[str, Mapping[str, int]], owned: str
) -> tuple[list[Task], list[str]]:
    """Return the tasks for users that are removed because the list does not have them, and the problems."""
    tasks: list[Task] = []
    problems: list[str] = []
    for current in pruned:
        problems += refuse_owners(f"{current.email} (to be pruned)", owns.get(current.id, {}), owned)
        change = deletion_of(current, owns.get(current.id, {}), owned)
        tasks += [Task(change, None, current)] if change else []
    return tasks, problems


def leaving(tasks: Iterable[Task], owns: Mapping[str, Mapping[str, int]], params: Mapping[str, Any]) -> dict[str, str]:
    """Return the email given as transfer_to, by the id of each deleted user whose rows are transferred."""
    found = {}
    for task in deletions(tasks):
        options = task.desired.options if task.desired else params
        if task.current and task.current.id in owns and options["owned"] == "transfer":
            found[task.current.id] = str(options["transfer_to"])
    return found


def deletions(tasks: Iterable[Task]) -> list[Task]:
    """Return the tasks that delete a user."""
    return [task for task in tasks if task.change.action == DELETE]
