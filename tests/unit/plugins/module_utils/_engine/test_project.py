# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._engine.project import (
    Project,
    Service,
    describe,
    read_project,
    timestamp,
)
from hypothesis import given
from hypothesis import strategies as st

from support.containers import container, depends_on, engine

NAMES = "abcdef"
GRAPHS = st.fixed_dictionaries({name: st.sets(st.sampled_from([*NAMES, "unknown"])) for name in NAMES})


OF_THE_IMAGE = ["CMD", "curl", "http://localhost:8000/health"]


def checked(test: list[str]) -> dict[str, Any]:
    """Return the attributes of a container with this health check."""
    config = {"Labels": {}, "Image": "registry:5000/app:1.0", "Healthcheck": {"Test": test}}
    return {"Config": config, "HostConfig": {"RestartPolicy": {"Name": "no"}}}


def project(**services: Any) -> Project:
    return Project("p", {name: Service(name, tuple(found)) for name, found in services.items()}, None)


@pytest.mark.parametrize(
    ("statuses", "state", "stopped"),
    [
        ([], "absent", "absent"),
        (["running", "running"], "running", "exited"),
        (["running", "exited"], "exited, running", "exited"),
        (["paused"], "paused", "exited"),
        (["restarting"], "restarting", "exited"),
        (["created"], "created", "created"),
        (["dead", "running"], "dead, running", "dead, exited"),
    ],
)
def test_state_of_a_service_now_and_once_stopped(statuses, state, stopped):
    service = Service("a", tuple(container("a", status, number=number) for number, status in enumerate(statuses)))

    assert (service.state, service.state_once_stopped) == (state, stopped)


@pytest.mark.parametrize(
    ("healths", "health"),
    [
        ([None], None),
        (["none"], None),
        (["healthy", None], "healthy"),
        (["healthy", "starting"], "starting"),
        (["starting", "unhealthy", "healthy"], "unhealthy"),
    ],
)
def test_health_is_the_worst_of_the_containers(healths, health):
    assert Service("a", tuple(container("a", health=word) for word in healths)).health == health


def test_what_does_not_run_has_no_health():
    service = Service("a", (container("a", "exited", health="healthy"),))

    assert service.health is None
    assert project(a=service.containers).is_settled("a") is False


@pytest.mark.parametrize(
    ("found", "running", "settled"),
    [
        ([], False, False),
        ([container("a")], True, True),
        ([container("a", health="healthy")], True, True),
        ([container("a", health="starting")], True, False),
        ([container("a", health="unhealthy")], True, False),
        ([container("a"), container("a", "exited")], False, False),
        ([container("a", "paused")], False, False),
        ([container("a", "restarting")], False, False),
    ],
)
def test_running_and_settled(found, running, settled):
    assert (project(a=found).is_running("a"), project(a=found).is_settled("a")) == (running, settled)


@pytest.mark.parametrize(
    ("status", "code", "running", "settled"),
    [("exited", 0, True, True), ("exited", 1, False, False), ("running", 0, True, False)],
)
def test_a_job_is_settled_once_it_ended_well(status, code, running, settled):
    services = {
        "job": Service("job", (container("job", status, exit_code=code),)),
        "app": Service("app", (container("app"),), {"job": "service_completed_successfully"}),
    }
    found = Project("p", services, None)

    assert (found.is_running("job"), found.is_settled("job")) == (running, settled)


@given(GRAPHS, st.sets(st.sampled_from(NAMES), min_size=1))
def test_levels_hold_what_is_asked_and_needed_and_end_even_with_circles(graph, asked):
    services = {name: Service(name, (), dict.fromkeys(needed, "x")) for name, needed in graph.items()}

    levels = Project("p", services, None).levels(asked)

    reachable, todo = set(), list(asked)
    while todo:
        name = todo.pop()
        if name not in reachable:
            reachable.add(name)
            todo += [other for other in graph[name] if other in graph]
    assert sorted(name for level in levels for name in level) == sorted(reachable)


@given(GRAPHS, st.sets(st.sampled_from(NAMES), min_size=1))
def test_levels_put_dependencies_before_dependents(graph, asked):
    straight = {name: {other for other in needed if other < name} for name, needed in graph.items()}
    services = {name: Service(name, (), dict.fromkeys(needed, "x")) for name, needed in straight.items()}

    levels = Project("p", services, None).levels(asked)

    place = {name: number for number, level in enumerate(levels) for name in level}
    assert all(place[other] < place[name] for name in place for other in straight[name])


def test_chosen_services():
    found = project(a=[container("a")], b=[])

    assert found.chosen(None) == found.chosen([]) == ["a", "b"]
    assert found.chosen(["b", "a", "b"]) == ["b", "a"]
    with pytest.raises(InputError, match=r"2 problems: Project p has no service 'x'; .* 'y'\. It has: a, b\."):
        found.chosen(["a", "x", "y"])
    with pytest.raises(InputError, match="has no service ''"):
        found.chosen([""])


