# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import mcp_servers
from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import Answer
from ansible_collections.convosphere.platform.plugins.module_utils._app.mcp_servers import (
    Due,
    McpServers,
    Registered,
    Server,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ApiError

URL = "http://mcp:9000/mcp?token=planted"
SEARCH = Server("search", URL, "Search", min_tools=2)


class Backend:
    """An interface with MCP servers in memory, as the platform answers. ``offers`` are the tools by URL.

    A URL that it does not know cannot be reached. ``odd`` are the URLs with a tool that cannot be read.
    """

    def __init__(self, offers: Mapping[str, int], odd: tuple[str, ...] = (), slow: bool = False) -> None:
        self.offers, self.odd, self.slow = offers, odd, slow
        self.servers: dict[str, dict[str, Any]] = {}
        self.tools: list[str] = []
        self.sent: list[str] = []

    def get(self, path: str) -> Answer:
        found: Any = (
            list(self.servers.values()) if path == mcp_servers.SERVERS else [{"id": each} for each in self.tools]
        )
        return Answer(path, 200, json.dumps(found), 0)

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        self.sent.append(f"POST {body['server_id']}")
        url = body["server_url"]
        if url not in self.offers:
            if self.slow:
                raise ApiError("it does not answer within 30 s")
            return Answer(path, 500, "{}", 0)
        self.servers[body["server_id"]] = dict(body)
        if url in self.odd:
            return Answer(path, 500, "{}", 0)
        self.tools += [f"{body['server_id']}_tool{number}" for number in range(self.offers[url])]
        return Answer(path, 200, "{}", 0)

    def delete(self, path: str) -> Answer:
        name = path.rpartition("/")[2]
        self.sent.append(f"DELETE {name}")
        if name not in self.servers:
            return Answer(path, 500, "{}", 0)
        del self.servers[name]
        self.tools = [each for each in self.tools if not each.startswith(f"{name}_")]
        return Answer(path, 200, "{}", 0)


def test_a_server_is_registered_with_its_tools():
    backend = Backend({URL: 2})
    McpServers(backend).register(SEARCH, is_known=False)

    assert McpServers(backend).read() == {"search": Registered(URL, "Search", 2)}
    assert backend.sent == ["POST search"]


def test_one_that_is_known_goes_first_so_that_no_tool_of_its_old_address_stays():
    backend = Backend({"http://old": 5, URL: 2})
    McpServers(backend).register(Server("search", "http://old", "Search"), is_known=False)
    McpServers(backend).register(SEARCH, is_known=True)

    assert McpServers(backend).read()["search"].tools == 2
    assert backend.sent == ["POST search", "DELETE search", "POST search"]


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        (
            Backend({URL: 1}),
            r"search at http://mcp:9000/\.\.\. offers 1 tools, and min_tools is 2. The platform needs str",
        ),
        (Backend({URL: 1}, odd=(URL,)), "has a tool whose schema the platform cannot read. Each property of its"),
        (Backend({}), "The platform cannot use the MCP server search at .*: it answered 500. The container of the"),
        (Backend({}, slow=True), "was not registered: it does not answer within 30 s"),
    ],
    ids=["too few tools", "odd schema", "not reachable", "silent"],
)
def test_nothing_is_left_of_a_server_that_fails_and_no_token_is_shown(backend, message):
    with pytest.raises(ApiError, match=message) as raised:
        McpServers(backend).register(SEARCH, is_known=False)

    assert backend.servers == {}
    assert backend.tools == []
    assert "planted" not in str(raised.value)


@pytest.mark.parametrize(("status", "text"), [(401, '{"detail": "x"}'), (200, '{"a": 1}')])
def test_a_list_in_another_form_is_an_error(status, text):
    backend = Backend({})
    backend.get = lambda path: Answer(path, status, text, 0)  # type: ignore[method-assign]

    with pytest.raises(ApiError, match=f"answered {status} instead of a list"):
        McpServers(backend).read()


def test_only_what_differs_is_due():
    good = Registered(URL, "Search", 3)
    desired = [SEARCH]

    assert not mcp_servers.due(desired, ["gone"], {"search": good, "foreign": good})
    assert mcp_servers.due(desired, ["gone"], {"gone": good}) == Due((SEARCH,), ("gone",))
    for other in (Registered("http://x", "Search", 3), Registered(URL, "Other", 3), Registered(URL, "Search", 1)):
        assert mcp_servers.due(desired, [], {"search": other}).register == (SEARCH,)


def test_ids_that_the_platform_mixes_up_are_found():
    assert mcp_servers.clashes(["m1", "m1_x", "m10", "n"]) == [("m1", "m1_x")]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:pw@mcp.example.com/secret?token=x", "https://mcp.example.com/..."),
        ("http://[fd00::1]:9000", "http://[fd00::1]:9000/..."),
        ("nonsense", "(no address)"),
    ],
)
def test_of_a_url_only_the_address_is_shown(url, shown):
    assert mcp_servers.place(url) == shown
