# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Count messages, conversations, tokens and cost, by what the operator asks for, in one pass each.

A user who is in two groups counts in both: the sums of groups do not add up to the total.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from .._core.errors import DatabaseError, InputError
from .._postgres.connection import Database
from . import usage_prices
from .selection import Selection
from .usage_prices import Price

#: The expression of each dimension; NULL is a message without it.
DIMENSIONS = {
    "user": "u.email",
    "group": "g.name",
    "assistant": "a.name",
    "model": "m.model_used",
    "day": "to_char(m.created_at AT TIME ZONE %(timezone)s, 'YYYY-MM-DD')",
}
#: The joins that a dimension needs, beside the conversation.
_JOINS = {
    "user": "JOIN users u ON u.id = c.user_id",
    "group": """LEFT JOIN user_group_association x ON x.user_id = c.user_id
        LEFT JOIN user_groups g ON g.id = x.group_id""",
    "assistant": "JOIN assistants a ON a.id = c.assistant_id",
}
_FIGURES = """
    count(*), count(DISTINCT m.conversation_id), coalesce(sum(m.tokens_used), 0)::bigint,
    sum(m.tokens_used * p.per_1k / 1000),
    coalesce(sum(m.tokens_used) FILTER (WHERE p.per_1k IS NULL), 0)::bigint
"""
_FROM = """
    FROM messages m JOIN conversations c ON c.id = m.conversation_id
    LEFT JOIN prices p ON p.model = m.model_used
        AND (p.since IS NULL OR m.created_at >= p.since) AND (p.until IS NULL OR m.created_at < p.until)
"""
_FIGURE_NAMES = ("messages", "conversations", "tokens", "cost", "unpriced_tokens")
_UNPRICED = f"""
WITH prices AS ({usage_prices.TABLE})
SELECT m.model_used, count(*), sum(m.tokens_used)::bigint, m.model_used IN (SELECT model FROM prices) {_FROM}
WHERE {{condition}} AND p.per_1k IS NULL AND m.tokens_used <> 0
GROUP BY 1 ORDER BY 3 DESC, 1
"""  # noqa: S608 - texts of this file
_CALENDAR = """
SELECT to_char(now() AT TIME ZONE %(timezone)s, 'YYYY-MM-DD'),
    (%(begin)s::date)::timestamp AT TIME ZONE %(timezone)s, (%(end)s::date)::timestamp AT TIME ZONE %(timezone)s
"""
_UNKNOWN_ZONE = "22023"


@dataclass(frozen=True)
class Usage:
    """The messages of a selection, in a time zone, with prices."""

    database: Database
    selection: Selection
    timezone: str
    prices: Sequence[Price]

    def by(self, dimensions: Sequence[str]) -> list[dict[str, Any]]:
        """Return a row for each value of the dimensions: in the order of days, then the greatest first."""
        names = [name for name in DIMENSIONS if name in dimensions]
        condition, values = self.selection.of_messages()
        groups = ", ".join(str(number + 1) for number in range(len(names)))
        statement = f"""
            WITH prices AS ({usage_prices.TABLE})
            SELECT {"".join(f"{DIMENSIONS[name]}, " for name in names)} {_FIGURES} {_FROM}
            {" ".join(_JOINS[name] for name in names if name in _JOINS)}
            WHERE {condition} {f"GROUP BY {groups}" if names else ""}
        """
        rows = [_row(names, row) for row in self._fetch(statement, values)]
        return sorted(rows, key=lambda row: (row.get("day") or "", -row["tokens"], -row["messages"], _key(names, row)))

    def total(self) -> dict[str, Any]:
        """Return the figures of all messages of the selection, each of which counts once."""
        return self.by(())[0]

    def unpriced(self) -> list[dict[str, Any]]:
        """Return the models whose tokens have no price, with the reason; None is a message that names no model."""
        condition, values = self.selection.of_messages()
        return [
            {"model": model, "messages": messages, "tokens": tokens, "reason": _reason(model, is_known)}
            for model, messages, tokens, is_known in self._fetch(_UNPRICED.format(condition=condition), values)
        ]

    def within(self, since: Any, until: Any) -> Usage:
        """Return the same of another period."""
        return replace(self, selection=replace(self.selection, since=since, until=until))

    def _fetch(self, statement: str, values: dict[str, Any]) -> list[Any]:
        prices = usage_prices.as_json(self.prices)
        return self.database.fetch(statement, {**values, "timezone": self.timezone, "prices": prices})


def calendar(database: Database, timezone: str, begin: str, end: str) -> tuple[str, Any, Any]:
    """Return today in the time zone, and the timestamps at which two days begin there. Raises InputError."""
    try:
        row = database.fetch(_CALENDAR, {"timezone": timezone, "begin": begin, "end": end})[0]
    except DatabaseError as error:
        if error.details.get("sqlstate") != _UNKNOWN_ZONE:
            raise
        raise InputError(f"timezone is '{timezone}', which the server does not know. Example: Europe/Berlin") from error
    return str(row[0]), row[1], row[2]


def _row(names: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    figures = dict(zip(_FIGURE_NAMES, row[len(names) :]))
    cost = figures["cost"]
    # Without any price there is no cost, which is not the same as a cost of 0.
    figures["cost"] = round(float(cost), 6) if cost is not None else None if figures["unpriced_tokens"] else 0.0
    return {**dict(zip(names, row)), **figures}


def _key(names: Sequence[str], row: dict[str, Any]) -> list[tuple[bool, str]]:
    return [(row[name] is None, row[name] or "") for name in names]


def _reason(model: str | None, is_known: bool | None) -> str:
    if model is None:
        return "no model is recorded"
    return "without a price at that time" if is_known else "unknown to ai_models and prices"
