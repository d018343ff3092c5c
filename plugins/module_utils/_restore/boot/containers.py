# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the containers of one boot on a network of their own, from which no packet leaves the host.

They carry a label instead of those of Docker Compose, so that nothing that looks at a project sees them, and publish
no port. The host reaches them by their addresses. The label names the database whose backups are booted: with the lock
of its side databases, everything that carries it is a leftover. A second label names the project, for a teardown.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..._core.errors import EngineError
from ..._core.redaction import mask_foreign
from ..._engine import client as engine_client

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

LABEL = "platform.convosphere.boot"
#: The variables that keep the containers from using a proxy, and from sending anything to one.
_NO_PROXY = {
    **dict.fromkeys(("NO_PROXY", "no_proxy"), "*"),
    **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"), ""),
}
_PROCESSES = 1024
#: If the host runs out of memory, the kernel ends these containers before those of the platform.
_FIRST_TO_END = 1000
_LOG_LINES = 25


def owner_of(params: Mapping[str, Any]) -> str:
    """Return the value of the label: the live database, as this host connects to it."""
    server = params["login_container"] or params["login_unix_socket"] or params["login_host"]
    return f"{server}:{params['login_port']}/{params['login_db']}"


@dataclass
class BootNetwork:
    """The network of one boot, with its containers and volumes. ``memory`` limits each of them, in bytes."""

    client: DockerClient
    owner: str
    project: str
    memory: int
    name: str = field(default_factory=lambda: f"convosphere-boot-{secrets.token_hex(4)}")

    def open(self) -> BootNetwork:
        """Create the network. Raises EngineError."""
        with engine_client.asking(f"create the network {self.name}"):
            self.client.networks.create(self.name, driver="bridge", internal=True, labels=self._labels())
        return self

    def volume(self, service: str) -> str:
        """Create a volume, and return its name. Raises EngineError."""
        name = f"{self.name}-{service}"
        with engine_client.asking(f"create the volume {name}"):
            self.client.volumes.create(name, labels=self._labels())
        return name

    def host(self, service: str) -> str:
        """Return the name by which the other containers find a service."""
        return f"{self.name}-{service}"

    def start(
        self,
        service: str,
        image: str,
        environment: Mapping[str, str],
        *,
        command: Sequence[str] | None = None,
        mounts: Mapping[str, tuple[str, str]] | None = None,
    ) -> Container:
        """Start a container. ``mounts`` maps volumes and directories to a path and a mode. Raises EngineError."""
        from docker.types import LogConfig

        bound = {source: {"bind": path, "mode": mode} for source, (path, mode) in (mounts or {}).items()}
        with engine_client.asking(f"start the container {self.host(service)} of the image {image}"):
            container = self.client.containers.create(
                image,
                command=list(command) if command is not None else None,
                name=self.host(service),
                environment={**environment, **_NO_PROXY},
                network=self.name,
                labels=self._labels(),
                volumes=bound,
                mem_limit=self.memory,
                pids_limit=_PROCESSES,
                oom_score_adj=_FIRST_TO_END,
                # SELinux lets no container connect to a socket of the host otherwise.
                security_opt=["no-new-privileges", "label=disable"],
                healthcheck={"test": ["NONE"]},
                log_config=LogConfig(type=LogConfig.types.JSON, config={"max-size": "10m"}),
                use_config_proxy=False,
            )
            container.start()
        return refresh(container)

    def close(self) -> None:
        """Remove everything. Raises EngineError."""
        remove_leftovers(self.client, self.owner)

    def _labels(self) -> dict[str, str]:
        return {LABEL: self.owner, engine_client.LABEL_BOOT_PROJECT: self.project}


def remove_leftovers(client: DockerClient, owner: str) -> list[str]:
    """Remove the containers, networks and volumes of a boot. Return their names. Raises EngineError.

    The lock of the side databases must be held.
    """
    mine: dict[str, Any] = {"label": f"{LABEL}={owner}"}
    removed = []
    with engine_client.asking("remove what a boot left"):
        for container in client.containers.list(all=True, filters=mine, ignore_removed=True):
            removed.append(str(container.name))
            _unless_gone(container.remove, force=True, v=True)
        for network in client.networks.list(filters=mine):
            removed.append(str(network.name))
            _unless_gone(network.remove)
        for volume in client.volumes.list(filters=mine):
            removed.append(str(volume.name))
            _unless_gone(volume.remove, force=True)
    return removed


def remove_if_possible(client: DockerClient, owner: str) -> None:
    """Remove everything after a failure. If that fails, the next run does it."""
    with suppress(EngineError):
        remove_leftovers(client, owner)


def refresh(container: Container) -> Container:
    """Read the state of a container again. Raises EngineError, also if it is gone."""
    with engine_client.asking(f"inspect the container {container.name}"):
        container.reload()
    return container


def ended(several: Sequence[Container]) -> str | None:
    """Return a sentence about the first container that does not run; None if all run. Raises EngineError."""
    for container in several:
        if refresh(container).status != "running":
            return f"{container.name} has ended with exit code {container.attrs['State']['ExitCode']}"
    return None


def address(container: Container) -> str:
    """Return the address of a container on its network. Raises EngineError if it has none."""
    networks: Mapping[str, Any] = container.attrs["NetworkSettings"]["Networks"]
    for network in networks.values():
        if network.get("IPAddress"):
            return str(network["IPAddress"])
    raise EngineError(f"The container {container.name} has no address: its state is {container.status}")


def log_tail(container: Container) -> str:
    """Return the last lines of a container, in which secrets are masked."""
    try:
        return mask_foreign("\n".join(engine_client.last_log_lines(container, _LOG_LINES)))
    except EngineError as error:  # a missing log must not hide the failure
        return str(error)


def environment_of(container: Container) -> dict[str, str]:
    """Return the variables of a container."""
    pairs = (entry.partition("=") for entry in container.attrs["Config"]["Env"] or ())
    return {name: value for name, _sign, value in pairs}


def is_local(docker_host: str) -> bool:
    """Return whether the engine runs on this host, so that it sees this host's directories."""
    return docker_host.startswith("unix://") and Path(docker_host[len("unix://") :]).exists()


def _unless_gone(remove: Any, **options: Any) -> None:
    from docker.errors import NotFound

    with suppress(NotFound):
        remove(**options)
