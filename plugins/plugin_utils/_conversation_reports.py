# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the results of messages.yml, usage.yml and conversations_export.yml in lines of text. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import printable

Facts = Mapping[str, Any]
#: How many characters of a name a table shows.
NAME = 40
_FIGURES = ("messages", "conversations", "tokens", "cost", "unpriced_tokens")


def messages(result: Facts, context: Facts) -> list[str]:
    """List the messages by conversation; a star marks a match among its context."""
    by_conversation: dict[str, list[Facts]] = {}
    for message in result["messages"]:
        by_conversation.setdefault(message["conversation"], []).append(message)
    lines = [line for found in by_conversation.values() for line in _conversation(found)]
    older = f"; there are older ones: -e limit={10 * int(context['limit'])}" if result["more"] else ""
    number = result["hits"]
    lines.append(f"{_count(number, 'messages')} match{'es' if number == 1 else ''}{older}")
    if number and "text" not in result["messages"][0]:
        lines.append("Texts are not shown: -e text=excerpt, or -e text=full")
    return lines


def _conversation(found: Sequence[Facts]) -> Iterator[str]:
    first = found[0]
    yield f"{first['conversation']}  {printable(first['user'])} with {printable(first['assistant'])}"
    for message in found:
        text = f"  {printable(' '.join(message['text'].split()), 10_000)}" if "text" in message else ""
        yield f"{'*' if message['hit'] else ' '} {message['created_at']} {message['role']:<9}{text}".rstrip()


def export(result: Facts, context: Facts) -> list[str]:
    """Describe the file that convosphere_conversation_export wrote, or would write."""
    counts = ", ".join(_count(result[name], name) for name in ("conversations", "messages", "users"))
    if not result["changed"]:
        return [f"{result['dest']} has these {counts} already", f"sha256 {result['sha256']}"]
    if context["check_mode"]:
        return [f"{result['dest']} would be written: {counts}"]
    return [f"{counts}, {result['size_bytes'] / 1e6:.1f} MB, in {result['dest']}", f"sha256 {result['sha256']}"]


def _count(number: int, plural: str) -> str:
    return f"{number} {plural if number != 1 else plural[:-1]}"


def usage(result: Facts, context: Facts) -> list[str]:
    """List the figures, what has no price, the budgets and the forecast."""
    period, unit = result["period"], context.get("currency") or ""
    return [
        f"From {period['since'] or 'the first message'} to {period['until'] or 'now'}, days of {result['timezone']}",
        *_table(result, unit),
        *(_more(result)),
        *(
            f"UNPRICED   {printable(each['model'] or 'no model', NAME)}: {each['tokens']} tokens, {each['reason']}"
            for each in result["unpriced"]
        ),
        *(line for each in result["budgets"] for line in _budget(each)),
        *_forecast(result, unit),
        *(f"NOTE       {note}" for note in result["notes"]),
    ]


def _table(result: Facts, unit: str) -> list[str]:
    names = result["by"]
    head = [
        *(name.upper() for name in names),
        "MESSAGES",
        "CONVERSATIONS",
        "TOKENS",
        f"COST {unit}".strip(),
        "UNPRICED",
    ]
    rows = [[*(_name(row[name], name) for name in names), *_figures(row)] for row in result["rows"]]
    total = [*(["total", *[""] * (len(names) - 1)] if names else []), *_figures(result["total"])]
    cells = [head, *rows, total]
    widths = [max(len(row[index]) for row in cells) for index in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if index < len(names) else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in cells
    ]


def _name(value: str | None, kind: str) -> str:
    return printable(value, NAME) if value is not None else f"(no {kind})"


def _figures(row: Facts) -> list[str]:
    return ["-" if row[name] is None else f"{row[name]:.2f}" if name == "cost" else str(row[name]) for name in _FIGURES]


def _more(result: Facts) -> Iterator[str]:
    if result["more_rows"]:
        yield f"and {result['more_rows']} more rows: -e limit={10 * len(result['rows'])}"


def _budget(verdict: Facts) -> Iterator[str]:
    expected = "" if verdict["forecast"] is None else f", forecast {verdict['forecast_percent']} %"
    used = f"{verdict['used']} of {verdict['limit']} {verdict['measure']}, {verdict['percent']} %"
    yield f"BUDGET     {printable(verdict['group'], NAME)}: {verdict['status']}, {used}{expected}"
    if verdict["unpriced_tokens"]:
        yield f"           {verdict['unpriced_tokens']} tokens of it have no price"


def _forecast(result: Facts, unit: str) -> Iterator[str]:
    forecast, month = result["forecast"], result["month"]
    if forecast["tokens"] is None:
        yield f"FORECAST   {month['name']}: no day of it is over"
        return
    cost = "without a price" if forecast["cost"] is None else f"cost {forecast['cost']:.2f} {unit}".strip()
    days = f"from {month['full_days']} of {month['days']} days"
    yield f"FORECAST   {month['name']}: {forecast['tokens']} tokens, {cost}, {days}"
