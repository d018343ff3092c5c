# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups that still have a person."""

from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import backups_of_person
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Scope
from ansible_collections.convosphere.platform.plugins.module_utils._backup.retention import Policy
from ansible_collections.convosphere.platform.plugins.module_utils._core import timestamps

from support.backups import NOON, put_backup


@pytest.mark.parametrize(
    ("options", "days"),
    [({"keep_last": 3}, 3), ({"keep_weekly": 5, "keep_daily": 7}, 35), ({"keep_monthly": 2, "keep_within": "70d"}, 70)],
)
def test_the_longest_rule_of_a_policy_counts(options, days):
    assert backups_of_person.longest_period(Policy.of(options)) == timedelta(days=days)


def test_backups_that_are_older_than_the_erasure_have_the_person(tmp_path):
    old = put_backup(tmp_path, NOON)
    put_backup(tmp_path, NOON + timedelta(days=2))
    scope, erased = Scope(old.environment, None), NOON + timedelta(days=1)

    assert backups_of_person.holding(tmp_path, scope, erased, {"keep_last": 3}) == {
        "ids": [old.id],
        "pinned": [],
        "until": timestamps.format_time(NOON + timedelta(days=3)),
    }
    assert backups_of_person.holding(tmp_path, scope, erased, None)["until"] == ""
    assert backups_of_person.holding(tmp_path / "none", scope, erased, None) == {"ids": [], "pinned": [], "until": ""}


def test_a_pinned_backup_has_no_end(tmp_path):
    pinned = put_backup(tmp_path, NOON, pinned=True)
    found = backups_of_person.holding(tmp_path, Scope(pinned.environment, None), NOON, {"keep_last": 3})

    assert found == {"ids": [pinned.id], "pinned": [pinned.id], "until": ""}
