# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._conversations import message_query
from ansible_collections.convosphere.platform.plugins.module_utils._conversations.selection import Selection

NOW = datetime(2026, 7, 1, tzinfo=UTC)


def test_no_value_is_in_a_condition():
    chosen = Selection(("u",), ("a",), ("c",), NOW, NOW, ("user",), ("'; --",), "'x'")
    for condition, values in (chosen.of_messages(), chosen.of_conversations()):
        assert "'" not in condition
        assert {"users", "assistants", "conversations", "since", "until"} <= values.keys()


def test_without_a_condition_all_is_selected():
    assert Selection().of_messages()[0] == Selection().of_conversations()[0] == "true"


def test_a_name_without_rows_selects_nothing():
    assert Selection(users=()).of_messages() == (
        "c.user_id = ANY (%(users)s::uuid[])",
        {"users": [], "since": None, "until": None},
    )


@pytest.mark.parametrize(
    ("selection", "size", "warned"),
    [
        (Selection(), message_query.LARGE, True),
        (Selection(words=("a",), until=NOW), message_query.LARGE, True),
        (Selection(), message_query.LARGE - 1, False),
        (Selection(since=NOW), message_query.LARGE, False),
        (Selection(users=("a",)), message_query.LARGE, False),
    ],
)
def test_a_search_of_a_large_table_without_bounds_is_warned_about(selection, size, warned):
    class Database:
        """The size of the table, which cannot be had without making one."""

        def fetch(self, _statement):
            return [(size,)]

    assert (message_query.unbounded_warning(Database(), selection) is not None) is warned
