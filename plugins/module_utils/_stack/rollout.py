# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replace services beside the containers that serve: create, gate, switch the edge, drain, remove.

1. ``converge`` brings up the services that are not replaced beside.
2. ``create`` creates the new containers. Nothing serves from them.
3. ``gate`` asks the new containers directly.
4. ``switch`` names them in the state of the edge, and reloads it: the commit point.
5. ``finish`` waits until the old containers have no connection any more, and removes them.

Each step reads what exists, so that a run continues what another one left: a container of the target that an
interrupted run created is gated and used; one of another definition that the edge has never named is removed first.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .._core.errors import UnhealthyError
from .._engine import client as engine_client
from .._engine.project import RUNNING
from . import beside, drain, published_ports, state, upstream_files
from . import edge as stack_edge
from .activation import Activation
from .target import Target, explaining

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

Containers = Mapping[str, Sequence["Container"]]
#: Waits until the containers are healthy, and the platform at one of the URLs by service reports itself healthy.
Gate = Callable[[Containers, Mapping[str, str]], None]


#: How long requests may take before WebSockets, which do not end by themselves, are ended.
QUIET_SECONDS = 10


@dataclass
class Rollout:
    """One replacement of the services of a stack by those of ``target``."""

    stack: state.Stack
    client: DockerClient
    target: Target
    steps: Activation
    wait: Callable[[Iterable[str]], None]
    wait_for: Gate
    warn: Callable[[str], None]
    timeout: float  # seconds for Compose to create and start containers
    drain_timeout: float
    #: The containers that serve in the end, of each service that is replaced beside.
    serving: dict[str, list[Container]] = field(default_factory=dict)
    #: The names of the containers that this run created.
    created: set[str] = field(default_factory=set)

    @property
    def ports(self) -> dict[str, int]:
        """The port of each service that is replaced beside."""
        return {name: port for name, port in self.stack.beside.items() if name in self.target.names()}

    def others(self) -> list[str]:
        """Return the services that are neither replaced beside nor the edge."""
        edge = self.stack.edge.service if self.stack.edge else None
        return [name for name in self.target.names() if name not in self.ports and name != edge]

    def converge(self, services: Sequence[str]) -> None:
        """Bring the ``services`` up, and wait until they are healthy: those beside depend on them."""
        stale = [name for name in services if self._is_any_stale(name)]
        with explaining(self.client, self.stack.name):
            if stale:
                self.target.compose.recreate(self.target.files, stale, timeout=self.timeout)
            if services:
                self.target.compose.up_services(self.target.files, services, timeout=self.timeout)
        if services:
            self.steps.give_volumes()
            self.wait(services)

    def create(self) -> None:
        """Create the containers that are missing beside those that serve."""
        routed, before = self.stack.routed, self._containers()
        parts = [self.replacement(name, before) for name in self.ports]
        remove([item for each in parts for item in each.strays(routed)], at_once=True)
        counts = {
            each.service: len(each.fresh) + len(each.old) - len(each.strays(routed)) + each.missing
            for each in parts
            if each.missing
        }
        if counts:
            self._publish(counts, before)
            with explaining(self.client, self.stack.name):
                self.target.compose.up_services(self.target.files, list(counts), timeout=self.timeout, counts=counts)
            self.steps.give_volumes()
        after, known = self._containers(), {item.id for several in before.values() for item in several}
        for each in parts:
            new = [item for item in after.get(each.service, []) if item.id not in known]
            self.created.update(str(item.name) for item in new)
            self.serving[each.service] = [*each.serving(routed), *new]

    def _publish(self, names: Collection[str], containers: Containers) -> None:
        """Have new containers of the services ``names`` publish ports that the present ones do not."""
        ranges, target = self.stack.port_ranges, self.target
        ports = published_ports.choose(ranges, names, containers)
        if ports:
            self.stack.secrets.write_variables(ports)
            compose = target.compose.with_variables(ports)
            new = compose.hashes(target.files)
            hashes = {name: {*target.hashes.get(name, ()), new[name]} for name in new}
            self.target = replace(target, compose=compose, hashes=hashes)

    def gate(self) -> None:
        """Raise UnhealthyError unless the containers that will serve are healthy and run the image of the target."""
        new = {
            name: several
            for name, several in self.serving.items()
            if any(str(item.name) not in self.stack.routed for item in several)
        }
        if new:
            urls = {name: beside.endpoint(several[0], self.ports[name])[1] for name, several in new.items()}
            self.wait_for(new, urls)
        containers = self._containers()
        for name, several in self.serving.items():
            fresh = {item.id for item in self.replacement(name, containers).fresh}
            wrong = [str(item.name) for item in several if item.id not in fresh]
            if wrong or len(several) < state.replicas(self.target.services[name]):
                raise UnhealthyError(
                    f"The service {name} does not run the image {self.target.images[name]} of this deploy"
                    f"{': ' + ', '.join(wrong) if wrong else ''}"
                )

    def upstreams(self) -> dict[str, list[str]]:
        """Return the addresses of the containers that will serve, by service."""
        return {
            name: [beside.endpoint(item, self.ports[name])[0] for item in several]
            for name, several in self.serving.items()
        }

    def switch(self, upstreams: Mapping[str, Sequence[str]]) -> None:
        """Have the edge send requests to ``upstreams``. It is recreated only if its definition differs."""
        edge = self.stack.edge
        if edge is None or edge.service not in self.target.names():
            return
        every = [address for addresses in upstreams.values() for address in addresses]
        self.stack.routed.update(address.rpartition(":")[0] for address in every)
        upstream_files.write(self.stack.directory, upstreams)
        current = self._containers().get(edge.service, [])
        if not current or not all(self._stays(edge.service, item) for item in current):
            self.converge([edge.service])
        # A new container has read its files at its start; Compose may have kept the old one.
        known = {item.id for item in current}
        stack_edge.reload([item for item in self._containers().get(edge.service, []) if item.id in known])

    def finish(self, orphans: Sequence[str] = ()) -> None:
        """Remove the old containers once they are drained, and the containers of the services ``orphans``."""
        containers = self._containers()
        old = [
            (item, self.ports[name])
            for name in self.ports
            for item in self.replacement(name, containers).leaving(self._names())
        ]
        busy = drain.wait(old, min(QUIET_SECONDS, self.drain_timeout))
        if busy and self.drain_timeout > QUIET_SECONDS:
            stack_edge.close_streams(containers.get(self.stack.edge.service, []) if self.stack.edge else [])
            busy = drain.wait(old, self.drain_timeout - QUIET_SECONDS)
        if busy:
            self.warn(
                f"{', '.join(busy)} still had connections after {self.drain_timeout:g} s and was removed: requests "
                "that took longer, or open WebSockets, were cut off."
            )
        upstream_files.prune(self.stack.directory)
        remove([item for item, _port in old])
        remove([item for name in orphans for item in containers.get(name, [])])

    def replacement(self, name: str, containers: Containers) -> beside.Replacement:
        """Return the replacement of one service."""
        service = self.target.services[name]
        return beside.split(
            name,
            self.ports[name],
            state.replicas(service),
            containers.get(name, []),
            lambda item: self.target.is_fresh(name, item),
        )

    def _names(self) -> set[str]:
        """Return the names of the containers that serve in the end."""
        return {str(item.name) for several in self.serving.values() for item in several} or set(self.stack.routed)

    def _stays(self, name: str, container: Container) -> bool:
        return container.status == RUNNING and self.target.is_fresh(name, container)

    def _is_any_stale(self, name: str) -> bool:
        return any(self.target.is_stale(name, item) for item in self.stack.containers.get(name, []))

    def _containers(self) -> dict[str, list[Container]]:
        return engine_client.project_containers(self.client, self.stack.name)


def remove(containers: Sequence[Container], *, at_once: bool = False) -> None:
    """Stop and remove containers. Their volumes stay, also unnamed ones: they may hold the only copy of data."""

    def end(item: Container) -> None:
        if not at_once and item.status == RUNNING:
            engine_client.stop_container(item, None)
        with engine_client.asking(f"remove {item.name}"):
            item.remove(force=True)

    engine_client.in_parallel(end, containers)
