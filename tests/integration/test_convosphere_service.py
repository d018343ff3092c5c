# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import fcntl
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.module_utils._engine.project import timestamp

from support.compose_project import IGNORES_SIGTERM, OBEYS, ComposeProject, compose_project, docker, probe, service
from support.law import NO_DIFF, Case, Refused, Step

MODULE = "convosphere_service"
HEALTHY = {"condition": "service_healthy"}

#: database <- backend <- edge, and two workers beside them; the backend ignores SIGTERM for half a minute.
#: The edge and the workers have a restart policy: without one, a stop that they obey in time makes them complete jobs.
STACK = {
    "database": service(f"touch /tmp/up; {OBEYS}", healthcheck=probe("test -f /tmp/up")),
    "backend": service(IGNORES_SIGTERM, depends_on={"database": HEALTHY}, stop_grace_period="30s"),
    "edge": service(depends_on=["backend"], restart="unless-stopped"),
    "worker": service(scale=2, restart="unless-stopped"),
}


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[ComposeProject]:
    with compose_project(tmp_path / "stack", STACK) as project:
        yield project


def options(project: ComposeProject, *services: str, **more: Any) -> dict[str, Any]:
    return {
        "project_name": project.name,
        "environment_name": "dev",
        **({"services": list(services)} if services else {}),
        **more,
    }


def diff(**states: tuple[str | None, str | None]) -> dict[str, Any]:
    """Return `name=(before, after)` as Ansible's diff; None for a service without a container."""
    return {
        "before": {name: {"state": before} for name, (before, _after) in states.items() if before},
        "after": {name: {"state": after} for name, (_before, after) in states.items() if after},
    }


@pytest.mark.law
def test_law(run_law, stack):
    stopped = dict.fromkeys(STACK, ("running", "exited"))
    started = dict.fromkeys(STACK, ("exited", "running"))
    run_law(
        MODULE,
        cases=[
            Case("stop", options(stack, state="stopped", stop_timeout=0), diff=diff(**stopped)),
            Case("start", options(stack, state="started"), diff=diff(**started)),
            Case(
                "restart",
                options(stack, "backend", state="restarted", stop_timeout=0),
                diff=diff(backend=("running", "restarted")),
                repeats=True,
            ),
        ],
        refused=[
            Refused("unknown services", options(stack, "backnd", "edge", "nobody"), "has no service 'backnd'"),
            Refused("what there is", options(stack, "backnd"), "It has: backend, database, edge, worker"),
            Refused("misspelled state", options(stack, state="restart"), "restarted, got: restart"),
            Refused("unknown project", {"project_name": f"{stack.name}x", "environment_name": "dev"}, stack.name),
            Refused("another directory", options(stack, project_src="/nowhere"), "created elsewhere: "),
            Refused("another environment", options(stack, environment_name="prod"), "environment dev, not to prod"),
            Refused(
                "no engine", options(stack, docker_host="unix:///nowhere.sock"), "is not running at unix:///nowhere"
            ),
        ],
        folder=stack.folder.parent,
    )


def test_dependents_stop_first_and_start_after_their_dependency_is_healthy(run_steps, stack):
    run = run_steps(MODULE, [Step("restart", options(stack, state="restarted", stop_timeout=0), changed=True)])

    states = {name: stack.state(name) for name in ("database", "backend", "edge")}
    stops = [timestamp(states[name]["FinishedAt"]) for name in ("edge", "backend", "database")]
    starts = [timestamp(states[name]["StartedAt"]) for name in ("database", "backend", "edge")]
    assert stops == sorted(stops)
    assert starts == sorted(starts)
    assert stops[-1] < starts[0]
    assert states["database"]["Health"]["Status"] == "healthy"
    assert starts[1] - starts[0] >= 0.3, "the backend started before the database's first health probe"
    services = run.task("restart").result["services"]
    assert [found["name"] for found in services] == ["database", "worker", "backend", "edge"]
    assert [len(found["containers"]) for found in services] == [1, 2, 1, 1]
    assert {found["state"] for found in services} == {"running"}


def test_while_another_run_changes_the_stack_nothing_is_changed(run_steps, stack):
    path = stack.folder / ".lock"
    path.touch(mode=0o600)
    stop = options(stack, "worker", state="stopped", stop_timeout=0)
    with path.open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)

        run_steps(
            MODULE,
            [
                Step("refused", stop, fails=f"Another run is changing the stack {stack.name}"),
                Step("check", stop, check=True, changed=True),
                Step("nothing to do", options(stack), changed=False),
            ],
        )

    run_steps(MODULE, [Step("stop", stop, diff=diff(worker=("running", "exited")))])


def test_starting_a_service_starts_what_it_depends_on_and_nothing_else(run_steps, stack):
    stack.compose("kill")

    run_steps(
        MODULE,
        [
            Step(
                "start",
                options(stack, "backend"),
                diff=diff(database=("exited", "running"), backend=("exited", "running")),
            ),
            Step("again", options(stack, "backend"), changed=False, diff=NO_DIFF),
        ],
    )

    assert [stack.state(name)["Status"] for name in ("edge", "worker")] == ["exited", "exited"]


