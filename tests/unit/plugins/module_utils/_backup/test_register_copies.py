# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Registers beside the backups and in places of copies, also of runs that end between two files."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import copies, register_copies
from ansible_collections.convosphere.platform.plugins.module_utils._backup.register_copies import PlaceShelf, Registers
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._people import registers, signatures
from ansible_collections.convosphere.platform.plugins.module_utils._people.holds import HOLDS, Hold
from ansible_collections.convosphere.platform.plugins.module_utils._people.registers import Directory
from ansible_collections.convosphere.platform.plugins.module_utils._people.signatures import Keys

ADA, BOB = (f"6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b1{number}" for number in (1, 2))
PLACED = Hold("user", ADA, "Case 4711", "eve", "2026-11-30T10:00:00Z", "2026-11-30T10:00:00.000000Z")
RELEASED_AT = "2026-11-30T11:00:00.000000Z"
RELEASED = replace(PLACED, reason="", held_by="", changed_at=RELEASED_AT, released_at=RELEASED_AT)
OTHER = replace(PLACED, id=BOB)
NAME = "holds-prod.json"
NO_KEY = Keys()


@pytest.fixture
def params(tmp_path: Path) -> dict[str, Any]:
    for name in ("backups", "first", "second"):
        (tmp_path / name).mkdir()
    return {
        "environment_name": "prod",
        "backup_dir": str(tmp_path / "backups"),
        "copy_to": [{"directory": str(tmp_path / name)} for name in ("first", "second")],
        "signatures": None,
    }


def silent(_text: str) -> None:
    """Ignore a warning."""


def opened(params: dict[str, Any], keys: Keys = NO_KEY) -> Registers[Hold]:
    found = Registers(HOLDS, params)
    found.read(keys, silent)
    return found


def stored(folder: Path) -> list[Hold]:
    return list(registers.read(HOLDS, Directory(folder), "prod").own)


def test_all_files_get_the_entries_of_all(params, tmp_path):
    Directory(tmp_path / "second").write(NAME, registers.text_of(HOLDS, [OTHER], "prod"))
    changes = opened(params).plan([PLACED])
    assert {change.name: (change.before, change.after) for change in changes.changes} == {
        f"{NAME} in {tmp_path / 'backups'}": ({"holds": 0}, {"holds": 2}),
        f"{NAME} in {tmp_path / 'first'}": ({"holds": 0}, {"holds": 2}),
        f"{NAME} in {tmp_path / 'second'}": ({"holds": 1}, {"holds": 2}),
    }

    opened(params).write([PLACED])

    assert [stored(tmp_path / name) for name in ("backups", "first", "second")] == [[PLACED, OTHER]] * 3
    assert not opened(params).plan([PLACED]).changed


def test_a_release_reaches_a_file_that_still_has_the_hold_and_no_old_file_undoes_it(params, tmp_path):
    opened(params).write([RELEASED])
    Directory(tmp_path / "first").write(NAME, registers.text_of(HOLDS, [PLACED], "prod"))

    assert opened(params).read(Keys(), silent) == [RELEASED]
    opened(params).write([PLACED])

    assert stored(tmp_path / "first") == stored(tmp_path / "backups") == [RELEASED]


def test_another_reason_is_a_change_although_the_number_is_the_same(params):
    opened(params).write([PLACED])
    changed = replace(PLACED, reason="Case 4712", changed_at=RELEASED_AT)

    first = opened(params).plan([changed]).changes[0]
    assert (first.before, first.after) == ({"entries": "outdated"}, {"entries": "current"})


@pytest.mark.parametrize("written", range(4))
def test_a_run_that_ends_between_two_files_is_completed_by_the_next_one(params, tmp_path, monkeypatch, written):
    opened(params).write([PLACED])
    left = iter([True] * written)

    class Killed(BaseException):
        """The end of the process."""

    for shelf in (Directory, PlaceShelf):
        original = shelf.write

        def write(self: Any, name: str, text: str, original: Any = original) -> None:
            if not next(left, False):
                raise Killed
            original(self, name, text)

        monkeypatch.setattr(shelf, "write", write)
    if written < 3:
        with pytest.raises(Killed):
            opened(params).write([RELEASED])
    else:
        opened(params).write([RELEASED])
    monkeypatch.undo()

    kept = [stored(tmp_path / name) for name in ("backups", "first", "second")]
    assert kept == [[RELEASED]] * written + [[PLACED]] * (3 - written)
    assert opened(params).plan([RELEASED]).changed == (written < 3)
    opened(params).write([RELEASED])
    assert not opened(params).plan([RELEASED]).changed


