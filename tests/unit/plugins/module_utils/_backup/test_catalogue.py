# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import catalogue as backup_catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue, Scope
from ansible_collections.convosphere.platform.plugins.module_utils._core import files
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError

from support.backups import NOON, VERIFIED, manifest_of, put_backup

DAY = timedelta(days=1)


def ids(backups):
    return [backup.manifest.id for backup in backups]


def names_in(directory):
    return sorted(path.name for path in directory.iterdir())


def test_a_missing_directory_has_no_backups(tmp_path):
    assert Catalogue(tmp_path / "none").read() == ([], [])


def test_backups_are_listed_oldest_first_and_all_else_as_foreign(tmp_path):
    newer = put_backup(tmp_path, NOON)
    older = put_backup(tmp_path, NOON - DAY)
    lost = put_backup(tmp_path, NOON - 2 * DAY)
    short = put_backup(tmp_path, NOON - 3 * DAY)
    (tmp_path / lost.files[0].name).unlink()
    (tmp_path / short.files[0].name).write_bytes(b"")
    for name in ("notes.txt", "x.dump.zst", ".convosphere-x", ".lock", ".progress.json"):
        (tmp_path / name).touch()
    (tmp_path / "x.manifest.json").write_text("{}")

    backups, foreign = Catalogue(tmp_path).read()

    assert ids(backups) == [older.id, newer.id]
    assert {item.path.name: item.reason.rpartition(": ")[2] for item in foreign} == {
        ".convosphere-x": "unfinished file of a run that is in progress or was interrupted",
        short.file_name: f"{short.files[0].name} has 0 bytes instead of 6",
        short.files[0].name: "it has no manifest",
        lost.file_name: f"its file {lost.files[0].name} is missing",
        "notes.txt": "it is not a file of a backup",
        "x.dump.zst": "it has no manifest",
        "x.manifest.json": "it has no manifest_version",
    }


def test_a_backup_is_found_by_every_name_it_has(tmp_path):
    link = tmp_path / "link"
    directory = tmp_path / "backups"
    link.symlink_to(directory)
    put_backup(directory, NOON - 2 * DAY, label="weekly", verified=VERIFIED)
    wanted = put_backup(directory, NOON - DAY, label="weekly", verified=VERIFIED)
    newest = put_backup(directory, NOON)
    catalogue = Catalogue(directory)

    file = wanted.files[0].name
    for name in (wanted.id, "weekly", file, str(directory / file), str(link / file), wanted.file_name):
        assert catalogue.find(name).manifest.id == wanted.id
    assert catalogue.find("latest_verified").manifest.id == wanted.id
    assert catalogue.find("latest").manifest.id == newest.id
    assert catalogue.find("latest").path() == directory / newest.files[0].name


def test_an_unknown_name_lists_the_existing_backups(tmp_path):
    manifest = put_backup(tmp_path, label="weekly")
    with pytest.raises(InputError, match=rf"no backup monthly in .*\. There are: {manifest.id} \(weekly\)\."):
        Catalogue(tmp_path).find("monthly")
    with pytest.raises(InputError, match="There is no backup latest_verified"):
        Catalogue(tmp_path).find("latest_verified")
    with pytest.raises(InputError, match="There is no backup /elsewhere/"):
        Catalogue(tmp_path).find(f"/elsewhere/{manifest.files[0].name}")
    with pytest.raises(InputError, match="There is no backup"):
        Catalogue(tmp_path).find(f"{tmp_path}\0/{manifest.files[0].name}")


def test_a_label_and_the_latest_are_those_of_one_environment_and_database(tmp_path):
    own = put_backup(tmp_path, NOON - DAY, label="nightly", verified=VERIFIED)
    other = put_backup(tmp_path, NOON, label="nightly", verified=VERIFIED, database_name="analytics")
    foreign = put_backup(tmp_path, NOON + timedelta(minutes=1), label="first", environment="prod")
    catalogue, scope = Catalogue(tmp_path), Scope("dev", "convosphere")

    for name in ("nightly", "latest", "latest_verified"):
        assert catalogue.find(name, scope=scope).manifest == own
        assert catalogue.find(name, scope=Scope("dev", "analytics")).manifest == other
    for manifest in (other, foreign):
        assert catalogue.find(manifest.id, scope=scope).manifest == manifest
        assert catalogue.find(manifest.files[0].name, scope=scope).manifest == manifest
    assert scope.objections(foreign) == [f"The backup {foreign.id} is of environment prod, not of dev"]
    assert scope.objections(other) == [f"The backup {other.id} is of database analytics, not of convosphere"]
    told = (
        f"There are of database convosphere of environment dev: {own.id} (nightly). Others, which need "
        f"their id: {other.id} (nightly, analytics of dev), {foreign.id} (first, convosphere of prod)."
    )
    with pytest.raises(InputError) as caught:
        catalogue.find("first", scope=scope)
    assert caught.value.hint == told


def test_an_incomplete_backup_is_refused_with_the_reason(tmp_path):
    manifest = put_backup(tmp_path)
    (tmp_path / manifest.files[0].name).write_bytes(b"longer than it was")

    with pytest.raises(InputError, match="has 18 bytes instead of 6"):
        Catalogue(tmp_path).find(manifest.id)


