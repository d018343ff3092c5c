# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Derive usernames for new users, and refuse usernames that are taken. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping

from .._app import platform_rules
from .._entities.desired import Desired, Task
from .._entities.list_problems import Problems
from .user_plan import Row
from .user_spec import final_email

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


def derive(users: Iterable[Desired], taken: Collection[str], problems: Problems) -> None:
    """Set the username of each of ``users``.

    ``taken`` holds the usernames among all candidates that exist, and those that the list gives to others.
    """
    used = set(taken)
    for user in users:
        free = [name for name in candidates(final_email(user)) if name not in used]
        if free:
            user.fields["username"] = free[0]
            used.add(free[0])
        else:
            problems.append(f"{user.label}: every username derived from the email is taken: set username")


def refuse_taken(tasks: Iterable[Task], holders: Mapping[str, Row]) -> list[str]:
    """Return a problem for each desired username that another user has and keeps."""
    tasks = list(tasks)
    # Users that the same run deletes or renames free their usernames.
    leaving = {task.id for task in tasks if task.change.after is None or "username" in task.after}
    problems = []
    for task in tasks:
        name = task.after.get("username")
        holder = holders.get(name) if name else None
        if task.desired and holder and holder["id"] not in leaving:
            problems.append(f"{task.desired.label}: the username '{name}' is taken by {holder['email']}")
    return problems
