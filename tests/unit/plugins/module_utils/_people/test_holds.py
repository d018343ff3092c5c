# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The entries of holds. Their table is covered by tests/integration/test_convosphere_hold.py."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._people import holds, registers
from ansible_collections.convosphere.platform.plugins.module_utils._people.holds import HOLDS, Hold

ADA = "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"
PLACED = Hold("user", ADA, "Case 4711", "eve", "2026-11-30T10:00:00Z", "2026-11-30T10:00:00.000000Z")
RELEASED_AT = "2026-11-30T11:00:00.000000Z"
RELEASED = replace(PLACED, reason="", held_by="", changed_at=RELEASED_AT, released_at=RELEASED_AT)
AGAIN = replace(PLACED, since="2026-11-30T12:00:00Z", changed_at="2026-11-30T12:00:00.000000Z")


@pytest.mark.parametrize("order", list(permutations([PLACED, RELEASED, AGAIN])))
def test_the_last_change_counts_whatever_the_order(order):
    assert holds.merged(*([each] for each in order)) == [AGAIN]
    assert holds.merged([each for each in order if each != AGAIN]) == [RELEASED]


def test_a_hold_beats_a_release_of_the_same_time():
    tied = replace(PLACED, changed_at=RELEASED_AT)

    assert holds.merged([tied], [RELEASED]) == holds.merged([RELEASED], [tied]) == [tied]


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "tag"},
        {"id": ADA.upper()},
        {"since": "2026-11-30"},
        {"since": "\N{ARABIC-INDIC DIGIT TWO}026-11-30T10:00:00Z"},
        {"changed_at": ""},
        {"released_at": "now"},
        {"changed_at": "2026-11-30T10:00:00.5Z"},
        {"changed_at": "9999-12-31T23:59:59.999999Z"},
        {"reason": None},
        {"reason": "\ud800"},
    ],
)
def test_an_entry_that_the_table_would_refuse_is_refused_with_the_next_action(change):
    text = registers.text_of(HOLDS, [replace(PLACED, **change)], "prod")

    with pytest.raises(InputError, match="is not a list of holds") as refused:
        registers.parse(HOLDS, text, "holds-prod.json in /backups", "prod")
    assert "place or release any hold once more" in (refused.value.hint or "")
