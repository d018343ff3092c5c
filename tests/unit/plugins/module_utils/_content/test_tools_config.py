# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content import tools_config

CONFIG = [{"note": 1}, {"id": "1", "limit": 5}, {"id": "2"}]


@pytest.mark.parametrize(
    ("config", "ids", "expected"),
    [
        (CONFIG, ["1", "2"], CONFIG),
        (CONFIG, ["2", "3"], [{"note": 1}, {"id": "2"}, {"id": "3"}]),
        (CONFIG, [], [{"note": 1}]),
        ([{"id": "1"}, {"id": "1"}], ["1"], [{"id": "1"}]),
        (None, ["1"], [{"id": "1"}]),
        ({}, ["1"], [{"id": "1"}]),
        (["x"], ["1"], [{"id": "1"}]),
    ],
)
def test_entries_that_stay_are_kept_and_what_the_platform_cannot_return_is_repaired(config, ids, expected):
    assert tools_config.changed(config, ids) == expected


def test_only_a_list_of_objects_is_valid():
    assert [tools_config.is_valid(config) for config in (CONFIG, [], None, {}, ["x"])] == [
        True,
        True,
        False,
        False,
        False,
    ]
    assert tools_config.ids_of(CONFIG) == ["1", "2"]
    assert tools_config.ids_of({}) == []
