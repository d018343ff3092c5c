# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare tools that assistants name.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._app import platform_rules
from .._app.platform_rules import Rule
from .._entities.dependents import Belongings
from .._entities.desired import Task
from .._entities.entity import Departure, Entity, Reference
from .._entities.field_types import BOOL, JSON, LABEL, TEXTS, Field
from .._postgres.connection import Database
from . import domain_resources, tools_config

OBJECT = Rule(json=platform_rules.OBJECT)
OWNER = Reference("users", "username", "creator_id", also=("email",))


class ToolDeparture(Departure):
    """Removes a tool also from the assistants and domain groups that have it."""

    rights = {"assistants": "SELECT, UPDATE", **dict.fromkeys(domain_resources.SHARED, "SELECT, DELETE")}

    def describe(
        self, database: Database, owns: Mapping[str, Mapping[str, int]], ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        """Return the names of the assistants that lose the tool."""
        users = tools_config.users_of(database, ids)
        found = {one: [name for _id, name, config in users if one in tools_config.ids_of(config)] for one in ids}
        return {one: {"assistants": names} for one, names in found.items() if names}

    def release(self, database: Database, belongings: Belongings, tasks: Sequence[Task]) -> None:
        """Remove the tools from assistants and domain groups."""
        ids = [task.id for task in tasks]
        tools_config.remove(database, ids)
        domain_resources.forget(database, "tool", ids)
        super().release(database, belongings, tasks)


def _warning(tasks: Iterable[Task]) -> str:
    named = [task.change.name for task in tasks if task.after.get("implementation_path")]
    if not named:
        return ""
    return (
        f"implementation_path of {', '.join(named)} names code. This version of the platform does not load it; a later "
        "one may run it with the rights of the backend. Review the code that it names."
    )


TOOL = Entity(
    name="tool",
    table="tools",
    key=("function_name",),
    fields={
        "function_name": Field(required=True),
        "name": Field(required=True),
        "description": Field(),
        "category": Field(LABEL, required=True),
        "version": Field(default="0.1.2-beta", required=True, strict=True),
        "parameters_schema": Field(JSON, rule=OBJECT, strict=True),
        "implementation_path": Field(),
        "is_builtin": Field(BOOL, default=False),
        "is_enabled": Field(BOOL, default=True),
        "requires_auth": Field(BOOL, default=False),
        "required_permissions": Field(TEXTS, default=[], empty=[], strict=True),
        "rate_limit": Field(),
        "tags": Field(TEXTS, default=[], empty=[], strict=True),
        "metadata": Field(JSON, default={}, empty={}, rule=OBJECT, column="tool_metadata", strict=True),
    },
    references={"owner": OWNER},
    departure=ToolDeparture(),
    warning=_warning,
)
