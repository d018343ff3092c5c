# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server in the place of AWX answers each rule as AWX 24.6.2 was measured to answer it."""

from __future__ import annotations

import pytest

from support.awx_rules import preview, problem, stored

START = "DTSTART;TZID=Europe/Berlin:20260101T013000"


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=DAILY",
        "FREQ=SECONDLY;INTERVAL=1",
        "FREQ=MONTHLY;INTERVAL=1;BYDAY=1SU",
        "FREQ=DAILY;INTERVAL=1;COUNT=1000",
        "FREQ=DAILY;INTERVAL=1;COUNT=5;UNTIL=20280101T000000Z",
        "FREQ=DAILY;INTERVAL=1 EXDATE:20270101T013000Z",
    ],
)
def test_refused(rule):
    assert problem(f"{START} RRULE:{rule}")


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=MONTHLY;INTERVAL=1;BYDAY=+1SU",
        "FREQ=MONTHLY;INTERVAL=1;BYDAY=-1SU",
        "FREQ=MONTHLY;INTERVAL=1;BYDAY=SU;BYSETPOS=1",
        "FREQ=YEARLY;INTERVAL=1;BYYEARDAY=100",
        "FREQ=YEARLY;INTERVAL=1;BYWEEKNO=20",
        "FREQ=YEARLY;INTERVAL=1;BYEASTER=0",
    ],
)
def test_accepted_with_dates(rule):
    text = f"{START} RRULE:{rule}"

    assert problem(text) is None
    assert len(preview(text)) == 10


def test_accepted_and_never_run():
    text = f"{START} RRULE:FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,2SU"

    assert (problem(text), preview(text)) == (None, [])


def test_a_naive_end_is_stored_in_utc():
    text = f"{START} RRULE:FREQ=DAILY;INTERVAL=1;UNTIL="

    assert stored(f"{text}20280101T000000") == f"{text}20271231T230000Z"
    assert stored(f"{text}20280101T000000Z") == f"{text}20280101T000000Z"


def test_a_date_with_a_zone_is_missed():
    assert problem(f"{START} RRULE:FREQ=DAILY;INTERVAL=1 EXDATE;TZID=Europe/Berlin:20270101T013000") is None
