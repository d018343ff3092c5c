# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses that look alike. The search in a table is covered by tests/integration/test_convosphere_hold.py."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._people import erasure_ledger, person

GIVEN = "j\N{LATIN SMALL LETTER O WITH DIAERESIS}rg@example.com"
STORED = unicodedata.normalize("NFD", GIVEN)
USER = "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"


class Users:
    """A table of users with one row, in which PostgreSQL finds no other address than the stored one."""

    def fetch(self, statement: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        return [] if "WHERE" in statement else [(USER, STORED)]


def test_an_address_in_another_form_of_unicode_is_refused_with_the_id_and_has_the_same_hash():
    with pytest.raises(InputError, match=f"in another form of Unicode: {STORED} has the id {USER}"):
        person.find(Users(), GIVEN)  # type: ignore[arg-type]

    assert person.find(Users(), "jorg@example.com") is None  # type: ignore[arg-type]
    assert STORED != GIVEN
    assert erasure_ledger.email_hash(STORED) == erasure_ledger.email_hash(GIVEN)
