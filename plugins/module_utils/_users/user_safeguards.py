# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse a run that would leave no super_admin, or prune other users than intended. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._core.display import printable
from .._entities import values
from .._entities.desired import Desired, Task
from .user_plan import Row

_SUPER_ADMIN = "super_admin"
_ACTIVE = "active"


def needs_super_admins(tasks: Iterable[Task], rows: Mapping[str, Row]) -> bool:
    """Return whether a task changes the role or the status of an active super_admin, or deletes one."""
    for task in tasks:
        row = rows.get(task.id, {})
        if (row.get("role"), row.get("status")) == (_SUPER_ADMIN, _ACTIVE):
            after = task.change.after
            if after is None or {"role", "status"} & set(after):
                return True
    return False


def refuse_last_super_admin(
    tasks: Iterable[Task], rows: Mapping[str, Row], super_admins: Mapping[str, str]
) -> list[str]:
    """Return a problem if a run would leave no active super_admin. ``super_admins`` maps their ids to emails."""
    remaining = dict(super_admins)
    for task in tasks:
        values_after = {} if task.change.after is None else {**rows.get(task.id, {}), **task.after}
        if (values_after.get("role"), values_after.get("status")) == (_SUPER_ADMIN, _ACTIVE):
            remaining[task.id] = task.change.name
        else:
            remaining.pop(task.id, None)
    if not super_admins or remaining:
        return []
    return [
        f"Cannot demote, suspend or remove the last active super_admin, {', '.join(sorted(super_admins.values()))}: "
        "the platform would have none. Give another user role: super_admin in the same list or in an earlier run"
    ]


def refuse_prune_options(params: Mapping[str, Any], users: Collection[Desired], providers: Sequence[str]) -> list[str]:
    """Return a problem for each option with which pruning would remove all users, or others than intended."""
    problems = []
    if all(user.absent for user in users):
        problems.append(
            "prune needs a list that has users with state: present, and this list has none: all users would be removed."
            " Is the list complete? To remove users list each of them with state: absent"
        )
    if not 0 <= params["prune_limit"] <= 100:
        problems.append(f"prune_limit is {params['prune_limit']}: it must be a percentage from 0 to 100")
    provider = params["prune_auth_provider"]
    if provider.upper() not in providers:
        allowed = ", ".join(label.lower() for label in providers)
        problems.append(f"prune_auth_provider '{printable(provider)}' is not one of {allowed}")
    try:
        if params["prune_organization_id"] is not None:
            values.as_uuid(params["prune_organization_id"])
    except values.ValueProblem as problem:
        problems.append(f"prune_organization_id {problem}")
    problems += [
        f"prune_protected: '{printable(email)}' is not an email address, so it protects no user"
        for email in params["prune_protected"]
        if not email.partition("@")[2]
    ]
    return problems


def choose_pruned(
    scope: Sequence[Row], users: Sequence[Desired], params: Mapping[str, Any]
) -> tuple[list[Row], list[str]]:
    """Return the users of ``scope`` to prune, and a problem if they are too many."""
    ids = {user.row for user in users if user.exists}
    kept = {user.row for user in users if user.exists and not user.absent}
    protected = {email.lower() for email in (*params["prune_protected"], params["transfer_to"] or "")}
    pruned = [row for row in scope if row["id"] not in ids and row["email"].lower() not in protected]
    if params["owned"] == "archive":
        pruned = [row for row in pruned if row["status"] != "archived"]
    remaining = sum(row["id"] in kept for row in scope)
    return pruned, problems_of_pruning_too_many(len(pruned), len(scope), remaining, params["prune_limit"])


def problems_of_pruning_too_many(pruned: int, scope: int, remaining: int, limit: int) -> list[str]:
    """Return a problem if pruning would remove more than ``limit`` percent of ``scope``, or keep no listed user.

    ``remaining`` is the number of users of the scope that the list keeps.
    """
    if pruned and not remaining:
        return [
            f"prune would remove {pruned} of {scope} users, and the list has none of the {scope}. Is it the list of "
            "this environment, prune_auth_provider and prune_organization_id? To remove users list each of them with "
            "state: absent"
        ]
    if pruned * 100 <= scope * limit:
        return []
    share = pruned * 100 / scope
    return [f"prune would remove {pruned} of {scope} users ({share:.1f} %), and prune_limit allows {limit} %"]
