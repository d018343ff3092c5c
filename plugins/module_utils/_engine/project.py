# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the services of one Compose project: their states, and the order in which they start and stop.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
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

#: The states in which a container has a process, or will have one again without a start.
ACTIVE = frozenset({RUNNING, "paused", "restarting"})

#: The health of a service is the worst of its containers: worst first.
HEALTH_ORDER = ("unhealthy", "starting", "healthy")

COMPLETED = "service_completed_successfully"

#: PostgreSQL's port in its container.
POSTGRES = 5432
#: The addresses at which the host itself reaches a published port, as the engine reports them.
LOCAL_ADDRESSES = ("127.0.0.1", "0.0.0.0", "::1", "::")
PUBLISHED_OPTIONS: dict[str, Any] = {"login_service": {"type": "str"}}


@dataclass(frozen=True)
class Service:
    """One service: its containers (none if it is absent), and ``{other service: condition}`` it depends on."""

    name: str
    containers: tuple[Container, ...] = ()
    depends_on: Mapping[str, str] | None = None
    on_demand: bool = False  # belongs to a Compose profile: not among all the services unless it has a container

    @property
    def state(self) -> str:
        """The state of its containers, in the engine's words; several words if they differ."""
        return ", ".join(sorted({container.status for container in self.containers})) or ABSENT

    @property
    def state_once_stopped(self) -> str:
        """The ``state`` after all containers that have a process, or will have one again, are stopped."""
        after = {EXITED if container.status in ACTIVE else container.status for container in self.containers}
        return ", ".join(sorted(after)) or ABSENT

    @property
    def health(self) -> str | None:
        """healthy, starting or unhealthy, the worst of its containers; None without a health check or not running."""
        words = {health_of(container) for container in self.containers}
        return next((word for word in HEALTH_ORDER if word in words), None)


@dataclass(frozen=True)
class Project:
    """One Compose project when it was read. ``source`` is the directory of its compose.yaml, if known."""

    name: str
    services: Mapping[str, Service]
    source: Path | None

    def chosen(self, names: Sequence[str] | None) -> list[str]:
        """Return the services ``names``, each once; all of them for an empty list or None. Raises InputError."""
        if not names:
            return [name for name, service in self.services.items() if service.containers or not service.on_demand]
        unknown = [name for name in dict.fromkeys(names) if name not in self.services]
        if unknown:
            raise InputError.of(
                [f"Project {self.name} has no service '{name}'" for name in unknown],
                hint=f"It has: {', '.join(sorted(self.services))}.",
            )
        return list(dict.fromkeys(names))

    def only(self, ids: Collection[str]) -> Project:
        """Return the project as if its services had no other containers than those with the ``ids``."""

        def reduced(service: Service) -> Service:
            containers = tuple(item for item in service.containers if item.id in ids)
            return Service(service.name, containers, service.depends_on, service.on_demand)

        return Project(self.name, {name: reduced(service) for name, service in self.services.items()}, self.source)

    def levels(self, names: Iterable[str]) -> list[list[str]]:
        """Return ``names`` and all their dependencies in the order in which they start.

        Services in one list do not depend on each other and can be started at the same time.
        """
        depth: dict[str, int] = {}

        def visit(name: str) -> int:
            if name not in depth:
                depth[name] = 0  # a circle, which Compose refuses, must end too
                needed = [other for other in self.services[name].depends_on or {} if other in self.services]
                depth[name] = max((visit(other) + 1 for other in needed), default=0)
            return depth[name]

        for name in names:
            visit(name)
        return [sorted(name for name in depth if depth[name] == level) for level in sorted(set(depth.values()))]

    def is_job(self, name: str) -> bool:
        """Return whether other services wait for this one to end with 0 rather than to run."""
        return any((service.depends_on or {}).get(name) == COMPLETED for service in self.services.values())

    def is_running(self, name: str) -> bool:
        """Return whether nothing has to be started: every container runs, or the job is complete."""
        service = self.services[name]
        return bool(service.containers) and all(
            container.status == RUNNING or (self.is_job(name) and _succeeded(container))
            for container in service.containers
        )

    def is_settled(self, name: str) -> bool:
        """Return whether the service works.

        It runs and, if it has a health check, is healthy. A job, or another service that may end, has ended with 0.
        """
        service = self.services[name]
        if self.is_job(name):
            return bool(service.containers) and all(map(_succeeded, service.containers))
        if service.containers and all(map(is_done, service.containers)):
            return True
        return self.is_running(name) and service.health in ("healthy", None)


