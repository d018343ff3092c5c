# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from unittest.mock import ANY

import pytest

from support.compose_project import WAITS, ComposeProject, compose_project, docker, probe, service
from support.health_routes import Platform, serving
from support.law import Refused, Step

MODULE = "convosphere_service_info"

STAND_IN = {"org.convosphere.sandbox": "true", "org.opencontainers.image.version": "9.9"}
SERVICES = {
    "backend": service(
        f"touch /tmp/up; {WAITS}",
        healthcheck=probe("test -f /tmp/up"),
        ports=["127.0.0.1::8000"],
        mem_limit="64m",
        logging={"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    ),
    "stand-in": service("exit 3", labels=STAND_IN),
    "worker": service("trap 'exit 0' TERM; while :; do sleep 0.1; done", scale=2),  # a processor has to have work
}
NOT_MEASURED = {"cpu_percent": None, "memory_bytes": None}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeProject]:
    folder: Path = tmp_path_factory.mktemp("services") / "project"
    with compose_project(folder, SERVICES) as found:
        found.wait_for("stand-in", lambda state: state["Status"] == "exited")
        found.wait_for("backend", lambda state: state["Health"]["Status"] == "healthy")
        yield found


@pytest.mark.law
def test_law(run_info_law, project):
    backend = {
        "name": "backend",
        "state": "running",
        "health": "healthy",
        "containers": [
            {
                "id": project.inspect("backend")["Id"],
                "name": project.container("backend"),
                "state": "running",
                "health": "healthy",
                "exit_code": None,
                "started_at": f"{project.state('backend')['StartedAt'][:19]}Z",
                "restarts": 0,
            }
        ],
        "image": project.image,
        "image_id": project.inspect("backend")["Image"],
        "digest": None,
        "version": "1.2.3",
        "sandbox": False,
        "started_at": f"{project.state('backend')['StartedAt'][:19]}Z",
        "restarts": 0,
        "ports": [{"host_ip": "127.0.0.1", "host_port": ANY, "container_port": 8000, "protocol": "tcp"}],
        "log": {"driver": "json-file", "max_size": "10m", "max_file": 3, "limited": True},
        "memory_limit_bytes": 64 * 2**20,
        **NOT_MEASURED,
    }
    run_info_law(
        MODULE,
        {"project_name": project.name, "service": "backend", "stats": False},
        returns={"exists": True, "services": [backend]},
        refused=[
            Refused("unknown service", {"project_name": project.name, "service": "backnd"}, "no service 'backnd'"),
            Refused("no engine", {"project_name": "x", "docker_host": "unix:///nowhere.sock"}, "is not running"),
            Refused("no compose.yaml", {"project_name": "x", "project_src": "/nowhere"}, "no compose.yaml in /nowhere"),
        ],
    )


def test_measures_what_runs_and_all_at_the_same_time(run_steps, project):
    run = run_steps(MODULE, [Step("read", {"project_name": project.name}, changed=False)])

    services = {found["name"]: found for found in run.task("read").result["services"]}
    assert list(services) == ["backend", "stand-in", "worker"]
    assert services["backend"]["memory_bytes"] > 0
    assert services["worker"]["cpu_percent"] > 0
    assert services["worker"]["memory_limit_bytes"] is None
    assert {field: services["stand-in"][field] for field in NOT_MEASURED} == NOT_MEASURED
    assert [len(found["containers"]) for found in services.values()] == [1, 1, 2]


def test_the_version_is_the_one_that_the_platform_reports_or_else_the_images(run_steps, project):
    read = {"project_name": project.name, "service": "backend", "stats": False}
    with serving(Platform()) as platform:
        steps = [
            Step("reported", {**read, "api_url": platform.url}, changed=False),
            Step("silent", {**read, "api_url": "http://127.0.0.1:9"}, changed=False),
        ]
        run = run_steps(MODULE, steps)

    versions = [run.task(step.name).result["services"][0]["version"] for step in steps]
    assert versions == ["0.1.2-beta", "1.2.3"]


def test_an_ended_service_and_its_image(run_steps, project):
    run = run_steps(MODULE, [Step("read", {"project_name": project.name, "service": "stand-in"}, changed=False)])

    found = run.task("read").result["services"][0]
    assert (found["state"], found["health"], found["containers"][0]["exit_code"]) == ("exited", None, 3)
    assert (found["sandbox"], found["version"], found["ports"]) == (True, "9.9", [])


def test_a_service_without_a_container_is_absent_and_a_project_without_services_is_no_error(run_steps, tmp_path):
    with compose_project(tmp_path / "few", {"one": service(), "two": service()}) as project:
        docker("rm", "--force", project.container("two"))
        read = {"project_name": project.name, "stats": False}
        run = run_steps(MODULE, [Step("read", read, changed=False)])
        states = {found["name"]: found["state"] for found in run.task("read").result["services"]}
        assert states == {"one": "running", "two": "absent"}

        project.compose("down", "--timeout=0")
        run = run_steps(
            MODULE,
            [
                Step("nothing", read, changed=False, returns={"exists": False, "services": []}),
                Step("its files", {**read, "project_src": str(project.folder)}, returns={"exists": True}),
            ],
        )
        assert [found["state"] for found in run.task("its files").result["services"]] == ["absent", "absent"]
