# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one-run key, with the real age and a directory in the place of /run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import run_key
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup, Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._backup.file_reader import Archive
from ansible_collections.convosphere.platform.plugins.module_utils._backup.file_writer import FileWriter
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import Manifest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.progress import Progress
from ansible_collections.convosphere.platform.plugins.module_utils._backup.run_key import RunKeys
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._restore.verification import Verifier

from support.backups import NOON, VERIFIED, manifest_of, put_backup

CONTENT = b"a dump of many rows " * 1000


def public_of(path: Path) -> str:
    return subprocess.run(["age-keygen", "-y", path], capture_output=True, check=True, text=True).stdout.strip()


@pytest.fixture(autouse=True)
def run(tmp_path, monkeypatch):
    """Replace /run by a directory of the test."""
    monkeypatch.setattr(run_key, "root", lambda: tmp_path / "run/keys")
    return tmp_path / "run/keys"


@pytest.fixture
def operator(tmp_path):
    """Generate the operator's private key in another directory."""
    path = tmp_path / "operator.key"
    subprocess.run(["age-keygen", "-o", path], capture_output=True, check=True)
    path.chmod(0o600)
    return path


@pytest.fixture
def encrypted(tmp_path, operator):
    """Build a function that creates an encrypted backup of one file, as a run leaves it, and its directory's keys."""
    directory = tmp_path / "backups"
    directory.mkdir()

    def make(recipients: tuple[str, ...] = (public_of(operator),)) -> tuple[Backup, RunKeys]:
        manifest = manifest_of(recipients=recipients)
        writer = FileWriter(directory, recipients, 1, Progress(directory / ".progress.json", "x"))
        keys = RunKeys(directory)
        keys.add_to(writer, manifest.id)
        record = writer.write("database", f"{manifest.id}.dump", step="dump it", source=[CONTENT])
        made = Manifest(**{**vars(manifest), "files": (record,)})
        return Catalogue(directory).commit(made, writer.written), keys

    return make


def unpacked(backup: Backup, identity_file: Path | None = None) -> bytes:
    content = bytearray()
    Archive(backup, backup.manifest.files[0], str(identity_file) if identity_file else None).unpack(content.extend)
    return bytes(content)


def test_a_backup_is_read_with_its_one_run_key_and_always_with_the_operators(encrypted, operator, run):
    backup, keys = encrypted()
    path = keys.find(backup.manifest.id)

    assert path.is_relative_to(run)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert unpacked(backup) == CONTENT
    assert unpacked(backup, operator) == CONTENT
    assert backup.manifest.recipients == (public_of(operator),)
    assert public_of(path) not in backup.manifest.to_json()

    keys.destroy(backup.manifest.id)
    keys.destroy(backup.manifest.id)

    assert [*run.rglob("*.key")] == []
    assert unpacked(backup, operator) == CONTENT
    with pytest.raises(InputError, match="is encrypted, identity_file is not set, and its one-run key does not exist"):
        unpacked(backup)


def test_a_backup_that_is_not_encrypted_has_no_key(encrypted, run):
    backup, _keys = encrypted(())

    assert not run.exists()
    assert backup.manifest.files[0].name.endswith(".dump.zst")
    assert run_key.is_readable(backup, None)


def test_a_key_is_never_the_only_recipient(tmp_path):
    writer = FileWriter(tmp_path, (), 1, Progress(tmp_path / ".progress.json", "x"), one_run="age1whatever")

    assert "--recipient=age1whatever" not in writer._encrypt()


def test_the_key_is_combined_with_ssh_recipients(encrypted, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "ssh"], check=True)
    backup, _keys = encrypted(((tmp_path / "ssh.pub").read_text().strip(),))

    assert unpacked(backup) == CONTENT
    assert unpacked(backup, tmp_path / "ssh") == CONTENT


def test_the_backup_is_created_even_if_the_key_cannot_be_stored(encrypted, operator, run):
    run.parent.mkdir()
    run.write_text("in the way")
    backup, keys = encrypted()

    assert keys.find(backup.manifest.id) is None
    assert unpacked(backup, operator) == CONTENT


def test_a_key_that_others_could_have_written_is_not_used(encrypted, operator):
    backup, keys = encrypted()
    path = keys.find(backup.manifest.id)

    path.chmod(0o640)
    assert keys.find(backup.manifest.id) is None
    path.chmod(0o600)
    path.parent.chmod(0o777)
    assert keys.find(backup.manifest.id) is None
    path.parent.chmod(0o700)
    path.rename(path.with_name("moved"))
    path.symlink_to(operator)
    assert keys.find(backup.manifest.id) is None


def test_the_next_run_destroys_keys_that_are_not_needed(encrypted, run):
    backup, keys = encrypted()
    directory = backup.directory
    content = keys.find(backup.manifest.id).read_text()
    old = put_backup(directory, NOON.replace(hour=1))
    verified = put_backup(directory, NOON.replace(hour=2), verified=VERIFIED)
    checked = put_backup(directory, NOON.replace(hour=3), verified={**VERIFIED, "level": "checksum"})
    for name in (old.id, verified.id, checked.id, "convosphere-20260101T000000Z"):
        (keys.folder / f"{name}.key").write_text(content)
        (keys.folder / f"{name}.key").chmod(0o600)
    os.utime(keys.folder / f"{old.id}.key", (1, 1))
    (keys.folder / ".convosphere-interrupted").write_text(
        content
    )  # of a run that was interrupted while it wrote the key
    other = run / "0123456789abcdef"
    other.mkdir(mode=0o700)
    (other / f"{old.id}.key").write_text(content)

    keys.clear(Catalogue(directory).read()[0])

    left = {path.name for path in keys.folder.iterdir()}
    assert left == {f"{backup.manifest.id}.key", f"{checked.id}.key"}
    assert (other / f"{old.id}.key").exists(), "another directory's"


def test_the_key_is_destroyed_after_the_verification_by_restore_only(encrypted, monkeypatch):
    backup, keys = encrypted()
    monkeypatch.setattr(Verifier, "check", lambda _self, one: unpacked(one))
    monkeypatch.setattr(Verifier, "restore", lambda _self, one: unpacked(one))
    verifier = Verifier(Catalogue(backup.directory), None, None, None, 1, None)

    backup = verifier.run(backup, "checksum")
    assert keys.find(backup.manifest.id)
    monkeypatch.setattr(Verifier, "restore", fail)
    with pytest.raises(InputError, match="no room"):
        verifier.run(backup, "restore")
    assert keys.find(backup.manifest.id)

    monkeypatch.setattr(Verifier, "restore", lambda _self, one: unpacked(one))
    verifier.run(backup, "restore")
    assert keys.find(backup.manifest.id) is None


def fail(_self, _backup):
    raise InputError("no room")
