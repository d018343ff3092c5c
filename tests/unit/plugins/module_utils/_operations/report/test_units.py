# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import units


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (4.25, "4.2 s"),
        (59, "59 s"),
        (60, "1 min"),
        (118.4, "1 min 58 s"),
        (3600, "1 h"),
        (15120, "4 h 12 min"),
        (2 * units.DAY, "2 days"),
        (-90, "-1 min 30 s"),
    ],
)
def test_durations(seconds, shown):
    assert units.duration(seconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_600, "1.0 MB"), (7.3e9, "7.3 GB"), (4.2e15, "4200 TB")],
)
def test_sizes(number, shown):
    assert units.size(number) == shown


def test_days_and_counts():
    assert [units.days(1), units.days(2), units.count(1204331)] == ["1 day", "2 days", "1\u202f204\u202f331"]