def test_stopping_a_service_leaves_its_dependencies_and_dependents(run_steps, stack):
    run_steps(MODULE, [Step("stop", options(stack, "backend", state="stopped", stop_timeout=0), changed=True)])

    assert [stack.state(name)["Status"] for name in STACK] == ["running", "exited", "running", "running"]


def test_check_mode_touches_nothing(run_steps, stack):
    docker("rm", "--force", stack.container("edge"))
    before = stack.snapshot()

    run = run_steps(
        MODULE,
        [
            Step("stop", options(stack, state="stopped"), check=True, changed=True),
            Step("start", options(stack), check=True, diff=diff(edge=(None, "running"))),
            Step("restart", options(stack, "edge", state="restarted"), check=True, diff=diff(edge=(None, "running"))),
        ],
    )

    assert stack.snapshot() == before
    assert {found["state"] for found in run.task("start").result["services"]} == {"running"}
    assert {found["state"] for found in run.task("stop").result["services"]} == {"exited", "absent"}


def test_brings_back_what_was_killed_or_removed(run_steps, stack):
    # One of two workers is killed, the edge is removed; the files come from the directory named by the containers.
    docker("kill", stack.container("worker", 2))
    docker("rm", "--force", stack.container("edge"))
    first_worker = stack.state("worker", 1)["StartedAt"]

    run_steps(
        MODULE,
        [
            Step("start", options(stack), diff=diff(edge=(None, "running"), worker=("exited, running", "running"))),
            Step("again", options(stack), changed=False),
        ],
    )

    assert stack.state("worker", 1)["StartedAt"] == first_worker
    assert stack.state("worker", 2)["Status"] == stack.state("edge")["Status"] == "running"


def test_brings_back_a_service_of_the_override_alone(run_steps, stack):
    sidecar = {"services": {"tika": service(depends_on=["backend"])}}
    (stack.folder / "compose.override.yaml").write_text(yaml.safe_dump(sidecar))

    run_steps(
        MODULE,
        [
            Step("all", options(stack), diff=diff(tika=(None, "running"))),
            Step("by name", options(stack, "tika"), changed=False),
        ],
    )

    assert stack.state("tika")["Status"] == "running"


def test_brings_back_a_project_without_any_container(run_steps, stack):
    stack.compose("down", "--timeout=0")

    run_steps(
        MODULE,
        [
            Step("without its files", options(stack), fails=f"There is no Compose project {stack.name}"),
            Step("with them", options(stack, project_src=str(stack.folder)), changed=True),
            Step("again", options(stack), changed=False),
        ],
    )

    assert {found["State"]["Status"] for found in stack.snapshot()} == {"running"}


def test_a_removed_container_without_its_files_is_an_error_before_anything_starts(run_steps, stack):
    stack.compose("kill", "edge", "backend")
    docker("rm", "--force", stack.container("database"))
    (stack.folder / "compose.yaml").rename(stack.folder / "elsewhere.yaml")

    run_steps(MODULE, [Step("start", options(stack), fails="Service database has no container")])

    assert stack.state("backend")["Status"] == "exited"
    (stack.folder / "elsewhere.yaml").rename(stack.folder / "compose.yaml")


def test_every_state_that_is_not_running_is_started(run_steps, tmp_path):
    services = {
        "created": service(profiles=["later"]),
        "paused": service(),
        "looping": service("test -f /tmp/mended && exec sleep 60; touch /tmp/mended; exit 3", restart="always"),
    }
    with compose_project(tmp_path / "states", services) as project:
        project.compose("--profile=later", "create", "created")
        docker("pause", project.container("paused"))
        project.wait_for("looping", lambda state: state["Status"] == "running" and not state["ExitCode"])

        states = diff(created=("created", "running"), paused=("paused", "running"))
        run_steps(
            MODULE,
            [
                Step("start", options(project), diff=states),
                Step("again", options(project), changed=False),
                {"name": "Pause again", "ansible.builtin.command": f"docker pause {project.container('paused')}"},
                Step("stop", options(project, "paused", state="stopped"), diff=diff(paused=("paused", "exited"))),
            ],
        )

        assert project.state("paused")["ExitCode"] == 0, "it was not given the time to act on SIGTERM"


def test_stop_timeout_is_what_it_says(run_steps, stack):
    # The service's own half minute is overridden: 0 means 0 and not unset, and 2 means 2.
    run = run_steps(MODULE, [Step("kill", options(stack, "backend", state="restarted", stop_timeout=0), changed=True)])
    assert run.seconds < 15

    run_steps(MODULE, [Step("ask", options(stack, "backend", state="stopped", stop_timeout=2), changed=True)])
    asked = docker("logs", stack.container("backend")).rpartition("asked at ")[2]
    waited = timestamp(stack.state("backend")["FinishedAt"]) - float(asked)
    assert 1.5 < waited < 5


