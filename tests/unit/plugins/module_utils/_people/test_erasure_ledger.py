# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of the ledger. Its table is covered by tests/integration/test_convosphere_person_erasure.py."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, replace

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._people import erasure_ledger, registers
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import LEDGER, Entry

FIRST, SECOND = (f"6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b1{number}" for number in (1, 2))
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


def test_the_hash_is_of_the_address_in_any_case_and_form_and_of_this_ledger_only():
    assert erasure_ledger.email_hash(" Ada@Example.COM ") == erasure_ledger.email_hash("ada@example.com")
    assert erasure_ledger.email_hash("zoe\u0308@example.com") == erasure_ledger.email_hash("zo\u00eb@example.com")
    assert erasure_ledger.email_hash("ada@example.com") != erasure_ledger.email_hash("bob@example.com")
    assert erasure_ledger.email_hash("ada@example.com") != hashlib.sha256(b"ada@example.com").hexdigest()


def test_a_finished_entry_wins_whatever_the_order():
    assert erasure_ledger.merged([BEGUN], [DONE, OTHER]) == [OTHER, DONE]
    assert erasure_ledger.merged([DONE, OTHER], [BEGUN]) == [OTHER, DONE]
    assert LEDGER.merge([BEGUN], [OTHER]) == [OTHER]


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
        {"run": "\ud800"},
        {"run": 1},
    ],
)
def test_an_entry_that_the_table_of_a_restore_would_refuse_is_refused_with_the_next_action(change):
    text = registers.text_of(LEDGER, [replace(DONE, **change)], "prod")

    with pytest.raises(InputError, match="is not a ledger of erasures") as refused:
        registers.parse(LEDGER, text, "erasures-prod.json in /backups", "prod")
    assert "move it away and run person.yml with do=erase" in (refused.value.hint or "")


def test_the_file_of_an_earlier_version_and_an_entry_with_an_heir_are_read():
    entries = [replace(DONE, assistants_to=SECOND), BEGUN]
    content = json.dumps({"format": 1, "erasures": [asdict(each) for each in entries]})

    assert registers.parse(LEDGER, content, "erasures.json", "prod").entries == entries
