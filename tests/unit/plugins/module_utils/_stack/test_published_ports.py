# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._stack import published_ports

from support.containers import container

RANGE = published_ports.PortRange("backend", 8000, "BACKEND_PORT", range(18000, 18003))


class Compose:
    """Compose, of which the hash of a service is the port that the variables name. The real one is used by others."""

    def __init__(self, **variables: str) -> None:
        self.variables = variables

    def with_variables(self, variables: dict[str, str]) -> Compose:
        return Compose(**{**self.variables, **variables})

    def hashes(self, files: Sequence[Path]) -> dict[str, str]:
        return {"backend": f"hash-{self.variables['BACKEND_PORT']}", "redis": "hash"}


def publishing(port: int, status: str = "running") -> Any:
    bindings = {"8000/tcp": [{"HostIp": "10.0.0.11", "HostPort": str(port)}]}
    return container("backend", status, HostConfig={"PortBindings": bindings})


def test_a_new_container_gets_the_first_port_that_no_container_has():
    assert RANGE.free([]) == 18000
    assert RANGE.free([publishing(18000)]) == 18001
    assert RANGE.free([publishing(18001), publishing(18000, "exited")]) == 18002


def test_no_port_is_left_if_containers_have_all_of_them():
    with pytest.raises(InputError, match="backend has a container at each of the ports 18000 to 18002"):
        RANGE.free([publishing(port) for port in (18000, 18001, 18002)])


def test_the_file_of_variables_names_the_port_and_the_first_one_is_the_default():
    ranges = {"backend": RANGE}

    assert published_ports.variables(ranges, {}) == {"BACKEND_PORT": "18000"}
    assert published_ports.variables(ranges, {"BACKEND_PORT": "18002"}) == {"BACKEND_PORT": "18002"}
    assert published_ports.variables(ranges, {"BACKEND_PORT": "80"}) == {"BACKEND_PORT": "18000"}


def test_ports_are_chosen_for_the_services_that_get_a_container():
    ranges = {"backend": RANGE}

    assert published_ports.choose(ranges, ["backend"], {"backend": [publishing(18000)]}) == {"BACKEND_PORT": "18001"}
    assert published_ports.choose(ranges, ["frontend"], {}) == {}


def test_the_hashes_of_the_ports_in_use_are_those_of_the_same_definition():
    compose, containers = Compose(BACKEND_PORT="18001"), {"backend": [publishing(18001), publishing(18000)]}

    found = published_ports.other_hashes(compose, [], {"backend": RANGE}, containers)  # type: ignore[arg-type]

    assert found == {"backend": {"hash-18000"}}


def test_compose_is_not_asked_again_while_the_only_container_has_the_port_of_the_file():
    compose = Compose()
    compose.variables = {"BACKEND_PORT": "18000"}

    found = published_ports.other_hashes(compose, [], {"backend": RANGE}, {"backend": [publishing(18000)]})  # type: ignore[arg-type]

    assert found == {"backend": set()}


@pytest.mark.parametrize(("first", "last"), [(18000, 18000), (None, None), (18001, 18000), (65535, 65536)])
def test_a_range_without_two_ports_is_refused(first: int | None, last: int | None):
    entry = {"service": "backend", "port": 8000, "variable": "BACKEND_PORT", "first_port": first, "last_port": last}

    with pytest.raises(InputError, match="two containers need at least two ports"):
        published_ports.of({"beside": [entry]})


def test_only_services_with_a_variable_have_a_range():
    plain = {"service": "frontend", "port": 8080, "variable": None}
    entry = {"service": "backend", "port": 8000, "variable": "BACKEND_PORT", "first_port": 18000, "last_port": 18002}

    assert published_ports.of({"beside": [plain, entry]}) == {"backend": RANGE}
