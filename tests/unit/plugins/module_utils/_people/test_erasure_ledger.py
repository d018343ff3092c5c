# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of erasures as a file. Its table is covered by tests/integration/test_convosphere_person_erasure.py."""

from __future__ import annotations

import hashlib
import json
import stat
from dataclasses import asdict, replace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._people import erasure_ledger
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import Entry

FIRST, SECOND, THIRD = (f"6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b1{number}" for number in (1, 2, 3))
BEGUN = Entry(
    FIRST,
    erasure_ledger.email_hash("ada@example.com"),
    "2026-11-30T10:00:00.000000Z",
    "",
    "delete",
    "delete",
    "",
    "run",
)
DONE = replace(BEGUN, erased_at="2026-11-30T10:00:05.000000Z")
OTHER = replace(DONE, user_id=SECOND, begun_at="2026-11-29T10:00:00.000000Z")


def test_the_hash_is_of_the_address_in_any_case_and_of_this_ledger_only():
    assert erasure_ledger.email_hash(" Ada@Example.COM ") == erasure_ledger.email_hash("ada@example.com")
    assert erasure_ledger.email_hash("ada@example.com") != erasure_ledger.email_hash("bob@example.com")
    assert erasure_ledger.email_hash("ada@example.com") != hashlib.sha256(b"ada@example.com").hexdigest()


def test_a_finished_entry_wins_whatever_the_order():
    assert erasure_ledger.merged([BEGUN], [DONE, OTHER]) == [OTHER, DONE]
    assert erasure_ledger.merged([DONE, OTHER], [BEGUN]) == [OTHER, DONE]


def test_the_file_holds_finished_erasures_for_its_owner_alone(tmp_path):
    assert erasure_ledger.write_file(tmp_path, [DONE, replace(BEGUN, user_id=THIRD)])
    assert erasure_ledger.write_file(tmp_path, [OTHER])

    path = tmp_path / "erasures.json"
    assert erasure_ledger.read_file(tmp_path) == [OTHER, DONE]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "ada" not in path.read_text()
    assert [each.name for each in tmp_path.iterdir()] == ["erasures.json"]


def test_a_file_that_has_the_entries_is_not_written_again(tmp_path):
    erasure_ledger.write_file(tmp_path, [DONE])
    written = (tmp_path / "erasures.json").stat()

    assert not erasure_ledger.write_file(tmp_path, [DONE])
    assert (tmp_path / "erasures.json").stat() == written


def test_without_a_file_there_are_no_entries(tmp_path):
    assert erasure_ledger.read_file(tmp_path / "none") == []


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"format": 2, "erasures": []}', '{"format": 1, "erasures": [{"user_id": "x"}]}']
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path, text):
    (tmp_path / "erasures.json").write_text(text)

    with pytest.raises(InputError, match=r"erasures\.json is not a ledger .* could take erased persons back"):
        erasure_ledger.write_file(tmp_path, [DONE])
    assert (tmp_path / "erasures.json").read_text() == text


@pytest.mark.parametrize(
    "change",
    [
        {"user_id": "id-1"},
        {"user_id": FIRST.upper()},
        {"assistants_to": "bob@example.com"},
        {"begun_at": ""},
        {"begun_at": "2026-11-31T10:00:00.000000Z"},
        {"erased_at": "yesterday"},
        {"erased_at": "٢٠٢٦-11-30T10:00:05.000000Z"},
        {"mode": "forget"},
        {"run": "a\0b"},
    ],
)
def test_an_entry_that_the_table_of_a_restore_would_refuse_is_refused_with_the_next_action(change):
    text = erasure_ledger.text_of([replace(DONE, **change)])

    with pytest.raises(InputError, match="is not a ledger") as refused:
        erasure_ledger.parse(text, "erasures.json in /backups")
    assert "move it away and run person.yml with do=erase" in (refused.value.hint or "")


def test_an_entry_with_an_heir_and_one_that_is_not_finished_are_read():
    entries = [replace(DONE, assistants_to=SECOND), BEGUN]
    content = json.dumps({"format": 1, "erasures": [asdict(each) for each in entries]})

    assert erasure_ledger.parse(content, "erasures.json") == entries