def test_stop_timeout_not_given_is_the_containers_own(run_steps, tmp_path):
    with compose_project(tmp_path / "own", {"slow": service(IGNORES_SIGTERM, stop_grace_period="1s")}) as project:
        run_steps(MODULE, [Step("stop", options(project, state="stopped"), changed=True)])

        asked = docker("logs", project.container("slow")).rpartition("asked at ")[2]
        assert 0.5 < timestamp(project.state("slow")["FinishedAt"]) - float(asked) < 5


def test_a_service_that_never_becomes_healthy_fails_with_probe_and_log(run_steps, tmp_path):
    ill = service(
        "for line in $(seq 30); do echo line $line; done; sleep 600", healthcheck=probe("echo no luck >&2; exit 7")
    )
    with compose_project(tmp_path / "ill", {"ill": ill, "well": service()}) as project:
        arguments = options(project, wait_timeout=2)
        run = run_steps(
            MODULE,
            [
                Step("it runs already", arguments, fails="ill did not become healthy within 2 s"),
                Step("probe", arguments, fails="is running and unhealthy (last health probe ended with 7: no luck)"),
                Step(
                    "restarted",
                    {**arguments, "state": "restarted", "stop_timeout": 0},
                    fails="(last health probe ended",
                ),
                Step("nobody waits", {**arguments, "wait": False}, changed=False),
            ],
        )

        failure = run.task("it runs already").result["failure"]["services"]
        assert [found["service"] for found in failure] == ["ill"]
        assert failure[0]["log"] == [f"line {number}" for number in range(11, 31)]
        assert (failure[0]["probe_exit_code"], failure[0]["state"], failure[0]["health"]) == (7, "running", "unhealthy")
        assert "line 30" in run.task("it runs already").message


def test_a_service_that_ends_or_restarts_again_and_again_fails_at_once(run_steps, tmp_path):
    services = {"ends": service("echo giving up; exit 3"), "loops": service("echo once more; exit 4", restart="always")}
    with compose_project(tmp_path / "ends", services) as project:
        started = time.monotonic()
        run_steps(
            MODULE,
            [
                Step("ends", options(project, "ends"), fails=f"{project.container('ends')} is exited with exit code 3"),
                Step("its log", options(project, "ends"), fails="giving up"),
                Step("loops", options(project, "loops"), fails="with exit code 4"),
            ],
        )

        assert time.monotonic() - started < 60, "it waited for the timeout of two minutes"


def test_a_job_that_ended_well_is_done(run_steps, tmp_path):
    services = {
        "migrate": service("exit 0"),
        "app": service(depends_on={"migrate": {"condition": "service_completed_successfully"}}),
        "seed": service("exit 0"),
    }
    with compose_project(tmp_path / "job", services) as project:
        run_steps(
            MODULE,
            [
                Step("nothing to do", options(project), changed=False),
                Step("once more by its name", options(project, services=["seed"]), changed=True),
                Step("restart", options(project, state="restarted"), changed=True),
            ],
        )


def test_waits_until_healthy_unless_told_not_to(run_steps, tmp_path):
    slow = service("sleep 2; touch /tmp/up; sleep 600", healthcheck={**probe("test -f /tmp/up"), "start_period": "60s"})
    with compose_project(tmp_path / "slow", {"slow": slow}) as project:
        restart = options(project, state="restarted", stop_timeout=0)
        docker("kill", project.container("slow"))
        docker("start", project.container("slow"))
        run = run_steps(
            MODULE,
            [
                Step("wait", options(project), changed=False),
                Step("do not wait", {**restart, "wait": False}, changed=True),
            ],
        )

        assert run.task("wait").result["services"][0]["health"] == "healthy"
        assert run.task("do not wait").result["services"][0]["health"] == "starting"


def test_an_engine_that_does_not_answer_and_one_that_refuses(run_steps, stack, tmp_path):
    deaf = tmp_path / "deaf.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(deaf))
        listener.listen()
        run_steps(
            MODULE,
            [Step("deaf", options(stack, docker_host=f"unix://{deaf}", timeout=1), fails="does not answer within 1 s")],
        )
    run_steps(MODULE, [Step("nobody listens", options(stack, docker_host=f"unix://{deaf}"), fails="is not running at")])


def test_a_user_without_permission_is_told_so(run_playbook, stack):
    run = run_playbook(
        [
            {
                "name": "Try it as nobody",
                "convosphere.platform.convosphere_service": options(stack),
                "become": True,
                "become_user": "nobody",
                "become_method": "ansible.builtin.su",
                "become_flags": "-s /bin/sh",
            }
        ]
    )

    assert run.rc != 0
    message = run.task("Try it as nobody").message
    assert "No permission to connect to Docker Engine" in message
    assert "become: true" in message
