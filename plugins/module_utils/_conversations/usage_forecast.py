# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Foretell a month by its full days, and compare groups with their budgets. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: From how many percent of a budget on it is a warning, and exceeded.
WARNING, EXCEEDED = 80, 100
WITHIN = "within"
_STATUS = ((EXCEEDED, "exceeded"), (WARNING, "warning"))
STATUSES = (WITHIN, "warning", "exceeded")


@dataclass(frozen=True)
class Month:
    """A month, and which of its days are over. ``today`` is the day in the time zone of the report."""

    name: str
    today: str

    @property
    def days(self) -> int:
        """How many days it has."""
        year, month = (int(part) for part in self.name.split("-"))
        return monthrange(year, month)[1]

    @property
    def full_days(self) -> int:
        """How many of its days are over."""
        if self.today[:7] == self.name:
            return int(self.today[8:10]) - 1
        return self.days if self.today[:7] > self.name else 0


def forecast(month: Month, used: Mapping[str, float]) -> float | None:
    """Return what the month comes to, if its days go on like its full ones. None without a full day.

    ``used`` is what each day used, as ``2026-11-29``. The day that is not over counts only if it exceeds the forecast.
    """
    if not month.full_days:
        return None
    total = sum(value for day, value in used.items() if day[:7] == month.name)
    full = sum(value for day, value in used.items() if day[:7] == month.name and int(day[8:10]) <= month.full_days)
    return max(total, full / month.full_days * month.days)


def verdicts(
    month: Month, budgets: Iterable[Mapping[str, Any]], days: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return a verdict for each limit of each budget.

    ``days`` are {group, day, tokens, cost, unpriced_tokens} of the month. A cost of None has no price.
    """
    found = list(days)
    return [
        _verdict(month, budget["group"], measure, budget[measure], found)
        for budget in budgets
        for measure in ("tokens", "cost")
        if budget.get(measure) is not None
    ]


def _verdict(month: Month, group: str, measure: str, limit: float, days: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    own = [each for each in days if each["group"] == group]
    by_day = {each["day"]: each[measure] or 0 for each in own}
    used, expected = sum(by_day.values()), forecast(month, by_day)
    percent = _percent(used, limit)
    return {
        "group": group,
        "measure": measure,
        "limit": limit,
        "used": _rounded(used),
        "percent": percent,
        "status": next((status for least, status in _STATUS if percent >= least), WITHIN),
        "forecast": None if expected is None else _rounded(expected),
        "forecast_percent": None if expected is None else _percent(expected, limit),
        "unpriced_tokens": sum(each["unpriced_tokens"] for each in own) if measure == "cost" else 0,
    }


def worst(found: Iterable[Mapping[str, Any]]) -> str:
    """Return the worst status of several verdicts."""
    return max((each["status"] for each in found), key=STATUSES.index, default=WITHIN)


def _percent(used: float, limit: float) -> float:
    """Return a percentage. A budget of 0 is exceeded by anything, and by nothing it is not."""
    if limit:
        return round(used / limit * 100, 1)
    return 100.0 if used else 0.0


def _rounded(value: float) -> float:
    return value if isinstance(value, int) else round(value, 6)
