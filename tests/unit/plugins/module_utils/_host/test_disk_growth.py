# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import timestamps
from ansible_collections.convosphere.platform.plugins.module_utils._host.disk_growth import (
    Sample,
    days_until_full,
    growth_per_day,
    samples,
)

NOW = datetime(2026, 11, 30, tzinfo=UTC)


def sample(days: float, free: int, size: int = 1000) -> Sample:
    return Sample(NOW + timedelta(days=days), size, free)


@pytest.mark.parametrize(
    ("history", "growth"),
    [
        ([sample(0, 500)], None),
        ([sample(-0.5, 600), sample(0, 500)], None),  # half a day is no trend
        ([sample(-1, 600), sample(0, 500)], 100),
        ([sample(-1, 500), sample(0, 600)], -100),
        ([sample(-2, 700), sample(-1, 600), sample(-1, 600), sample(0, 500)], 100),
        ([sample(-9, 900, size=500), sample(-1, 600), sample(0, 500)], 100),  # before the disk was extended
        ([sample(-9, 900, size=500), sample(0, 500)], None),
        ([sample(1, 600), sample(0, 500)], None),  # the clock was set back
    ],
)
def test_growth_is_that_of_a_day(history, growth):
    assert growth_per_day(history) == growth


@pytest.mark.parametrize(
    ("free", "growth", "days"),
    [(1000, 100, 10), (1050, 100, 10), (0, 100, 0), (1000, 0, None), (1000, -5, None), (1000, None, None)],
)
def test_days_until_it_is_full(free, growth, days):
    assert days_until_full(free, growth) == days


def test_a_growth_of_almost_nothing_is_no_forecast():
    assert days_until_full(10**12, 1) is None


def record(details: Any) -> dict[str, Any]:
    return {"run": "1", "until": timestamps.format_time(NOW), "details": details}


def test_records_without_a_measurement_are_ignored():
    measured = {"path": "/", "size_bytes": 1000, "free_bytes": 400}
    odd = [None, "left out: too long", {}, {"health": "ok"}, {"filesystems": None}, {"filesystems": [None, {}, "x"]}]
    others = [{"filesystems": [{**measured, "path": "/var"}]}, {"filesystems": [{**measured, "free_bytes": "many"}]}]
    records = [record(details) for details in (*odd, *others, {"health": "ok", "filesystems": [measured]})]

    assert list(samples(records, "/")) == [sample(0, 400)]
