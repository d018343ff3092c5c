# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.compose_project import ComposeProject, compose_project, docker
from support.compose_project import service as compose_service
from support.environment import free_ports, wait_until
from support.law import NO_DIFF, Case, Refused, Step
from support.module_process import run_module
from support.playbook import run_playbook
from support.sandbox import image, role_play

MODULE = "convosphere_edge_maintenance"
CADDYFILE = """
:80 {
    route {
        import /etc/caddy/state/maintenance*.caddy
        respond "served" 200
    }
}
"""
#: All that HTML, a Caddyfile, its placeholders and its variables could take for their own.
REASON = "<b>`}` {env.HOME} {$HOME} \"quoted\" 'é' \\ &amp;"


class EdgeProject:
    """A Compose project with an edge, the port that it publishes, and requests to it."""

    def __init__(self, project: ComposeProject, port: int) -> None:
        self.project = project
        self.url = f"http://127.0.0.1:{port}"
        self.file = project.folder / "edge/state/maintenance.caddy"

    @property
    def options(self) -> dict[str, Any]:
        """The options that name the project."""
        project = self.project
        return {"environment_name": "dev", "project_name": project.name, "project_src": str(project.folder)}

    @property
    def address(self) -> str:
        """The address from which the edge sees the requests of this machine."""
        (network,) = self.project.inspect("edge")["NetworkSettings"]["Networks"].values()
        return str(network["Gateway"])

    def get(self, path: str = "/") -> tuple[int, Any, str]:
        """Return status, headers and text of the answer."""
        try:
            with urllib.request.urlopen(self.url + path, timeout=10) as answer:
                return answer.status, answer.headers, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.headers, answer.read().decode()

    def answers(self) -> bool:
        """Return whether the edge accepts connections."""
        try:
            return self.get()[0] > 0
        except OSError:
            return False


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EdgeProject]:
    folder = tmp_path_factory.mktemp("edge")
    run_playbook(role_play(folder / "contexts", [{"name": image("caddy"), "standin": "caddy"}]), folder).succeeded()
    (port,) = free_ports(1)
    service = {
        "image": image("caddy"),
        "pull_policy": "never",
        "command": ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"],
        "ports": [f"127.0.0.1:{port}:80"],
        "volumes": ["./edge:/etc/caddy:ro"],
    }
    # The folder has to be there before the container: Docker would create it, without the Caddyfile.
    with compose_project(folder / "stack", {"other": compose_service()}) as project:
        (project.folder / "edge").mkdir()
        (project.folder / "edge/Caddyfile").write_text(CADDYFILE)
        project.write({"edge": service, "other": compose_service()})
        project.compose("up", "--detach")
        yield EdgeProject(project, port)


@pytest.fixture
def edge(running: EdgeProject, tmp_path: Path) -> Iterator[EdgeProject]:
    wait_until(running.answers, "the edge answers")
    yield running
    (running.project.folder / "edge/Caddyfile").write_text(CADDYFILE)
    run_module(MODULE, {**running.options, "state": "absent"}, tmp_path)


def end(minutes: float) -> str:
    return f"{datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


@pytest.mark.law
def test_law(run_law, edge):
    until = end(60)
    fields = {"until": until, "reason": REASON, "operators": ["10.9.0.0/16"], "retry_after": 300}
    begin = {**edge.options, "until": until, "reason": REASON, "operators": ["10.9.0.0/16"]}
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                begin,
                diff={"before": {}, "after": {"maintenance": fields}},
                returns={"maintenance": {**fields, "active": True}},
            ),
            Case(
                "change",
                {**begin, "retry_after": 60},
                diff={"before": {"maintenance": {"retry_after": 300}}, "after": {"maintenance": {"retry_after": 60}}},
            ),
            Case(
                "absent",
                {**edge.options, "state": "absent"},
                diff={"before": {"maintenance": {**fields, "retry_after": 60}}, "after": {}},
                returns={"maintenance": None},
            ),
        ],
        refused=[
            Refused("past", {**begin, "until": "2026-01-01T00:00:00Z"}, "which is past"),
            Refused("too long", {**edge.options, "minutes": 10081}, "more than 7 days from now"),
            Refused("no minutes", {**edge.options, "minutes": 0}, "minutes"),
            Refused("no timestamp", {**begin, "until": "tonight"}, "until is 'tonight'"),
            Refused("everybody", {**begin, "operators": ["0.0.0.0/0"]}, "has every address"),
            Refused("other environment", {**begin, "environment_name": "prod"}, "not to prod"),
        ],
    )
    assert not edge.file.exists()


