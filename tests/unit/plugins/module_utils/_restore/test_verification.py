# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a verification writes down, and which errors of loading are the dump's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import file_reader
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup
from ansible_collections.convosphere.platform.plugins.module_utils._backup.corruption import (
    AlteredError,
    CorruptError,
    NotLoadedError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._backup.file_reader import Archive
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import LEVELS, FileRecord, Manifest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.proofs import Outcome
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    CommandError,
    ConvosphereError,
    DatabaseError,
    InputError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._restore import verification

from support.backups import put_backup

VERIFIED = {"level": "restore", "at": "2026-01-01T00:00:00Z", "duration": 70.0, "host": "there"}


@pytest.fixture
def verifier(tmp_path: Path) -> verification.Verifier:
    return verification.Verifier(MagicMock(directory=tmp_path), MagicMock(), MagicMock(), None, 1, None)


def backup(verified: dict[str, Any] | None) -> Backup:
    made = Manifest("db-20261123T150102Z", "dev", datetime.now(UTC), "1.0.0", 1.0, (), (), verified=verified)
    return Backup(made, Path("/nowhere"))


def test_a_checksum_neither_takes_back_nor_dates_anew_that_it_was_restored(verifier):
    began = datetime.now(UTC).replace(microsecond=0)
    found = verifier.record(backup(VERIFIED), "checksum", 1.0)

    assert found.manifest.verified == VERIFIED
    assert found.manifest.checked_at >= began
    month, now = timedelta(days=30), datetime.now(UTC)
    assert not verification.is_verified(found, "restore", now, month), (
        "the proof is due, whenever its sums were looked at"
    )
    assert verification.is_verified(found, "checksum", now, month)
    assert not verification.is_verified(found, "checksum", now + 2 * month, month)


def test_a_file_that_was_written_after_its_proof_is_as_good_where_its_checksum_was_looked_at_since(tmp_path):
    made = put_backup(tmp_path, verified=VERIFIED)
    now = datetime.now(UTC)

    for checked_at, good in ((None, False), (now, True), (now - timedelta(days=1), False)):
        found = Backup(replace(made, checked_at=checked_at), tmp_path)
        assert [verification.is_verified(found, level, now, None) for level in ("checksum", "restore")] == [good] * 2


BOOTED = {**VERIFIED, "level": "boot"}


def test_a_boot_counts_as_a_restore_and_a_restore_since_postpones_only_the_next_restore(verifier):
    now, month = datetime.now(UTC), timedelta(days=30)
    restored = verifier.record(backup(BOOTED), "restore", 1.0, Outcome("restore", 1.0))

    assert restored.manifest.verified == BOOTED
    assert [verification.is_verified(restored, level, now, None) for level in LEVELS] == [True] * 3
    assert [verification.is_verified(restored, level, now, month) for level in LEVELS] == [True, True, False]


def test_a_boot_that_fails_takes_back_an_earlier_one_and_leaves_the_restore(verifier):
    found = verifier.record(backup(BOOTED), "restore", 9.0, Outcome("boot", 9.0, reason="no")).manifest

    assert found.verified["level"] == "restore"
    assert [(proof["level"], proof["result"]) for proof in found.proofs] == [("boot", "failed")]
    assert not verification.is_verified(Backup(found, Path("/nowhere")), "boot", datetime.now(UTC), None)


@pytest.mark.parametrize(
    ("before", "level"), [(None, "checksum"), (VERIFIED, "restore"), ({**VERIFIED, "level": "checksum"}, "restore")]
)
def test_otherwise_what_was_found_last_counts(verifier, before, level):
    found = verifier.record(backup(before), level, 1.04).manifest.verified

    assert (found["level"], found["duration"]) == (level, 1.0)
    assert found["at"] > VERIFIED["at"]


def test_only_a_restore_takes_back_that_it_is_damaged(verifier):
    damaged = replace(backup(None).manifest, damaged_at=datetime.now(UTC))

    for level, still in (("checksum", True), ("restore", False), ("boot", False)):
        found = verifier.record(Backup(damaged, Path("/nowhere")), level, 1.0).manifest
        assert (found.damaged_at is not None) is still


BAD = 'pg_restore: error: COPY failed for table "users": ERROR:  invalid byte sequence for encoding "UTF8": 0xff'
GERMAN = "pg_restore: error: could not execute query: FEHLER:  Funktion unaccent(text) existiert nicht"
SHORT = "pg_restore: error: could not read from input file: end of file"
WORDS = {
    # What loading failed of, what the dump itself says when it is read to its end without a server, and the verdict.
    "the server": ("pg_restore", 1, BAD, None, NotLoadedError),
    "the server, in German": ("pg_restore", 1, GERMAN, None, NotLoadedError),
    "a dump that was cut short": ("pg_restore", 1, SHORT, SHORT, CorruptError),
    "a dump that was cut short, said by nobody": ("pg_restore", 1, GERMAN, SHORT, CorruptError),
    "a dump that could not be read to its end": (
        "pg_restore",
        1,
        GERMAN,
        "Error response from daemon: x",
        CommandError,
    ),
    "compression": ("zstd", 1, "zstd: Decoding error (36) : Data corruption detected", None, CorruptError),
    "encryption": ("age", 1, "age: error: failed to decrypt and authenticate payload chunk", None, CorruptError),
    "memory": ("zstd", 1, "zstd: Decoding error (36) : Allocation error : not enough memory", None, CommandError),
    "a kill": ("zstd", -9, "", None, CommandError),
    "a kill in a container": ("pg_restore", 137, "", None, CommandError),
    "the end of a container": ("pg_restore", -15, "", None, CommandError),
    "a missing key": ("age", 1, 'age: error: reading "key": failed to open file: open key', None, InputError),
    "another key": ("age", 1, "age: error: no identity matched any of the recipients", None, InputError),
}


def said(program: str, code: int, text: str) -> CommandError:
    return CommandError(f"Cannot load: {text}", program=program, returncode=code, stderr=text)


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch, verifier: verification.Verifier) -> Callable[..., None]:
    """Has loading fail of something, and reading the dump to its end without a server, if anything."""

    def fail(failure: CommandError, of_file: str | None, room: Any = None) -> None:
        archive = Archive(
            put_backup_in(verifier.catalogue.directory), FileRecord("database", "x.dump.zst", 1, "0" * 64)
        )
        reading = [said("pg_restore", 1, of_file)] if of_file else [None]
        monkeypatch.setattr(file_reader.pipeline, "run", MagicMock(side_effect=reading))
        monkeypatch.setattr(verification, "Loader", lambda *_all: MagicMock(load=MagicMock(side_effect=failure)))
        monkeypatch.setattr(verifier, "archive", lambda _backup: archive)
        monkeypatch.setattr(verification.server_disk, "missing_room", MagicMock(side_effect=[room]))
        monkeypatch.setattr(verifier, "restore", lambda one: verifier.load(one, "side"))

    return fail


