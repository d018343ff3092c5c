# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_export


def server(name: str, list_name: str = "content", **changes: Any) -> dict[str, Any]:
    return {
        "server_id": name,
        "server_name": name,
        "min_tools": 1,
        "required": False,
        "list_name": list_name,
        **changes,
    }


HOSTS = [
    {"item": "app1", "servers": [server("wiki"), server("search", "inventory")], "unrecorded": ["api"]},
    {"item": "app2", "servers": [server("wiki", min_tools=2), server("search", "inventory")], "unrecorded": []},
]
FOUND = {
    "folders": [{"source": "kb", "owner": "ada"}],
    "not_exported": [{"owner": "ada", "reason": "they are lost", "count": 7, "names": ["a", "b"]}],
    "remarks": ["kb (ada) has objects"],
}


def test_documents_and_recorded_servers_are_sections_but_not_those_of_the_inventory():
    content = _content_export.joined({"tags": []}, FOUND, HOSTS)

    servers = [{"server_id": "wiki", "server_url": "", "server_name": "wiki", "min_tools": 1, "required": False}]
    assert content == {"tags": [], "documents": FOUND["folders"], "mcp_servers": servers}
    assert _content_export.counts({**content, "knowledge_settings": {"a": 1}}) == {
        "knowledge_settings": 1,
        "documents": 1,
        "mcp_servers": 1,
    }


def test_what_is_not_exported_is_named():
    content = _content_export.joined({}, FOUND, HOSTS)

    assert _content_export.notes(content, FOUND, HOSTS) == [
        "Not exported: 7 documents of ada: they are lost: a, b and 5 more",
        "Documents: kb (ada) has objects",
        "Not exported: MCP servers that stack_mcp_servers of the inventory declares: search",
        "Not exported: MCP servers that were registered through the API, until a restart: api",
        "MCP servers of app2 are others than those of app1: wiki",
        "Set where ansible-playbook runs, each to the URL of an MCP server: MCP_SERVERS_WIKI",
    ]
    assert _content_export.notes({}, {}, ()) == [
        "Not exported: documents, because content_export_documents is false",
        "Not exported: MCP servers, because the environment has no app host",
    ]