def test_a_backup_of_the_future_is_not_the_latest(tmp_path):
    put_backup(tmp_path, NOON + 365 * DAY)
    right = put_backup(tmp_path, NOON)

    assert Catalogue(tmp_path).find("latest", NOON).manifest.id == right.id
    assert Catalogue(tmp_path).find("latest", NOON + 366 * DAY).manifest.id != right.id


def test_a_corrupt_backup_is_not_the_latest_while_there_is_an_intact_one(tmp_path):
    sound = put_backup(tmp_path, NOON - DAY, label="nightly")
    damaged = put_backup(tmp_path, NOON, label="nightly", damaged_at=NOON)
    catalogue = Catalogue(tmp_path)

    assert catalogue.find("latest").manifest == catalogue.find("nightly").manifest == sound
    assert catalogue.find(damaged.id).manifest == damaged
    catalogue.remove(catalogue.find(sound.id))
    assert catalogue.find("latest").manifest == damaged


def test_a_manifest_is_rewritten_for_its_owner_alone(tmp_path):
    manifest = put_backup(tmp_path)
    catalogue = Catalogue(tmp_path)
    catalogue.save(replace(manifest, verified=VERIFIED))

    assert catalogue.find("latest_verified").manifest.verified == VERIFIED
    assert files.mode_of(tmp_path / manifest.file_name) == "0600"


def test_a_backup_that_is_created_and_removed_leaves_nothing_else(tmp_path):
    manifest = manifest_of()
    written = tmp_path / ".convosphere-1"
    written.write_bytes(b"a dump")
    catalogue = Catalogue(tmp_path)

    backup = catalogue.commit(manifest, {manifest.files[0].name: written})
    assert names_in(tmp_path) == sorted(path.name for path in backup.paths())
    assert ids(catalogue.read()[0]) == [manifest.id]

    catalogue.remove(backup)
    assert names_in(tmp_path) == []


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("survived", range(7))
def test_an_interrupted_run_leaves_a_complete_backup_or_none(tmp_path, monkeypatch, survived):
    kept = put_backup(tmp_path, NOON - DAY)
    written = tmp_path / ".convosphere-1"
    written.write_bytes(b"a dump")
    catalogue = Catalogue(tmp_path)
    manifest = manifest_of()
    steps = []

    def counted(function):
        def step(*arguments, **keywords):
            if len(steps) == survived:
                raise Killed
            steps.append(function)
            return function(*arguments, **keywords)

        return step

    for owner, name in ((type(tmp_path), "replace"), (files, "sync_directory"), (files, "remove")):
        monkeypatch.setattr(owner, name, counted(getattr(owner, name)))
    try:
        catalogue.remove(catalogue.commit(manifest, {manifest.files[0].name: written}))
    except Killed:
        monkeypatch.undo()
    else:
        raise AssertionError("there are fewer steps than that")
    backups, _foreign = catalogue.read()
    catalogue.clear_unfinished()

    assert ids(backups) in ([kept.id], [kept.id, manifest.id])
    assert names_in(tmp_path) == sorted(path.name for backup in backups for path in backup.paths())


@pytest.mark.parametrize("name", ["latest", "latest_verified", "nightly"])
def test_if_all_backups_are_incomplete_the_reason_is_reported(tmp_path, name):
    put_backup(tmp_path, NOON - DAY, label="nightly")
    (tmp_path / manifest_of(NOON - DAY).files[0].name).unlink()
    (tmp_path / manifest_of().file_name).write_text("{")

    with pytest.raises(InputError) as caught:
        Catalogue(tmp_path).find(name)

    assert f"There is no backup {name} in {tmp_path}. There are: none. Incomplete or invalid: " in str(caught.value)
    assert f"{manifest_of().file_name} is not a manifest" in str(caught.value)
    assert f"its file {manifest_of(NOON - DAY).files[0].name} is missing" in str(caught.value)


def test_the_progress_of_an_interrupted_run_is_removed(tmp_path):
    kept = put_backup(tmp_path)
    (tmp_path / backup_catalogue.PROGRESS).write_text('{"step": "load"}')

    assert Catalogue(tmp_path).clear_unfinished() == [backup_catalogue.PROGRESS]
    assert names_in(tmp_path) == sorted([kept.file_name, kept.files[0].name])


def test_a_dump_without_manifest_is_never_removed(tmp_path):
    (tmp_path / "convosphere-20261123T120000Z.dump.zst").touch()
    (tmp_path / ".convosphere-x").touch()

    assert Catalogue(tmp_path).clear_unfinished() == [".convosphere-x"]
    assert names_in(tmp_path) == ["convosphere-20261123T120000Z.dump.zst"]


def test_two_runs_exclude_each_other(tmp_path):
    catalogue = Catalogue(tmp_path)
    with (
        catalogue.lock(),
        pytest.raises(ConvosphereError, match="Another run is changing the backups"),
        catalogue.lock(),
    ):
        pass
    with catalogue.lock():
        pass


def test_age_and_future(tmp_path):
    backup = backup_catalogue.Backup(manifest_of(), tmp_path)

    assert backup.age(NOON + DAY) == DAY
    assert not backup.is_from_future(NOON - timedelta(minutes=5))
    assert backup.is_from_future(NOON - timedelta(minutes=6))
