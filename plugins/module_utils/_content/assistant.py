# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare assistants: their instructions, model, tools and owners, and what their deletion does.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._app import platform_rules
from .._app.platform_rules import Rule
from .._entities import dependents
from .._entities.dependents import Belongings, Held
from .._entities.desired import Task
from .._entities.entity import Departure, Entity, Reference
from .._entities.field_types import BOOL, INTEGER_TEXT, JSON, LABEL, NUMBER_TEXT, TEXTS, Field
from .._postgres.connection import Database
from . import default_assistant, domain_resources
from .default_assistant import DefaultFor
from .tools_config import AssistantTools

REFUSE = "refuse"
KEEP = "keep"
DELETE = "delete"
_CONVERSATIONS = "conversations"
_HELD = """
SELECT DISTINCT assistant_id::text FROM conversations WHERE assistant_id = ANY (%(ids)s::uuid[])
AND (id::text = ANY (%(conversations)s::text[]) OR user_id::text = ANY (%(users)s::text[]))
"""
_UNSHARE = "DELETE FROM {table} WHERE resource_type::text = 'CONVERSATION' AND resource_id IN ({ids})"


class AssistantDeparture(Departure):
    """Conversations refuse the deletion, are deleted too, or the assistant is put out of use instead."""

    rights = {
        "users": "SELECT, UPDATE",
        "messages": "SELECT, DELETE",
        **dict.fromkeys((_CONVERSATIONS, *domain_resources.SHARED), "SELECT, DELETE"),
    }

    def __init__(self, held: Held | None = None) -> None:
        self.held = held

    def refuse(self, row: Mapping[str, Any], options: Mapping[str, Any], owns: Mapping[str, int]) -> str:
        """Return why an assistant cannot be deleted."""
        others = {table: number for table, number in owns.items() if table != _CONVERSATIONS}
        if others:
            return f"is still used by {dependents.describe(others)}"
        if owns and options["on_conversations"] == REFUSE:
            return (
                f"has {dependents.describe(owns)}: set on_conversations to keep, which puts the assistant out of use, "
                "or to delete"
            )
        return ""

    def instead(self, options: Mapping[str, Any], owns: Mapping[str, int]) -> Mapping[str, Any] | None:
        """Return the fields of an assistant that is out of use, if its conversations are kept."""
        if options["on_conversations"] == KEEP and _CONVERSATIONS in owns:
            return {"status": "inactive", "is_public": False}
        return None

    def blocked(self, database: Database, ids: Sequence[str]) -> Mapping[str, str]:
        """Return the assistants that are on hold, or that have a conversation on hold."""
        if self.held is None:
            return {}
        reasons = {one: "is on hold" for one in self.held(database, "assistant") if one in ids}
        conversations, users = (sorted(self.held(database, kind)) for kind in ("conversation", "user"))
        if conversations or users:
            asked = {"ids": list(ids), "conversations": conversations, "users": users}
            reasons |= {row[0]: "has conversations on hold" for row in database.fetch(_HELD, asked)}
        return reasons

    def describe(
        self, database: Database, owns: Mapping[str, Mapping[str, int]], ids: Sequence[str]
    ) -> Mapping[str, Mapping[str, Any]]:
        """Return the number of conversations that are deleted too."""
        return {one: {_CONVERSATIONS: owns[one][_CONVERSATIONS]} for one in ids if _CONVERSATIONS in owns.get(one, {})}

    def release(self, database: Database, belongings: Belongings, tasks: Sequence[Task]) -> None:
        """Delete conversations with their messages, and what names the assistants without a foreign key."""
        ids = [task.id for task in tasks]
        talking = [task.id for task in tasks if _CONVERSATIONS in (task.change.before or {})]
        if talking:
            _delete_conversations(database, talking)
        default_assistant.forget(database, ids)
        domain_resources.forget(database, "assistant", ids)
        super().release(database, belongings, tasks)


def _delete_conversations(database: Database, assistants: Sequence[str]) -> None:
    chosen = "SELECT id FROM conversations WHERE assistant_id = ANY (%s::uuid[])"
    shared = chosen.replace("id FROM", "id::text FROM", 1)
    for table in domain_resources.SHARED:
        database.execute(_UNSHARE.format(table=table, ids=shared), (list(assistants),))
    for table, column in (("messages", "conversation_id"), (_CONVERSATIONS, "id")):
        statement = f"DELETE FROM {table} WHERE {column} IN ({chosen})"  # noqa: S608 - texts of this file
        database.execute(statement, (list(assistants),), step=f"delete {table}")


ASSISTANT = Entity(
    name="assistant",
    table="assistants",
    key=("name", "owner"),
    fields={
        "name": Field(required=True),
        "description": Field(),
        "personality": Field(),
        "system_prompt": Field(required=True),
        "instructions": Field(),
        "model": Field(required=True),
        "temperature": Field(NUMBER_TEXT, 0.7, minimum=0, maximum=2, required=True, strict=True),
        "max_tokens": Field(INTEGER_TEXT, 4096, minimum=1, required=True, strict=True),
        "status": Field(LABEL, "draft"),
        "is_public": Field(BOOL, default=False),
        "is_template": Field(BOOL, default=False),
        "tools_enabled": Field(BOOL, default=True),
        "category": Field(),
        "tags": Field(TEXTS, default=[], empty=[], strict=True),
        "metadata": Field(JSON, rule=Rule(json=platform_rules.OBJECT), column="assistant_metadata", returned=False),
        "version": Field(default="0.1.2-beta", required=True, strict=True),
    },
    references={"owner": Reference("users", "username", "creator_id", also=("email",))},
    creation={"tools_config": [], "assistant_metadata": {}},
    renames={"new_owner": "owner"},
    choices={"on_conversations": (REFUSE, KEEP, DELETE)},
    parts=(AssistantTools, DefaultFor),
    departure=AssistantDeparture(),
    title="{name} ({owner})",
)


def respecting(held: Held) -> Entity:
    """Return the declaration with a deletion that respects holds."""
    return replace(ASSISTANT, departure=AssistantDeparture(held))
