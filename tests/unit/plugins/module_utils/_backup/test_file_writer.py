# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import errno
import hashlib
import subprocess
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import file_writer
from ansible_collections.convosphere.platform.plugins.module_utils._backup.file_writer import FileWriter
from ansible_collections.convosphere.platform.plugins.module_utils._backup.progress import Progress
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    CommandError,
    ConvosphereError,
    InputError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.pipeline import Program

CONTENT = b"what is in it " * 100_000


def writer_of(folder, recipients=(), level=3):
    return FileWriter(folder, recipients, level, Progress(folder / ".progress.json", "x"))


def program(command, content):
    return subprocess.run(command, input=content, capture_output=True, check=True).stdout


@pytest.fixture
def key(tmp_path):
    path = tmp_path / "keys" / "key"
    path.parent.mkdir()
    subprocess.run(["age-keygen", "-o", path], capture_output=True, check=True)
    public = subprocess.run(["age-keygen", "-y", path], capture_output=True, check=True, text=True).stdout.strip()
    return path, public


@pytest.mark.parametrize("level", [1, 3, 19])
def test_a_file_is_compressed_counted_and_private(tmp_path, level):
    writer = writer_of(tmp_path, level=level)
    record = writer.write("uploads", "x.tar", step="read it", source=[CONTENT])

    path = writer.written["x.tar.zst"]
    content = path.read_bytes()
    assert (record.kind, record.name, list(writer.written)) == ("uploads", "x.tar.zst", ["x.tar.zst"])
    assert (record.size, record.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert program(["zstd", "-dc"], content) == CONTENT
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.name.startswith(".convosphere-")


def test_a_file_is_encrypted_to_its_recipients(tmp_path, key):
    writer = writer_of(tmp_path, [key[1]])
    writer.check()
    record = writer.write("database", "x.dump", step="dump it", programs=[Program(["echo", "hello"])])

    content = next(iter(writer.written.values())).read_bytes()
    assert record.name == "x.dump.zst.age"
    assert program(["zstd", "-dc"], program(["age", "-d", "-i", key[0]], content)) == b"hello\n"


def test_a_failed_file_leaves_nothing(tmp_path):
    writer = writer_of(tmp_path)
    with pytest.raises(CommandError, match="Cannot dump it: false ended with 1"):
        writer.write("database", "x.dump", step="dump it", programs=[Program(["false"])])
    with pytest.raises(ZeroDivisionError):
        writer.write("database", "y.dump", step="dump it", source=(1 / 0 for _each in "x"))
    writer.write("database", "z.dump", step="dump it", source=[b"z"])
    writer.discard()

    assert [path.name for path in tmp_path.iterdir()] == [".progress.json"]


@pytest.mark.parametrize(
    ("number", "message"),
    [(errno.ENOSPC, "the disk is full after 0 bytes"), (errno.EIO, "Input/output error")],
)
def test_a_full_disk_is_reported(tmp_path, monkeypatch, number, message):
    def broken(_descriptor, _piece):
        raise OSError(number, "Input/output error" if number == errno.EIO else "x")

    monkeypatch.setattr(file_writer.os, "write", broken)
    with pytest.raises(ConvosphereError, match=message):
        writer_of(tmp_path).write("database", "x.dump", step="dump it", programs=[Program(["yes"])])

    monkeypatch.undo()
    assert list(tmp_path.glob("*.zst*")) == []


def test_a_missing_directory_is_reported(tmp_path):
    with pytest.raises(ConvosphereError, match=r"Cannot write a backup to .*none: No such file or directory"):
        writer_of(tmp_path / "none").write("database", "x.dump", step="dump it", source=[b"x"])


def test_missing_programs_are_reported_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match=r"zstd and age is not installed on the host. Run the playbook setup.yml"):
        writer_of(tmp_path, ["age1x"]).check()


def test_an_invalid_public_key_is_refused(tmp_path, key):
    secret = Path(key[0]).read_text().splitlines()[-1]
    with pytest.raises(InputError, match="age does not accept the recipients"):
        writer_of(tmp_path, ["age1nonsense"]).check()
    with pytest.raises(InputError, match="is a secret key") as caught:
        writer_of(tmp_path, [secret]).check()
    assert secret not in str(caught.value)
