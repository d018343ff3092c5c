# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The services of one Compose project: what state each is in, and in which order they start and stop.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import InputError
from . import client as engine_client
from . import compose_parser

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

ABSENT = "absent"
RUNNING = "running"
EXITED = "exited"

#: The states in which a container has a process or will get one again by itself: what a stop has to end.
ACTIVE = frozenset({RUNNING, "paused", "restarting"})

#: Worst first: what is said of a service of several containers.
HEALTH_ORDER = ("unhealthy", "starting", "healthy")

COMPLETED = "service_completed_successfully"

#: PostgreSQL's port in its container.
POSTGRES = 5432
PUBLISHED_OPTIONS: dict[str, Any] = {"login_service": {"type": "str"}}


@dataclass(frozen=True)
class Service:
    """One service: its containers (none where it is absent), and ``{other service: condition}`` it depends on."""

    name: str
    containers: tuple[Container, ...] = ()
    depends_on: Mapping[str, str] | None = None
    on_demand: bool = False  # belongs to a Compose profile: not among all the services unless it has a container

    @property
    def state(self) -> str:
        """The state of its containers, in the engine's words; several words where they differ."""
        return ", ".join(sorted({container.status for container in self.containers})) or ABSENT

    @property
    def state_once_stopped(self) -> str:
        """What ``state`` will be when all containers that have a process, or will have one again, are stopped."""
        after = {EXITED if container.status in ACTIVE else container.status for container in self.containers}
        return ", ".join(sorted(after)) or ABSENT

    @property
    def health(self) -> str | None:
        """healthy, starting or unhealthy, the worst of its containers; None without a health check or not running."""
        found = {health_of(container) for container in self.containers}
        return next((word for word in HEALTH_ORDER if word in found), None)


@dataclass(frozen=True)
class Project:
    """One Compose project as it was at one moment. ``source`` is the directory of its compose.yaml, where known."""

    name: str
    services: Mapping[str, Service]
    source: Path | None

    def chosen(self, names: Sequence[str] | None) -> list[str]:
        """The services meant by ``names``, each once; all of them for an empty list or None. Raises InputError."""
        if not names:
            return [name for name, service in self.services.items() if service.containers or not service.on_demand]
        unknown = [name for name in dict.fromkeys(names) if name not in self.services]
        if unknown:
            raise InputError.of(
                [f"Project {self.name} has no service '{name}'" for name in unknown],
                hint=f"It has: {', '.join(sorted(self.services))}.",
            )
        return list(dict.fromkeys(names))

    def levels(self, names: Iterable[str]) -> list[list[str]]:
        """``names`` and all they depend on, in the order to start them.

        Those in one list do not depend on each other and can be started at the same time.
        """
        depth: dict[str, int] = {}

        def visit(name: str) -> int:
            if name not in depth:
                depth[name] = 0  # a circle, which Compose refuses, ends here instead of never
                needed = [other for other in self.services[name].depends_on or {} if other in self.services]
                depth[name] = max((visit(other) + 1 for other in needed), default=0)
            return depth[name]

        for name in names:
            visit(name)
        return [sorted(name for name in depth if depth[name] == level) for level in sorted(set(depth.values()))]

    def is_job(self, name: str) -> bool:
        """Whether others wait for this service to end rather than to run: exited with 0 is its good end."""
        return any((service.depends_on or {}).get(name) == COMPLETED for service in self.services.values())

    def is_running(self, name: str) -> bool:
        """Whether nothing has to be started: every container runs, or a job has done its work."""
        service = self.services[name]
        return bool(service.containers) and all(
            container.status == RUNNING or (self.is_job(name) and _succeeded(container))
            for container in service.containers
        )

    def is_settled(self, name: str) -> bool:
        """Whether the service does what it is there for.

        It runs and is healthy if it has a health check; a job, or another one that may end by itself, has ended with 0.
        """
        service = self.services[name]
        if self.is_job(name):
            return bool(service.containers) and all(map(_succeeded, service.containers))
        if service.containers and all(map(is_done, service.containers)):
            return True
        return self.is_running(name) and service.health in ("healthy", None)


def read_project(client: DockerClient, name: str, source: str | None = None) -> Project:
    """Ask the engine for a project's containers, and its Compose files for services that have none.

    ``source`` is the directory of compose.yaml; None takes the one that the containers say they were created from,
    if it is there. A project without containers and without ``source`` has no services.
    Raises EngineError, and InputError where ``source`` has no usable compose.yaml.
    """
    containers = engine_client.project_containers(client, name)
    services = {
        service: Service(service, tuple(found), _labelled_dependencies(found[0]))
        for service, found in containers.items()
    }
    directory = Path(source) if source else _labelled_directory(containers)
    if directory:
        files = compose_parser.defined(directory)
        defined = {name: Service(name, (), found.depends_on, found.on_demand) for name, found in files.items()}
    else:  # what others depend on is there, even though nothing says how to create it
        defined = {other: Service(other) for service in services.values() for other in service.depends_on or {}}
    return Project(name, {**defined, **services}, directory)


