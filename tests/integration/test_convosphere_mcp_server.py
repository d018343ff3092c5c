# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two backends of one project, each with a memory of its own, and a small MCP server that they both reach."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.module_utils._app import mcp_servers, service_account
from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import Api

from support.compose_project import ComposeProject, docker
from support.law import NO_DIFF, Case, Refused, Step
from support.mcp_server import EMPTY, GOOD, ODD, STREAM, McpServer
from support.platform_database import platform_with_login
from support.sandbox import DATABASE_KEY, Sandbox, image

MODULE = "convosphere_mcp_server"
HIDDEN = "********"
TOKEN = "planted-token"
BACKENDS = 2
KEY = "planted-secret-key-of-the-platform-" + "k" * 32
NEW = {"server_name": "search", "min_tools": 1, "required": False, "server_url": HIDDEN}


class Backends(ComposeProject):
    """A project of two backends in the network of a sandbox, and the addresses of an MCP server for them."""

    def __init__(self, folder: Path, sandbox: Sandbox, server: McpServer) -> None:
        super().__init__(folder)
        sandbox.network.reload()
        self.gateway = str(sandbox.network.attrs["IPAM"]["Config"][0]["Gateway"])
        self.server = server
        environment = {
            "DATABASE_URL": f"postgresql://convosphere:{DATABASE_KEY}@postgres:5432/convosphere",
            "REDIS_URL": "redis://redis:6379",
            "WEAVIATE_URL": "http://weaviate:8080",
            "WEAVIATE_API_KEY": "planted-weaviate-key",
            "SECRET_KEY": KEY,
            "SANDBOX_START_SECONDS": "0",
        }
        check = {"test": ["CMD", "curl", "-sf", "http://localhost:8000/health"], "interval": "1s", "retries": 30}
        backend = {"image": image("backend"), "environment": environment, "healthcheck": check, "scale": BACKENDS}
        model = {
            "services": {"backend": {**backend, "stop_grace_period": "0s", "pull_policy": "never"}},
            "networks": {"default": {"name": sandbox.name, "external": True}},
        }
        (self.folder / "compose.yaml").write_text(yaml.safe_dump(model))
        (self.folder / ".env").chmod(0o600)

    def url(self, path: str) -> str:
        """Return the address of one kind of MCP server, as the backends reach it, with a token."""
        return f"{self.server.url(path, self.gateway)}?token={TOKEN}"

    def options(self, *servers: dict[str, Any], **more: Any) -> dict[str, Any]:
        """Return the options for a list of servers."""
        place = {"project_name": self.name, "project_src": str(self.folder), "environment_name": "dev"}
        return {**place, "mcp_servers": list(servers), **more}

    @property
    def again(self) -> dict[str, Any]:
        """The options that register what is recorded."""
        return {name: value for name, value in self.options().items() if name != "mcp_servers"}

    def registered(self, number: int = 1) -> dict[str, tuple[str, int]]:
        """Return the name and the number of tools of each server that one backend has."""
        (network,) = self.inspect("backend", number)["NetworkSettings"]["Networks"].values()
        url, token = f"http://{network['IPAddress']}:8000", service_account.reader({"SECRET_KEY": KEY})
        api = Api(url, timeout=10, validate_certs=True, token=token, host="localhost")
        return {name: (found.name, found.tools) for name, found in mcp_servers.McpServers(api).read().items()}

    def restart(self, number: int) -> None:
        """Restart one backend, as Docker would, and wait until it answers."""
        docker("restart", "--time=0", self.container("backend", number))
        self.wait_for("backend", lambda _state: self._answers(number))

    def _answers(self, number: int) -> bool:
        return self.inspect("backend", number)["State"]["Health"]["Status"] == "healthy"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with platform_with_login(tmp_path_factory.mktemp("images")) as running:
        yield running


