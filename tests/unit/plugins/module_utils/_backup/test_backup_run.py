# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import backup_run
from ansible_collections.convosphere.platform.plugins.module_utils._backup.backup_run import NEW, BackupWork
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, DELETE, UPDATE

from support.backups import NOON, VERIFIED, manifest_of, names_in, put_backup

DAY = timedelta(days=1)
PARAMS = {
    "environment_name": "dev",
    "login_db": "convosphere",
    "state": "present",
    "backup": None,
    "label": None,
    "pinned": None,
    "expected": None,
    "max_age": None,
    "include": ["database"],
    "recipients": None,
    "retention": None,
    "reuse_unverified": False,
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


def test_an_id_never_means_the_label_of_another_backup(tmp_path, plan_of):
    gone, file = "convosphere-20260101T000000Z", "convosphere-20260101T000000Z.dump.zst"
    put_backup(tmp_path, NOON - 3 * DAY, label=gone)
    put_backup(tmp_path, NOON - 2 * DAY, label=file)
    put_backup(tmp_path, NOON - DAY)
    before = names_in(tmp_path)

    assert not plan_of(state="absent", backup=gone, force=True).changed
    assert not plan_of(state="absent", backup=file, force=True).changed
    with pytest.raises(InputError, match=f"There is no backup {gone} in"):
        plan_of(backup=gone, pinned=True)
    assert [name for name in names_in(tmp_path) if name != ".lock"] == before


@pytest.mark.parametrize("given", [{"label": "latest"}, {"label": "a\nb"}, {"backup": ""}, {"max_age": ""}])
def test_a_name_or_an_age_that_is_none_is_refused_before_anything_is_touched(tmp_path, plan_of, given):
    put_backup(tmp_path, NOON)
    before = names_in(tmp_path)

    with pytest.raises(InputError):
        plan_of(**given)
    assert [name for name in names_in(tmp_path) if name != ".lock"] == before


@pytest.mark.parametrize(("include", "told"), [([], "empty"), (["vectors", "uploads"], "vectors, uploads")])
def test_there_is_no_backup_without_the_database(tmp_path, plan_of, include, told):
    with pytest.raises(InputError, match=f"include is {told}: there is no backup without the database"):
        plan_of(include=include)
    assert names_in(tmp_path) == []


def test_check_mode_deletes_what_the_night_will_once_its_backup_is_made_and_proven(tmp_path, plan_of):
    """Of three that are kept the last proven one goes too, since a newer one is proven by then."""
    proven = put_backup(tmp_path, NOON - 3 * DAY, verified=VERIFIED).id
    nights(tmp_path, 3)
    params = {**PARAMS, "state": "absent", "retention": {"keep_last": 3}, "backup_dir": str(tmp_path)}

    def foreseen(**expected):
        told = {"expected": {"backup": None, **expected} if expected else None}
        return BackupWork({**params, **told}, "1.0.0", check_mode=True, now=NOON + DAY).plan().names(DELETE)

    oldest = f"convosphere-{NOON - 2 * DAY:%Y%m%dT%H%M%SZ}"
    assert foreseen() == []
    assert foreseen(verified="unverified") == [oldest]
    assert foreseen(verified="checksum") == [oldest]
    assert foreseen(verified="restore") == [proven, oldest]
    assert foreseen(verified="restore", backup=f"convosphere-{NOON:%Y%m%dT%H%M%SZ}") == [proven]

    put_backup(tmp_path, NOON + DAY, verified=VERIFIED)
    assert plan_of(now=NOON + DAY, **{**params, "backup": None}).names(DELETE) == [proven, oldest]


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


class FakePart:
    """A part that holds a few bytes and needs no server."""

    kind = "database"
    needs_freeze = is_read_frozen = False
    needed = 10
    fails = ""

    def __init__(self, *_settings):
        self.closed = False

    def check(self):
        pass

    def expected_bytes(self, _last):
        return self.needed

    def cut(self):
        pass

    def write(self, seal, name):
        file = seal.write(self.kind, f"{name}.dump", step="dump it", source=[b"rows"])
        if self.fails:
            raise ConvosphereError(self.fails)
        return file

    def close(self):
        self.closed = True


@pytest.fixture
def work(tmp_path, monkeypatch):
    """One run that has no server: its database is a fake."""
    monkeypatch.setattr(backup_run, "COMPONENTS", {"database": FakePart})

    def build(*, check_mode=False, now=NOON, **changes):
        extra = {"compression_level": 1, "dump_timeout": None, "freeze": True}
        params = {**PARAMS, **extra, "backup_dir": str(tmp_path / "backups"), **changes}
        return BackupWork(params, "1.0.0", check_mode, now)

    return build


def run(work):
    """Plan and apply; what was planned, and the directory."""
    try:
        plan = work.plan()
        work.apply(plan)
        return plan
    finally:
        work.close()


def test_backups_of_the_same_second_have_ids_of_their_own(work, monkeypatch):
    moment = SimpleNamespace(now=lambda _zone: NOON)
    monkeypatch.setattr(backup_run, "datetime", moment)
    made = []
    for _each in range(3):
        one = work()
        run(one)
        made.append(one.backup.manifest.id)

    assert made == [f"convosphere-20261123T120000Z{suffix}" for suffix in ("", "-2", "-3")]
    backups, foreign = one.catalogue.read()
    assert [backup.manifest.id for backup in backups] == made
    assert foreign == []


def test_what_is_deleted_is_deleted_when_the_new_one_is_there(work, tmp_path, monkeypatch):
    directory = tmp_path / "backups"
    old = put_backup(directory, NOON - DAY)
    policy = {"retention": {"keep_last": 1}}
    monkeypatch.setattr(FakePart, "fails", "No more room")
    with pytest.raises(ConvosphereError, match="No more room"):
        run(work(**policy))
    assert names_in(directory, "*.manifest.json") == [old.file_name]
    assert names_in(directory, ".convosphere-*") == []

    monkeypatch.setattr(FakePart, "fails", "")
    plan = run(work(now=datetime.now(UTC), **policy))
    assert plan.names(DELETE) == [old.id]
    assert old.file_name not in names_in(directory)


def test_check_mode_plans_the_same_and_holds_no_lock(work, tmp_path):
    old = put_backup(tmp_path / "backups", NOON - DAY)
    check = work(check_mode=True, retention={"keep_last": 1})

    assert check.plan().names(CREATE) == [NEW]
    assert run(work(retention={"keep_last": 1})).names(DELETE) == [old.id]


def test_a_disk_without_room_says_how_much_is_needed(work, tmp_path, monkeypatch):
    (tmp_path / "backups").mkdir()
    monkeypatch.setattr(FakePart, "needed", 10**18)
    with pytest.raises(ConvosphereError, match=r"it may need 1000000000000000000 bytes, and [0-9]+ are free") as caught:
        run(work())

    assert caught.value.details["bytes_needed"] == 10**18


def test_a_label_stands_for_all_that_have_it_when_they_are_deleted(work, tmp_path):
    directory = tmp_path / "backups"
    doomed = [put_backup(directory, NOON - day * DAY, label="trial") for day in range(3)]
    kept = put_backup(directory, NOON - 5 * DAY)

    assert sorted(run(work(state="absent", backup="trial")).names(DELETE)) == sorted(item.id for item in doomed)
    assert names_in(directory, "*.manifest.json") == [kept.file_name]
    assert not run(work(state="absent", backup="trial")).changed


def test_backups_of_others_are_neither_deleted_nor_changed_by_their_label_nor_without_force(work, tmp_path):
    directory = tmp_path / "backups"
    own = put_backup(directory, NOON - 9 * DAY, label="before-2.0")
    prod = put_backup(directory, NOON - 8 * DAY, label="before-2.0", environment="prod", pinned=True)
    other = put_backup(directory, NOON - 7 * DAY, label="before-2.0", database_name="analytics", pinned=True)
    for day in range(2):
        put_backup(directory, NOON - day * DAY)

    assert run(work(backup="before-2.0", pinned=True)).names(UPDATE) == [own.id]
    assert run(work(backup="before-2.0", pinned=False)).names(UPDATE) == [own.id]
    assert run(work(state="absent", backup="before-2.0")).names(DELETE) == [own.id]
    assert not run(work(state="absent", backup="before-2.0")).changed
    with pytest.raises(InputError, match=r"There is no backup before-2\.0"):
        work(backup="before-2.0", pinned=False).plan()
    for options in ({"state": "absent"}, {"pinned": False}):
        with pytest.raises(InputError, match=f"{prod.id} is of environment prod, not of dev"):
            work(backup=prod.id, **options).plan()
        with pytest.raises(InputError, match=f"{other.id} is of database analytics, not of convosphere"):
            work(backup=other.id, **options).plan()
    assert run(work(backup=prod.id, pinned=False, force=True)).names(UPDATE) == [prod.id]
    assert run(work(state="absent", backup=other.id, force=True)).names(DELETE) == [other.id]


def test_nothing_that_somebody_relies_on_is_deleted_without_force(work, tmp_path):
    directory = tmp_path / "backups"
    proven = put_backup(directory, NOON - 2 * DAY, verified=VERIFIED)
    checked = put_backup(directory, NOON - DAY, verified={**VERIFIED, "level": "checksum"}, pinned=True)
    put_backup(directory, NOON)

    with pytest.raises(InputError, match="not deleted: it is the last restored one"):
        work(state="absent", backup=proven.id).plan()
    with pytest.raises(InputError, match="it is pinned and it is the last verified one"):
        work(state="absent", backup=checked.id).plan()
    assert run(work(state="absent", backup=proven.id, force=True)).names(DELETE) == [proven.id]


def test_what_only_begins_or_is_called_like_another_one_is_not_taken_for_it(work, tmp_path):
    directory = tmp_path / "backups"
    first = put_backup(directory, NOON - DAY)
    second = put_backup(directory, NOON - DAY, id=f"{first.id}-2", files=(second_file(first),))
    labelled = put_backup(directory, NOON - 2 * DAY, label="convosphere")
    put_backup(directory, NOON)

    for name, doomed in ((first.id, first), ("convosphere", labelled), (second.files[0].name, second)):
        assert run(work(state="absent", backup=name)).names(DELETE) == [doomed.id]
        assert not run(work(state="absent", backup=name)).changed


def second_file(manifest):
    """The file of a backup that was made in the same second."""
    file = manifest.files[0]
    return replace(file, name=file.name.replace(".dump", "-2.dump"))


def test_what_is_broken_is_not_taken_for_gone(work, tmp_path):
    broken = put_backup(tmp_path / "backups", NOON)
    (tmp_path / "backups" / broken.files[0].name).write_bytes(b"half")

    with pytest.raises(InputError, match="has 4 bytes and not 6"):
        work(state="absent", backup=broken.id).plan()


def test_on_an_empty_host_nothing_is_deleted_and_nothing_made(work, tmp_path):
    assert not run(work(state="absent", backup=manifest_of().id)).changed
    assert not run(work(state="absent", retention={"keep_last": 1})).changed
    assert not (tmp_path / "backups").exists()
