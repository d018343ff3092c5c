# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.search_texts import containing, is_uuid


@pytest.mark.parametrize(
    ("word", "expected"), [("a b", "%a b%"), ("100%", r"%100\%%"), ("a_b", r"%a\_b%"), ("\\", r"%\\%")]
)
def test_a_text_matches_itself(word, expected):
    assert containing(word) == expected


def test_an_id_is_in_any_case_of_its_letters_and_complete():
    identifier = "6F1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"

    assert is_uuid(identifier)
    assert not is_uuid(f"{identifier}0")
    assert not is_uuid(identifier.replace("-", ""))
