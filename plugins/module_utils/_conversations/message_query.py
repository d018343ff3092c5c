# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Search messages: the newest that match, with those before and after them in the same conversation, in one query.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

from .._core.errors import DatabaseError
from .._postgres.connection import Database
from .selection import Selection

NONE, EXCERPT, FULL = "none", "excerpt", "full"
#: The characters of an excerpt, and how many of them come before the first match.
_EXCERPT, _BEFORE = 200, 60
#: The size of the table from which on a search without bounds is worth a warning, in bytes.
LARGE = 100_000_000
_TIMEOUT = "57014"

_HITS = """
WITH hits AS MATERIALIZED (
    SELECT m.id, m.conversation_id, row_number() OVER (ORDER BY m.created_at DESC, m.id DESC) AS rank
    FROM messages m JOIN conversations c ON c.id = m.conversation_id
    WHERE {condition}
    ORDER BY m.created_at DESC, m.id DESC LIMIT %(limit)s + 1
), near AS ({near})
SELECT m.id::text, m.conversation_id::text, u.email, a.name, lower(m.role::text), m.model_used, m.tokens_used,
    to_char(m.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), near.hit,
    (SELECT count(*) > %(limit)s FROM hits), {text}
FROM near JOIN messages m ON m.id = near.id JOIN conversations c ON c.id = m.conversation_id
JOIN users u ON u.id = c.user_id JOIN assistants a ON a.id = c.assistant_id
ORDER BY m.created_at, m.id
"""
_ALONE = "SELECT id, true AS hit FROM hits WHERE rank <= %(limit)s"
# A message within the context of two hits is there once.
_WITH_CONTEXT = """
    SELECT id, hit FROM (
        SELECT m.id, h.id IS NOT NULL AS hit, bool_or(h.id IS NOT NULL) OVER (
            PARTITION BY m.conversation_id ORDER BY m.created_at, m.id
            ROWS BETWEEN %(context)s PRECEDING AND %(context)s FOLLOWING) AS is_near
        FROM messages m LEFT JOIN hits h ON h.id = m.id AND h.rank <= %(limit)s
        WHERE m.conversation_id IN (SELECT conversation_id FROM hits WHERE rank <= %(limit)s)
    ) placed WHERE is_near
"""
_NAMES = ("id", "conversation", "user", "assistant", "role", "model", "tokens", "created_at", "hit")


def search(
    database: Database, selection: Selection, *, limit: int, context: int, text: str, timeout: int
) -> dict[str, Any]:
    """Return {messages, hits, more}: the newest ``limit`` matches, oldest first. Raises DatabaseError."""
    condition, values = selection.of_messages()
    statement = _HITS.format(
        condition=condition, near=_WITH_CONTEXT if context else _ALONE, text=_text(selection, text)
    )
    values = {**values, "limit": limit, "context": context, "first_word": "".join(selection.words[:1])}
    rows = _bounded(database, statement, values, timeout)
    messages = [{**dict(zip(_NAMES, row)), **({} if text == NONE else {"text": row[10]})} for row in rows]
    return {
        "messages": messages,
        "hits": sum(message["hit"] for message in messages),
        "more": bool(rows and rows[0][9]),
    }


def unbounded_warning(database: Database, selection: Selection) -> str | None:
    """Return a warning if the search reads a large table from end to end."""
    if selection.is_bounded:
        return None
    size = int(database.fetch("SELECT pg_table_size('messages')")[0][0])
    if size < LARGE:
        return None
    return (
        f"The search reads all of the table messages, {size / 1e6:.0f} MB: give since, users, assistants or"
        " conversations to bound it"
    )


def _bounded(database: Database, statement: str, values: dict[str, Any], timeout: int) -> list[Any]:
    """Run the statement, which the server ends after ``timeout`` seconds."""
    database.fetch("SELECT set_config('statement_timeout', %s, true)", (f"{timeout}s",))
    try:
        return database.fetch(statement, values)
    except DatabaseError as error:
        if error.details.get("sqlstate") != _TIMEOUT:
            raise
        raise DatabaseError(
            f"The search took longer than {timeout} s and was ended",
            hint="Bound it with since, users, assistants or conversations, simplify regex, or raise search_timeout.",
        ) from error


def _text(selection: Selection, text: str) -> str:
    """Return the expression of the text that is returned of a message."""
    if text == NONE:
        return "NULL"
    if text == FULL:
        return "m.content"
    if selection.words:
        place = "strpos(lower(m.content), lower(%(first_word)s))"
    elif selection.regex is not None:
        place = "strpos(m.content, coalesce(substring(m.content FROM %(regex)s), ''))"
    else:
        place = "1"
    begin = f"greatest(1, {place} - {_BEFORE})"
    return f"""CASE WHEN {begin} > 1 THEN '…' ELSE '' END || substr(m.content, {begin}, {_EXCERPT})
        || CASE WHEN length(m.content) >= {begin} + {_EXCERPT} THEN '…' ELSE '' END"""
