# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare groups of users and their members.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .._core.plan import Plan
from .._core.work import Invocation
from .._entities import dependents, entity_options
from .._entities.entity import Departure, Entity, Reference
from .._entities.entity_run import EntityWork
from .._entities.links import Links
from .group_spec import FIELDS, MEMBERSHIP_LOCK

MEMBERSHIPS = "user_group_association"


class GroupDeparture(Departure):
    """Memberships are deleted with a group; one of the system stays."""

    rights = {MEMBERSHIPS: "SELECT, DELETE"}

    def refuse(self, row: Mapping[str, Any], options: Mapping[str, Any], owns: Mapping[str, int]) -> str:
        """Return why a group cannot be deleted."""
        if row["is_system"]:
            return "a system group cannot be deleted"
        return f"is still used by {dependents.describe(owns)}" if owns else ""


GROUP = Entity(
    name="user_group",
    word="group",
    plural="groups",
    table="user_groups",
    key=("name",),
    fields=FIELDS,
    creation={"is_system": False},
    also_read=("is_system",),
    parts=(
        partial(Links, "members", MEMBERSHIPS, "group_id", Reference("users", "email", "user_id", also=("email",))),
    ),
    departure=GroupDeparture(),
    unique=False,  # the platform allows several groups with one name
    lock=MEMBERSHIP_LOCK,
)
#: Groups may have been created by a login with SSO, and users are members of them: there is no pruning.
GROUP_OPTIONS: dict[str, Any] = {
    **entity_options.object_options(GROUP),
    "settings": {"type": "raw"},  # the platform's own check says more than that of Ansible
    **entity_options.choice_options(GROUP),
    "groups": {"type": "list", "elements": "dict"},
    "groups_file": {"type": "path"},
    "remote_src": {"type": "bool", "default": False},
}


class GroupWork(EntityWork):
    """The work of convosphere_group, in one transaction."""

    def __init__(self, call: Invocation) -> None:
        super().__init__(call, GROUP)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return which groups were created, updated, deleted and unchanged, and their ids."""
        found = super().report(plan)
        kept = [one for one in self.desired if not one.absent and (one.exists or not self.call.check_mode)]
        groups = {str(one.fields.get("name") or one.id): one.row for one in kept}
        return {"groups": groups, **{name: found[name] for name in ("created", "updated", "deleted", "unchanged")}}
