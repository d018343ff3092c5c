# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe what a run brings up: the desired stack or, at a rollback, the previous release.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import CommandError, UnhealthyError
from .._engine import client as engine_client
from .._engine import compose_cli, health_waiter
from .._engine import project as engine_project
from . import state

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


@dataclass(frozen=True)
class Target:
    """The services that a run brings up, and the Compose project that defines them."""

    compose: compose_cli.Compose
    files: Sequence[Path]
    services: Mapping[str, Mapping[str, Any]]  # of Compose's model
    hashes: Mapping[str, Collection[str]]  # by which Compose labels containers of the same definition
    images: Mapping[str, str | None]  # the id of the image of each service
    #: Whether a container is to be replaced, although Compose sees no difference.
    is_stale: Callable[[str, Container], bool]

    def names(self) -> list[str]:
        """Return the services that have at least one container."""
        return [name for name, service in self.services.items() if state.replicas(service)]

    def is_fresh(self, service: str, container: Container) -> bool:
        """Return whether a container is one of the target: of its definition and its image, and not stale."""
        return (
            container.labels.get(engine_client.LABEL_CONFIG_HASH) in self.hashes.get(service, ())
            and container.attrs["Image"] == self.images.get(service)
            and not self.is_stale(service, container)
        )


@contextmanager
def explaining(client: DockerClient, project_name: str) -> Iterator[None]:
    """Add the symptoms of the services that failed to an error of Compose, which gives no cause."""
    try:
        yield
    except CommandError as error:
        # If a service waits in vain for the health of another one, Compose names that one and gives no cause.
        project = engine_project.read_project(client, project_name)
        ended = "returncode" in error.details  # or else it waited in vain until its time was up
        hopeless = {"unhealthy"} if ended else {"unhealthy", "starting"}
        failed = [each for each in project.services.values() if each.health in hopeless or _has_ended(project, each)]
        if not failed:
            raise
        symptoms = health_waiter.unhealthy(failed, "did not come up")
        raise UnhealthyError(f"{error.message}\n{symptoms.message}", **symptoms.details) from error


def _has_ended(project: engine_project.Project, service: engine_project.Service) -> bool:
    states = {container.status for container in service.containers}
    return bool(states & {"exited", "restarting", "dead"}) and not project.is_settled(service.name)
