# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import DELETE, UPDATE

from support.backups import NOON, VERIFIED, names_in, put_backup

DAY = timedelta(days=1)


def test_an_id_never_means_the_label_of_another_backup(directory, run):
    gone, file = "convosphere-20260101T000000Z", "convosphere-20260101T000000Z.dump.zst"
    put_backup(directory, NOON - 3 * DAY, label=gone)
    put_backup(directory, NOON - 2 * DAY, label=file)
    put_backup(directory, NOON - DAY)
    before = names_in(directory)

    assert not run(state="absent", backup=gone, force=True).changed
    assert not run(state="absent", backup=file, force=True).changed
    with pytest.raises(InputError, match=f"There is no backup {gone} in"):
        run(backup=gone, pinned=True)
    assert [name for name in names_in(directory) if name != ".lock"] == before


def test_a_label_stands_for_all_that_have_it_when_they_are_deleted(run, directory):
    doomed = [put_backup(directory, NOON - day * DAY, label="trial") for day in range(3)]
    kept = put_backup(directory, NOON - 5 * DAY)

    assert sorted(run(state="absent", backup="trial").names(DELETE)) == sorted(item.id for item in doomed)
    assert names_in(directory, "*.manifest.json") == [kept.file_name]
    assert not run(state="absent", backup="trial").changed


def test_backups_of_another_environment_or_database_are_changed_by_id_and_with_force_only(work, run, directory):
    own = put_backup(directory, NOON - 9 * DAY, label="before-2.0")
    prod = put_backup(directory, NOON - 8 * DAY, label="before-2.0", environment="prod", pinned=True)
    other = put_backup(directory, NOON - 7 * DAY, label="before-2.0", database_name="analytics", pinned=True)
    for day in range(2):
        put_backup(directory, NOON - day * DAY)

    assert run(backup="before-2.0", pinned=True).names(UPDATE) == [own.id]
    assert run(backup="before-2.0", pinned=False).names(UPDATE) == [own.id]
    assert run(state="absent", backup="before-2.0").names(DELETE) == [own.id]
    assert not run(state="absent", backup="before-2.0").changed
    with pytest.raises(InputError, match=r"There is no backup before-2\.0"):
        work(backup="before-2.0", pinned=False).plan()
    for options in ({"state": "absent"}, {"pinned": False}):
        with pytest.raises(InputError, match=f"{prod.id} is of environment prod, not of dev"):
            work(backup=prod.id, **options).plan()
        with pytest.raises(InputError, match=f"{other.id} is of database analytics, not of convosphere"):
            work(backup=other.id, **options).plan()
    assert run(backup=prod.id, pinned=False, force=True).names(UPDATE) == [prod.id]
    assert run(state="absent", backup=other.id, force=True).names(DELETE) == [other.id]


def test_pinned_and_last_verified_backups_are_not_deleted_without_force(work, run, directory):
    verified = put_backup(directory, NOON - 2 * DAY, verified=VERIFIED)
    checked = put_backup(directory, NOON - DAY, verified={**VERIFIED, "level": "checksum"}, pinned=True)
    put_backup(directory, NOON)

    with pytest.raises(InputError, match="not deleted: it is the last restored one"):
        work(state="absent", backup=verified.id).plan()
    with pytest.raises(InputError, match="it is pinned and it is the last verified one"):
        work(state="absent", backup=checked.id).plan()
    assert run(state="absent", backup=verified.id, force=True).names(DELETE) == [verified.id]


def test_a_name_does_not_mean_a_backup_that_only_resembles_it(run, directory):
    first = put_backup(directory, NOON - DAY)
    second = put_backup(directory, NOON - DAY, id=f"{first.id}-2", files=(second_file(first),))
    labelled = put_backup(directory, NOON - 2 * DAY, label="convosphere")
    put_backup(directory, NOON)

    for name, doomed in ((first.id, first), ("convosphere", labelled), (second.files[0].name, second)):
        assert run(state="absent", backup=name).names(DELETE) == [doomed.id]
        assert not run(state="absent", backup=name).changed


def second_file(manifest):
    """Return the file of a backup that was created in the same second."""
    file = manifest.files[0]
    return replace(file, name=file.name.replace(".dump", "-2.dump"))


def test_a_backup_with_an_incomplete_file_does_not_count_as_absent(work, directory):
    broken = put_backup(directory, NOON)
    (directory / broken.files[0].name).write_bytes(b"half")

    with pytest.raises(InputError, match="has 4 bytes instead of 6"):
        work(state="absent", backup=broken.id).plan()
