# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
from datetime import timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import copies as backup_copies
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._backup.copy_to import BackupCopies
from ansible_collections.convosphere.platform.plugins.module_utils._backup.targets.directory import Folder
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import CopyError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import DELETE

from support.backups import NOON, VERIFIED, manifest_of, names_in, put_backup

DAY = timedelta(days=1)


@pytest.fixture
def here(tmp_path):
    """Return the directory of the backups."""
    return tmp_path / "backups"


@pytest.fixture
def share(tmp_path):
    """Create the directory of the copies."""
    (tmp_path / "share").mkdir()
    return tmp_path / "share"


@pytest.fixture
def run(here, share):
    """Build a function that plans a run for the given backup and keeps the last copy only."""

    def make(about=None, **more):
        params = {
            "backup_dir": str(here),
            "environment_name": "dev",
            "login_db": "convosphere",
            "state": "present",
            "pinned": None,
            "expected": None,
            "include": ["database"],
            "copy_to": [{"directory": str(share), "retention": True}],
            "retention": {"keep_last": 1},
            **more,
        }
        catalogue = Catalogue(here)
        copies = BackupCopies(params, NOON)
        backup = catalogue.find(about, NOON) if about else None
        plan = copies.plan(backup.manifest if backup else None, None, catalogue.read()[0])
        copies.apply(backup, catalogue)
        copies.complain(backup)
        return plan

    return make


def copied(share):
    """Return the manifests of the copies, by id."""
    return {manifest.id: manifest for manifest in backup_copies.manifests(Folder({"directory": share}))}


def test_the_copy_of_a_verified_backup_is_kept_and_gets_its_manifest(here, share, run):
    for day in (2, 1, 0):
        put_backup(share, NOON - day * DAY)
    proven = put_backup(here, NOON - 2 * DAY, verified=VERIFIED)

    plan = run()

    assert plan.names(DELETE) == [f"convosphere-20261122T120000Z in {share}"]
    assert copied(share)[proven.id].verified == VERIFIED
    assert backup_copies.find(Folder({"directory": share}), "latest_verified", "dev") == proven


def test_an_id_does_not_mean_the_label_of_another_copy(tmp_path):
    share = tmp_path / "share"
    meant = put_backup(share, NOON)
    put_backup(share, NOON + timedelta(hours=1), label=meant.id)
    put_backup(share, NOON + timedelta(hours=2), label="latest_verified")

    assert backup_copies.find(Folder({"directory": share}), meant.id, "dev") == meant
    with pytest.raises(InputError, match="There is no copy of a backup latest_verified"):
        backup_copies.find(Folder({"directory": share}), "latest_verified", "dev")


def test_a_failed_copy_reports_the_backup_that_is_complete(here, share, run):
    backup = put_backup(here, NOON)
    share.rmdir()
    share.write_text("no directory")

    with pytest.raises(CopyError) as caught:
        run(about=backup.id)

    assert caught.value.details == {"backup": backup.id, "deleted": [], "places": [str(share)]}


def test_check_mode_counts_on_the_copy_of_the_backup_that_would_be_created(share, run):
    for day in (1, 0):
        put_backup(share, NOON - day * DAY)

    plan = run(expected={"backup": None, "verified": "restore"})

    assert plan.names(DELETE) == [f"convosphere-{NOON - day * DAY:%Y%m%dT%H%M%SZ} in {share}" for day in (1, 0)]


def test_the_copy_of_a_backup_that_is_pinned_here_is_kept(here, share, run):
    for day in (1, 0):
        put_backup(share, NOON - day * DAY)
    put_backup(here, NOON - DAY, pinned=True)

    assert run().names(DELETE) == []
    assert [manifest.pinned for manifest in copied(share).values()] == [True, False]


def test_the_manifest_of_a_different_backup_with_the_same_id_does_not_apply_to_the_copy(here, share, run):
    for day in (1, 0):
        put_backup(share, NOON - day * DAY)
    other = put_backup(here, NOON - DAY, content=b"another", pinned=True)

    assert run().names(DELETE) == [f"{other.id} in {share}"]


def test_a_copy_is_not_marked_corrupt_because_its_backup_is(here, share, run):
    copy = put_backup(share, verified=VERIFIED)
    put_backup(here, damaged_at=NOON)

    assert not run().changed
    assert copied(share) == {copy.id: copy}