@pytest.fixture(scope="module")
def running(platform: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backends]:
    with McpServer() as server:
        project = Backends(tmp_path_factory.mktemp("mcp") / "stack", platform, server)
        try:
            project.compose("up", "--detach", "--wait")
            yield project
        finally:
            project.compose("down", "--timeout=0")


@pytest.fixture
def project(running: Backends) -> Iterator[Backends]:
    """Yield the project without a record, and with nothing registered."""
    yield running
    record = running.folder / "mcp-servers.json"
    if record.exists():
        record.unlink()
    for number in range(1, BACKENDS + 1):
        if running.registered(number):
            running.restart(number)


@pytest.mark.law
def test_law(run_law, project, platform):
    search = {"server_id": "search", "server_url": project.url(GOOD)}
    renamed = {"server_id": "search", "server_name": "Search in the archive", "min_tools": 2}
    clash = [search, {**search, "server_id": "search_x"}]
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                project.options(search, list_name="content"),
                diff={"before": {}, "after": {"search": NEW}},
                returns={
                    "created": ["search"],
                    "registered": [],
                    "failed_servers": {},
                    "servers": [
                        {
                            "server_id": "search",
                            "server_name": "search",
                            "min_tools": 1,
                            "required": False,
                            "list_name": "content",
                        }
                    ],
                },
            ),
            Case(
                "change",
                project.options(renamed, list_name="content"),
                diff={
                    "before": {"search": {"server_name": "search", "min_tools": 1}},
                    "after": {"search": {"server_name": "Search in the archive", "min_tools": 2}},
                },
                returns={"updated": {"search": ["min_tools", "server_name"]}},
            ),
            Case(
                "prune",
                project.options(
                    {"server_id": "other", "server_url": project.url(GOOD)}, list_name="content", prune=True
                ),
                diff={
                    "before": {"search": {**NEW, "server_name": "Search in the archive", "min_tools": 2}},
                    "after": {"other": {**NEW, "server_name": "other"}},
                },
                returns={"created": ["other"], "deleted": ["search"], "pruned": ["search"]},
            ),
            Case(
                "absent",
                project.options({"server_id": "other", "state": "absent"}),
                diff={"before": {"other": {**NEW, "server_name": "other"}}, "after": {}},
                returns={"deleted": ["other"]},
            ),
        ],
        refused=[
            Refused("prefix", project.options(*clash), "search_x begins with search_, so that the platform mixes up"),
            Refused("twice", project.options(search, search), "mcp_servers names search twice"),
            Refused("no url", project.options({"server_id": "new"}), "new is new and has no server_url"),
            Refused("no id", project.options({**search, "server_id": "a b"}), "a b is no server_id"),
            Refused("another environment", project.options(search, environment_name="prod"), "not to prod"),
            Refused("prune without a list", {**project.again, "prune": True}, "mcp_servers"),
        ],
        folder=project.folder.parent,
        secrets=[KEY, TOKEN, DATABASE_KEY],
    )

    assert project.registered(1) == project.registered(2) == {}
    assert stat.S_IMODE((project.folder / "mcp-servers.json").stat().st_mode) == 0o600
    assert platform.query("SELECT username FROM users WHERE username LIKE 'convosphere-run-%%'") == []


def test_every_backend_has_them_and_one_that_lost_them_gets_them_again_without_a_change(run_steps, project):
    search = {"server_id": "search", "server_url": project.url(GOOD), "server_name": "Search"}
    run_steps(MODULE, [Step("create", project.options(search), changed=True)])
    assert project.registered(1) == project.registered(2) == {"search": ("Search", 2)}

    project.restart(2)
    assert (project.registered(1), project.registered(2)) == ({"search": ("Search", 2)}, {})
    before = len(project.server.requests)
    lost = {"registered": ["search"], "failed_servers": {}}
    run_steps(
        MODULE,
        [
            Step("check", project.again, check=True, changed=False, diff=NO_DIFF, returns=lost),
            Step("again", project.again, changed=False, diff=NO_DIFF, returns=lost),
            Step(
                "the list", project.options(search), changed=False, returns={"registered": [], "unchanged": ["search"]}
            ),
        ],
    )

    assert project.registered(2) == {"search": ("Search", 2)}
    # Check mode asks nothing of the MCP server, and a backend that has it is not touched.
    methods = [method for _time, _path, method in project.server.requests[before:]]
    assert methods == ["initialize", "tools/list", "resources/list"]

    (project.folder / "mcp-servers.json").unlink()
    step = Step("others", project.again, check=True, changed=False, returns={"servers": [], "unrecorded": ["search"]})
    run_steps(MODULE, [step])