def put_backup_in(directory: Path) -> Backup:
    return Backup(put_backup(directory), directory)


@pytest.mark.parametrize("case", WORDS)
def test_only_what_is_known_of_the_file_itself_makes_it_corrupt(verifier, loading, case):
    program, code, text, of_file, verdict = WORDS[case]
    loading(said(program, code, text), of_file)

    with pytest.raises(ConvosphereError) as caught:
        verifier.run(backup(None), "restore")

    assert caught.value.__class__ is verdict
    written = [call.args[0] for call in verifier.catalogue.save.call_args_list]
    assert [(one.damaged_at is not None, one.not_loaded is not None) for one in written] == {
        CorruptError: [(True, False)],
        NotLoadedError: [(False, True)],
    }.get(verdict, [])
    assert caught.value.details.get("verdict") == {CorruptError: "corrupt", NotLoadedError: "could not tell"}.get(
        verdict
    )


@pytest.mark.parametrize("case", ["the server", "a dump that was cut short", "compression"])
def test_bytes_that_were_restored_once_never_lose_that(verifier, loading, case):
    program, code, text, of_file, _verdict = WORDS[case]
    loading(said(program, code, text), of_file)

    with pytest.raises(ConvosphereError, match="verification was not changed"):
        verifier.run(backup(VERIFIED), "restore")

    assert [call.args[0].verified for call in verifier.catalogue.save.call_args_list] in ([], [VERIFIED])


@pytest.mark.parametrize(
    "error",
    [AlteredError("has the sha256"), CorruptError("zstd ended with 1: x", kind="uploads")],
    ids=["bytes", "part"],
)
def test_other_bytes_and_a_part_that_was_never_restored_lose_it(verifier, error):
    with pytest.raises(CorruptError), verifier.judging(backup(VERIFIED)):
        raise error

    (written,) = [call.args[0] for call in verifier.catalogue.save.call_args_list]
    assert (written.verified, written.damaged_at is not None) == (None, True)


@pytest.mark.parametrize("answer", ["no room", DatabaseError("gone")])
def test_a_server_without_room_or_answer_says_nothing_about_a_dump(verifier, loading, answer):
    loading(said("pg_restore", 1, BAD), None, answer)

    with pytest.raises((CommandError, DatabaseError)):
        verifier.run(backup(VERIFIED), "restore")

    assert not verifier.catalogue.save.called


def test_a_restore_takes_back_that_a_server_did_not_load_it_and_a_checksum_does_not(verifier):
    doubtful = replace(backup(None).manifest, not_loaded={"at": "x", "host": "y", "reason": "z"})

    for level, still in (("checksum", True), ("restore", False)):
        found = verifier.record(Backup(doubtful, Path("/nowhere")), level, 1.0).manifest
        assert (found.not_loaded is not None) is still
