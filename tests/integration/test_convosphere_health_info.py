# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Iterator
from unittest.mock import ANY

import pytest

from support.compose_project import compose_project, docker, service
from support.health_routes import Platform, serving
from support.law import Refused, Step

MODULE = "convosphere_health_info"
NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def platform() -> Iterator[Platform]:
    with serving(Platform()) as found:
        yield found


@pytest.mark.law
def test_law(run_info_law, platform):
    connected = {"status": "connected"}
    run = run_info_law(
        MODULE,
        {"api_url": platform.url, "edge_url": f"{platform.url}/"},
        returns={
            "healthy": True,
            "status": "healthy",
            "problems": [],
            "latency_ms": ANY,
            "components": {
                "database": {"status": "healthy", "latency_ms": ANY, "details": {**connected, "pool_size": 5}},
                "cache": {"status": "healthy", "latency_ms": ANY, "details": {**connected, "version": "7.0.15"}},
                "vector_db": {"status": "healthy", "latency_ms": ANY, "details": connected},
            },
            "versions": {"platform": "0.1.2-beta", "cache": "7.0.15"},
            "environment": "development",
            "edge": {"url": platform.url, "answered": True, "status_code": 200, "latency_ms": ANY},
            "services": [],
        },
        refused=[
            Refused("no URL", {"api_url": "localhost:18000"}, "'localhost:18000' is not a URL of the form"),
            Refused("misspelled until", {"until": "fine"}, "value of until must be one of: healthy, got: fine"),
            Refused(
                "never healthy", {"api_url": NOWHERE, "until": "healthy", "wait_timeout": 1}, "is unreachable after"
            ),
        ],
    )

    asked = {path for path, _headers in platform.requests}
    assert "/health" not in asked, "it says healthy with the database gone"
    assert all(0 < part["latency_ms"] < 5000 for part in run.task("read").result["components"].values())


@pytest.mark.parametrize(
    ("ill", "status", "problem"),
    [
        ({"database"}, "unhealthy", "Component database is unhealthy (disconnected)"),
        ({"cache"}, "degraded", "Component cache is unhealthy (disconnected)"),
        ({"vector_db"}, "degraded", "Component vector_db is unhealthy (disconnected)"),
    ],
)
def test_ill_components_are_reported_and_are_no_failure(run_steps, platform, ill, status, problem):
    platform.ill = ill

    run_steps(
        MODULE,
        [
            Step(
                "read",
                {"api_url": platform.url},
                returns={"healthy": False, "status": status, "problems": [problem]},
            )
        ],
    )


def test_what_is_no_health_report_is_unreachable(run_steps, platform):
    platform.override = (502, "<html>Bad gateway</html>")
    run = run_steps(MODULE, [Step("proxy", {"api_url": platform.url}, returns={"status": "unreachable"})])
    assert "returned 502 and no JSON: '<html>Bad gateway" in run.task("proxy").result["problems"][0]

    platform.override = (400, "Invalid host header")
    run = run_steps(MODULE, [Step("host", {"api_url": platform.url}, returns={"status": "unreachable"})])
    assert "use the loopback address" in run.task("host").result["problems"][0]

    platform.override = (200, json.dumps({"status": "unhealthy", "error": "no such table"}))
    expected = {"status": "unhealthy", "problems": ["The platform reports that it is unhealthy: no such table"]}
    run_steps(MODULE, [Step("broken", {"api_url": platform.url}, returns=expected)])


def test_the_edge_counts(run_steps, platform):
    run = run_steps(
        MODULE, [Step("read", {"api_url": platform.url, "edge_url": NOWHERE}, returns={"status": "unhealthy"})]
    )

    result = run.task("read").result
    assert result["edge"] == {"url": NOWHERE, "answered": False, "status_code": None, "latency_ms": None}
    assert result["problems"] == [f"{NOWHERE} does not answer: [Errno 111] Connection refused"]


def test_containers_count(run_steps, platform, tmp_path):
    with compose_project(tmp_path / "project", {"redis": service(), "worker": service()}) as project:
        docker("kill", project.container("worker"))
        options = {"api_url": platform.url, "project_name": project.name}
        run = run_steps(MODULE, [Step("read", options, returns={"healthy": False, "status": "degraded"})])

        assert run.task("read").result["problems"] == ["Service worker is exited"]
        assert run.task("read").result["services"] == [
            {"name": "redis", "state": "running", "health": None},
            {"name": "worker", "state": "exited", "health": None},
        ]
    missing = [f"There is no Compose project {project.name}"]
    dead = {**options, "docker_host": "unix:///nowhere.sock"}
    run = run_steps(
        MODULE,
        [Step("gone", options, returns={"problems": missing}), Step("dead", dead, returns={"status": "degraded"})],
    )
    assert "Docker Engine is not running at unix:///nowhere.sock" in run.task("dead").result["problems"][0]


def test_waits_until_healthy(run_steps, platform):
    platform.ill = {"database"}
    platform.healthy_after = 2

    run_steps(MODULE, [Step("wait", {"api_url": platform.url, "until": "healthy"}, returns={"healthy": True})])

    assert sum(path == "/api/v1/health/detailed" for path, _headers in platform.requests) == 3


def test_until_healthy_fails_with_the_problems_but_not_in_check_mode(run_steps, platform):
    platform.ill = {"database", "cache"}
    wait = {"api_url": platform.url, "until": "healthy", "wait_timeout": 2}

    run = run_steps(
        MODULE,
        [
            Step("wait", wait, fails="is unhealthy after 2 s: Component database is unhealthy (disconnected); "),
            Step("check", wait, check=True, returns={"healthy": False}),
        ],
    )

    assert len(run.task("wait").result["failure"]["problems"]) == 2


def test_asks_past_a_proxy_in_the_environment(run_playbook, platform):
    run = run_playbook(
        [{"name": "Ask", f"convosphere.platform.{MODULE}": {"api_url": platform.url}}], env={"http_proxy": NOWHERE}
    ).succeeded()

    assert run.task("Ask").result["healthy"] is True
