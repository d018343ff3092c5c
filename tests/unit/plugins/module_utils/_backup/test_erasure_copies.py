# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in places of copies, and the backups that still have a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import erasure_copies
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Scope
from ansible_collections.convosphere.platform.plugins.module_utils._backup.retention import Policy
from ansible_collections.convosphere.platform.plugins.module_utils._core import timestamps
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import Entry

from support.backups import NOON, put_backup

ADA = "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"
DONE = Entry(ADA, "hash", "2026-11-30T10:00:00.000000Z", "2026-11-30T10:00:05.000000Z", "delete", "delete", "", "r")


@pytest.mark.parametrize(
    ("options", "days"),
    [({"keep_last": 3}, 3), ({"keep_weekly": 5, "keep_daily": 7}, 35), ({"keep_monthly": 2, "keep_within": "70d"}, 70)],
)
def test_the_longest_rule_of_a_policy_counts(options, days):
    assert erasure_copies.longest_period(Policy.of(options)) == timedelta(days=days)


def test_backups_that_are_older_than_the_erasure_have_the_person(tmp_path):
    old = put_backup(tmp_path, NOON)
    put_backup(tmp_path, NOON + timedelta(days=2))
    scope, erased = Scope(old.environment, None), NOON + timedelta(days=1)

    assert erasure_copies.holding(tmp_path, scope, erased, {"keep_last": 3}) == {
        "ids": [old.id],
        "pinned": [],
        "until": timestamps.format_time(NOON + timedelta(days=3)),
    }
    assert erasure_copies.holding(tmp_path, scope, erased, None)["until"] == ""
    assert erasure_copies.holding(tmp_path / "none", scope, erased, None) == {"ids": [], "pinned": [], "until": ""}


def test_a_pinned_backup_has_no_end(tmp_path):
    pinned = put_backup(tmp_path, NOON, pinned=True)
    found = erasure_copies.holding(tmp_path, Scope(pinned.environment, None), NOON, {"keep_last": 3})

    assert found == {"ids": [pinned.id], "pinned": [pinned.id], "until": ""}


def test_a_place_gets_what_it_lacks(tmp_path):
    place = erasure_copies.places_of([{"directory": str(tmp_path)}])[0]
    assert erasure_copies.read(place) == []

    erasure_copies.write(place, [DONE])
    erasure_copies.write(place, [])

    assert erasure_copies.read(place) == [DONE]
