# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from support.compose_project import docker
from support.environment import SERVICES

TASK = "Start, stop or restart the services"


def states(run) -> dict[str, str]:
    return {found["name"]: found["state"] for found in run.task(TASK).result["services"]}


def times(container: str, since: str) -> list[float]:
    """Return when a container got a signal, and when it ended, in seconds."""
    until = docker("info", "--format={{.SystemTime}}").strip()
    filters = [f"--filter={name}" for name in (f"container={container}", "event=kill", "event=die")]
    found = docker("events", f"--since={since}", f"--until={until}", *filters, "--format={{.TimeNano}}")
    return [int(nanoseconds) / 1e9 for nanoseconds in found.split()]


def test_a_killed_backend_is_brought_back(live):
    docker("kill", live.container("backend"))
    assert live.states()["backend"] == "exited"

    run = live.run("services.yml", extra_vars={"state": "started"}, diff=True).succeeded()

    assert run.changed == 1
    assert run.task(TASK).diff == {
        "before": {"backend": {"state": "exited"}},
        "after": {"backend": {"state": "running"}},
    }
    assert states(run) == dict.fromkeys(SERVICES, "running")
    assert live.health() == "healthy"
    assert live.run("services.yml").succeeded().changed == 0


def test_one_service_is_restarted_and_no_other(live):
    before = {service: live.inspect(service)["State"]["StartedAt"] for service in SERVICES}

    run = live.run("services.yml", extra_vars={"state": "restarted", "service": "frontend"}).succeeded()

    assert run.changed == 1
    after = {service: live.inspect(service)["State"]["StartedAt"] for service in SERVICES}
    assert [service for service in SERVICES if after[service] != before[service]] == ["frontend"]
    assert live.inspect("frontend")["State"]["Health"]["Status"] == "healthy"


def test_services_are_stopped_in_the_time_they_ask_for_and_check_mode_only_says_so(live):
    listed = {"state": "stopped", "service": ["edge", "frontend", "backend"]}

    check = live.run("services.yml", extra_vars=listed, check=True, diff=True).succeeded()
    assert check.task(TASK).diff["after"].keys() == {"edge", "frontend", "backend"}
    assert check.changed == 1
    assert live.states() == dict.fromkeys(SERVICES, "running")

    # The backend ignores the signal to stop: it gets the second that compose.yaml sets, not Docker's ten.
    named = {"state": "stopped", "service": "edge, frontend, backend"}
    backend, since = live.container("backend"), docker("info", "--format={{.SystemTime}}").strip()
    run = live.run("services.yml", extra_vars=named, diff=True).succeeded()
    assert run.changed == 1
    assert run.task(TASK).diff == check.task(TASK).diff
    signal, *_more, end = times(backend, since)
    assert end - signal < 9
    stopped = {service for service, state in live.states().items() if state == "exited"}
    assert stopped == {"edge", "frontend", "backend"}

    live.run("services.yml").succeeded()
    assert live.states() == dict.fromkeys(SERVICES, "running")


def test_a_service_that_does_not_exist_is_refused_with_those_that_do(live):
    before = live.traces()

    run = live.run("services.yml", extra_vars={"service": "backnd"})

    (failure,) = run.failures
    assert run.rc == 2
    assert [word for word in ("backnd", *SERVICES) if word not in failure.message] == [], failure.message
    assert live.traces() == before
