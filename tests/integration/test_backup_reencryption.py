# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypt backups and their copies for other keys, and be able to read each of them at any time."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import reencryption
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._backup.corruption import AlteredError
from ansible_collections.convosphere.platform.plugins.module_utils._backup.reencryption import Reencryption
from ansible_collections.convosphere.platform.plugins.module_utils._backup.run_key import RunKeys
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError

from support.backup_files import backup_files
from support.backups import VERIFIED
from support.law import Step

MODULE = "convosphere_db_backup_copy"
FIRST, SECOND, PLAIN = (f"convosphere-2026010{day}T000000Z" for day in (1, 2, 3))
CONTENT = {FIRST: b"one" * 100_000, SECOND: b"two" * 1000}


class Keys:
    """The operator's former and new key."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.files = {name: str(folder / name) for name in ("former", "new", "stranger")}
        for path in self.files.values():
            subprocess.run(["age-keygen", "--output", path], check=True, capture_output=True)
        self.public = {name: age_keygen(path) for name, path in self.files.items()}


def age_keygen(path: str) -> str:
    found = subprocess.run(["age-keygen", "-y", path], check=True, capture_output=True, text=True)
    return found.stdout.strip()


def encrypted(content: bytes, public: str) -> bytes:
    return subprocess.run(
        ["age", "--encrypt", f"--recipient={public}"], input=content, check=True, capture_output=True
    ).stdout


def decrypted(path: Path, key: str) -> bytes | None:
    done = subprocess.run(["age", "--decrypt", f"--identity={key}", str(path)], check=False, capture_output=True)
    return done.stdout if done.returncode == 0 else None


@pytest.fixture
def keys(tmp_path: Path) -> Keys:
    return Keys(tmp_path / "keys")


@pytest.fixture
def backups(tmp_path: Path, keys: Keys) -> Path:
    folder = tmp_path / "backups"
    for name, content in CONTENT.items():
        secret = encrypted(content, keys.public["former"])
        verified = VERIFIED if name == FIRST else None
        backup_files(
            folder, name, database=secret, ending=".age", recipients=(keys.public["former"],), verified=verified
        )
    backup_files(folder, PLAIN, database=b"plain")
    return folder


@pytest.fixture
def options(backups: Path, keys: Keys) -> dict[str, Any]:
    return {
        "environment_name": "dev",
        "backup": "all",
        "backup_dir": str(backups),
        "recipients": [keys.public["new"]],
        "identity_file": keys.files["former"],
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


def manifest(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / f"{name}.manifest.json").read_text())
    return found


def readable(folder: Path, key: str) -> dict[str, bytes | None]:
    """Return what a key reads of each encrypted backup."""
    return {name: decrypted(folder / manifest(folder, name)["files"][0]["name"], key) for name in CONTENT}


def test_backups_and_copies_are_encrypted_for_the_new_key(run_steps, options, backups, keys, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    options = {**options, "copy_to": [{"directory": str(share)}]}
    before = {name: options[name] for name in ("environment_name", "backup", "backup_dir", "copy_to")}
    names = [f"{name} in {share}" for name in CONTENT]

    run_steps(MODULE, [Step("copy", before, changed=True)])
    run = run_steps(
        MODULE,
        [
            Step("look", options, check=True, changed=True, returns={"encrypted": list(CONTENT)}),
            Step("encrypt", options, changed=True, returns={"encrypted": list(CONTENT)}),
            Step("again", options, changed=False, returns={"encrypted": []}),
        ],
    )

    assert run.task("look").diff == run.task("encrypt").diff
    assert set(run.task("encrypt").diff["after"]) == {*CONTENT, *names}
    assert readable(backups, keys.files["new"]) == CONTENT
    assert readable(backups, keys.files["former"]) == dict.fromkeys(CONTENT)
    assert contents(share) == contents(backups)
    assert len(contents(backups)) == 6
    assert manifest(backups, FIRST)["verified"] == VERIFIED
    assert manifest(backups, FIRST)["recipients"] == [keys.public["new"]]
    assert contents(backups)[f"{PLAIN}.dump.zst"] == b"plain"
    another = {**options, "recipients": [keys.public["stranger"]], "identity_file": keys.files["new"]}
    run_steps(MODULE, [Step("once more", another, changed=True)])
    assert readable(backups, keys.files["stranger"]) == CONTENT
    assert contents(share) == contents(backups)


def test_what_an_interrupted_run_left_is_removed_by_the_next_one(run_steps, options, backups, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    target = {"copy_to": [{"directory": str(share)}]}
    before = {name: options[name] for name in ("environment_name", "backup", "backup_dir")}
    run_steps(MODULE, [Step("copy", {**before, **target}, changed=True)])
    (backups / f"{FIRST}.dump.zst.r7.age").write_bytes(b"of an interrupted run")

    # The second run continues one that was interrupted before its copies.
    run_steps(
        MODULE,
        [
            Step("encrypt", options, changed=True),
            Step("copy", {**options, **target}, changed=True),
            Step("again", {**options, **target}, changed=False),
        ],
    )

    assert contents(share) == contents(backups)
    assert len(contents(backups)) == 6


def test_a_backup_that_the_key_does_not_decrypt_stays(run_steps, options, backups, keys):
    before = contents(backups)
    stranger = {**options, "identity_file": keys.files["stranger"]}
    secret = Path(keys.files["new"]).read_text().splitlines()[-1]

    run_steps(
        MODULE,
        [
            Step("another key", stranger, fails="It is encrypted to other keys than the one in identity_file"),
            Step("no key", {**options, "identity_file": "/nowhere"}, check=True, fails="Cannot read the key"),
            Step("a secret key", {**options, "recipients": [secret]}, fails="One of the recipients is a secret key"),
            Step("none", {**options, "recipients": []}, fails="recipients is an empty list"),
            Step("no public key", {**options, "recipients": ["age1x"]}, fails="age does not accept the recipients"),
        ],
    )

    assert contents(backups) == before


def test_a_corrupt_backup_stays(run_steps, options, backups):
    path = backups / f"{FIRST}.dump.zst.age"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    before = contents(backups)

    run_steps(MODULE, [Step("encrypt", {**options, "backup": FIRST}, fails="has the sha256")])

    assert contents(backups) == before


def test_a_result_that_is_not_verified_replaces_nothing(options, backups, keys, monkeypatch):
    catalogue, before = Catalogue(backups), contents(backups)
    work = Reencryption(catalogue, options["recipients"], options["identity_file"])
    (first, *_others) = catalogue.read()[0]
    digest = iter("ab")
    monkeypatch.setattr(reencryption, "_digest", lambda *_arguments: next(digest))

    with pytest.raises(AlteredError, match="has another content"):
        work.run(first)

    assert contents(backups) == before
    monkeypatch.undo()
    monkeypatch.setattr(RunKeys, "add_to", lambda *_arguments: None)
    with pytest.raises(ConvosphereError, match="Give an identity_file that also has the key of a new recipient"):
        work.run(first)
    assert contents(backups) == before
    both = Path(keys.files["former"])
    both.write_text(both.read_text() + Path(keys.files["new"]).read_text())
    work.run(first)
    assert decrypted(backups / f"{FIRST}.dump.zst.r1.age", keys.files["new"]) == CONTENT[FIRST]
