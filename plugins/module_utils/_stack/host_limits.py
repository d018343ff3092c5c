# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse services that need more than the host has: ports, processors, memory.

The engine reports it only when it creates or starts a container, during a deploy.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any

from .._core.errors import InputError
from .._core.option_numbers import LEAST_CPUS, LEAST_MEMORY
from .._engine import client as engine_client
from .._engine.project import RUNNING
from .._host import engine_probe, requirements
from . import state

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


def refuse_excess(stack: state.Stack, client: DockerClient) -> None:
    """Raise InputError with all unavailable ports and excessive limits of a stack. Its model must have been read."""
    services = {name: stack.model["services"][name] for name in stack.references()}
    with engine_client.asking("return its processors and containers"):
        cpus = int(client.info()["NCPU"])
        published = engine_probe.published_by(client.api.containers())
    problems = problems_of(services, cpus)
    if stack.docker_host.startswith("unix:"):  # the ports of another host cannot be seen from here
        problems += _taken(list(_ports(services)), published, stack.name)
    if problems:
        raise InputError.of(
            problems,
            hint="Nothing was changed. Correct the Compose file in files. The role stack has options for its ports and "
            "limits, and stack_compose_override for other settings.",
        )


def problems_of(services: Mapping[str, Mapping[str, Any]], cpus: int) -> list[str]:
    """Return a sentence for each requirement of these services of Compose's model that the host cannot meet."""
    return [*_shared(list(_ports(services))), *_scaled(services), *_limits(services, cpus)]


def _ports(services: Mapping[str, Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each port that a service publishes under a fixed number, ``{service, port, host_ip}``."""
    for name, service in services.items():
        for entry in service.get("ports") or []:
            for port in _numbers(entry):
                yield {"service": name, "port": port, "host_ip": entry.get("host_ip") or "0.0.0.0"}


def publishers(services: Mapping[str, Mapping[str, Any]]) -> dict[int, str]:
    """Return the service that publishes each fixed port, by the services of Compose's model."""
    return {entry["port"]: entry["service"] for entry in _ports(services)}


def is_fixed(service: Mapping[str, Any]) -> bool:
    """Return whether a service publishes a port of which its range has not two for each of its containers."""
    needed = 2 * state.replicas(service)
    return any(0 < len(_numbers(entry)) < needed for entry in service.get("ports") or [])


def published(container: Container) -> set[int]:
    """Return the ports of the host that a running container publishes."""
    if container.status != RUNNING:
        return set()
    entries = (container.attrs["NetworkSettings"].get("Ports") or {}).values()
    return {int(binding["HostPort"]) for several in entries for binding in several or []}


def _numbers(entry: Mapping[str, Any]) -> range:
    """Return the ports of one entry: a number, a range, or none that is known before the container starts."""
    first, _dash, last = str(entry.get("published") or "").partition("-")
    known = entry.get("protocol", "tcp") == "tcp" and first.isdecimal() and (last or first).isdecimal()
    return range(int(first), int(last or first) + 1) if known else range(0)


def _scaled(services: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, service in services.items():
        count = state.replicas(service)
        for entry in service.get("ports") or []:
            numbers = _numbers(entry)
            if 0 < len(numbers) < count:
                yield (
                    f"The service {name} has {count} containers, and port {entry['published']} is sufficient for "
                    f"{len(numbers)}"
                )


def _shared(ports: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one, other in combinations(ports, 2):
        if one["port"] == other["port"] and requirements.collide(one["host_ip"], other["host_ip"]):
            yield f"The services {one['service']} and {other['service']} both publish port {one['port']}"


def _taken(ports: Sequence[Mapping[str, Any]], published: Iterable[Mapping[str, Any]], project: str) -> Iterator[str]:
    """Yield a sentence for each port that is taken. Ports of the project's own containers are not taken."""
    by_port = {(entry["port"], entry["host_ip"]): entry["service"] for entry in ports}
    for entry in requirements.taken_ports(ports, published, project):
        yield f"The service {by_port[entry['port'], entry['host_ip']]}: {requirements.port_problem(entry)}"


def _limits(services: Mapping[str, Mapping[str, Any]], cpus: int) -> Iterator[str]:
    for name, service in services.items():
        limits = ((service.get("deploy") or {}).get("resources") or {}).get("limits") or {}
        asked = float(service.get("cpus") or limits.get("cpus") or 0)
        if asked and not LEAST_CPUS <= asked <= cpus:
            yield f"The service {name} may use {asked:g} processors: this host allows {LEAST_CPUS:g} to {cpus}"
        memory = int(service.get("mem_limit") or limits.get("memory") or 0)
        if 0 < memory < LEAST_MEMORY:
            yield f"The service {name} may use {memory} bytes of memory: Docker Engine requires at least {LEAST_MEMORY}"
