# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re

from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import charts, units

from support import reports

CURVE = charts.Curve("Size", "bytes", units.size)


def points(*values: int | None) -> list[dict[str, object]]:
    return [{"at": reports.at(day), "bytes": value} for day, value in enumerate(values)]


def test_a_curve_begins_at_zero_and_ends_with_the_newest_value():
    drawn = str(charts.chart(CURVE, points(0, 500, None, 1000)))

    assert "M0.0 100.0 L333.3 61.0 L1000.0 22.0" in drawn
    assert "<strong>1.0 kB</strong>" in drawn
    assert "<span>30 Nov</span><span>3 Dec</span>" in drawn
    assert "<title>1 Dec: 500 bytes</title>" in drawn


def test_one_point_is_a_dot_and_none_is_a_sentence():
    assert "M1000.0 22.0 h0" in str(charts.chart(CURVE, points(7)))
    assert "Not measured yet" in str(charts.chart(CURVE, points(None)))
    assert "<svg" not in str(charts.chart(CURVE, []))


def test_a_target_is_a_line_within_the_picture():
    drawn = str(charts.chart(charts.Curve("Time", "bytes", units.duration, 2000), points(500, 1000)))

    assert 'd="M0 22.0 H1000"' in drawn
    assert "M0.0 80.5 L1000.0 61.0" in drawn
    assert 'class="target"' not in str(charts.chart(CURVE, points(500, 1000)))


def test_a_long_history_is_thinned_and_keeps_its_ends():
    drawn = str(charts.chart(CURVE, points(*range(1, 367))))

    assert len(re.findall("<rect", drawn)) <= charts.DRAWN + 1
    assert "30 Nov: 1 bytes" in drawn
    assert "30 Nov: 366 bytes" in drawn


def test_values_of_zero_and_one_time_divide_nothing_by_zero():
    same = [{"at": reports.at(), "bytes": 0}, {"at": reports.at(), "bytes": 0}]

    assert "<svg" in str(charts.chart(CURVE, same))