def test_a_place_that_cannot_be_written_does_not_keep_the_others_from_it(params, tmp_path, monkeypatch):
    register = opened(params)
    original = PlaceShelf.write

    def write(self: PlaceShelf, name: str, text: str) -> None:
        if self.title.endswith("first"):
            raise ConvosphereError(
                f"Cannot write {self.title}/{name}: No space left on device", hint="Free some space."
            )
        original(self, name, text)

    monkeypatch.setattr(PlaceShelf, "write", write)
    with pytest.raises(ConvosphereError, match="No space left on device") as failed:
        register.write([PLACED])

    assert stored(tmp_path / "second") == stored(tmp_path / "backups") == [PLACED]
    assert "The database is changed" in (failed.value.hint or "")
    assert "run it again with the same options, which writes the missing files" in (failed.value.hint or "")


def test_a_place_that_cannot_be_read_any_more_does_not_keep_the_others_from_it(params, tmp_path):
    opened(params).write([PLACED])
    register = opened(params)
    shutil.rmtree(tmp_path / "first")  # between the plan and the end of a long erasure

    with pytest.raises(ConvosphereError, match="first") as failed:
        register.write([RELEASED])

    assert stored(tmp_path / "second") == stored(tmp_path / "backups") == [RELEASED]
    assert "The database is changed" in (failed.value.hint or "")


def test_a_file_that_others_can_read_is_written_again(params, tmp_path):
    opened(params).write([PLACED])
    path = tmp_path / "backups" / NAME
    path.chmod(0o644)

    (change,) = opened(params).plan([PLACED]).changes
    assert (change.before, change.after) == ({"mode": "open to other users"}, {"mode": "0600"})
    opened(params).write([PLACED])
    assert path.stat().st_mode & 0o777 == 0o600


def test_files_are_signed_by_a_key_of_the_host_or_by_a_given_signature(params, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    options = {**dict.fromkeys(signatures.KEY_OPTIONS), "signing_key": str(tmp_path / "key")}
    keys = signatures.read(options)
    opened(params).write([PLACED])
    states = {(str(change.before), str(change.after)) for change in opened(params, keys).plan([PLACED]).changes}
    assert states == {("{'signed': False}", "{'signed': True}")}

    opened(params, keys).write([PLACED])
    assert not opened(params, keys).plan([PLACED]).changed
    public = Keys("", keys.public)
    elsewhere = opened(params, public)
    elsewhere.write([PLACED, OTHER])
    assert stored(tmp_path / "backups") == [PLACED]
    given = keys.sign(HOLDS, elsewhere.unsigned)
    with pytest.raises(InputError, match="is not one of the list of holds that has to be written now"):
        opened({**params, "signatures": {"holds": given}}, public).write([PLACED, replace(OTHER, reason="no other")])
    opened({**params, "signatures": {"holds": given}}, public).write([PLACED, OTHER])

    assert stored(tmp_path / "first") == [PLACED, OTHER]
    assert opened(params, public).read(public, silent) == [PLACED, OTHER]


def test_the_signature_of_a_register_accompanies_it_unchanged(tmp_path):
    text = registers.text_of(HOLDS, [PLACED], "prod", "signature")
    (tmp_path / "place").mkdir()
    Directory(tmp_path).write(NAME, text)

    place = copies.place_of({"directory": str(tmp_path / "place")})
    register_copies.accompany(tmp_path, place, "prod")
    register_copies.accompany(tmp_path, place, "staging")

    assert [(each.name, each.read_text()) for each in (tmp_path / "place").iterdir()] == [(NAME, text)]
