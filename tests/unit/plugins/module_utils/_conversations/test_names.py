# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a name means. The queries are covered by tests/integration/test_convosphere_records.py."""

from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._conversations import names
from ansible_collections.convosphere.platform.plugins.module_utils._conversations.names import Found


def test_the_first_rank_counts_and_each_row_once():
    rows = [("ada@x", "2", 2), ("ada@x", "1", 1), ("Ada@X", "1", 1), ("bob", "3", 2)]

    assert names.choose(["ada@x", "Ada@X", "bob", "eve", "eve"], rows, "users") == Found(("1", "3"), ("eve",), ())


def test_a_name_of_several_is_a_problem_with_their_ids():
    found = names.choose(["Helper"], [("Helper", "2", 1), ("Helper", "1", 1)], "assistants")

    assert found == Found(
        (),
        (),
        ("has Helper, and 2 assistants have that name: give the id of the one that you mean, of 1, 2",),
    )
