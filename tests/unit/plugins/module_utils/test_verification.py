# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification writes down, and which errors of loading are the dump's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils import _verification
from ansible_collections.convosphere.platform.plugins.module_utils._archive import DamagedError
from ansible_collections.convosphere.platform.plugins.module_utils._backups import Backup
from ansible_collections.convosphere.platform.plugins.module_utils._errors import CommandError, DatabaseError
from ansible_collections.convosphere.platform.plugins.module_utils._manifest import Manifest

from support.backups import put_backup

PROVEN = {"level": "restore", "at": "2026-01-01T00:00:00Z", "duration": 70.0, "host": "there"}


@pytest.fixture
def verifier(tmp_path: Path) -> _verification.Verifier:
    return _verification.Verifier(MagicMock(directory=tmp_path), MagicMock(), MagicMock(), None, 1, None)


def backup(verified: dict[str, Any] | None) -> Backup:
    made = Manifest("db-20261123T150102Z", "dev", datetime.now(UTC), "1.0.0", 1.0, (), (), verified=verified)
    return Backup(made, Path("/nowhere"))


def test_a_checksum_neither_takes_back_nor_dates_anew_that_it_was_restored(verifier):
    began = datetime.now(UTC).replace(microsecond=0)
    told = verifier.record(backup(PROVEN), "checksum", 1.0)

    assert told.manifest.verified == PROVEN
    assert told.manifest.checked_at >= began
    month, now = timedelta(days=30), datetime.now(UTC)
    assert not _verification.is_verified(told, "restore", now, month), (
        "the proof is due, whenever its sums were looked at"
    )
    assert _verification.is_verified(told, "checksum", now, month)
    assert not _verification.is_verified(told, "checksum", now + 2 * month, month)


def test_a_file_that_was_written_after_its_proof_is_as_good_where_its_checksum_was_looked_at_since(tmp_path):
    made = put_backup(tmp_path, verified=PROVEN)
    now = datetime.now(UTC)

    for checked_at, good in ((None, False), (now, True), (now - timedelta(days=1), False)):
        found = Backup(replace(made, checked_at=checked_at), tmp_path)
        assert [_verification.is_verified(found, level, now, None) for level in ("checksum", "restore")] == [good] * 2


@pytest.mark.parametrize(
    ("before", "level"), [(None, "checksum"), (PROVEN, "restore"), ({**PROVEN, "level": "checksum"}, "restore")]
)
def test_otherwise_what_was_found_last_counts(verifier, before, level):
    told = verifier.record(backup(before), level, 1.04).manifest.verified

    assert (told["level"], told["duration"]) == (level, 1.0)
    assert told["at"] > PROVEN["at"]


def test_only_a_restore_takes_back_that_it_is_damaged(verifier):
    damaged = replace(backup(None).manifest, damaged_at=datetime.now(UTC))

    for level, still in (("checksum", True), ("restore", False)):
        told = verifier.record(Backup(damaged, Path("/nowhere")), level, 1.0).manifest
        assert (told.damaged_at is not None) is still


BAD = 'pg_restore: error: COPY failed for table "users": ERROR:  invalid byte sequence for encoding "UTF8": 0xff'


@pytest.mark.parametrize(
    ("program", "code", "said", "damaged"),
    [
        ("pg_restore", 1, BAD, True),
        ("pg_restore", 1, "pg_restore: error: could not read from input file: end of file", True),
        ("zstd", 1, "zstd: Decoding error (36) : Data corruption detected", True),
        ("age", 1, "age: error: failed to decrypt and authenticate payload chunk", True),
        ("zstd", 1, "zstd: Decoding error (36) : Allocation error : not enough memory", False),
        ("zstd", -9, "", False),
        ("age", 1, 'age: error: reading "key": failed to open file: open key: no such file or directory', False),
        ("pg_restore", 1, 'could not extend file "base/1/2": No space left on device', False),
        ("pg_restore", 1, 'could not execute query: ERROR:  role "keeper" does not exist', False),
        ("pg_restore", 1, "ERROR:  permission denied to create extension", False),
        ("pg_restore", 1, "server closed the connection unexpectedly", False),
        ("pg_restore", 137, "", False),
        ("pg_restore", -15, "", False),
        ("age", 1, "age: error: no identity matched any of the recipients", False),
    ],
)
def test_a_dump_that_is_rejected_is_damaged_and_a_server_that_fails_is_not(
    monkeypatch, verifier, program, code, said, damaged
):
    error = CommandError(f"Cannot load: {said}", program=program, returncode=code, stderr=said)
    monkeypatch.setattr(_verification, "Loader", lambda *_all: MagicMock(load=MagicMock(side_effect=error)))
    monkeypatch.setattr(verifier, "archive", lambda _backup: MagicMock())
    monkeypatch.setattr(_verification, "missing_room", lambda *_all: None)
    monkeypatch.setattr(verifier, "restore", lambda one: verifier.load(one, "scratch"))

    with pytest.raises(DamagedError if damaged else CommandError):
        verifier.run(backup(PROVEN), "restore")

    assert verifier.catalogue.save.called is damaged


@pytest.mark.parametrize("answer", ["no room", DatabaseError("gone")])
def test_a_server_without_room_or_answer_says_nothing_about_a_dump(monkeypatch, verifier, answer):
    error = CommandError(BAD, program="pg_restore", returncode=1, stderr=BAD)
    monkeypatch.setattr(_verification, "missing_room", MagicMock(side_effect=[answer]))

    assert verifier._is_rejected(error) is False
