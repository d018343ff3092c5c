# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare users: the options of convosphere_user, and the columns they are written to.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache, partial
from typing import Any

from .._app import platform_rules
from .._core.display import printable
from .._entities import entity_options
from .._entities.desired import Desired
from .._entities.entity import Entity, Reference
from .._entities.field_types import BOOL, JSON, LABEL, UUID, Field
from .._entities.links import Links
from .._entities.values import ValueProblem
from . import user_login
from .group_spec import MEMBERSHIP_LOCK
from .user_login import Login


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


def _refuse_given(fields: Mapping[str, Any], options: Mapping[str, Any]) -> Iterator[str]:
    if options["owned"] == "transfer" and not options["transfer_to"]:
        yield "owned is transfer, and transfer_to is missing"
    if "password" in fields and "password_hash" in fields:
        yield "password and password_hash cannot both be given"


USER = Entity(
    name="user",
    table="users",
    key=("email",),
    fields={"email": EMAIL, **FIELDS},
    renames={"new_email": "email"},
    exchanged=("username", "email"),
    old_keys={"email": Field(check=_check_key)},
    creation={"failed_login_attempts": "0"},
    also_read=user_login.COLUMNS,
    choices={"owned": ("refuse", "transfer", "archive"), "transfer_to": ()},
    parts=(
        partial(
            Links,
            "groups",
            "user_group_association",
            "user_id",
            Reference("user_groups", "name", "group_id", noun="group", unique=False),
        ),
        Login,
    ),
    refuse_given=_refuse_given,
    label="{key}",
    by_id=False,
    lock=MEMBERSHIP_LOCK,
)
#: The options of one user.
ONE_OPTIONS: dict[str, Any] = {
    **entity_options.object_options(USER),
    "preferences": {"type": "raw"},  # the platform's own check says more than that of Ansible
    **entity_options.choice_options(USER),
}
USER_OPTIONS: dict[str, Any] = {
    **ONE_OPTIONS,
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


def keys_of(user: Desired) -> tuple[str, ...]:
    """Return the emails, in lower case, by which the current user may be found."""
    new = user.fields.get("new_email")
    key = user.fields["email"].lower()
    return (key,) if new is None else (key, new.lower())


def final_email(user: Desired) -> str:
    """Return the email of the user after the run."""
    return str(user.fields.get("new_email") or user.fields["email"])
