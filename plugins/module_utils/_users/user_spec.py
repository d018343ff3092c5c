# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a user: the options of convosphere_user, the columns they are written to, and one desired user.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from .._app import platform_rules
from .._core.display import printable
from .._entities.field_types import BOOL, JSON, LABEL, UUID, Field
from .._entities.values import ValueProblem

PRESENT = "present"
ABSENT = "absent"


@cache
def _check_timezone(name: str) -> None:
    import zoneinfo

    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        # Without a time zone database on the host, no name can be checked.
        if zoneinfo.available_timezones():
            raise ValueProblem(f"'{name}' does not exist") from error


def _check_key(text: str) -> None:
    if not text.isprintable() or not text.strip():
        raise ValueProblem(f"'{printable(text)}' is not an email address")


#: The columns of ``users`` that an administrator sets; the options have the same names. A default is given to a new
#: user, because the platform's tables have no defaults.
FIELDS: dict[str, Field] = {
    name: replace(field, rule=platform_rules.USER.get(name))
    for name, field in {
        "username": Field(),
        "role": Field(LABEL, "user"),
        "status": Field(LABEL, "active"),
        "first_name": Field(),
        "last_name": Field(),
        "display_name": Field(),
        "department": Field(),
        "job_title": Field(),
        "employee_id": Field(),
        "organization_id": Field(UUID),
        "phone": Field(),
        "bio": Field(),
        "avatar_url": Field(),
        "language": Field(default="de"),
        "timezone": Field(default="Europe/Berlin", check=_check_timezone),
        "preferences": Field(JSON),
        "is_verified": Field(BOOL, default=False),
        "auth_provider": Field(LABEL, "local"),
        "external_id": Field(),
    }.items()
}
EMAIL = Field(rule=platform_rules.USER["email"])
#: The email of a current user to remove or to rename, which may break the platform's rules.
KEY = Field(check=_check_key)
DEFAULTS = {name: field.default for name, field in FIELDS.items() if field.default is not None}

#: Options that are not columns, with their allowed values.
CHOICES: dict[str, tuple[str, ...]] = {
    "state": (PRESENT, ABSENT),
    "groups_mode": ("exact", "append"),
    "update_password": ("on_create", "always"),
    "owned": ("refuse", "transfer", "archive"),
}
OPTIONS = {*FIELDS, *CHOICES, "email", "new_email", "groups", "locked", "password", "password_hash", "transfer_to"}

#: The columns that the module reads or writes beside FIELDS.
COLUMNS = (
    "id", "email", "hashed_password", "failed_login_attempts", "locked_until", "email_verified_at",
    "password_changed_at", "password_reset_token", "password_reset_expires_at", "updated_at", *FIELDS,
)  # fmt: skip

_TEXTS = (
    "email", "new_email", "username", "role", "status", "first_name", "last_name", "display_name", "department",
    "job_title", "employee_id", "organization_id", "phone", "bio", "avatar_url", "language", "timezone",
    "auth_provider", "external_id",
)  # fmt: skip

#: The options of one user that set a column or a membership.
USER_OPTIONS: dict[str, Any] = {
    **{name: {"type": "str"} for name in _TEXTS},
    "preferences": {"type": "raw"},
    "is_verified": {"type": "bool"},
    "locked": {"type": "bool"},
    "groups": {"type": "list", "elements": "str"},
    "password": {"type": "str", "no_log": True},
    "password_hash": {"type": "str", "no_log": True},
}

#: The options that say how a user is changed.
POLICY_OPTIONS: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "groups_mode": {"type": "str", "choices": ["exact", "append"], "default": "exact"},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
    "owned": {"type": "str", "choices": ["refuse", "transfer", "archive"], "default": "refuse"},
    "transfer_to": {"type": "str"},
}

#: The options of a list of users.
LIST_OPTIONS: dict[str, Any] = {
    # It holds passwords: see ConvosphereModule.unlisted.
    "users": {"type": "list", "elements": "dict"},
    "users_file": {"type": "path"},
    "remote_src": {"type": "bool", "default": False},
    "planned_groups": {"type": "list", "elements": "str"},
    "prune": {"type": "bool", "default": False},
    "prune_limit": {"type": "int", "default": 10},
    "prune_protected": {"type": "list", "elements": "str", "default": []},
    "prune_auth_provider": {"type": "str", "default": "local"},
    "prune_organization_id": {"type": "str"},
}


class DesiredUser:
    """One user of the list. ``fields`` are the given ones, normalised; None clears a field."""

    __slots__ = (
        "email",
        "fields",
        "groups",
        "key",
        "label",
        "new_email",
        "options",
        "password",
        "password_hash",
        "unlock",
    )

    def __init__(self, label: str, email: str) -> None:
        self.label = label
        self.email = email
        self.key = email.lower()
        self.new_email: str | None = None
        self.fields: dict[str, Any] = {}
        self.groups: list[str] | None = None
        self.unlock = False
        self.password: str | None = None
        self.password_hash: str | None = None
        self.options: Mapping[str, Any] = {}

    @property
    def keys(self) -> tuple[str, ...]:
        """The emails, in lower case, by which the current user may be found."""
        return (self.key,) if self.new_email is None else (self.key, self.new_email.lower())

    @property
    def final_email(self) -> str:
        """The email of the user after the run."""
        return self.new_email or self.email

    @property
    def has_password(self) -> bool:
        """Whether a password or its hash is given."""
        return self.password is not None or self.password_hash is not None

    @property
    def always_password(self) -> bool:
        """Whether the password is also set for a current user with another one."""
        return self.has_password and self.options["update_password"] != "on_create"  # noqa: S105 - not a password

    @property
    def absent(self) -> bool:
        """Whether the user is to be removed."""
        return bool(self.options["state"] == ABSENT)
