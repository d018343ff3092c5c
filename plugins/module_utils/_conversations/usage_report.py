# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose the report of convosphere_usage_info: figures, what has no price, budgets and the forecast of a month.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta, timezone
from typing import Any

from .._core.errors import InputError
from .._core.timestamps import format_time
from .._postgres.connection import Database
from . import selection, usage_forecast, usage_prices, usage_query
from .usage_forecast import Month
from .usage_query import Usage

#: The figures of the platform that one of several tables shows in the page.
OVERVIEW = ("user", "group", "assistant", "model")
GROUPS_NOTE = "A user in several groups counts in each of them: the sums of groups do not add up to the total"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")
_UNKNOWN_GROUPS = """
SELECT given.name FROM unnest(%s::text[]) AS given (name) LEFT JOIN user_groups g ON g.name = given.name
WHERE g.id IS NULL ORDER BY 1
"""


def compose(database: Database, params: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the return values of the module. Raises InputError."""
    database.read_to_the_end()
    selection.refuse_other_tables(database)
    _refuse(database, params)
    month, begin, end = _month(database, params)
    prices = usage_prices.choose(params["prices"], database.fetch(usage_prices.READ))
    usage = Usage(database, _selected(database, params, now, begin, end), params["timezone"], prices)
    of_month = replace(usage, selection=selection.Selection(since=begin, until=end))
    found = _figures(usage, params)
    verdicts = usage_forecast.verdicts(month, params["budgets"], _days_of_groups(of_month, params["budgets"]))
    return {
        "timezone": params["timezone"],
        "period": {name: _shown(getattr(usage.selection, name)) for name in ("since", "until")},
        **found,
        "prices": [asdict(price) for price in prices],
        "month": {"name": month.name, "days": month.days, "full_days": month.full_days},
        "forecast": _forecast(month, of_month),
        "budgets": verdicts,
        "verdict": {"status": usage_forecast.worst(verdicts), "line": line(verdicts)},
        "notes": list(_notes(params, found)),
    }


def line(verdicts: Sequence[Mapping[str, Any]]) -> str:
    """Return the verdict in one line."""
    if not verdicts:
        return "No budget is set"
    status = usage_forecast.worst(verdicts)
    if status == usage_forecast.WITHIN:
        return f"All {len(verdicts)} budgets are kept" if len(verdicts) > 1 else "The budget is kept"
    found = _worst(verdicts, status)
    return "; ".join(f"{each['group']} used {each['percent']} % of its {each['measure']} budget" for each in found)


def _worst(verdicts: Sequence[Mapping[str, Any]], status: str) -> list[Mapping[str, Any]]:
    return sorted((each for each in verdicts if each["status"] == status), key=lambda each: -each["percent"])


def _figures(usage: Usage, params: Mapping[str, Any]) -> dict[str, Any]:
    rows, limit = usage.by(params["by"]) if params["by"] else [], params["limit"]
    tables = {name: usage.by([name]) for name in OVERVIEW} if params["overview"] else {}
    return {
        "total": usage.total(),
        "unpriced": usage.unpriced(),
        "by": [name for name in usage_query.DIMENSIONS if name in params["by"]],
        "rows": rows[:limit],
        "more_rows": max(0, len(rows) - limit),
        "tables": {name: table[:limit] for name, table in tables.items()},
        "days": usage.by(["day"]) if params["overview"] else [],
    }


def _refuse(database: Database, params: Mapping[str, Any]) -> None:
    problems = []
    if params["month"] and not _MONTH.fullmatch(params["month"]):
        problems.append(f"month is '{params['month']}': give a month such as 2026-11")
    budgets = params["budgets"]
    groups = [each["group"] for each in budgets]
    problems += [f"budgets: {name} has several budgets" for name in sorted({n for n in groups if groups.count(n) > 1})]
    problems += [
        f"budgets: {each['group']} has the budget {each[measure]} {measure}, which is negative"
        for each in budgets
        for measure in ("tokens", "cost")
        if each.get(measure) is not None and not each[measure] >= 0
    ]
    if groups:
        unknown = database.fetch(_UNKNOWN_GROUPS, (groups,))
        problems += [f"budgets: there is no group '{row[0]}'" for row in unknown]
    if problems:
        raise InputError.of(problems)


def _month(database: Database, params: Mapping[str, Any]) -> tuple[Month, Any, Any]:
    """Return the month, and the timestamps at which it and the next one begin."""
    zone, name = params["timezone"], params["month"]
    name = name or usage_query.calendar(database, zone, "2000-01-01", "2000-01-01")[0][:7]
    first = datetime.strptime(name, "%Y-%m").replace(tzinfo=timezone.utc)
    following = (first + timedelta(days=31)).strftime("%Y-%m")
    today, begin, end = usage_query.calendar(database, zone, f"{name}-01", f"{following}-01")
    return Month(name, today), begin, end


def _selected(
    database: Database, params: Mapping[str, Any], now: datetime, begin: Any, end: Any
) -> selection.Selection:
    """Return the selection. A day begins in the time zone; without a period it is the month."""
    found = selection.read(database, params, now)
    days = {name: params[name] for name in ("since", "until") if params[name] and _DAY.fullmatch(params[name])}
    for name, day in days.items():
        found = replace(found, **{name: usage_query.calendar(database, params["timezone"], day, day)[1]})
    return found if found.since or found.until else replace(found, since=begin, until=end)


def _days_of_groups(of_month: Usage, budgets: Sequence[Any]) -> list[dict[str, Any]]:
    return of_month.by(["group", "day"]) if budgets else []


def _forecast(month: Month, of_month: Usage) -> dict[str, Any]:
    days = of_month.by(["day"])
    expected = {
        measure: usage_forecast.forecast(month, {each["day"]: each[measure] or 0 for each in days})
        for measure in ("tokens", "cost")
    }
    used: dict[str, Any] = {measure: sum(each[measure] or 0 for each in days) for measure in ("tokens", "cost")}
    if any(each["unpriced_tokens"] for each in days) and all(each["cost"] is None for each in days):
        expected["cost"] = used["cost"] = None
    return {
        "tokens": None if expected["tokens"] is None else round(expected["tokens"]),
        "cost": _rounded(expected["cost"]),
        "used": {"tokens": used["tokens"], "cost": _rounded(used["cost"])},
        "full_days": month.full_days,
    }


def _rounded(cost: float | None) -> float | None:
    return None if cost is None else round(cost, 6)


def _notes(params: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    if "group" in params["by"] or params["overview"]:
        yield GROUPS_NOTE
    if found["unpriced"]:
        tokens = sum(each["tokens"] for each in found["unpriced"])
        yield f"{tokens} tokens have no price and are in no cost"


def _shown(timestamp: datetime | None) -> str | None:
    return format_time(timestamp) if timestamp else None
