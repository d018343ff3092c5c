# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which containers of a service stay, which are created beside them, and which are removed.

A service that is replaced beside has two containers for a while: the new one is created and gated while the old one
serves. ``docker compose up --no-recreate --scale SERVICE=n`` creates a container of the present definition and leaves
those of an older one (https://docs.docker.com/reference/cli/docker/compose/up/). The number of containers is not part
of the hash by which Compose compares a service, so that the new container is the one that Compose keeps later.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._engine.project import RUNNING
from . import host_limits, state

if TYPE_CHECKING:
    from docker.models.containers import Container

Containers = Mapping[str, Sequence["Container"]]

LABEL_NUMBER = "com.docker.compose.container-number"

OPTIONS: dict[str, Any] = {
    "service": {"type": "str", "required": True},
    "port": {"type": "int", "required": True},
}


@dataclass(frozen=True)
class Replacement:
    """The containers of one service: those that serve in the end, those that do not, and how many are to be created."""

    service: str
    port: int
    count: int
    fresh: tuple[Container, ...]
    old: tuple[Container, ...]

    @property
    def missing(self) -> int:
        """The number of containers to create."""
        return max(0, self.count - len(self.fresh))

    def serving(self, routed: Collection[str]) -> list[Container]:
        """Return the containers that serve in the end. Of surplus ones, those that are ``routed`` to come first."""
        order = sorted(self.fresh, key=lambda item: (str(item.name) not in routed, -number(item)))
        return sorted(order[: self.count], key=number)

    def leaving(self, routed: Collection[str]) -> list[Container]:
        """Return the containers that are removed in the end."""
        serving = {item.id for item in self.serving(routed)}
        return [item for item in (*self.old, *self.fresh) if item.id not in serving]

    def strays(self, routed: Collection[str]) -> list[Container]:
        """Return the old containers that no request can reach: they do not run, or the edge has never named them."""
        known = any(str(item.name) in routed for item in (*self.fresh, *self.old))
        return [item for item in self.old if item.status != RUNNING or (known and str(item.name) not in routed)]

    def predicted(self, project: str, routed: Collection[str]) -> list[str]:
        """Return the names of the containers that serve in the end, as Compose will name new ones."""
        strays = {item.id for item in self.strays(routed)}
        numbers = [number(item) for item in (*self.fresh, *self.old) if item.id not in strays]
        first = max(numbers, default=0) + 1
        new = [f"{project}-{self.service}-{index}" for index in range(first, first + self.missing)]
        return [*(str(item.name) for item in self.serving(routed)), *new]


def of(params: Mapping[str, Any]) -> dict[str, int]:
    """Return the port of each service that the module's option ``beside`` names."""
    return {entry["service"]: entry["port"] for entry in params.get("beside") or []}


def split(
    service: str, port: int, count: int, containers: Sequence[Container], is_fresh: Callable[[Container], bool]
) -> Replacement:
    """Return the replacement of one service. A container that does not run is never fresh."""
    fresh = [item for item in containers if item.status == RUNNING and is_fresh(item)]
    return Replacement(service, port, count, tuple(fresh), tuple(item for item in containers if item not in fresh))


def applies(stack: state.Stack, services: Mapping[str, Mapping[str, Any]], containers: Containers) -> bool:
    """Return whether services are replaced beside: the edge runs and can switch, and nothing prevents it.

    In a single phase of a deploy, the edge is switched by a run of its own, on another host perhaps.
    """
    edge = stack.edge.service if stack.edge else None
    runs = edge in services and any(item.status == RUNNING for item in containers.get(str(edge), []))
    runs = runs or stack.phase != "all"
    return runs and bool(stack.beside.keys() & services.keys()) and obstacle(stack, services, containers) is None


def obstacle(stack: state.Stack, services: Mapping[str, Mapping[str, Any]], containers: Containers) -> str | None:
    """Return why a service of ``beside`` cannot have a second container beside the one that serves; None if it can.

    ``services`` are those of Compose's model, ``containers`` the current ones. Two containers cannot publish the same
    port, and a container cannot start while another one publishes its port.
    """
    for name in sorted(stack.beside.keys() & services.keys()):
        if services[name].get("container_name"):
            return f"The service {name} has a container_name, which two containers cannot have"
        if name not in stack.port_ranges and host_limits.is_fixed(services[name]):
            return f"The service {name} publishes a port that two containers cannot publish"
    desired = host_limits.publishers(services)
    for name, several in containers.items():
        for item in several:
            for port in host_limits.published(item):
                if desired.get(port, name) != name:
                    return f"The service {desired[port]} takes the port {port} over from {item.name}"
    return None


def names_once_recreated(project: str, service: str, count: int, containers: Sequence[Container]) -> list[str]:
    """Return the names of the containers of a service that Compose recreates: they keep their names."""
    numbers = sorted(map(number, containers))[:count]
    first = max(numbers, default=0) + 1
    return [f"{project}-{service}-{each}" for each in (*numbers, *range(first, first + count - len(numbers)))]


def number(container: Container) -> int:
    """Return the number that Compose gave a container."""
    text = container.labels.get(LABEL_NUMBER, "")
    return int(text) if text.isdecimal() else 0


def endpoint(container: Container, port: int) -> tuple[str, str]:
    """Return the address at which the edge reaches a container, ``host:port``, and the URL for this host.

    A container that publishes the port, as on a host of several, is reached there; any other one by its name, which
    Docker's DNS resolves in the networks of the project (https://docs.docker.com/engine/network/#dns-services).
    """
    settings = container.attrs["NetworkSettings"]
    published = (settings.get("Ports") or {}).get(f"{port}/tcp")
    if published:
        host = published[0]["HostIp"] if published[0]["HostIp"] not in ("", "0.0.0.0") else "127.0.0.1"
        address = f"{f'[{host}]' if ':' in host else host}:{published[0]['HostPort']}"
        return address, f"http://{address}"
    networks = (settings.get("Networks") or {}).values()
    inside = next((network["IPAddress"] for network in networks if network.get("IPAddress")), str(container.name))
    return f"{container.name}:{port}", f"http://{inside}:{port}"
