# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_times import Times, TimesError, read


def problem(**declared: Any) -> str:
    with pytest.raises(TimesError) as raised:
        read(declared)
    return "; ".join(raised.value.args)


@pytest.mark.parametrize(
    ("declared", "times"),
    [
        ({"every": "day", "at": "01:30"}, Times("day", 1, 1, 30, "UTC")),
        ({"every": "hour"}, Times("hour", 1, 0, 0, "UTC")),
        ({"every": "6 hours", "at": "05:10"}, Times("hour", 6, 5, 10, "UTC")),
        ({"every": "15 minutes"}, Times("minute", 15, 0, 0, "UTC")),
        ({"every": "week", "at": "13:30", "weekday": "sun, monday"}, Times("week", 1, 13, 30, "UTC", (0, 6))),
        ({"every": "month", "at": "01:30", "weekday": "last sunday"}, Times("month", 1, 1, 30, "UTC", (6,), -1)),
        (
            {"every": "month", "at": "01:30", "day": 28, "timezone": "Europe/Berlin"},
            Times("month", 1, 1, 30, "Europe/Berlin", day=28),
        ),
    ],
)
def test_times(declared, times):
    assert read(declared) == times


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"at": "01:30"}, "every is None. Allowed: minute, N minutes"),
        ({"every": "second"}, "every is 'second'"),
        ({"every": "7 hours"}, "every is '7 hours': after a while it would run at other times"),
        ({"every": "2 weeks", "at": "01:30", "weekday": "monday"}, "every is '2 weeks': after a while"),
        ({"every": "day"}, "at is None"),
        ({"every": "day", "at": "24:00"}, "at is '24:00'"),
        ({"every": "day", "at": 810}, 'at is the number 810: YAML reads 13:30 as one. Quote it, such as at: "13:30"'),
        ({"every": "15 minutes", "at": "00:05"}, "Leave at out"),
        ({"every": "6 hours", "at": "06:00"}, "the first run of a day"),
        ({"every": "week", "at": "01:30"}, "weekday is missing"),
        ({"every": "week", "at": "01:30", "weekday": ["mon", "some"]}, "weekday is ['mon', 'some']"),
        ({"every": "day", "at": "01:30", "weekday": "monday"}, "Write every: week"),
        ({"every": "month", "at": "01:30", "weekday": "sunday"}, "such as first sunday"),
        ({"every": "month", "at": "01:30"}, "neither day nor weekday"),
        ({"every": "month", "at": "01:30", "day": 29}, "day is 29. Allowed: 1 to 28"),
        ({"every": "month", "at": "01:30", "day": 1, "weekday": "first sunday"}, "both given"),
        ({"every": "day", "at": "01:30", "day": 1}, "Leave day out"),
        ({"every": "day", "at": "01:30", "timezone": "Europe Berlin"}, "timezone is 'Europe Berlin'"),
    ],
)
def test_other_times_are_refused(declared, message):
    assert message in problem(**declared)


def test_all_problems_are_reported_together():
    assert problem(every="week", at="9") == (
        "at is '9'. Allowed: hours and minutes, such as \"01:30\"; weekday is missing, and every is week. Allowed:"
        " monday, tuesday, wednesday, thursday, friday, saturday, sunday"
    )
