# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Spans of time that options give: whatever number it is, it is a span or refused by its name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import retention
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._core import lease, timestamps
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._restore import backup_gate

from support.backups import NOON, put_backup


@pytest.mark.parametrize("unit", ["seconds", "hours", "days", "weeks"])
def test_the_longest_span_still_leads_to_a_moment(unit):
    most = timedelta(days=365000) // timedelta(**{unit: 1})

    assert datetime.now(UTC) - timestamps.span("x", most, unit) < datetime.now(UTC)
    with pytest.raises(InputError, match=rf"x is {most + 1}: give a number from 0 to {most} \({unit}\)"):
        timestamps.span("x", most + 1, unit)


@pytest.mark.parametrize("count", [-1, 99999999999999, float("inf"), float("nan")])
def test_what_is_no_span_is_refused_by_the_name_of_its_option(count, tmp_path):
    clock = lease.Clock(NOON, "boot", 1.0)
    gate = backup_gate.Gate("convosphere", None, (), count)
    put_backup(tmp_path)

    with pytest.raises(InputError, match="lease is"):
        lease.make("1", "me", "a run", count, clock)
    with pytest.raises(InputError, match="backup_max_age is"):
        gate.choose(Catalogue(tmp_path).read()[0], NOON)
    with pytest.raises(InputError, match="max_age is"):
        retention.parse_period("99999999999999d", "max_age")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90m", "2026-11-29T08:30:00Z"),
        ("7d", "2026-11-22T10:00:00Z"),
        ("2026-11-28", "2026-11-28T00:00:00Z"),
        ("2026-11-28T06:00Z", "2026-11-28T06:00:00Z"),
        ("2026-11-28 06:00:05", "2026-11-28T06:00:05Z"),
    ],
)
def test_a_period_begins_at_a_distance_or_at_a_time(text, expected):
    now = timestamps.parse_time("2026-11-29T10:00:00Z")

    assert timestamps.format_time(timestamps.since("since", text, now)) == expected


@pytest.mark.parametrize("text", ["", "1x", "h", "-1h", "1 h", "yesterday", "2026-13-01", "2026-11-28T06:00:00+01:00"])
def test_what_is_no_period_is_refused(text):
    with pytest.raises(InputError, match=r"since is '.*'\. Allowed: a period such as"):
        timestamps.since("since", text, timestamps.parse_time("2026-11-29T10:00:00Z"))