def read_project(client: DockerClient, name: str, source: str | None = None) -> Project:
    """Read a project's containers from the engine, and services without containers from its Compose files.

    ``source`` is the directory of compose.yaml; None means the one from which the containers were created, if it
    exists. A project without containers and without ``source`` has no services.
    Raises EngineError, and InputError if ``source`` has no usable compose.yaml.
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
    else:  # dependencies exist, although it is unknown how to create them
        defined = {other: Service(other) for service in services.values() for other in service.depends_on or {}}
    return Project(name, {**defined, **services}, directory)


def published_login(client: DockerClient, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return ``params`` with the port that the running container of ``login_service`` publishes as ``login_port``.

    The next deploy may publish another port. Return ``params`` unchanged if no service is named, if none of its
    containers runs, or if it publishes no port. A port of the loopback address, or of all addresses, comes before one
    that is published on another address, for other hosts.
    """
    if not params["login_service"] or not params["project_name"]:
        return params
    ports = [port for container in _running_logins(client, params) for port in container["Ports"]]
    published = [port for port in ports if port["PrivatePort"] == POSTGRES and port.get("PublicPort")]
    published.sort(key=lambda port: port.get("IP") not in LOCAL_ADDRESSES)
    return {**params, "login_port": published[0]["PublicPort"]} if published else params


def login_runs(client: DockerClient, params: Mapping[str, Any]) -> bool:
    """Return whether a container of ``login_service`` runs. A database that is no service of the project does."""
    return not params["login_service"] or not params["project_name"] or bool(_running_logins(client, params))


def _running_logins(client: DockerClient, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    service, project = params["login_service"], params["project_name"]
    labels = [f"{engine_client.LABEL_PROJECT}={project}", f"{engine_client.LABEL_SERVICE}={service}"]
    with engine_client.asking(f"list the published ports of {service}"):
        return list(client.api.containers(filters={"label": labels}))


def health_of(container: Container) -> str | None:
    """Return a running container's health in the engine's words; None without a health check, or if it does not run."""
    status = container.attrs["State"].get("Health", {}).get("Status")
    return str(status) if container.status == RUNNING and status in HEALTH_ORDER else None


def is_done(container: Container) -> bool:
    """Return whether a container has completed a job: it ended with 0, and nothing restarts or checks it."""
    policy = (container.attrs["HostConfig"].get("RestartPolicy") or {}).get("Name")
    return _succeeded(container) and policy in ("", "no", "on-failure") and not _has_own_check(container)


def _has_own_check(container: Container) -> bool:
    """Return whether its service has a health check, beside that of the image: a job may use the image of a server."""
    check = container.attrs["Config"].get("Healthcheck") or {}
    if (check.get("Test") or ["NONE"]) == ["NONE"]:
        return False
    client: Any = container.client
    with engine_client.asking(f"inspect the image of {container.name}"):
        try:
            image = client.api.inspect_image(container.attrs["Image"])
        except Exception as error:
            if (
                getattr(error, "status_code", None) == 404
            ):  # the image is removed: assume that the check is the service's
                return True
            raise
    return bool(check != (image.get("Config") or {}).get("Healthcheck"))


def describe(service: Service) -> dict[str, Any]:
    """Return a service as modules do: ``{name, state, health, containers: [{id, name, state, health, ...}]}``."""
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
    """Return the time of the last start, in UTC as ``2026-01-31T12:00:00Z``; None if it was never started."""
    started = str(container.attrs["State"]["StartedAt"])
    # The engine's zero time means never. Its nine digits of a second are of no use to an operator.
    return None if started.startswith("0001-") else f"{started[:19]}Z"


def timestamp(text: str) -> float:
    """Parse the engine's time, such as ``2026-01-31T12:00:00.123456789Z``, to seconds since 1970."""
    fraction = text[19:].rstrip("Z")  # up to nine digits, of which older Pythons accept three or six
    return datetime.fromisoformat(f"{text[:19]}+00:00").timestamp() + float(f"0{fraction}")


def _succeeded(container: Container) -> bool:
    return container.status == EXITED and container.attrs["State"]["ExitCode"] == 0


def _labelled_dependencies(container: Container) -> dict[str, str]:
    # "postgres:service_healthy:false,redis:service_started:false"; old versions of Compose write the name only.
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