def test_a_restart_by_the_service_module_brings_them_back(run_steps, project):
    search = {"server_id": "search", "server_url": project.url(GOOD), "server_name": "Search"}
    restart = {"project_name": project.name, "environment_name": "dev", "state": "restarted", "stop_timeout": 0}
    run_steps(
        MODULE,
        [
            Step("create", project.options(search), changed=True),
            Step("restart", restart, changed=True, module="convosphere_service"),
        ],
    )

    assert project.registered(1) == project.registered(2) == {"search": ("Search", 2)}


def test_nothing_is_left_of_servers_that_fail_and_the_others_are_registered(run_steps, project):
    kinds = {"empty": EMPTY, "stream": STREAM, "odd": ODD, "gone": "/nothing"}
    servers = [{"server_id": name, "server_url": project.url(path)} for name, path in kinds.items()]
    good = {"server_id": "good", "server_url": f"{project.server.url(GOOD, project.gateway)}?token={{MCP_TOKEN}}"}
    (project.folder / ".env").write_text(f"IMAGE={project.image}\nMCP_TOKEN={TOKEN}\n")
    unknown = {"server_id": "unknown", "server_url": "http://10.0.0.1/{NO_SUCH}"}

    options = project.options(*servers, unknown, good)
    run = run_steps(MODULE, [Step("create", options, changed=True, returns={"registered": []})], secrets=[TOKEN, KEY])

    failed = run.task("create").result["failed_servers"]
    messages = {
        "empty": "offers 0 tools, and min_tools is 1",
        "stream": "it answered 500",
        "odd": "has a tool whose schema the platform cannot read",
        "gone": "it answered 500",
        "unknown": "refers to NO_SUCH, which .env does not have",
    }
    assert {name: messages[name] in failed[name] for name in failed} == dict.fromkeys(messages, True), failed
    assert project.registered(1) == project.registered(2) == {"good": ("good", 2)}
    assert (f"/good?token={TOKEN}", "initialize") in [request[1:] for request in project.server.requests]
    assert TOKEN not in json.dumps(json.loads((project.folder / "mcp-servers.json").read_text())["servers"][-1])


def test_a_required_server_fails_the_run_and_the_next_one_goes_on(run_steps, project):
    dead = {"server_id": "dead", "server_url": project.url("/nothing"), "required": True}
    run_steps(
        MODULE,
        [
            Step("fails", project.options(dead), fails="The platform cannot use the MCP server dead at http://"),
            Step("mended", project.options({**dead, "server_url": project.url(GOOD)}), changed=True),
        ],
    )

    assert project.registered(1) == {"dead": ("dead", 2)}


def test_more_than_the_limit_is_not_pruned(run_steps, project):
    servers = [{"server_id": name, "server_url": project.url(GOOD)} for name in ("one", "two")]
    other = {"server_id": "other", "server_url": project.url(GOOD)}
    place = {"prune": True, "prune_limit": 1, "register_now": False}
    run_steps(
        MODULE,
        [
            Step("create", project.options(*servers, register_now=False), changed=True),
            Step("empty", project.options(**place), fails="prune needs a list that has MCP servers"),
            Step("refused", project.options(other, **place), fails="That is more than prune_limit=1"),
        ],
    )
