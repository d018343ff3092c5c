# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read conversations with their messages through a cursor of the server, which needs the same memory for any number.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from .._postgres.connection import Database
from .selection import Selection

#: Messages may be long: few at a time.
_BATCH = 500
_TIME = """to_char({column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
#: The fields of a conversation and of a message, with their SQL, in the order of the export. JSON is read as text, so
#: that no number in it loses a digit.
CONVERSATION = {
    "id": "c.id::text",
    "title": "c.title",
    "description": "c.description",
    "user": "u.email",
    "user_id": "c.user_id::text",
    "assistant": "a.name",
    "assistant_id": "c.assistant_id::text",
    "is_active": "c.is_active",
    "is_archived": "c.is_archived",
    "conversation_metadata": "c.conversation_metadata::text",
    "created_at": _TIME.format(column="c.created_at"),
    "updated_at": _TIME.format(column="c.updated_at"),
}
MESSAGE = {
    "id": "m.id::text",
    "role": "lower(m.role::text)",
    "message_type": "lower(m.message_type::text)",
    "content": "m.content",
    "tool_name": "m.tool_name",
    "tool_input": "m.tool_input::text",
    "tool_output": "m.tool_output::text",
    "tokens_used": "m.tokens_used",
    "model_used": "m.model_used",
    "message_metadata": "m.message_metadata::text",
    "created_at": _TIME.format(column="m.created_at"),
    "updated_at": _TIME.format(column="m.updated_at"),
}
_COUNT = """
SELECT count(DISTINCT c.id), count(m.id), count(DISTINCT c.user_id)
FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id WHERE {condition}
"""
# The rows of a conversation are read once, and the sort is by what a message is small in.
_READ = """
SELECT {fields}
FROM conversations c JOIN users u ON u.id = c.user_id JOIN assistants a ON a.id = c.assistant_id
LEFT JOIN messages m ON m.conversation_id = c.id
WHERE {condition} ORDER BY c.created_at, c.id, m.created_at, m.id
"""

Row = dict[str, Any]


def count(database: Database, selection: Selection) -> dict[str, int]:
    """Return {conversations, messages, users} of the selection."""
    condition, values = selection.of_conversations()
    row = database.fetch(_COUNT.format(condition=condition), values)[0]
    return dict(zip(("conversations", "messages", "users"), row))


def read(database: Database, selection: Selection) -> Iterator[tuple[Row, Iterator[Row]]]:
    """Yield each conversation with its messages, oldest first. Take the messages before the next conversation."""
    condition, values = selection.of_conversations()
    fields = ", ".join([*CONVERSATION.values(), *MESSAGE.values()])
    rows = database.stream(_READ.format(fields=fields, condition=condition), values, batch=_BATCH)
    width = len(CONVERSATION)
    for _id, group in groupby(rows, key=lambda row: row[0]):
        own = iter(group)
        first = next(own, ())
        yield dict(zip(CONVERSATION, first)), _messages(first[width:], own, width)


def _messages(first: Any, rest: Iterator[Any], width: int) -> Iterator[Row]:
    if first[0] is None:  # a conversation without messages
        return
    yield dict(zip(MESSAGE, first))
    for row in rest:
        yield dict(zip(MESSAGE, row[width:]))
