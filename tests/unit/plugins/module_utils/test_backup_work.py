# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup_work import BackupWork
from ansible_collections.convosphere.platform.plugins.module_utils._plan import DELETE, UPDATE

from support.backups import NOON, names_in, put_backup

DAY = timedelta(days=1)
PARAMS = {
    "environment_name": "dev",
    "login_db": "convosphere",
    "state": "present",
    "backup": None,
    "label": None,
    "pinned": None,
    "max_age": None,
    "include": ["database"],
    "recipients": None,
    "retention": None,
    "force": False,
}


@pytest.fixture
def plan_of(tmp_path):
    """The run of one module with these options, its plan made and the lock let go of."""

    def make(now=NOON, **options):
        work = BackupWork({**PARAMS, "backup_dir": str(tmp_path), **options}, "1.0.0", check_mode=False, now=now)
        plan = work.plan()
        work.apply(plan)
        work.close()
        return plan

    return make


def nights(directory, count, **fields):
    """The ids of backups of the last nights, oldest first."""
    return [put_backup(directory, NOON - day * DAY, **fields).id for day in reversed(range(count))]


def test_a_backup_that_is_pinned_now_is_not_deleted_by_the_same_run(tmp_path, plan_of):
    oldest, _middle, newest = nights(tmp_path, 3)

    plan = plan_of(backup=oldest, pinned=True, retention={"keep_last": 1})

    assert plan.names(UPDATE) == [oldest]
    assert plan.names(DELETE) == ["convosphere-20261122T120000Z"]
    assert names_in(tmp_path, "*.manifest.json") == [f"{oldest}.manifest.json", f"{newest}.manifest.json"]


def test_a_backup_that_is_labelled_now_is_not_deleted_by_the_same_run(tmp_path, plan_of):
    oldest, newest = nights(tmp_path, 2)

    plan = plan_of(backup=oldest, label="before-2.0", retention={"keep_last": 1})

    assert (plan.names(UPDATE), plan.names(DELETE)) == ([oldest], [])
    assert names_in(tmp_path, "*.manifest.json") == [f"{oldest}.manifest.json", f"{newest}.manifest.json"]


def test_a_backup_that_is_let_go_of_may_be_deleted_by_the_next_run_only(tmp_path, plan_of):
    oldest, newest = nights(tmp_path, 2, pinned=True)

    assert plan_of(backup=oldest, pinned=False, retention={"keep_last": 1}).names(DELETE) == []
    assert plan_of(state="absent", retention={"keep_last": 1}).names(DELETE) == [oldest]
    assert names_in(tmp_path, "*.manifest.json") == [f"{newest}.manifest.json"]


def test_a_backup_that_is_damaged_is_not_young_enough(tmp_path, plan_of):
    sound = put_backup(tmp_path, NOON - 2 * DAY).id
    put_backup(tmp_path, NOON - DAY, damaged_at=NOON)

    assert not plan_of(max_age="3d").changed
    assert plan_of(max_age="3d", pinned=True).names(UPDATE) == [sound]


def test_the_backup_that_is_young_enough_is_not_deleted_for_another_label(tmp_path, plan_of):
    mine = put_backup(tmp_path, NOON - 2 * DAY, label="mine").id
    put_backup(tmp_path, NOON - DAY, label="other")

    plan = plan_of(max_age="3d", label="mine", retention={"keep_last": 1})

    assert not plan.changed
    assert f"{mine}.manifest.json" in names_in(tmp_path)
