# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._conversations.usage_forecast import (
    Month,
    forecast,
    verdicts,
    worst,
)

MONTH = Month("2026-06", "2026-06-11")


@pytest.mark.parametrize(
    ("name", "today", "days", "full"),
    [
        ("2026-06", "2026-06-01", 30, 0),
        ("2026-06", "2026-06-30", 30, 29),
        ("2026-06", "2026-07-01", 30, 30),
        ("2026-06", "2026-05-31", 30, 0),
        ("2028-02", "2028-02-29", 29, 28),
        ("2026-12", "2027-01-01", 31, 31),
    ],
)
def test_the_full_days_of_a_month(name, today, days, full):
    month = Month(name, today)
    assert (month.days, month.full_days) == (days, full)


@pytest.mark.parametrize(
    ("month", "used", "expected"),
    [
        (MONTH, {"2026-06-01": 100, "2026-06-10": 100}, 600),
        # Days without messages are full days too, and today is not one.
        (MONTH, {"2026-06-03": 100, "2026-06-11": 50}, 300),
        # What is used already is the least.
        (MONTH, {"2026-06-11": 5000}, 5000),
        # Days of another month do not count.
        (MONTH, {"2026-05-31": 900, "2026-06-01": 10}, 30),
        (MONTH, {}, 0),
        (Month("2026-06", "2026-06-01"), {"2026-06-01": 100}, None),
        (Month("2026-06", "2026-08-01"), {"2026-06-01": 100, "2026-06-30": 11}, 111),
    ],
)
def test_a_month_goes_on_like_its_full_days(month, used, expected):
    assert forecast(month, used) == (None if expected is None else pytest.approx(expected))


def day(group, number, tokens, cost, unpriced=0):
    return {
        "group": group, "day": f"2026-06-{number:02}", "tokens": tokens, "cost": cost, "unpriced_tokens": unpriced
    }  # fmt: skip


@pytest.mark.parametrize(
    ("used", "limit", "status", "percent"),
    [(79.9, 100, "within", 79.9), (80, 100, "warning", 80), (99.9, 100, "warning", 99.9), (100, 100, "exceeded", 100),
     (250, 100, "exceeded", 250), (0, 0, "within", 0), (1, 0, "exceeded", 100)],
)  # fmt: skip
def test_a_budget_is_a_warning_from_80_percent_and_exceeded_from_100(used, limit, status, percent):
    [found] = verdicts(MONTH, [{"group": "a", "cost": limit}], [day("a", 1, 5, used, 7), day("b", 1, 5, 900)])
    assert (found["status"], found["percent"], found["used"]) == (status, percent, used)
    assert found["unpriced_tokens"] == 7


def test_each_limit_of_a_budget_has_a_verdict_and_a_forecast():
    days = [day("a", 2, 40, None, 40), day("a", 11, 30, 0.5)]
    found = verdicts(MONTH, [{"group": "a", "tokens": 100, "cost": 2.0}, {"group": "none", "tokens": 1}], days)

    assert [(each["measure"], each["used"], each["forecast"], each["forecast_percent"]) for each in found] == [
        ("tokens", 70, 120, 120.0),
        ("cost", 0.5, 0.5, 25.0),
        ("tokens", 0, 0, 0.0),
    ]
    assert [each["unpriced_tokens"] for each in found] == [0, 40, 0]
    assert worst(found) == worst([]) == "within"
