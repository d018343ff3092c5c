# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Docker Engine through the Docker SDK for Python: connect, and find the containers of one Compose project.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from ansible.module_utils.basic import env_fallback

from .._core.errors import EngineError

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

Item = TypeVar("Item")
Result = TypeVar("Result")

DEFAULT_HOST = "unix:///var/run/docker.sock"

ENGINE_OPTIONS: dict[str, Any] = {
    "docker_host": {"type": "str", "default": DEFAULT_HOST, "fallback": (env_fallback, ["DOCKER_HOST"])},
    "timeout": {"type": "int", "default": 60},
}
PROJECT_OPTIONS: dict[str, Any] = {**ENGINE_OPTIONS, "project_name": {"type": "str", "required": True}}

# The labels by which Docker Compose finds its own containers again (docker/compose, pkg/api/labels.go).
LABEL_PROJECT = "com.docker.compose.project"
LABEL_SERVICE = "com.docker.compose.service"
LABEL_ONE_OFF = "com.docker.compose.oneoff"
LABEL_DEPENDS_ON = "com.docker.compose.depends_on"
LABEL_CONFIG_HASH = "com.docker.compose.config-hash"
LABEL_WORKING_DIRECTORY = "com.docker.compose.project.working_dir"


def connect(docker_host: str, timeout: int) -> DockerClient:
    """A client that has been answered once. ``timeout`` is in seconds, for each request.

    Raises EngineError which tells apart: the SDK missing, the engine not installed or not running, no permission,
    and an engine that is there and does not answer.
    """
    _prefer_own_distutils()
    try:
        # The SDK takes 0.1 s to import: paid by the modules that talk to the engine, at the moment they do.
        import docker
    except ImportError as error:
        raise EngineError(
            "The Docker SDK for Python is missing on the host",
            hint="Run the playbook setup.yml for this environment, which installs it (Debian: python3-docker).",
            reason="not installed",
        ) from error
    try:
        # "auto" asks the engine which interface it speaks: an older SDK's own default is refused by newer engines.
        return docker.DockerClient(base_url=docker_host, version="auto", timeout=timeout)
    except Exception as error:
        raise _unreachable(docker_host, timeout, error) from error


def connect_if_there(docker_host: str, timeout: int) -> DockerClient | None:
    """Like connect, but None where there is no engine yet: what check mode finds on an empty host.

    An engine that is there and refuses or does not answer is an error all the same.
    """
    try:
        return connect(docker_host, timeout)
    except EngineError as error:
        if error.details.get("reason") in ("not installed", "not running") and docker_host == DEFAULT_HOST:
            return None
        raise


@contextmanager
def asking(step: str) -> Iterator[None]:
    """Turn any failure of the SDK inside the block into an EngineError that says what ``step`` was under way."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        explanation = getattr(error, "explanation", None) or error
        raise EngineError(f"Docker Engine failed to {step}: {explanation}") from error


def project_containers(client: DockerClient, project_name: str) -> dict[str, list[Container]]:
    """The containers of one Compose project, running or not, by service name and in the order of their names."""
    with asking(f"list the containers of project {project_name}"):
        # A container that is removed between the list and its inspection is simply no longer there.
        found = client.containers.list(
            all=True, filters={"label": f"{LABEL_PROJECT}={project_name}"}, ignore_removed=True
        )
    services: dict[str, list[Container]] = {}
    for container in sorted(found, key=lambda item: str(item.name)):
        if container.labels.get(LABEL_ONE_OFF) != "True":
            services.setdefault(container.labels.get(LABEL_SERVICE, str(container.name)), []).append(container)
    return services


def list_containers(client: DockerClient, project_name: str) -> list[dict[str, Any]]:
    """Return what the engine lists of all containers of one Compose project, without inspecting any of them."""
    with asking(f"list the containers of project {project_name}"):
        return list(client.api.containers(all=True, filters={"label": f"{LABEL_PROJECT}={project_name}"}))


def listed_name(item: Mapping[str, Any]) -> str:
    """Return the name of a container in the engine's list, or its id if it has none."""
    return str((item.get("Names") or [str(item.get("Id"))[:12]])[0]).lstrip("/")


def project_names(client: DockerClient) -> list[str]:
    """The names of all Compose projects that have a container on this engine, sorted."""
    with asking("list the Compose projects"):
        found = client.api.containers(all=True, filters={"label": LABEL_PROJECT})
    return sorted({container["Labels"][LABEL_PROJECT] for container in found})


def in_parallel(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """``function`` of each item, all at once and in the items' order: a request for each, most of it waiting.

    Raises the first item's error after all have ended.
    """
    if len(items) < 2:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(len(items), 32)) as pool:
        return list(pool.map(function, items))


def stop_container(container: Container, timeout: int | None) -> None:
    """Stop a container. ``timeout`` is in seconds from SIGTERM to SIGKILL; None is its own stop_grace_period."""
    if timeout is None:
        timeout = container.attrs["Config"].get("StopTimeout")
    with asking(f"stop {container.name}"):
        if container.status == "paused":
            container.unpause()  # a frozen process could not act on SIGTERM
        container.stop(timeout=10 if timeout is None else timeout)


def start_container(container: Container, stop_timeout: int | None) -> None:
    """Have a container run, whatever state it was found in. ``stop_timeout`` is for one that is in a restart loop."""
    if container.status == "restarting":
        stop_container(container, stop_timeout)  # starting it would be taken for done already
    with asking(f"start {container.name}"):
        if container.status == "paused":
            container.unpause()
        else:
            container.start()


def last_log_lines(container: Container, count: int = 20) -> list[str]:
    """The last ``count`` lines a container wrote to standard output and standard error."""
    with asking(f"read the log of {container.name}"):
        text = container.logs(tail=count).decode("utf-8", errors="replace")
    return [line for line in str(text).splitlines() if line.strip()]


def _prefer_own_distutils() -> None:
    """Have the SDK find Python's distutils, where there is one, rather than the one of setuptools.

    The latter takes all of setuptools with it, more than the rest of the SDK's import.
    """
    shim = sys.modules.get("_distutils_hack")
    if shim is not None:
        shim.remove_shim()
        if find_spec("distutils") is None:
            shim.add_shim()


def _unreachable(docker_host: str, timeout: int, error: Exception) -> EngineError:
    text = str(error)
    number = _error_number(error)
    if number in (errno.EACCES, errno.EPERM) or "Permission denied" in text:
        return EngineError(
            f"No permission to connect to Docker Engine at {docker_host}",
            hint="Use become: true, or add the user to the group docker.",
            reason="no permission",
        )
    if number in (errno.ENOENT, errno.ECONNREFUSED) or "No such file" in text or "Connection refused" in text:
        return EngineError(
            f"Docker Engine is not running at {docker_host}",
            hint="Run the playbook setup.yml for this environment, or start the engine (systemctl start docker).",
            reason="not running",
        )
    return EngineError(
        f"Docker Engine at {docker_host} does not answer within {timeout} s: {text}",
        hint="Look at its log (journalctl -u docker, or /var/log/dockerd.log).",
        reason="no answer",
    )


def _error_number(error: BaseException | None) -> int | None:
    """The errno at the bottom of the chain that requests and urllib3 wrap around a socket's error."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        error = error.__cause__ or error.__context__
    return None
