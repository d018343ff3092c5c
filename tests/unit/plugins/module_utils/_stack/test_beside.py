# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._stack import beside, published_ports, state
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets

from support.containers import container


def numbered(number: int, status: str = "running", service: str = "backend", **more: Any) -> Any:
    labels = {beside.LABEL_NUMBER: str(number), **more.pop("labels", {})}
    return container(service, status, number=number, labels=labels, **more)


def stack_of(service: str) -> state.Stack:
    return state.Stack("p", Path("/stack"), "unix:///x", {}, Secrets(Path("/stack"), []), beside={service: 8000})


def split(fresh: set[int], containers: list[Any], count: int = 1) -> beside.Replacement:
    """Split containers of which those with the numbers ``fresh`` are of the desired definition."""
    return beside.split("backend", 8000, count, containers, lambda item: beside.number(item) in fresh)


def names(containers: Any) -> list[str]:
    return [item.name for item in containers]


def test_a_container_of_another_definition_is_replaced_by_a_new_one_beside_it():
    found = split(set(), [numbered(1)])

    assert (found.missing, names(found.old), found.serving(set())) == (1, ["p-backend-1"], [])
    assert found.predicted("p", {"p-backend-1"}) == ["p-backend-2"]
    assert found.strays({"p-backend-1"}) == []


def test_an_unchanged_container_stays():
    found = split({3}, [numbered(3)])

    assert (found.missing, found.leaving({"p-backend-3"})) == (0, [])
    assert found.predicted("p", {"p-backend-3"}) == ["p-backend-3"]


def test_a_run_continues_with_the_new_container_of_an_interrupted_one():
    found = split({2}, [numbered(1), numbered(2)])

    assert found.missing == 0
    assert names(found.serving({"p-backend-1"})) == ["p-backend-2"]
    assert names(found.leaving({"p-backend-1"})) == ["p-backend-1"]


def test_a_container_that_the_edge_never_named_is_removed_first():
    found = split(set(), [numbered(1), numbered(2)])

    assert names(found.strays({"p-backend-1", "backend"})) == ["p-backend-2"]
    assert found.predicted("p", {"p-backend-1"}) == ["p-backend-2"]


def test_every_container_may_serve_if_the_edge_names_none():
    assert split(set(), [numbered(1), numbered(2)]).strays({"backend"}) == []


def test_a_container_that_does_not_run_is_neither_kept_nor_waited_for():
    found = split({1}, [numbered(1, "exited")])

    assert (found.missing, names(found.strays({"p-backend-1"}))) == (1, ["p-backend-1"])


def test_of_surplus_containers_the_one_that_serves_stays():
    found = split({1, 2}, [numbered(1), numbered(2)])

    assert names(found.serving({"p-backend-1"})) == ["p-backend-1"]
    assert names(found.leaving({"p-backend-1"})) == ["p-backend-2"]


def test_recreated_containers_keep_their_names():
    assert beside.names_once_recreated("p", "web", 2, [numbered(4)]) == ["p-web-4", "p-web-5"]
    assert beside.names_once_recreated("p", "web", 1, []) == ["p-web-1"]


def test_a_container_is_reached_by_its_name_or_at_the_port_that_it_publishes():
    inside = numbered(1, NetworkSettings={"Ports": {}, "Networks": {"p_default": {"IPAddress": "172.18.0.7"}}})
    ports = {"8000/tcp": [{"HostIp": "10.0.0.11", "HostPort": "18001"}]}
    outside = numbered(1, NetworkSettings={"Ports": ports, "Networks": {}})

    assert beside.endpoint(inside, 8000) == ("p-backend-1:8000", "http://172.18.0.7:8000")
    assert beside.endpoint(outside, 8000) == ("10.0.0.11:18001", "http://10.0.0.11:18001")


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        ({}, None),
        ({"container_name": "one"}, "has a container_name"),
        ({"ports": [{"published": "8000", "target": 8000}]}, "publishes a port that two containers cannot publish"),
        ({"ports": [{"published": "18000-18003", "target": 8000}]}, None),
        ({"ports": [{"published": "18000-18002", "target": 8000}], "scale": 2}, "publishes a port that two"),
    ],
)
def test_what_two_containers_cannot_have_prevents_it(service: Mapping[str, Any], problem: str | None):
    found = beside.obstacle(stack_of("backend"), {"backend": service}, {})

    assert (problem is None and found is None) or (problem and problem in str(found))


def test_two_containers_may_publish_ports_of_a_range_of_their_own():
    stack = stack_of("backend")
    stack.port_ranges = {"backend": published_ports.PortRange("backend", 8000, "BACKEND_PORT", range(18000, 18010))}

    assert beside.obstacle(stack, {"backend": {"ports": [{"published": "18000", "target": 8000}]}}, {}) is None


def test_a_port_that_another_service_takes_over_prevents_it():
    services = {"backend": {}, "edge": {"ports": [{"published": "8000", "target": 8000, "host_ip": "127.0.0.1"}]}}
    ports = {"Ports": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8000"}]}}

    found = beside.obstacle(stack_of("backend"), services, {"backend": [numbered(1, NetworkSettings=ports)]})

    assert found == "The service edge takes the port 8000 over from p-backend-1"
