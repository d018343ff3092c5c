# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of convosphere_user, once for one user and once for all.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

_TEXTS = (
    "email", "new_email", "username", "role", "status", "first_name", "last_name", "display_name", "department",
    "job_title", "employee_id", "organization_id", "phone", "bio", "avatar_url", "language", "timezone",
    "auth_provider", "external_id",
)  # fmt: skip

#: One user.
USER_OPTIONS: dict[str, Any] = {
    **{name: {"type": "str"} for name in _TEXTS},
    "preferences": {"type": "raw"},
    "is_verified": {"type": "bool"},
    "locked": {"type": "bool"},
    "groups": {"type": "list", "elements": "str"},
    "password": {"type": "str", "no_log": True},
    "password_hash": {"type": "str", "no_log": True},
}

#: How the users are treated: for one user, or for all in the list that do not say otherwise.
POLICY_OPTIONS: dict[str, Any] = {
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "groups_mode": {"type": "str", "choices": ["exact", "append"], "default": "exact"},
    "update_password": {"type": "str", "choices": ["on_create", "always"], "default": "on_create", "no_log": False},
    "owned": {"type": "str", "choices": ["refuse", "transfer", "archive"], "default": "refuse"},
    "transfer_to": {"type": "str"},
}

#: The list as a whole.
LIST_OPTIONS: dict[str, Any] = {
    # Passwords are in it: see ConvosphereModule.unlisted.
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
