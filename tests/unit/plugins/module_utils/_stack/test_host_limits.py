# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import host_limits, state
from ansible_collections.convosphere.platform.plugins.module_utils._stack.secrets import Secrets

IMAGE = {"image": "x:1"}


def published(port: str, host_ip: str | None = None, protocol: str = "tcp") -> dict[str, Any]:
    """Return a port as Compose has it in its model."""
    entry = {"mode": "ingress", "target": 80, "published": port, "protocol": protocol}
    return entry if host_ip is None else {**entry, "host_ip": host_ip}


@pytest.mark.parametrize(
    ("services", "said"),
    [
        ({"a": {"ports": [published("80")]}, "b": {"ports": [published("81")]}}, []),
        (
            {"a": {"ports": [published("80")]}, "b": {"ports": [published("80", "127.0.0.1")]}},
            ["The services a and b both publish port 80"],
        ),
        ({"a": {"ports": [published("80", "127.0.0.1")]}, "b": {"ports": [published("80", "192.0.2.7")]}}, []),
        ({"a": {"ports": [published("53")]}, "b": {"ports": [published("53", protocol="udp")]}}, []),
        (
            {"a": {"ports": [published("8000-8002")]}, "b": {"ports": [published("8001")]}},
            ["The services a and b both publish port 8001"],
        ),
        ({"a": {"ports": [{"target": 80}, {"target": 81}]}, "b": {"ports": None}}, []),
        (
            {"a": {"ports": [published("80")], "scale": 3}},
            ["The service a has 3 containers, and port 80 is sufficient for 1"],
        ),
        ({"a": {"ports": [published("80-82")], "deploy": {"replicas": 3}}}, []),
        ({"a": {"cpus": 2}, "b": {"cpus": 0.01}, "c": {}}, []),
        ({"a": {"cpus": 2.5}}, ["The service a may use 2.5 processors: this host allows 0.01 to 2"]),
        ({"a": {"cpus": 0.001}}, ["The service a may use 0.001 processors"]),
        ({"a": {"deploy": {"resources": {"limits": {"cpus": 9}}}}}, ["The service a may use 9 processors"]),
        ({"a": {"mem_limit": "6291456"}}, []),
        ({"a": {"mem_limit": "1048576"}}, ["The service a may use 1048576 bytes of memory"]),
        ({"a": {"deploy": {"resources": {"limits": {"memory": "4"}}}}}, ["The service a may use 4 bytes of memory"]),
    ],
)
def test_what_no_host_of_two_processors_can_give_is_named(services, said):
    found = host_limits.problems_of(services, 2)

    assert [words for words, sentence in zip(said, found, strict=True) if words not in sentence] == []


def test_all_that_the_host_does_not_have_is_in_one_error():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = stack_of({"a": {**IMAGE, "ports": [published(str(port))]}, "b": {**IMAGE, "cpus": 99}})
        with pytest.raises(InputError) as caught:
            host_limits.refuse_excess(found, engine([]))

        found.docker_host = "tcp://192.0.2.7:2375"
        with pytest.raises(InputError) as elsewhere:
            host_limits.refuse_excess(found, engine([]))

    assert f"The service a: Port {port} is already taken by" in str(caught.value)
    assert f"(process {os.getpid()})" in str(caught.value)
    assert "The service b may use 99 processors" in str(caught.value)
    assert "Nothing was changed." in str(caught.value)
    assert "Port" not in str(elsewhere.value)


@pytest.mark.parametrize(("project", "refused"), [("p", False), ("q", True)])
def test_the_ports_of_its_own_containers_are_the_stacks(project, refused):
    ports = [{"IP": "0.0.0.0", "PublicPort": 65000, "Type": "tcp"}]
    holder = {"Names": ["/holder"], "Ports": ports, "Labels": {"com.docker.compose.project": project}}
    found = stack_of({"a": {**IMAGE, "ports": [published("65000")]}})

    if not refused:
        assert host_limits.refuse_excess(found, engine([holder])) is None
        return
    with pytest.raises(InputError, match="Port 65000 is already taken by the container holder"):
        host_limits.refuse_excess(found, engine([holder]))


def stack_of(services: dict[str, Any]) -> state.Stack:
    """Build a stack whose files Compose has read."""
    found = state.Stack("p", Path("/nowhere"), "unix:///x", {}, Secrets(Path("/nowhere"), []))
    found.model = {"services": services}
    return found


def engine(containers: list[dict[str, Any]]) -> Any:
    """Fake the client of an engine with two processors and these containers."""
    client = Mock()
    client.info.return_value = {"NCPU": 2}
    client.api.containers.return_value = containers
    return client