def test_the_edge_answers_503_with_a_page_but_for_the_health(edge, tmp_path):
    started = edge.project.state("edge")["StartedAt"]

    begun = run_module(MODULE, {**edge.options, "reason": REASON, "retry_after": 77}, tmp_path)
    status, headers, page = edge.get("/api/v1/conversations")

    assert begun["changed"]
    assert status == 503
    assert headers["Retry-After"] == "77"
    assert headers["Cache-Control"] == "no-store"
    assert "<h1>Maintenance</h1>" in page
    assert "&lt;b&gt;&#96;&#125;&#96; &#123;env.HOME&#125; &#123;&#36;HOME&#125;" in page
    assert [edge.get(path)[0] for path in ("/health", "/api/v1/health", "/api/v1/health/detailed")] == [200, 200, 200]
    assert edge.get("/healthy")[0] == 503
    assert not run_module(MODULE, {**edge.options, "reason": REASON, "retry_after": 77}, tmp_path)["changed"]

    assert run_module(MODULE, {**edge.options, "state": "absent"}, tmp_path)["changed"]
    assert edge.get()[0] == 200
    assert edge.project.state("edge")["StartedAt"] == started


def test_operators_are_let_through(edge, tmp_path):
    run_module(MODULE, {**edge.options, "operators": ["192.0.2.0/24"]}, tmp_path)
    assert edge.get()[0] == 503

    run_module(MODULE, {**edge.options, "operators": ["192.0.2.0/24", edge.address]}, tmp_path)
    assert edge.get()[0] == 200


def test_it_ends_by_itself_and_a_longer_one_is_a_change(edge, tmp_path):
    soon = end(0.4)
    assert run_module(MODULE, {**edge.options, "until": soon}, tmp_path)["changed"]
    assert edge.get()[0] == 503

    wait_until(lambda: edge.get()[0] == 200, "the maintenance has ended", seconds=60)

    assert edge.file.exists()
    assert f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}" >= soon
    assert run_module(MODULE, {**edge.options, "minutes": 30}, tmp_path)["changed"]
    assert edge.get()[0] == 503


def test_a_maintenance_of_others_is_kept(run_steps, edge):
    own = {**edge.options, "minutes": 5, "reason": "A backup is being restored.", "keep_others": True}
    theirs = {**edge.options, "minutes": 30, "reason": "We move to a larger disk."}
    run = run_steps(
        MODULE,
        [
            Step("theirs", theirs, changed=True),
            Step("kept", own, changed=False, diff=NO_DIFF),
            Step("not ended", {**own, "state": "absent"}, changed=False, diff=NO_DIFF),
            Step("ended by them", {**theirs, "state": "absent"}, changed=True),
            Step("own", own, changed=True),
            Step("own ended", {**own, "state": "absent"}, changed=True),
        ],
    )

    assert run.task("kept").result["maintenance"]["reason"] == "We move to a larger disk."
    assert run.task("own").result["maintenance"]["reason"] == "A backup is being restored."
    assert run.task("own ended").result["maintenance"] is None
    assert edge.get()[0] == 200


def test_a_run_that_was_interrupted_before_the_reload_is_finished(run_steps, edge, tmp_path):
    begin = {**edge.options, "until": end(60)}
    run_module(MODULE, begin, tmp_path)
    text = edge.file.read_text()
    run_module(MODULE, {**edge.options, "state": "absent"}, tmp_path)
    edge.file.write_text(text)
    name = edge.project.container("edge")
    diff = {"before": {name: {"configuration": "not loaded"}}, "after": {name: {"configuration": "loaded"}}}

    run_steps(
        MODULE,
        [
            Step("check", begin, check=True, changed=True, diff=diff),
            Step("finish", begin, changed=True, diff=diff),
            Step("again", begin, changed=False, diff=NO_DIFF),
        ],
    )

    assert edge.get()[0] == 503


def test_a_configuration_that_the_edge_refuses_leaves_the_old_one(edge, tmp_path):
    (edge.project.folder / "edge/Caddyfile").write_text(CADDYFILE + "nonsense {\n")

    result = run_module(MODULE, edge.options, tmp_path)

    assert result["failed"]
    assert "did not load its configuration" in result["msg"]
    assert not edge.file.exists()
    assert edge.get()[0] == 200


def test_an_edge_of_an_older_release_is_refused(edge, tmp_path):
    (edge.project.folder / "edge/Caddyfile").write_text(":80 {\n\trespond 200\n}\n")

    result = run_module(MODULE, edge.options, tmp_path)

    assert "does not import state/maintenance" in result["msg"]
    assert "Deploy the environment once" in result["msg"]


def test_an_edge_that_starts_later_reads_the_file(edge, tmp_path):
    docker("stop", "--time=0", edge.project.container("edge"))
    assert run_module(MODULE, edge.options, tmp_path)["changed"]

    docker("start", edge.project.container("edge"))
    wait_until(edge.answers, "the edge answers")

    assert edge.get()[0] == 503
    shown = run_module("convosphere_service_info", {"project_name": edge.project.name, "stats": False}, tmp_path)
    assert shown["maintenance"] == {"active": True, "until": ANY, "reason": "", "operators": [], "retry_after": 300}
