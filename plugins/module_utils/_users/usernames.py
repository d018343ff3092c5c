# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derive usernames for new users, and refuse usernames that are taken. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from .._app import platform_rules
from .user_plan import CurrentUser, Task
from .user_spec import DesiredUser

_LENGTH = 100


def candidates(email: str) -> list[str]:
    """Return the usernames to try for a new user: the email's local part, and the same with six digits.

    The digits come from the email's hash, so that the same list gives the same usernames in every environment. A
    candidate that is too short for the platform is left out.
    """
    digest = hashlib.sha256(email.lower().encode()).hexdigest()[:6]
    base = re.sub(r"[^a-z0-9._-]+", "-", email.lower().partition("@")[0]).strip("-") or "user"
    names = (base[:_LENGTH], f"{base[: _LENGTH - 7]}-{digest}")
    return [name for name in names if platform_rules.problem(platform_rules.USER["username"], name) is None]


def derive(users: Sequence[DesiredUser], taken: Collection[str]) -> tuple[dict[str, str], list[str]]:
    """Return a username for each of ``users``, by key, and the problems.

    ``taken`` holds the usernames among all candidates that exist, and those that the list gives to others.
    """
    used = set(taken)
    derived: dict[str, str] = {}
    problems: list[str] = []
    for user in users:
        free = [name for name in candidates(user.final_email) if name not in used]
        if free:
            derived[user.key] = free[0]
            used.add(free[0])
        else:
            problems.append(f"{user.label}: every username derived from the email is taken: set username")
    return derived, problems


def refuse_taken(tasks: Iterable[Task], holders: Mapping[str, CurrentUser]) -> list[str]:
    """Return a problem for each desired username that another user has and keeps."""
    tasks = list(tasks)
    # Users that the same run deletes or renames free their usernames.
    leaving = {
        task.current.id
        for task in tasks
        if task.current and (task.change.after is None or "username" in task.change.after)
    }
    problems = []
    for task in tasks:
        name = (task.change.after or {}).get("username")
        holder = holders.get(name) if name else None
        if task.desired and holder and holder.id not in leaving:
            problems.append(f"{task.desired.label}: the username '{name}' is taken by {holder.email}")
    return problems