def test_a_corrupt_copy_is_not_marked_verified_because_its_backup_is(here, share, run):
    backup = put_backup(here, verified=VERIFIED)
    copy = put_backup(share, damaged_at=NOON)
    (share / copy.files[0].name).write_bytes(b"A dump")

    assert not run().changed
    assert copied(share) == {copy.id: copy}

    plan = run(about=backup.id)
    assert [change.before for change in plan] == [{"files": f"all but {copy.files[0].name}", "manifest": "corrupt"}]
    assert (share / copy.files[0].name).read_bytes() == b"a dump"
    assert copied(share) == {backup.id: backup}
    assert not run(about=backup.id).changed


def test_a_corrupt_copy_never_replaces_an_intact_one(here, share, run):
    sound = put_backup(share, NOON - DAY, verified=VERIFIED)
    put_backup(share, NOON, damaged_at=NOON)
    put_backup(here, NOON, verified=VERIFIED)

    assert run().names(DELETE) == []
    assert sound.id in copied(share)


def test_the_copy_of_the_run_s_backup_is_not_deleted_in_the_same_run(here, share, run):
    old, new = (put_backup(here, NOON - day * DAY) for day in (1, 0))
    put_backup(share, NOON)

    run(about=old.id)
    assert sorted(copied(share)) == [old.id, new.id]
    assert run(about=old.id).names(DELETE) == []
    assert run(about=new.id).names(DELETE) == [f"{old.id} in {share}"]


def test_a_corrupt_backup_is_replaced_by_its_copy(here, share):
    copy = put_backup(share, verified=VERIFIED)
    damaged = put_backup(here, damaged_at=NOON)
    (here / damaged.files[0].name).write_bytes(b"A dump")
    catalogue, place = Catalogue(here), Folder({"directory": share})

    backup_copies.fetch(backup_copies.lacking_here(copy, catalogue), place, catalogue)

    assert (here / copy.files[0].name).read_bytes() == b"a dump"
    assert catalogue.find(copy.id).manifest == copy
    assert not backup_copies.lacking_here(copy, catalogue).any
    assert names_in(here, "*") == sorted([copy.files[0].name, copy.file_name])


def test_a_different_backup_with_the_same_id_is_not_replaced(here):
    put_backup(here, damaged_at=NOON)

    with pytest.raises(InputError, match=r"has a different backup with this id, .* and the copy has"):
        backup_copies.lacking_here(manifest_of(content=b"another"), Catalogue(here))


def test_a_corrupt_copy_is_not_the_latest(share):
    sound = put_backup(share, NOON - DAY)
    put_backup(share, NOON, damaged_at=NOON)

    assert backup_copies.find(Folder({"directory": share}), "latest", "dev") == sound


def test_a_copy_that_is_being_written_is_not_removed_as_a_leftover(here, share):
    backup = put_backup(here)
    file = backup.files[0]
    (share / ".convosphere-other.part").touch()
    cleared = []

    def clear(_done):
        cleared.append(Catalogue(share).clear_unfinished())

    Folder({"directory": share}).put(here / file.name, file.size, file.sha256, clear)

    assert cleared == [[".convosphere-other.part"]]
    assert names_in(share) == [file.name]


def test_a_copy_restarts_if_its_unfinished_file_was_removed_while_it_was_opened(here, share, monkeypatch):
    file = put_backup(here).files[0]
    flock, cleared = fcntl.flock, []

    def clear_first(descriptor, how):
        if not cleared:
            cleared.extend(share.iterdir())
            cleared[0].unlink()
        return flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", clear_first)
    Folder({"directory": share}).put(here / file.name, file.size, file.sha256, lambda _done: None)

    assert names_in(share) == [file.name]


def test_environments_share_a_place_and_none_overwrites_a_backup_of_another(here, share, run):
    theirs = put_backup(share, NOON, content=b"another dump", environment="staging")
    older = put_backup(share, NOON - DAY)
    place = Folder({"directory": share})
    put_backup(here, NOON)

    with pytest.raises(CopyError, match="there is one of the environment staging with this id"):
        run("latest", retention={"keep_last": 9})

    assert (share / theirs.files[0].name).read_bytes() == b"another dump"
    assert backup_copies.find(place, "latest", "dev") == older
    assert backup_copies.find(place, "latest", "staging") == backup_copies.find(place, "latest", "qa") == theirs
