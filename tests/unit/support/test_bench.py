# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest

from support.bench import Contender, Measured, Row, command, measure, table


def row(limit: float = 2, calls: list[str] | None = None) -> Row:
    calls = [] if calls is None else calls
    subject = Contender("ours", lambda: calls.append("ours"), lambda: calls.append("prepared"))
    return Row(subject, Contender("theirs", lambda: calls.append("theirs")), limit)


def test_rounds_are_interleaved_and_the_first_one_does_not_count():
    calls: list[str] = []

    measured = measure(row(calls=calls), 2)

    assert calls == ["prepared", "ours", "theirs"] * 3
    assert (len(measured.subject), len(measured.baseline)) == (2, 2)


def test_preparations_are_not_timed():
    clock = [0.0]

    def advance(seconds: float) -> None:
        clock[0] += seconds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("support.bench.time.perf_counter", lambda: clock[0])
        assert Contender("ours", lambda: advance(1), lambda: advance(100)).seconds() == 1


def test_a_value_takes_the_place_of_the_seconds():
    calls: list[str] = []
    size = Contender("ours", lambda: calls.append("run"), lambda: calls.append("prepare"), lambda: 7.0 * len(calls))
    lines = table([Measured(Row(size, size, 1, unit="MB"), subject=(7,), baseline=(7,))])

    assert size.seconds() == 14
    assert lines[1].split() == ["ours", "7.00", "MB", "7.00", "MB", "7.00", "MB", "1.00", "1.00"]


@pytest.mark.parametrize(("limit", "exceeded"), [(1.99, True), (2, False)])
def test_medians_decide_over_the_limit(limit, exceeded):
    measured = Measured(row(limit), subject=(2, 2, 90), baseline=(1, 1, 0.1))

    assert measured.ratio == 2
    assert measured.exceeded is exceeded
    assert any("exceeded" in line for line in table([measured])) is exceeded


def test_the_table_has_two_lines_a_row():
    lines = [line.split() for line in table([Measured(row(3), subject=(1, 2, 3), baseline=(2, 4, 8))])]

    assert lines == [
        ["median", "fastest", "slowest", "ratio", "limit"],
        ["ours", "2.00", "s", "1.00", "s", "3.00", "s", "0.50", "3.00"],
        ["beside", "theirs", "4.00", "s", "2.00", "s", "8.00", "s"],
    ]


def test_a_program_that_fails_ends_the_measurement_with_its_words():
    with pytest.raises(RuntimeError, match="ended with 2:\nwhat it printed"):
        command(["sh", "-c", "echo what it printed; exit 2"], Path("/"))()
