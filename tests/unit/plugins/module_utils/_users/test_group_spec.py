# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._entities.values import ValueProblem
from ansible_collections.convosphere.platform.plugins.module_utils._users.group_spec import GroupNames


def test_groups_of_one_name_are_called_by_their_ids():
    groups = GroupNames([("1", "a"), ("2", "twins"), ("3", "twins")], ["planned"])

    assert groups.labels == {"1": "a", "2": "2", "3": "3"}
    assert [groups.find(text) for text in ("a", "1", "2", "planned")] == ["a", "a", "2", "planned"]
    with pytest.raises(ValueProblem, match="2, 3"):
        groups.find("twins")
    with pytest.raises(ValueProblem, match="no group 'b'"):
        groups.find("b")
