# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MCP servers of the inventory: on a backend before it serves, and again after Docker has restarted it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.compose_project import docker
from support.environment import Environment, wait_until
from support.mcp_server import GOOD, McpServer

READ = """
import json, os, time, urllib.request, uuid, jwt
claims = {"sub": str(uuid.uuid4()), "exp": int(time.time()) + 60}
token = jwt.encode(claims, os.environ["SECRET_KEY"], algorithm="HS256")
headers = {"Authorization": "Bearer " + token}
request = urllib.request.Request("http://localhost:8000/api/v1/mcp/tools", None, headers)
print(urllib.request.urlopen(request).read().decode())
"""


@pytest.fixture
def server(live: Environment) -> Iterator[McpServer]:
    """Yield an MCP server. Other tests of the environment find no record of it."""
    with McpServer() as found:
        yield found
    (live.directory / "mcp-servers.json").unlink(missing_ok=True)


def tools(live: Environment) -> list[str]:
    """Return the ids of the tools that the newest backend offers."""
    return [tool["id"] for tool in json.loads(docker("exec", live.container("backend"), "python3", "-c", READ))]


def is_healthy(live: Environment) -> bool:
    return live.inspect("backend")["State"]["Health"]["Status"] == "healthy"


def test_a_backend_has_the_servers_of_the_inventory_before_it_serves(live, server):
    (network,) = live.inspect("backend")["NetworkSettings"]["Networks"].values()
    entry = {"server_id": "search", "server_url": server.url(GOOD, network["Gateway"])}
    given: dict[str, Any] = {"stack_mcp_servers": [entry]}

    run = live.run("deploy.yml", extra_vars=given).succeeded()
    assert run.changed == 1  # the record, and no container
    assert tools(live) == ["search_find", "search_list"]

    old, asked = live.container("backend"), len(server.requests)
    live.run("services.yml", extra_vars={"state": "restarted", "service": "backend"}).succeeded()
    assert live.container("backend") != old
    assert tools(live) == ["search_find", "search_list"]
    # The edge names the new container at the commit point, by a link that is replaced.
    registered = [time for time, _path, method in server.requests[asked:] if method == "resources/list"]
    switched = max(path.lstat().st_mtime for path in (live.directory / "edge/state").iterdir())
    assert len(registered) == 1
    assert registered[0] < switched

    docker("restart", "--time=0", live.container("backend"))
    wait_until(lambda: is_healthy(live), "the backend")
    assert tools(live) == []
    live.run("maintenance.yml", extra_vars={"steps": "health"}).succeeded()
    assert tools(live) == ["search_find", "search_list"]
