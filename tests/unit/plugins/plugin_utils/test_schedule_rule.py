# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rule texts for AWX. AWX itself is replaced: its table of accepted rules is that of its version 24.6.2.

python-dateutil, by which AWX finds the dates of a rule, previews them here.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_rule import rule, rule_problems
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_times import read
from dateutil import rrule, tz

BERLIN = {"timezone": "Europe/Berlin"}
START = "DTSTART;TZID=Europe/Berlin:20260101T013000"


def preview(text: str, after: str, count: int) -> list[str]:
    """Return the next dates of a rule in UTC. Local times that do not exist are skipped, as AWX does."""
    rules = rrule.rrulestr(text.replace(" ", "\n"), forceset=True)
    dates = rules.xafter(datetime.fromisoformat(after).astimezone(ZoneInfo("Europe/Berlin")), inc=True)
    real = (date for date in dates if tz.datetime_exists(date))
    return [f"{date.astimezone(ZoneInfo('UTC')):%Y-%m-%d %H:%M}" for date in islice(real, count)]


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ({"every": "day", "at": "01:30", **BERLIN}, f"{START} RRULE:FREQ=DAILY;INTERVAL=1"),
        ({"every": "day", "at": "01:30"}, "DTSTART:20260101T013000Z RRULE:FREQ=DAILY;INTERVAL=1"),
        (
            {"every": "week", "at": "01:30", "weekday": "sunday, tuesday", **BERLIN},
            f"{START} RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=TU,SU",
        ),
        (
            {"every": "month", "at": "01:30", "weekday": "last sunday", **BERLIN},
            f"{START} RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=SU;BYSETPOS=-1",
        ),
        (
            {"every": "month", "at": "01:30", "day": 5, **BERLIN},
            f"{START} RRULE:FREQ=MONTHLY;INTERVAL=1;BYMONTHDAY=5",
        ),
        ({"every": "15 minutes"}, "DTSTART:20260101T000000Z RRULE:FREQ=MINUTELY;INTERVAL=15"),
    ],
)
def test_the_rule_is_canonical_and_accepted(declared, text):
    assert rule(read(declared)) == text
    assert rule_problems(text) == []


def test_the_end_is_in_utc():
    text = rule(read({"every": "day", "at": "01:30", **BERLIN}), "20280101T000000Z")

    assert text == f"{START} RRULE:FREQ=DAILY;INTERVAL=1;UNTIL=20280101T000000Z"
    assert rule_problems(text) == []


@pytest.mark.parametrize(
    ("declared", "after", "dates"),
    [
        # The clocks go forward on 2027-03-28 at 02:00 and back on 2027-10-31 at 03:00.
        ({"every": "day", "at": "01:30"}, "2027-03-27T12:00Z", ["2027-03-28 00:30", "2027-03-28 23:30"]),
        ({"every": "day", "at": "02:30"}, "2027-03-27T12:00Z", ["2027-03-29 00:30", "2027-03-30 00:30"]),
        ({"every": "day", "at": "01:30"}, "2027-10-30T12:00Z", ["2027-10-30 23:30", "2027-11-01 00:30"]),
        ({"every": "day", "at": "02:30"}, "2027-10-30T12:00Z", ["2027-10-31 00:30", "2027-11-01 01:30"]),
        (
            {"every": "week", "at": "04:00", "weekday": "sunday"},
            "2027-03-21T12:00Z",
            ["2027-03-28 02:00", "2027-04-04 02:00"],
        ),
        (
            {"every": "month", "at": "01:30", "weekday": "first sunday"},
            "2027-10-04T12:00Z",
            ["2027-11-07 00:30", "2027-12-05 00:30"],
        ),
        (
            {"every": "month", "at": "01:30", "weekday": "last sunday"},
            "2027-03-20T12:00Z",
            ["2027-03-28 00:30", "2027-04-24 23:30"],
        ),
    ],
)
def test_dates_across_the_changes_of_the_clocks(declared: dict[str, Any], after, dates):
    assert preview(rule(read({**declared, **BERLIN})), after.replace("Z", "+00:00"), 2) == dates


