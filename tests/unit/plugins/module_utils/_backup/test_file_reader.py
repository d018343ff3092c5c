# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a backup's files, with the real zstd and age and nothing else."""

from __future__ import annotations

import hashlib
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup
from ansible_collections.convosphere.platform.plugins.module_utils._backup.corruption import CorruptError
from ansible_collections.convosphere.platform.plugins.module_utils._backup.file_reader import Archive
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import FileRecord
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    CommandError,
    ConvosphereError,
    InputError,
)

from support.backups import manifest_of

CONTENT = b"a dump of many rows " * 200_000


def archive(folder: Path, content: bytes, name: str = "dump.zst", key: Path | None = None) -> Archive:
    manifest = manifest_of()
    record = FileRecord("database", f"{manifest.id}.{name}", len(content), hashlib.sha256(content).hexdigest())
    (folder / record.name).write_bytes(content)
    return Archive(Backup(replace(manifest, files=(record,)), folder), record, str(key) if key else None)


def packed(content: bytes = CONTENT) -> bytes:
    return subprocess.run(["zstd", "--quiet"], input=content, check=True, capture_output=True).stdout


def key_in(folder: Path, name: str) -> Path:
    path = folder / name
    subprocess.run(["age-keygen", "--output", str(path)], check=True, capture_output=True)
    path.chmod(0o600)
    return path


def encrypted(key: Path) -> bytes:
    public = subprocess.run(["age-keygen", "-y", str(key)], check=True, capture_output=True, text=True).stdout.strip()
    return subprocess.run(["age", "--recipient", public], input=packed(), check=True, capture_output=True).stdout


def unpacked(found: Archive) -> bytes:
    content = bytearray()
    found.unpack(content.extend)
    return bytes(content)


def test_the_original_data_or_its_head_is_read(tmp_path):
    found = archive(tmp_path, packed())
    read: list[int] = []
    found.check(read.append)

    assert read[-1] == found.record.size
    assert unpacked(found) == CONTENT
    assert found.head(1000) == CONTENT[:1000]
    assert found.head(10**9) == CONTENT


def test_an_encrypted_file_is_read_with_its_key(tmp_path):
    key = key_in(tmp_path, "key")
    found = archive(tmp_path, encrypted(key), "dump.zst.age", key)

    assert (found.encrypted, found.readable) == (True, True)
    assert unpacked(found) == CONTENT


def test_a_missing_or_wrong_key_is_reported(tmp_path):
    content = encrypted(key_in(tmp_path, "key"))
    broken, loose = tmp_path / "broken", key_in(tmp_path, "loose")
    broken.write_text("no key\n")
    broken.chmod(0o600)
    loose.chmod(0o644)
    cases = [
        (None, "one-run key does not exist any more.* Set identity_file"),
        (key_in(tmp_path, "other"), "It is encrypted to other keys"),
        (broken, "Check that identity_file is the file of an age"),
        (loose, "Other users can read the secrets"),
    ]
    for key, message in cases:
        with pytest.raises(InputError, match=message):
            unpacked(archive(tmp_path, content, "dump.zst.age", key))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:-1], "bytes, but its manifest says"),
        (lambda content: b"", "has 0 bytes"),
        (lambda content: b"X" + content[1:], "has the sha256"),
    ],
)
def test_a_file_that_differs_from_its_manifest_is_corrupt(tmp_path, change, message):
    found = archive(tmp_path, packed())
    found.path.write_bytes(change(packed()))

    with pytest.raises(CorruptError, match=message):
        found.check(lambda _done: None)


def test_a_missing_file_is_not_corrupt_and_an_invalid_one_is(tmp_path):
    with pytest.raises(CorruptError, match="zstd ended with 1"):
        unpacked(archive(tmp_path, b"not packed at all"))
    found = archive(tmp_path, packed())
    found.path.unlink()
    with pytest.raises(ConvosphereError, match="is missing") as caught:
        found.check(lambda _done: None)
    assert not isinstance(caught.value, CorruptError), "it is there again when its disk is"


@pytest.mark.parametrize("place", ["gone", ".", "empty"])
def test_a_missing_key_does_not_make_the_file_corrupt(tmp_path, place):
    content = encrypted(key_in(tmp_path, "key"))
    (tmp_path / "empty").touch(mode=0o600)

    with pytest.raises(InputError, match=r"Cannot read the key|Check that identity_file is the file"):
        unpacked(archive(tmp_path, content, "dump.zst.age", tmp_path / place))


@pytest.mark.parametrize("change", [lambda content: content[:-1], lambda content: content[:100], lambda _content: b""])
def test_a_truncated_encrypted_file_is_corrupt(tmp_path, change):
    key = key_in(tmp_path, "key")

    with pytest.raises(CorruptError, match="age ended with 1"):
        unpacked(archive(tmp_path, change(encrypted(key)), "dump.zst.age", key))


@pytest.mark.parametrize("text", ["kill -KILL $$", "echo 'zstd: Decoding error (36) : not enough memory' >&2; exit 1"])
def test_a_killed_program_or_lack_of_memory_does_not_make_the_file_corrupt(tmp_path, monkeypatch, text):
    program(tmp_path / "bin" / "zstd", text)
    found = archive(tmp_path, packed())
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")

    with pytest.raises(CommandError, match="zstd"):
        unpacked(found)


def test_a_missing_program_does_not_make_the_file_corrupt(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="zstd is not installed"):
        unpacked(archive(tmp_path, b"whatever"))


def test_the_table_of_contents_is_read_from_the_shortest_sufficient_head(tmp_path):
    found = archive(tmp_path, packed(b"; a comment\n1; a table\n2; an index\n"))

    assert found.contents(["cat"], {}) == ["1; a table", "2; an index"]
    with pytest.raises(CorruptError, match="does not appear to be a valid archive"):
        found.contents(pg_restore(tmp_path, "pg_restore: error: input file does not appear to be a valid archive"), {})


@pytest.mark.parametrize(
    "said",
    [
        "Error response from daemon: No such container: gone",
        "Error response from daemon: container 0123 is not running",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "pg_restore: error: unsupported version (1.16) in file header",
        "pg_restore: error: out of memory",
    ],
)
def test_a_stopped_container_does_not_make_the_dump_corrupt(tmp_path, said):
    found = archive(tmp_path, packed())

    with pytest.raises(CommandError, match="ended with 1"):
        found.contents(pg_restore(tmp_path, said), {})


def pg_restore(folder: Path, said: str) -> list[str]:
    return [str(program(folder / "bin" / "pg_restore", f"echo '{said}' >&2; exit 1"))]


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
