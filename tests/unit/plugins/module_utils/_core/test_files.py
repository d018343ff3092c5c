# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import files, locks
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_a_file_has_its_mode_whatever_the_umask_and_nothing_else_is_left(tmp_path, umask):
    before = os.umask(umask)
    try:
        files.write_text(tmp_path / "new/secret", "text", "0640")
    finally:
        os.umask(before)

    assert files.mode_of(tmp_path / "new/secret") == "0640"
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["secret"]
    assert (tmp_path / "new").stat().st_mode & 0o027 == 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(st.text(st.characters(exclude_categories=("Cs",)) | st.sampled_from("\r\n\u2028")))
def test_a_text_is_read_to_the_letter(tmp_path, text):
    files.write_text(tmp_path / "file", text, "0600")

    assert files.read_text(tmp_path / "file") == text


def test_what_is_replaced_is_never_seen_half_and_a_link_is_not_followed(tmp_path):
    (tmp_path / "target").write_text("of somebody else")
    (tmp_path / "file").symlink_to(tmp_path / "target")

    with (tmp_path / "file").open() as reader:
        files.write_text(tmp_path / "file", "new", "0600")
        assert reader.read() == "of somebody else"

    assert (tmp_path / "target").read_text() == "of somebody else"
    assert (tmp_path / "file").read_text() == "new"


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("old")

    def no_space(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_space)
    with pytest.raises(ConvosphereError, match=f"Cannot write {tmp_path}/file: No space left on device"):
        files.write_text(tmp_path / "file", "new", "0600")

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"file": "old"}


def test_a_block_that_fails_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    (tmp_path / "file").write_text("old")

    def write_half():
        with files.replacing(tmp_path / "file", "0600") as file:
            file.write(b"half")
            raise ValueError("of the block")

    with pytest.raises(ValueError, match="of the block"):
        write_half()

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"file": "old"}


def test_the_checksum_of_a_file_does_not_depend_on_its_chunks(tmp_path):
    (tmp_path / "file").write_bytes(b"ab" * 1_000_000)

    assert len(list(files.chunks(tmp_path / "file"))) == 2
    assert files.sha256(files.chunks(tmp_path / "file")) == files.sha256([b"a", b"b"] * 1_000_000)


def test_what_a_killed_write_left_is_removed_and_nothing_else(tmp_path):
    (tmp_path / "below").mkdir()
    for name in (".convosphere-killed_1", "below/.convosphere-killed_2", ".env", "below/file"):
        (tmp_path / name).touch()

    files.remove_temporary(tmp_path)

    assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")) == [".env", "below", "below/file"]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "directory").mkdir()

    assert files.read_text(tmp_path / "missing") is None
    assert files.read_text(tmp_path / "binary/below") is None
    with pytest.raises(InputError, match="binary is not text in UTF-8"):
        files.read_text(tmp_path / "binary")
    with pytest.raises(InputError, match=r"Cannot read .*/directory: Is a directory"):
        files.read_text(tmp_path / "directory")


def test_a_file_without_permission_says_become(tmp_path, monkeypatch):
    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    for owner, name in ((Path, "read_bytes"), (Path, "stat"), (os, "open")):
        monkeypatch.setattr(owner, name, refuse)
    with pytest.raises(InputError, match=r"No permission to read .*become: true"):
        files.read_text(tmp_path / "file")
    with pytest.raises(InputError, match=r"No permission to read the mode of .*become: true"):
        files.refuse_readable_by_others(tmp_path / "file")
    with (
        pytest.raises(ConvosphereError, match=r"Cannot lock .*: Permission denied. Use become"),
        locks.locked(tmp_path / ".lock", "it"),
    ):
        pass


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_secrets_that_only_the_owner_reads_are_accepted(tmp_path, mode):
    (tmp_path / ".env").touch(mode)

    files.refuse_readable_by_others(tmp_path / ".env")
    files.refuse_readable_by_others(tmp_path / "missing")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o601, 0o660])
def test_secrets_that_others_could_read_are_refused(tmp_path, mode):
    (tmp_path / ".env").touch()
    (tmp_path / ".env").chmod(mode)

    with pytest.raises(InputError, match=f"its mode is 0{mode:o}, it must be 0600"):
        files.refuse_readable_by_others(tmp_path / ".env")


def test_the_lock_is_held_by_one_and_let_go_of_at_the_end(tmp_path):
    lock = tmp_path / ".lock"
    another = pytest.raises(ConvosphereError, match="Another run is changing the stack")
    with locks.locked(lock, "the stack"), another, locks.locked(lock, "the stack"):
        pytest.fail("it was locked twice")
    with locks.locked(lock, "the stack"):
        assert files.mode_of(lock) == "0600"


def test_a_file_without_a_name_is_read_by_programs_and_gone_afterwards():
    with files.unnamed("text of ü", "x") as path:
        show = [sys.executable, "-c", f"print(open('{path}').read())"]
        read = subprocess.run(show, capture_output=True, text=True, check=True)

    assert read.stdout == "text of ü\n"
    assert not path.exists()


def test_only_files_that_a_killed_run_left_are_removed(tmp_path):
    for name in (".convosphere-abcd_123", "conf/.convosphere-abcd_124", ".convosphere-notes.txt", "mine"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / ".convosphere-mydirect").mkdir()
    (tmp_path / ".convosphere-thelink1").symlink_to("mine")

    files.remove_temporary(tmp_path)

    kept = [".convosphere-mydirect", ".convosphere-notes.txt", ".convosphere-thelink1", "conf", "mine"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == kept


def test_a_file_in_memory_is_told_by_its_title(tmp_path):
    with files.unnamed("text", "compose.yaml") as first, files.unnamed("", "a b") as second:
        text = f"{first}: bad, {first}0 is another, {second}:1 {tmp_path}/x"
        told = files.with_titles(text, [first, second, tmp_path / "x"])

        assert first.read_text() == "text"
        assert told == f"compose.yaml: bad, {first}0 is another, a b:1 {tmp_path}/x"


def test_a_lock_is_seen_without_being_tried(tmp_path):
    lock = tmp_path / ".lock"
    assert not locks.is_locked(lock)
    with locks.locked(lock, "it"):
        assert locks.is_locked(lock)
    assert lock.exists()
    assert not locks.is_locked(lock)
