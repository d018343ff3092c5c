# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write what a user needs to log in: the password or its hash, the lock after failed attempts, the email.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._core.plan import CREATE
from .._core.redaction import Secret
from .._entities import values
from .._entities.desired import Desired, Task
from .._entities.entity import Part
from .._entities.values import ValueProblem
from . import passwords

_UNLOCKED = {"locked_until": None, "failed_login_attempts": "0"}
_NEW_PASSWORD = {"password_changed_at": "now", "password_reset_token": None, "password_reset_expires_at": None}
#: The columns that are written beside those of the fields.
COLUMNS = ("hashed_password", *_NEW_PASSWORD, *_UNLOCKED, "email_verified_at", "updated_at")


class Login(Part):
    """The options password, password_hash and locked. ``hashes`` maps the names of changes to new hashes."""

    options = {
        "locked": {"type": "bool"},
        "password": {"type": "str", "no_log": True},
        "password_hash": {"type": "str", "no_log": True},
    }
    choices = {"update_password": ("on_create", "always")}
    words = {"password": "the password"}

    def __init__(self) -> None:
        self.hashes: Mapping[str, str] = {}

    def normalise(self, option: str, value: Any) -> Any:
        """Return a password or a hash that can be set; False for a user to unlock, None if nothing is given."""
        if option != "locked":
            return Secret(passwords.as_password(value) if option == "password" else passwords.as_hash(value))
        if value == "":
            return None
        if values.as_bool(value):
            raise ValueProblem("can only be false: to lock a user out set status to suspended")
        return False

    def columns(self, task: Task) -> dict[str, Any]:
        """Return the columns of a new password, of an unlocked user, and of an email that is new or verified."""
        row: dict[str, Any] = {}
        if task.change.action == CREATE:
            row["email"] = task.change.name
        if "password" in task.after:
            row.update(new_password(self.hashes.get(task.change.name, str(task.after["password"]))))
        if "locked" in task.after:
            row.update(_UNLOCKED)
        if "is_verified" in task.after:
            row["email_verified_at"] = "now" if task.after["is_verified"] else None
        return row


def new_password(password_hash: str) -> dict[str, Any]:
    """Return the columns of a new password."""
    return {"hashed_password": password_hash, **_NEW_PASSWORD}


def given(user: Desired) -> Secret | None:
    """Return the password or the hash that a user of the list has."""
    return user.fields.get("password") or user.fields.get("password_hash")


def is_always_set(user: Desired) -> bool:
    """Return whether the password is also set for a current user with another one."""
    return given(user) is not None and user.options["update_password"] != "on_create"  # noqa: S105 - not a password


def to_hash(task: Task) -> str | None:
    """Return the password to hash; None if the password does not change, or is given as a hash."""
    plain = task.desired is not None and task.desired.fields.get("password") is not None
    return str(task.after["password"]) if plain and "password" in task.after else None
