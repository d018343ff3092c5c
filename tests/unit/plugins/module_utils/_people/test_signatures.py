# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signatures of registers, by the real ssh-keygen."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._people import registers, signatures
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import LEDGER, Entry
from ansible_collections.convosphere.platform.plugins.module_utils._people.holds import HOLDS
from ansible_collections.convosphere.platform.plugins.module_utils._people.registers import Directory
from ansible_collections.convosphere.platform.plugins.module_utils._people.signatures import Keys

ADA = Entry(
    "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11",
    "hash",
    "2026-11-30T10:00:00.000000Z",
    "2026-11-30T10:00:05.000000Z",
    "delete",
    "delete",
    "",
    "run",
)
NONE = dict.fromkeys(signatures.KEY_OPTIONS)


def new_key(path: Path, passphrase: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-f", str(path)], check=True)
    return path


def keys_of(path: Path) -> Keys:
    return signatures.read({**NONE, "signing_key": str(path)})


@pytest.fixture
def signed(tmp_path: Path) -> Keys:
    """Write a signed ledger of prod, and return its keys."""
    keys = keys_of(new_key(tmp_path / "key"))
    signature = keys.sign(LEDGER, registers.signed_text_of(LEDGER, [ADA], "prod"))
    Directory(tmp_path).write(LEDGER.file("prod"), registers.text_of(LEDGER, [ADA], "prod", signature))
    return keys


def change(folder: Path, **fields: Any) -> None:
    path = folder / LEDGER.file("prod")
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


def test_a_signed_ledger_is_accepted_by_the_key_and_by_its_public_half(tmp_path, signed):
    public = (tmp_path / "key.pub").read_text()
    warnings: list[str] = []

    for keys in (signed, signatures.read({**NONE, "public_key": public})):
        content = registers.read(LEDGER, Directory(tmp_path), "prod", keys.check(warnings.append))
        assert content.entries == [ADA]
    assert warnings == []


@pytest.mark.parametrize("fields", [{"erasures": []}, {"more": 1}, {"signature": "x"}])
def test_a_changed_ledger_is_refused(tmp_path, signed, fields):
    change(tmp_path, **fields)

    with pytest.raises(
        InputError, match=r"The signature of erasures-prod\.json in .* is not valid: the file was changed"
    ):
        registers.read(LEDGER, Directory(tmp_path), "prod", signed.check())


def test_a_signature_is_of_one_environment_one_register_and_one_key(tmp_path, signed):
    text = (tmp_path / LEDGER.file("prod")).read_text()
    content = registers.parse(LEDGER, text, "title", "prod")
    other = keys_of(new_key(tmp_path / "other"))

    with pytest.raises(InputError, match="is not valid"):
        other.check()(LEDGER, content, "title")
    with pytest.raises(InputError, match="is not valid"):
        signed.check()(HOLDS, content, "title")
    change(tmp_path, environment="staging")
    (tmp_path / LEDGER.file("prod")).rename(tmp_path / LEDGER.file("staging"))
    with pytest.raises(InputError, match="is not valid"):
        registers.read(LEDGER, Directory(tmp_path), "staging", signed.check())


def test_a_ledger_without_a_signature_is_a_warning_only_with_a_key(tmp_path, signed):
    change(tmp_path, signature="")
    warnings: list[str] = []

    registers.read(LEDGER, Directory(tmp_path), "prod", signed.check(warnings.append))
    registers.read(LEDGER, Directory(tmp_path), "prod", Keys().check(warnings.append))

    assert warnings == [f"erasures-prod.json in {tmp_path} is not signed: whether someone has changed it is not known"]


def test_a_file_of_an_earlier_version_brings_no_entry_past_the_signature_in_silence(tmp_path, signed):
    warnings: list[str] = []

    def read() -> None:
        registers.read(LEDGER, Directory(tmp_path), "prod", signed.check(warnings.append))

    former = {"format": 1, "erasures": [asdict(ADA)]}
    (tmp_path / "erasures.json").write_text(json.dumps(former))
    read()
    assert warnings == []  # it adds nothing

    added = replace(ADA, user_id=ADA.user_id[:-1] + "2")
    (tmp_path / "erasures.json").write_text(json.dumps({**former, "erasures": [asdict(added)]}))
    read()
    assert warnings == [f"erasures.json in {tmp_path} is not signed: whether someone has changed it is not known"]
    (tmp_path / "erasures.json").write_text(json.dumps({**former, "erasures": [asdict(added)], "signature": "x"}))
    with pytest.raises(InputError, match=r"The signature of erasures\.json in .* is not valid"):
        read()


@pytest.mark.usefixtures("signed")
def test_without_a_key_a_signature_is_not_looked_at(tmp_path):
    change(tmp_path, signature="x")

    assert registers.read(LEDGER, Directory(tmp_path), "prod", Keys().check()).entries == [ADA]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"public_key": "junk"}, "public_key is no public SSH key"),
        ({"public_key": "ssh-ed25519 A\nssh-ed25519 B"}, "public_key has several lines"),
        ({"signatures": {"holds": "x"}}, "signatures is given without public_key"),
        ({"signatures": {"holds": 1}, "public_key": "ssh-ed25519 A"}, "signatures has a value that is no text"),
        ({"controller_signing_key": "key"}, "was not read on the controller"),
        ({"signing_key": "none"}, "Cannot sign with signing_key .*none"),
        ({"signing_key": "protected"}, "Cannot sign with signing_key .*protected"),
    ],
)
def test_a_key_that_cannot_be_used_is_refused(tmp_path, options, message):
    new_key(tmp_path / "protected", passphrase="planted-passphrase")
    given = {name: str(tmp_path / value) if name == "signing_key" else value for name, value in options.items()}

    with pytest.raises(InputError, match=message):
        signatures.read({**NONE, **given})
