# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.names import NEW
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, DELETE, UPDATE

from support.backups import NOON, VERIFIED, manifest_of, names_in, put_backup

DAY = timedelta(days=1)


def nights(directory, count, **fields):
    """Create backups of the last nights and return their ids, oldest first."""
    return [put_backup(directory, NOON - day * DAY, **fields).id for day in reversed(range(count))]


def test_a_backup_that_is_pinned_now_is_not_deleted_by_the_same_run(directory, run):
    oldest, _middle, newest = nights(directory, 3)

    plan = run(backup=oldest, pinned=True, retention={"keep_last": 1})

    assert plan.names(UPDATE) == [oldest]
    assert plan.names(DELETE) == ["convosphere-20261122T120000Z"]
    assert names_in(directory, "*.manifest.json") == [f"{oldest}.manifest.json", f"{newest}.manifest.json"]


def test_a_backup_that_is_labelled_now_is_not_deleted_by_the_same_run(directory, run):
    oldest, newest = nights(directory, 2)

    plan = run(backup=oldest, label="before-2.0", retention={"keep_last": 1})

    assert (plan.names(UPDATE), plan.names(DELETE)) == ([oldest], [])
    assert names_in(directory, "*.manifest.json") == [f"{oldest}.manifest.json", f"{newest}.manifest.json"]


def test_a_backup_that_is_unpinned_is_deleted_by_the_next_run_at_the_earliest(directory, run):
    oldest, newest = nights(directory, 2, pinned=True)

    assert run(backup=oldest, pinned=False, retention={"keep_last": 1}).names(DELETE) == []
    assert run(state="absent", retention={"keep_last": 1}).names(DELETE) == [oldest]
    assert names_in(directory, "*.manifest.json") == [f"{newest}.manifest.json"]


@pytest.mark.parametrize("given", [{"label": "latest"}, {"label": "a\nb"}, {"backup": ""}, {"max_age": ""}])
def test_an_invalid_name_or_age_is_refused_before_anything_is_touched(directory, run, given):
    put_backup(directory, NOON)
    before = names_in(directory)

    with pytest.raises(InputError):
        run(**given)
    assert [name for name in names_in(directory) if name != ".lock"] == before


@pytest.mark.parametrize(("include", "reported"), [([], "empty"), (["vectors", "uploads"], "vectors, uploads")])
def test_there_is_no_backup_without_the_database(directory, run, include, reported):
    with pytest.raises(InputError, match=f"include is {reported}: there is no backup without the database"):
        run(include=include)
    assert names_in(directory) == []


def test_check_mode_counts_on_the_backup_that_earlier_tasks_would_have_created_and_verified(directory, work, run):
    # Of three kept backups, the last verified one is deleted too, since a newer one is verified by then.
    verified = put_backup(directory, NOON - 3 * DAY, verified=VERIFIED).id
    nights(directory, 3)
    policy = {"state": "absent", "retention": {"keep_last": 3}, "now": NOON + DAY}

    def foreseen(**expected):
        options = {"expected": {"backup": None, **expected} if expected else None}
        return work(check_mode=True, **policy, **options).plan().names(DELETE)

    oldest = f"convosphere-{NOON - 2 * DAY:%Y%m%dT%H%M%SZ}"
    assert foreseen() == []
    assert foreseen(verified="unverified") == [oldest]
    assert foreseen(verified="checksum") == [oldest]
    assert foreseen(verified="restore") == [verified, oldest]
    assert foreseen(verified="restore", backup=f"convosphere-{NOON:%Y%m%dT%H%M%SZ}") == [verified]

    put_backup(directory, NOON + DAY, verified=VERIFIED)
    assert run(**policy).names(DELETE) == [verified, oldest]


def test_the_backup_that_is_recent_enough_is_not_deleted_in_favour_of_another_label(directory, run):
    mine = put_backup(directory, NOON - 2 * DAY, label="mine").id
    put_backup(directory, NOON - DAY, label="other")

    plan = run(max_age="3d", label="mine", retention={"keep_last": 1})

    assert not plan.changed
    assert f"{mine}.manifest.json" in names_in(directory)


def test_retention_deletes_after_the_new_backup_is_complete(run, directory, database, monkeypatch):
    old = put_backup(directory, NOON - DAY)
    policy = {"retention": {"keep_last": 1}}
    monkeypatch.setattr(database, "fails", "No more room")
    with pytest.raises(ConvosphereError, match="No more room"):
        run(**policy)
    assert names_in(directory, "*.manifest.json") == [old.file_name]
    assert names_in(directory, ".convosphere-*") == []

    monkeypatch.setattr(database, "fails", "")
    plan = run(now=datetime.now(UTC), **policy)
    assert plan.names(DELETE) == [old.id]
    assert old.file_name not in names_in(directory)


def test_check_mode_plans_the_same_and_holds_no_lock(work, run, directory):
    old = put_backup(directory, NOON - DAY)
    check = work(check_mode=True, retention={"keep_last": 1})

    assert check.plan().names(CREATE) == [NEW]
    assert run(retention={"keep_last": 1}).names(DELETE) == [old.id]


def test_on_an_empty_host_nothing_is_deleted_or_created(run, directory):
    assert not run(state="absent", backup=manifest_of().id).changed
    assert not run(state="absent", retention={"keep_last": 1}).changed
    assert not (directory).exists()
