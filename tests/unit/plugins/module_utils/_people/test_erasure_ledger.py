# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger of erasures as a file. Its table is covered by tests/integration/test_convosphere_person_erasure.py."""

from __future__ import annotations

import hashlib
import stat
from dataclasses import replace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._people import erasure_ledger
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import Entry

BEGUN = Entry(
    "id-1",
    erasure_ledger.email_hash("ada@example.com"),
    "2026-11-30T10:00:00.000000Z",
    "",
    "delete",
    "delete",
    "",
    "run",
)
DONE = replace(BEGUN, erased_at="2026-11-30T10:00:05.000000Z")
OTHER = replace(DONE, user_id="id-2", begun_at="2026-11-29T10:00:00.000000Z")


def test_the_hash_is_of_the_address_in_any_case_and_of_this_ledger_only():
    assert erasure_ledger.email_hash(" Ada@Example.COM ") == erasure_ledger.email_hash("ada@example.com")
    assert erasure_ledger.email_hash("ada@example.com") != erasure_ledger.email_hash("bob@example.com")
    assert erasure_ledger.email_hash("ada@example.com") != hashlib.sha256(b"ada@example.com").hexdigest()


def test_a_finished_entry_wins_whatever_the_order():
    assert erasure_ledger.merged([BEGUN], [DONE, OTHER]) == [OTHER, DONE]
    assert erasure_ledger.merged([DONE, OTHER], [BEGUN]) == [OTHER, DONE]


def test_the_file_holds_finished_erasures_for_its_owner_alone(tmp_path):
    assert erasure_ledger.write_file(tmp_path, [DONE, replace(BEGUN, user_id="id-3")])
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