def test_reads_dependencies_from_the_labels():
    found = read_project(
        engine(
            container("app", labels=depends_on(database="service_healthy", cache="service_started")),
            container("old", labels={"com.docker.compose.depends_on": "app"}),
            container("cache"),
        ),
        "p",
    )

    assert found.services["app"].depends_on == {"database": "service_healthy", "cache": "service_started"}
    assert found.services["old"].depends_on == {"app": "service_started"}
    assert found.services["database"].state == "absent", "others depend on it, so it must exist"
    assert found.source is None


def test_reads_services_without_a_container_from_the_directory_of_the_others(tmp_path):
    (tmp_path / "compose.yaml").write_text(
        "services:\n"
        "  app: {depends_on: {cache: {condition: service_healthy}, job: null}}\n"
        "  cache: {}\n"
        "  job: {depends_on: [cache], profiles: [jobs]}\n"
    )
    label = {"com.docker.compose.project.working_dir": str(tmp_path)}

    found = read_project(engine(container("cache", labels=label)), "p")

    assert found.source == tmp_path
    assert {name: service.state for name, service in found.services.items()} == {
        "app": "absent",
        "cache": "running",
        "job": "absent",
    }
    assert found.services["app"].depends_on == {"cache": "service_healthy", "job": "service_started"}
    assert found.services["job"].depends_on == {"cache": "service_started"}
    assert found.chosen(None) == ["app", "cache"], "a service of a profile is not there unless it was asked for"
    assert found.chosen(["job"]) == ["job"]


def test_a_directory_that_is_gone_is_no_error_unless_it_was_given(tmp_path):
    client = engine(container("a", labels={"com.docker.compose.project.working_dir": str(tmp_path / "gone")}))

    assert read_project(client, "p").source is None
    with pytest.raises(InputError, match=f"no compose.yaml in {tmp_path}"):
        read_project(client, "p", str(tmp_path))


@pytest.mark.parametrize(
    "text", ["", "services:", "services: [a]", "services: {a: !odd {}}", "services: {a: null}", "a: ["]
)
def test_a_compose_file_that_cannot_be_read_is_named(tmp_path: Path, text: str):
    (tmp_path / "compose.yml").write_text(text)

    with pytest.raises(InputError, match=f"Cannot read the services in {tmp_path}/compose.yml"):
        read_project(engine(), "p", str(tmp_path))


def test_description():
    service = Service(
        "a", (container("a", health="healthy"), container("a", "exited", number=2, exit_code=3, restarts=4))
    )

    assert describe(service) == {
        "name": "a",
        "state": "exited, running",
        "health": "healthy",
        "containers": [
            {
                "id": "p-a-1",
                "name": "p-a-1",
                "state": "running",
                "health": "healthy",
                "exit_code": None,
                "started_at": "2026-01-31T12:00:00Z",
                "restarts": 0,
            },
            {
                "id": "p-a-2",
                "name": "p-a-2",
                "state": "exited",
                "health": None,
                "exit_code": 3,
                "started_at": "2026-01-31T12:00:00Z",
                "restarts": 4,
            },
        ],
    }


def test_a_container_that_was_never_started():
    assert (
        describe(Service("a", (container("a", "created", started="0001-01-01T00:00:00Z"),)))["containers"][0][
            "started_at"
        ]
        is None
    )


@pytest.mark.parametrize(("text", "seconds"), [("Z", 0), (".5Z", 0.5), (".123456789Z", 0.123456789)])
def test_the_engines_time(text, seconds):
    assert timestamp(f"2026-01-31T12:00:00{text}") == pytest.approx(1769860800 + seconds)


@pytest.mark.parametrize(
    ("found", "settled"),
    [
        (container("seed", "exited", HostConfig={"RestartPolicy": {"Name": "no"}}), True),
        (container("seed", "exited", HostConfig={"RestartPolicy": {"Name": "on-failure"}}), True),
        (container("seed", "exited", HostConfig={"RestartPolicy": {"Name": ""}}), True),
        (container("seed", "exited", **checked(["NONE"])), True),
        (container("seed", "exited", **checked(OF_THE_IMAGE)), True),
        (container("seed", "exited", **checked(["CMD", "of", "the", "service"])), False),
        (container("seed", "running"), True),
        (container("seed", "exited", exit_code=1, HostConfig={"RestartPolicy": {"Name": "no"}}), False),
        (container("seed", "created", HostConfig={"RestartPolicy": {"Name": "no"}}), False),
        (container("seed", "exited", HostConfig={"RestartPolicy": {"Name": "unless-stopped"}}), False),
        (container("seed", "exited", HostConfig={"RestartPolicy": {"Name": "always"}}), False),
    ],
)
def test_what_may_end_by_itself_has_done_its_work_once_it_ended_well(found, settled):
    found.client.api.inspect_image.return_value = {"Config": {"Healthcheck": {"Test": OF_THE_IMAGE}}}

    assert project(seed=[found]).is_settled("seed") is settled


def test_what_may_end_by_itself_is_started_all_the_same_where_that_is_asked_for():
    # An operator may have stopped it.
    ended = container("seed", "exited", HostConfig={"RestartPolicy": {"Name": "no"}})

    assert project(seed=[ended]).is_running("seed") is False
    assert project(seed=[ended, container("seed", number=2)]).is_settled("seed") is False
