# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.convosphere.platform.plugins.plugin_utils._limit import hosts_left

GROUPS = {
    "all": ["red-1", "red-2", "blue-1"],
    "ungrouped": [],
    "red": ["red-1", "red-2"],
    "blue": ["blue-1"],
    "app": ["red-1", "red-2", "blue-1"],
    "rack": ["red-1", "blue-1"],
}


@pytest.mark.parametrize(
    ("limit", "left"),
    [
        (None, ["red-1", "red-2"]),
        ("red-1", ["red-1"]),
        ("rack", ["red-1"]),
        ("all:!red-1", ["red-2"]),
        ("red[1]", ["red-2"]),
        ("*-1", ["red-1"]),
        ("~.*-2", ["red-2"]),
        ("blue", []),
        ("blue-1,nonsense", []),
        ("!red", []),
        ("rack:&red:!red-1", []),
    ],
)
def test_a_limit_is_understood_as_ansible_does(limit, left):
    assert hosts_left(DataLoader(), "app:&red", limit, GROUPS) == left


def test_a_limit_may_come_from_a_file(tmp_path):
    path = tmp_path / "failed.retry"
    path.write_text("red-2\nblue-1\n")

    assert hosts_left(DataLoader(), "app:&red", f"@{path}", GROUPS) == ["red-2"]
