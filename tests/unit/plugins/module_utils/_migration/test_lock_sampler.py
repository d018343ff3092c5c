# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._migration.lock_sampler import BLOCKS, LockTimes

USERS = ("users", "AccessExclusiveLock")
SHARED = ("users", "ShareLock")


def looked(*looks: tuple[float, list[tuple[str, str]]]) -> LockTimes:
    times = LockTimes()
    for at, locks in looks:
        times.see(at, locks)
    return times


def test_a_lock_is_counted_between_two_looks_and_for_half_of_the_time_at_its_ends():
    times = looked((10.0, []), (10.2, [USERS]), (10.4, [USERS]), (10.8, []), (11.0, []))

    assert times.tables() == [
        {"table": "users", "readers": 0.5, "writers": 0.5, "modes": ["AccessExclusiveLock"]},
    ]


def test_a_lock_that_blocks_writers_only_is_no_lock_for_readers():
    times = looked((0.0, [SHARED]), (1.0, [SHARED, USERS]), (2.0, [SHARED]))

    assert times.tables() == [
        {"table": "users", "readers": 1.0, "writers": 2.0, "modes": ["AccessExclusiveLock", "ShareLock"]},
    ]


def test_the_table_that_was_locked_longest_is_the_first():
    tables = looked((0.0, [("b", "ExclusiveLock")]), (1.0, [("b", "ExclusiveLock"), ("a", "ShareLock")]), (1.5, []))

    assert [(each["table"], each["writers"]) for each in tables.tables()] == [("b", 1.25), ("a", 0.75)]


def test_two_locks_of_one_table_are_not_counted_twice():
    both = [("users", "ShareLock"), ("users", "ExclusiveLock")]

    assert looked((0.0, both), (1.0, both)).tables()[0]["writers"] == 1.0


@pytest.mark.parametrize("mode", ["AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"])
def test_modes_that_block_no_row_are_left_out(mode):
    assert mode not in BLOCKS
