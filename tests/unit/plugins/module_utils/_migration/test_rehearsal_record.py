# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._core import files
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._migration.rehearsal_record import (
    RehearsalRecord,
    Subject,
    newest_verified,
)

from support.backups import NOON, VERIFIED, put_backup

SUBJECT = Subject("backend:2", "sha256:2", "b1", ("old",), ("new",))
RESULT = {"seconds": 1.5}
AT = "2026-11-30T22:00:00Z"


@pytest.fixture
def record(tmp_path):
    RehearsalRecord.read(tmp_path).write(SUBJECT, AT, result=RESULT)
    return RehearsalRecord.read(tmp_path)


def test_the_same_rehearsal_is_found_also_under_another_name_of_the_image(record):
    assert record.result_of(SUBJECT) == RESULT
    assert record.result_of(replace(SUBJECT, image="backend:latest")) == RESULT


@pytest.mark.parametrize(
    "other",
    [
        {"image_id": "sha256:3"},
        {"image_id": None},
        {"backup": "b2"},
        {"before": ("older",)},
        {"missing": ("new", "newer")},
        {"accept": ("new",)},
        {"assume": ("new",)},
    ],
)
def test_another_rehearsal_is_not_taken_for_it(record, other):
    assert record.result_of(replace(SUBJECT, **other)) is None


def test_a_failed_rehearsal_is_repeated(tmp_path):
    RehearsalRecord.read(tmp_path).write(SUBJECT, AT, failure={"revision": "new"})

    record = RehearsalRecord.read(tmp_path)

    assert record.result_of(SUBJECT) is None
    assert record.plan(SUBJECT).diff()["before"] == {"rehearsal": {**SUBJECT.shown(), "at": AT}}


def test_nobody_else_can_read_the_file_and_the_catalogue_knows_it(record):
    assert files.mode_of(record.path) == "0600"
    assert Catalogue(record.path.parent).read() == ([], [])


@pytest.mark.parametrize("content", ["", "{", "[]", '{"version": 2}'])
def test_a_file_that_is_not_ours_counts_as_none(tmp_path, content):
    (tmp_path / files.REHEARSAL).write_text(content)

    assert RehearsalRecord.read(tmp_path).content == {}


def test_the_newest_backup_that_was_verified_by_a_restore_is_taken(tmp_path):
    hours = [NOON + timedelta(hours=number) for number in range(4)]
    late = {**VERIFIED, "at": "2126-01-01T00:00:00Z"}
    for at, verified in zip(hours, [VERIFIED, VERIFIED, {**VERIFIED, "level": "checksum"}, None], strict=True):
        put_backup(tmp_path, at, verified=verified and {**late, "level": verified["level"]})
    put_backup(tmp_path, hours[3] + timedelta(hours=1), environment="prod", verified=late)
    backups = Catalogue(tmp_path).read()[0]
    # The files are written now, and a verification must be later than that.
    now = NOON.replace(year=2126, month=2)

    assert newest_verified(backups, "dev", "convosphere", now).manifest.created_at == hours[1]


@pytest.mark.parametrize(
    ("count", "state", "next_action"),
    [
        (0, "It has no backup", "backup.yml -e env=dev and ansible-playbook backup_verify.yml -e env=dev"),
        (2, "None of its 2 backups is verified by restore", "Next: ansible-playbook backup_verify.yml -e env=dev"),
    ],
)
def test_without_a_verified_backup_the_next_action_is_named(tmp_path, count, state, next_action):
    for number in range(count):
        put_backup(tmp_path, NOON + timedelta(hours=number))

    with pytest.raises(InputError) as caught:
        newest_verified(Catalogue(tmp_path).read()[0], "dev", "convosphere", NOON + timedelta(days=1))

    assert state in str(caught.value)
    assert next_action in str(caught.value)
