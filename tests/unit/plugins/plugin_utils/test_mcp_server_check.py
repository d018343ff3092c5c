# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _stack_options

URL = "https://tools.example.com/mcp?token=very-secret"


def problems(entries: Any) -> list[str]:
    return _stack_options.problems({"stack_mcp_servers": entries})


def test_servers_that_can_be_registered():
    assert problems([{"server_id": "search", "server_url": URL, "required": True}, {"server_id": "kept"}]) == []


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ("search", "stack_mcp_servers is text and no list"),
        (["search"], "stack_mcp_servers[0] is no dictionary"),
        ([{"server_url": URL}], "stack_mcp_servers[0] needs a text as server_id"),
        ([{"server_id": 1, "server_url": URL}], "stack_mcp_servers[0] needs a text as server_id"),
        ([{"server_id": "a", "server_url": ""}], "stack_mcp_servers[0] needs a text as server_url"),
        ([{"server_id": "a", "url": URL}], "stack_mcp_servers[0] has no option 'url'"),
        ([{"server_id": "a", "state": "gone"}], "stack_mcp_servers[0] has a state that is not one of"),
        ([{"server_id": "a", "server_url": f"file://{URL}"}], "stack_mcp_servers: a has a server_url that is not"),
        ([{"server_id": "a", "server_url": URL}] * 2, "stack_mcp_servers: mcp_servers names a twice"),
        ([{"server_id": "m1"}, {"server_id": "m1_x"}], "stack_mcp_servers: m1_x begins with m1_"),
    ],
)
def test_what_cannot_be_registered_is_refused_without_showing_the_url(entries, said):
    found = problems(entries)

    assert [problem for problem in found if problem.startswith(said)] != [], found
    assert "very-secret" not in str(found)
