# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the usage of a period as one page, with the style and the charts of the nightly report.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from .._core.html_elements import NOTHING, Html, chip, element, section, table
from .._core.html_page import page
from .._core.version import VERSION
from .report.charts import Curve, chart
from .report.units import count

Usage = Mapping[str, Any]

#: How many rows of a table are shown, the greatest first.
SHOWN = 20
_KIND = {"within": "well", "warning": "attention", "exceeded": "failed"}
_TABLES = ("group", "model", "assistant", "user")
_HEAD = ("messages", "conversations", "tokens", "cost", "without a price")


def render(usage: Usage, environment: str, currency: str = "") -> str:
    """Return the text of the page for what convosphere_usage_info returned with overview."""
    verdict = usage["verdict"]
    where = element(
        "p",
        element("strong", environment),
        f" · usage from {_time(usage['period']['since'])} to {_time(usage['period']['until'])}",
        f" · days of {usage['timezone']}",
        class_="where",
    )
    line = verdict["line"] if usage["budgets"] else f"{count(usage['total']['tokens'])} tokens were used"
    header = element("header", where, element("h1", line, class_=_KIND[verdict["status"]]))
    sections = (
        _tiles(usage, currency),
        _budgets(usage, currency),
        _charts(usage, currency),
        *(_table(usage, name, currency) for name in _TABLES),
        _unpriced(usage),
        _prices(usage, currency),
    )
    written = f"Written by convosphere.platform {VERSION}. Budgets and forecast are of {usage['month']['name']}."
    footer = element("footer", written)
    return page(f"{environment}: usage", header, element("main", *sections), footer)


def money(value: float | None, currency: str) -> str:
    """Return a cost with two digits, or four if it is below 1; NOTHING if there is no price."""
    if value is None:
        return NOTHING
    return f"{value:,.{2 if abs(value) >= 1 or not value else 4}f} {currency}".replace(",", "\u202f").rstrip()


def points(days: Sequence[Mapping[str, Any]], measure: str) -> list[dict[str, Any]]:
    """Return a point for each day from the first to the last; a day without messages is 0."""
    known = {each["day"]: each[measure] for each in days}
    if not known:
        return []
    day, last = (date.fromisoformat(each) for each in (min(known), max(known)))
    found = []
    while day <= last:
        found.append({"at": f"{day}T00:00:00Z", measure: known.get(str(day), 0)})
        day += timedelta(days=1)
    return found


def _tiles(usage: Usage, currency: str) -> Html:
    total, forecast, name = usage["total"], usage["forecast"], usage["month"]["name"]
    full = f"from {forecast['full_days']} full days of {name}"
    figures = [
        ("Tokens", count(total["tokens"]), f"{count(total['unpriced_tokens'])} without a price"),
        ("Cost", money(total["cost"], currency), "of tokens with a price"),
        ("Messages", count(total["messages"]), f"in {count(total['conversations'])} conversations"),
    ]
    if forecast["tokens"] is not None:
        figures += [
            (f"Forecast of {name}", count(forecast["tokens"]), f"tokens, {full}"),
            ("Its cost", money(forecast["cost"], currency), full),
        ]
    shown = [
        element("div", element("dt", name), element("dd", value, class_="value"), element("dd", note, class_="detail"))
        for name, value, note in figures
    ]
    return element("dl", *shown, class_="tiles")


def _budgets(usage: Usage, currency: str) -> Html | None:
    rows = [
        (
            each["group"],
            each["measure"],
            chip(each["status"], _KIND[each["status"]]),
            _amount(each, "used", currency),
            _amount(each, "limit", currency),
            f"{each['percent']} %",
            NOTHING if each["forecast"] is None else f"{each['forecast_percent']} %",
        )
        for each in usage["budgets"]
    ]
    head = ("group", "of", "verdict", "used", "budget", "percent", "forecast")
    note = f"For {usage['month']['name']}. A warning begins at 80 %."
    return section("Budgets", table(head, rows, numbers=(3, 4, 5, 6)), note=note) if rows else None


def _amount(verdict: Mapping[str, Any], name: str, currency: str) -> str:
    return money(verdict[name], currency) if verdict["measure"] == "cost" else count(verdict[name])


def _charts(usage: Usage, currency: str) -> Html:
    curves = (
        Curve("Tokens of a day", "tokens", lambda value: count(round(value))),
        Curve("Cost of a day", "cost", lambda value: money(value, currency)),
        Curve("Messages of a day", "messages", lambda value: count(round(value))),
        Curve("Conversations of a day", "conversations", lambda value: count(round(value))),
    )
    drawn = [chart(curve, points(usage["days"], curve.key)) for curve in curves]
    return section("Day by day", element("div", *drawn, class_="charts"))


def _table(usage: Usage, name: str, currency: str) -> Html | None:
    rows = usage["tables"].get(name) or []
    shown = [(_name(row[name], name), *_figures(row, currency)) for row in rows[:SHOWN]]
    more = len(rows) - len(shown)
    notes = [usage["notes"][0] + "."] if name == "group" else []
    notes += [f"The first {SHOWN} of {len(rows)}."] if more > 0 else []
    content = table((name, *_HEAD), shown, numbers=range(1, 6))
    return section(f"By {name}", content, note=" ".join(notes) or None) if rows else None


def _name(value: str | None, kind: str) -> str:
    return value if value is not None else f"no {kind}"


def _figures(row: Mapping[str, Any], currency: str) -> Iterator[str]:
    yield count(row["messages"])
    yield count(row["conversations"])
    yield count(row["tokens"])
    yield money(row["cost"], currency)
    yield count(row["unpriced_tokens"]) if row["unpriced_tokens"] else NOTHING


def _unpriced(usage: Usage) -> Html | None:
    rows = [
        (_name(each["model"], "model"), count(each["messages"]), count(each["tokens"]), each["reason"])
        for each in usage["unpriced"]
    ]
    content = table(("model", "messages", "tokens", "reason"), rows, numbers=(1, 2))
    return section("Without a price", content, note="These tokens are in no cost.") if rows else None


def _prices(usage: Usage, currency: str) -> Html | None:
    rows = [
        (
            each["model"],
            money(each["per_1k"], currency),
            each["since"] or "always",
            f"ai_models, 1 of {each['rows']} rows" if each["rows"] > 1 else each["source"],
        )
        for each in usage["prices"]
    ]
    note = "Of several rows of ai_models the active, the default, the newest counts, for all times."
    content = table(("model", "1,000 tokens", "since", "from"), rows, numbers=(1,))
    return section("Prices", content, note=note) if rows else None


def _time(at: str | None) -> str:
    return at.replace("T", " ").removesuffix(":00Z") + " UTC" if at else "now"
