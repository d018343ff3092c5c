# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.compose_project import compose_project, service
from support.law import Refused, Step

MODULE = "convosphere_host_info"
NOTHING: dict[str, Any] = {"commands": [], "python_modules": [], "user": False, "directories": []}
#: What the fast path of a deploy may cost beside an empty task, in seconds.
ALLOWANCE = 0.7


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.law
def test_law(run_info_law, tmp_path):
    absent = str(tmp_path / "absent")
    run_info_law(
        "convosphere_host_info",
        {
            "commands": ["docker", "no-such-program"],
            "python_modules": ["json", "no_such_module"],
            "user": "no-such-user",
            "directories": [{"path": absent, "mode": "0750"}, {"path": "/", "owner": "root"}],
            "disk": [{"path": "/", "required_bytes": 1}],
            "docker_host": "unix:///nowhere.sock",
        },
        returns={
            "ready": False,
            "missing": {
                "commands": ["no-such-program"],
                "python_modules": ["no_such_module"],
                "user": True,
                "directories": [{"path": absent, "current": None, "desired": {"mode": "0750"}}],
            },
            "engine": ANY,
            "ports_taken": [],
            "ports_free": [],
            "problems": [],
        },
        refused=[
            Refused("engine elsewhere", {"docker_host": "ssh://host"}, "it must begin with unix:// or tcp://"),
            Refused("mode", {"directories": [{"path": "/", "mode": "u=rwx"}]}, "not octal text"),
            Refused("no port", {"ports": [{"host_ip": "127.0.0.1"}]}, "missing required arguments: port"),
        ],
    )


def test_a_ready_host(run_steps):
    options = {"commands": ["docker"], "python_modules": ["docker"], "user": "root", "directories": [{"path": "/"}]}

    run = run_steps(MODULE, [Step("look", options, returns={"ready": True, "missing": NOTHING, "problems": []})])

    found = run.task("look").result
    assert found["engine"]["state"] == "running"
    assert found["engine"]["version"]
    assert Path(found["compose"]).name == "docker-compose"
    assert found["disk"][-1]["path"] == found["engine"]["root"]


def test_a_taken_port_is_named_with_its_process(run_steps):
    free = free_port()
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        run = run_steps(MODULE, [Step("look", {"ports": [{"port": taken}, {"port": free}]})])

    found = run.task("look").result
    name = Path("/proc/self/comm").read_text().strip()
    assert [(entry["port"], entry["pid"]) for entry in found["ports_taken"]] == [(taken, os.getpid())]
    assert found["ports_free"] == [free]
    assert found["problems"] == [
        f"Port {taken} is already taken by {name} (process {os.getpid()}), which listens on 127.0.0.1."
        " Stop it, or choose another port for the environment"
    ]


def test_a_port_is_the_projects_own_or_a_named_container_holds_it(run_steps, tmp_path):
    port = free_port()
    options = {"ports": [{"port": port, "host_ip": "127.0.0.1"}]}
    with compose_project(tmp_path / "stack", {"web": service(ports=[f"127.0.0.1:{port}:80"])}) as project:
        run = run_steps(
            MODULE,
            [
                Step(
                    "own", {**options, "project_name": project.name}, returns={"ports_taken": [], "ports_free": [port]}
                ),
                Step("other", {**options, "project_name": "another"}),
            ],
        )

    taken = run.task("other").result["ports_taken"][0]
    assert (taken["container"], taken["project"]) == (f"{project.name}-web-1", project.name)
    assert f"taken by the container {project.name}-web-1" in run.task("other").result["problems"][0]


def test_too_little_space_says_how_much_is_needed_and_free(run_steps):
    run = run_steps(
        MODULE, [Step("look", {"required_bytes": 1 << 50, "disk": [{"path": "/tmp/x", "required_bytes": 1}]})]
    )

    (problem,) = run.task("look").result["problems"]
    assert "needs 1048576.0 GiB and the file system" in problem
    assert " GiB free. Free some space" in problem


def test_an_engine_that_does_not_answer(run_steps, tmp_path):
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(tmp_path / "engine.sock"))
        silent.listen()
        url = f"unix://{tmp_path}/engine.sock"
        run = run_steps(MODULE, [Step("look", {"docker_host": url, "timeout": 1}, returns={"ready": False})])

    assert run.task("look").result["engine"]["state"] == "not_answering"
    assert f"Docker Engine at {url} runs and does not answer within 1 s" in run.task("look").result["problems"][0]


def test_it_costs_little_more_than_a_ping(run_playbook):
    look = {
        f"convosphere.platform.{MODULE}": {
            "commands": ["docker", "zstd", "age"],
            "python_modules": ["docker", "psycopg2", "requests", "yaml", "bcrypt"],
            "user": "root",
            "directories": [{"path": "/", "mode": "0755"}],
            "ports": [{"port": port} for port in (8080, 18000, 15432)],
        }
    }
    ping = {"ansible.builtin.ping": {}}

    def seconds(task: dict[str, Any]) -> float:
        return run_playbook([task] * 3).succeeded().seconds / 3

    pairs = [(seconds(look), seconds(ping)) for attempt in range(3)]

    # The least of them: whatever else the machine does at the time is no cost of the module.
    assert min(looked - pinged for looked, pinged in pairs) < ALLOWANCE