def published_login(client: DockerClient, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``params`` with the port that the running container of ``login_service`` publishes as ``login_port``.

    The next deploy may publish another port. Return ``params`` unchanged if no service is named, if none of its
    containers runs, or if it publishes no port.
    """
    service, project = params["login_service"], params["project_name"]
    if not service or not project:
        return params
    labels = [f"{engine_client.LABEL_PROJECT}={project}", f"{engine_client.LABEL_SERVICE}={service}"]
    with engine_client.asking(f"list the published ports of {service}"):
        containers = client.api.containers(filters={"label": labels})
    ports = [port for container in containers for port in container["Ports"]]
    published = [port["PublicPort"] for port in ports if port["PrivatePort"] == POSTGRES and port.get("PublicPort")]
    return {**params, "login_port": published[0]} if published else params


def health_of(container: Container) -> str | None:
    """A running container's health in the engine's words; None without a health check, or when it does not run."""
    status = container.attrs["State"].get("Health", {}).get("Status")
    return str(status) if container.status == RUNNING and status in HEALTH_ORDER else None


def is_done(container: Container) -> bool:
    """Return whether a container ran once as it should: it ended with 0, and nothing starts it again or checks it."""
    policy = (container.attrs["HostConfig"].get("RestartPolicy") or {}).get("Name")
    return _succeeded(container) and policy in ("", "no", "on-failure") and not _has_own_check(container)


def _has_own_check(container: Container) -> bool:
    """Return whether its service has a health check, not only the image: a job may run in the image of a server."""
    check = container.attrs["Config"].get("Healthcheck") or {}
    if (check.get("Test") or ["NONE"]) == ["NONE"]:
        return False
    client: Any = container.client
    with engine_client.asking(f"look for the image of {container.name}"):
        try:
            image = client.api.inspect_image(container.attrs["Image"])
        except Exception as error:
            if getattr(error, "status_code", None) == 404:  # the image is gone: nobody can tell any more
                return True
            raise
    return bool(check != (image.get("Config") or {}).get("Healthcheck"))


def describe(service: Service) -> dict[str, Any]:
    """What modules return of a service: ``{name, state, health, containers: [{id, name, state, health, ...}]}``."""
    return {
        "name": service.name,
        "state": service.state,
        "health": service.health,
        "containers": [
            {
                "id": container.id,
                "name": container.name,
                "state": container.status,
                "health": health_of(container),
                "exit_code": None if container.status in ACTIVE else container.attrs["State"]["ExitCode"],
                "started_at": started_at(container),
                "restarts": container.attrs["RestartCount"],
            }
            for container in service.containers
        ],
    }


def started_at(container: Container) -> str | None:
    """When the container was last started, in UTC as ``2026-01-31T12:00:00Z``; None if it never was."""
    moment = str(container.attrs["State"]["StartedAt"])
    # The engine's zero time stands for never, and its nine digits of a second say nothing to an operator.
    return None if moment.startswith("0001-") else f"{moment[:19]}Z"


def timestamp(moment: str) -> float:
    """The engine's time, such as ``2026-01-31T12:00:00.123456789Z``, in seconds since 1970."""
    fraction = moment[19:].rstrip("Z")  # up to nine digits, of which older Pythons would take three or six
    return datetime.fromisoformat(f"{moment[:19]}+00:00").timestamp() + float(f"0{fraction}")


def _succeeded(container: Container) -> bool:
    return container.status == EXITED and container.attrs["State"]["ExitCode"] == 0


def _labelled_dependencies(container: Container) -> dict[str, str]:
    # "postgres:service_healthy:false,redis:service_started:false"; old versions of Compose wrote the name alone.
    found = {}
    for item in filter(None, container.labels.get(engine_client.LABEL_DEPENDS_ON, "").split(",")):
        name, _colon, rest = item.partition(":")
        found[name] = rest.partition(":")[0] or compose_parser.STARTED
    return found


def _labelled_directory(containers: Mapping[str, Sequence[Container]]) -> Path | None:
    for found in containers.values():
        directory = Path(found[0].labels.get(engine_client.LABEL_WORKING_DIRECTORY, ""))
        if directory.is_absolute() and compose_parser.find(directory):
            return directory
    return None