@pytest.mark.parametrize(
    ("part", "problem"),
    [
        ("RRULE:FREQ=DAILY", "each rule needs an INTERVAL"),
        ("RRULE:FREQ=DAILY;INTERVAL=0", "each rule needs an INTERVAL"),
        ("RRULE:FREQ=DAILY;INTERVAL=\u00b2", "each rule needs an INTERVAL"),
        ("RRULE:FREQ=SECONDLY;INTERVAL=1", "FREQ is 'SECONDLY'. Allowed: YEARLY"),
        ("RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=1SU", "AWX refuses a number without its sign. Write +1SU"),
        ("RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,+2SU", "AWX accepts the rule, and never runs it"),
        ("RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,2SU", "AWX accepts the rule, and never runs it"),
        ("RRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=XX", "BYDAY is 'XX'"),
        ("RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000", "COUNT is '1000'. Allowed: 1 to 999"),
        ("RRULE:FREQ=DAILY;INTERVAL=1;COUNT=\u00b2", "COUNT is '\u00b2'. Allowed: 1 to 999"),
        ("RRULE:FREQ=DAILY;INTERVAL=1;COUNT=5;UNTIL=20280101T000000Z", "COUNT and UNTIL exclude each other"),
        ("RRULE:FREQ=DAILY;INTERVAL=1;UNTIL=20280101T000000", "UNTIL is '20280101T000000'"),
        ("RRULE:FREQ=HOURLY;INTERVAL=7", "HOURLY with INTERVAL=7 does not divide a day"),
        ("RRULE:FREQ=MINUTELY;INTERVAL=7", "MINUTELY with INTERVAL=7 does not divide a day"),
        ("RRULE:freq=DAILY;INTERVAL=1", "not in upper case"),
        ("RRULE:FREQ=DAILY;INTERVAL=1 EXDATE:20270101T013000Z", "AWX knows no single dates"),
        ("RRULE:FREQ=DAILY;INTERVAL=1 EXDATE;TZID=Europe/Berlin:20270101T013000", "AWX knows no single dates"),
        ("RRULE:FREQ=DAILY;INTERVAL=1 RDATE:20270101T013000Z", "AWX knows no single dates"),
        ("RRULE:FREQ=DAILY;INTERVAL=1 EXRULE:FREQ=WEEKLY;BYDAY=SU", "each rule needs an INTERVAL"),
        ("RRULE:FREQ=DAILY;INTERVAL=1 SUMMARY:X", "'SUMMARY:X' is not allowed: AWX does not know it"),
        ("EXRULE:FREQ=DAILY;INTERVAL=1", "at least one RRULE"),
    ],
)
def test_the_traps_are_refused_with_their_reason(part, problem):
    assert problem in "; ".join(rule_problems(f"{START} {part}"))


@pytest.mark.parametrize(
    "start", ["", "DTSTART:20260101T013000", "DTSTART;TZID=Europe/Berlin:20260101", f"{START} DTSTART:20260101T013000Z"]
)
def test_exactly_one_start_with_a_zone_is_needed(start):
    assert rule_problems(f"{start} RRULE:FREQ=DAILY;INTERVAL=1") == [
        "it needs exactly one DTSTART, with ;TZID=<zone> or a time that ends with Z"
    ]


@pytest.mark.parametrize(
    "part",
    [
        "RRULE:FREQ=DAILY;INTERVAL=1;COUNT=999",
        "RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=+1SU",
        "RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=-1SU",
        "RRULE:FREQ=YEARLY;INTERVAL=1;BYYEARDAY=100",
        "RRULE:FREQ=HOURLY;INTERVAL=7;COUNT=5",
        "RRULE:FREQ=DAILY;INTERVAL=1 EXRULE:FREQ=WEEKLY;INTERVAL=1;BYDAY=SU",
    ],
)
def test_what_awx_accepts_is_accepted(part):
    assert rule_problems(f"{START} {part}") == []
