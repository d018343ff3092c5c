# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._on_calendar import (
    cron_fields,
    cron_problem,
    on_calendar,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_times import read


def of(**declared: Any) -> tuple[str, str]:
    times = read(declared)
    return on_calendar(times), cron_fields(times)


@pytest.mark.parametrize(
    ("declared", "calendar", "cron"),
    [
        ({"every": "day", "at": "01:30"}, "*-*-* 01:30:00 UTC", "30 1 * * *"),
        ({"every": "week", "at": "04:00", "weekday": "sun,mon"}, "Mon,Sun *-*-* 04:00:00 UTC", "0 4 * * 1,7"),
        ({"every": "month", "at": "04:00", "day": 5}, "*-*-05 04:00:00 UTC", "0 4 5 * *"),
        ({"every": "hour", "at": "00:20"}, "*-*-* *:20:00 UTC", "20 * * * *"),
        ({"every": "6 hours", "at": "01:20"}, "*-*-* 01/6:20:00 UTC", "20 1-23/6 * * *"),
        ({"every": "minute"}, "*-*-* *:*:00 UTC", "* * * * *"),
        ({"every": "15 minutes"}, "*-*-* *:00/15:00 UTC", "*/15 * * * *"),
    ],
)
def test_times_are_written_for_systemd_and_cron(declared, calendar, cron):
    assert of(**declared) == (calendar, cron)


@pytest.mark.parametrize(
    ("weekday", "calendar"),
    [
        ("first sunday", "Sun *-*-01..07 01:30:00 Europe/Berlin"),
        ("fourth friday", "Fri *-*-22..28 01:30:00 Europe/Berlin"),
        ("last monday", "Mon *-*~07/1 01:30:00 Europe/Berlin"),
    ],
)
def test_a_weekday_of_a_month_is_one_of_seven_days(weekday, calendar):
    times = read({"every": "month", "at": "01:30", "weekday": weekday, "timezone": "Europe/Berlin"})

    assert on_calendar(times) == calendar
    assert cron_problem(times, None) == (
        "cron knows no weekday of a month. Write day: 1, or use scheduler_backend: systemd"
    )


def test_cron_takes_no_time_zone():
    times = read({"every": "day", "at": "01:30", "timezone": "Europe/Berlin"})

    assert cron_problem(times, None) is None
    assert "cron runs at the local time of its machine" in str(cron_problem(times, "Europe/Berlin"))
