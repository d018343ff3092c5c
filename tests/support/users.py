# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Desired and current users, and tasks, for tests of the user plan."""

from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, Change
from ansible_collections.convosphere.platform.plugins.module_utils._entities.desired import Desired, Task
from ansible_collections.convosphere.platform.plugins.module_utils._users import user_plan

POLICY = {"state": "present", "groups_mode": "exact", "update_password": "on_create", "owned": "refuse"}


def desired(email: str, **fields: Any) -> Desired:
    """Return a user of the list with the given fields."""
    return Desired(email, {"email": email, **fields}, POLICY)


def row(email: str, **more: Any) -> dict[str, Any]:
    """Return a row of the table users."""
    return {"id": email, "email": email, "username": email[0], "role": "USER", "status": "ACTIVE", **more}


def current(email: str, **more: Any) -> user_plan.Row:
    """Return a user of the database."""
    return user_plan.normalised(row(email, **more))


def task(action: str, email: str, after: dict[str, Any] | None) -> Task:
    """Return a task with a change to ``after``."""
    user = desired(email)
    user.row, user.exists = email, action != CREATE
    return Task(Change(email, action, {}, after), email, user)
