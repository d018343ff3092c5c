# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that a deploy and its rollback share, beside those of Compose: remove files, give volumes, restart containers.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .._core import files as core_files
from .._engine import client as engine_client
from .._engine import writable_mounts
from .._engine.project import RUNNING
from . import beside, deploy_plan, state, upstream_files
from . import edge as stack_edge
from .target import Target

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


@dataclass(frozen=True)
class Activation:
    """The steps for one stack on one engine."""

    stack: state.Stack
    client: DockerClient

    def remove_file(self, name: str) -> None:
        """Remove a file of the stack. Rename it if it is in no release: it may be the only copy."""
        path = self.stack.directory / name
        (core_files.set_aside if name in self.stack.foreign else core_files.remove)(path)

    def give_volumes(self) -> None:
        """Make the volumes of the running containers writable for the users of their services."""
        services = engine_client.project_containers(self.client, self.stack.name).values()
        writable_mounts.give(self.client, self.stack.name, [item for several in services for item in several])

    def restart_stale(
        self,
        services: Collection[str],
        previous: Mapping[str, Sequence[Container]],
        names: Iterable[str],
        written: Collection[str],
    ) -> None:
        """Restart the containers that Compose kept and that have read an older text of one of the files ``names``.

        The edge does not restart for its own files: see ``reload_edge``. Restart those of ``services`` only: containers
        that an operator started by hand are skipped. ``previous`` are the containers that were read before the files
        ``written`` were replaced.
        """
        stale, started = [], {item.id: item.attrs["State"]["StartedAt"] for each in previous.values() for item in each}
        edge = self.stack.edge
        for service, containers in engine_client.project_containers(self.client, self.stack.name).items():
            read = [name for name in names if not (edge and service == edge.service and edge.owns(name))]
            for item in containers if service in services else ():
                newer = written if started.get(item.id) == item.attrs["State"]["StartedAt"] else ()
                if deploy_plan.stale_files(self.stack.directory, read, item, newer):
                    stale.append(item)
        engine_client.in_parallel(_restart, stale)

    def reload_edge(self, previous: Mapping[str, Sequence[Container]]) -> None:
        """Have the edge load its files if it started before this run. Another container has read them at its start."""
        if self.stack.edge is None:
            return
        started = {item.id: item.attrs["State"]["StartedAt"] for each in previous.values() for item in each}
        current = engine_client.project_containers(self.client, self.stack.name).get(self.stack.edge.service, [])
        stack_edge.reload([item for item in current if started.get(item.id) == item.attrs["State"]["StartedAt"]])

    def name_upstreams(self, target: Target, containers: beside.Containers) -> None:
        """Name the containers that Compose is about to create or recreate, so that the edge finds them at its start."""
        upstreams = {}
        for name in self._routed(target):
            count = state.replicas(target.services[name])
            names = beside.names_once_recreated(self.stack.name, name, count, containers.get(name, []))
            upstreams[name] = [f"{each}:{self.stack.beside[name]}" for each in names]
        upstream_files.write(self.stack.directory, upstreams)

    def settle_edge(self, target: Target) -> None:
        """Name the containers that Compose has created, and reload the edge if their names are others."""
        current, upstreams = engine_client.project_containers(self.client, self.stack.name), {}
        for name in self._routed(target):
            running = [item for item in current.get(name, []) if item.status == RUNNING]
            addresses = [beside.endpoint(item, self.stack.beside[name])[0] for item in running]
            if addresses and upstream_files.read(self.stack.directory, name) != " ".join(addresses):
                upstreams[name] = addresses
        upstream_files.write(self.stack.directory, upstreams)
        if upstreams and self.stack.edge:
            stack_edge.reload(current.get(self.stack.edge.service, []))

    def _routed(self, target: Target) -> list[str]:
        """Return the services that the edge on this host sends requests to."""
        if self.stack.edge is None or self.stack.edge.service not in target.names():
            return []
        return [name for name in self.stack.beside if name in target.names()]


def _restart(container: Container) -> None:
    engine_client.stop_container(container, None)
    engine_client.start_container(container, None)
