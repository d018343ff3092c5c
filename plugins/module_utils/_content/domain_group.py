# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare domain groups, with their members and what they share.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .._app import platform_rules
from .._app.platform_rules import Rule
from .._entities.entity import Departure, Entity, Reference
from .._entities.field_types import BOOL, JSON, LABEL, TEXTS, TIME, UUID, Field
from .._entities.links import Links
from .domain_resources import Resources


class DomainDeparture(Departure):
    """Delete what belongs to a domain group with it, and refuse to delete one of the system."""

    removes = frozenset({"domain_resources", "domain_invitations", "domain_activities"})
    rights: Mapping[str, str] = dict.fromkeys(
        ("domain_group_managers", "domain_group_hierarchy", "domain_group_resources", *sorted(removes)),
        "SELECT, DELETE",
    )

    def refuse(self, row: Mapping[str, Any], options: Mapping[str, Any], owns: Mapping[str, int]) -> str:
        """Return why a domain group cannot be deleted."""
        if row.get("is_system"):
            return "belongs to the system, which created it at the login of a user, and cannot be deleted"
        return super().refuse(row, options, owns)


_MEMBERS = partial(
    Links,
    "members",
    "domain_group_members",
    "domain_group_id",
    Reference("users", "username", "user_id", also=("email",)),
    fields={"access_level": Field(LABEL, default="read_write"), "is_active": Field(BOOL, default=True)},
)

DOMAIN_GROUP = Entity(
    name="domain_group",
    table="domain_groups",
    key=("name", "organization_id"),
    other_keys=(("external_id",),),
    optional_key=frozenset({"organization_id"}),
    fields={
        "name": Field(required=True, rule=Rule(minimum=1, maximum=200, required=True)),
        "organization_id": Field(UUID),
        "external_id": Field(),
        "display_name": Field(),
        "description": Field(),
        "domain_type": Field(LABEL, default="team"),
        "is_public": Field(BOOL, default=False),
        "is_active": Field(BOOL, default=True),
        "default_access_level": Field(LABEL, default="read_write"),
        "allow_self_join": Field(BOOL, default=False),
        "require_approval": Field(BOOL, default=True),
        "tags": Field(TEXTS, strict=True),
        "settings": Field(JSON, rule=Rule(json=platform_rules.OBJECT), strict=True),
        "permissions": Field(TEXTS, strict=True),
        "expires_at": Field(TIME),
    },
    references={"parent": Reference("domain_groups", "name", "parent_domain_id", noun="domain group", unique=False)},
    creation={"is_system": False, "created_at": "now"},
    parts=(_MEMBERS, Resources),
    departure=DomainDeparture(),
    also_read=("is_system",),
)
