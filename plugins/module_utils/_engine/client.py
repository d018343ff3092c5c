# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connect to Docker Engine through the Docker SDK for Python, and find the containers of one Compose project.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar

from ansible.module_utils.basic import env_fallback, missing_required_lib

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
#: Of a module that asks an engine without Docker's SDK, and does without one.
PROBE_OPTIONS: dict[str, Any] = {**ENGINE_OPTIONS, "timeout": {"type": "int", "default": 10}}
PROJECT_OPTIONS: dict[str, Any] = {**ENGINE_OPTIONS, "project_name": {"type": "str", "required": True}}

# The labels by which Docker Compose recognises its own containers (docker/compose, pkg/api/labels.go).
LABEL_PROJECT = "com.docker.compose.project"
LABEL_SERVICE = "com.docker.compose.service"
LABEL_ONE_OFF = "com.docker.compose.oneoff"
LABEL_DEPENDS_ON = "com.docker.compose.depends_on"
LABEL_CONFIG_HASH = "com.docker.compose.config-hash"
LABEL_WORKING_DIRECTORY = "com.docker.compose.project.working_dir"
#: Names the project of the platform whose backup is booted. Docker Compose does not know the containers of a boot.
LABEL_BOOT_PROJECT = "platform.convosphere.boot.project"


def connect(docker_host: str, timeout: int) -> DockerClient:
    """Return a client that has received one response. ``timeout`` is in seconds, for each request.

    Raises EngineError which distinguishes: the SDK is missing, the engine is not installed or not running, there is no
    permission, and the engine does not answer.
    """
    _prefer_own_distutils()
    try:
        # The import of the SDK takes 0.1 s: only modules that connect to the engine spend it.
        import docker
    except ImportError as error:
        raise EngineError(
            missing_required_lib("docker", reason="to connect to Docker Engine"),
            hint="Next: run the playbook setup.yml for this environment, which installs it (Debian: python3-docker).",
            reason="not installed",
        ) from error
    try:
        # "auto" uses the API version of the engine: newer engines refuse the default of an older SDK.
        return docker.DockerClient(base_url=docker_host, version="auto", timeout=timeout)
    except Exception as error:
        raise _unreachable(docker_host, timeout, error) from error


def connect_if_there(docker_host: str, timeout: int) -> DockerClient | None:
    """Connect, or return None if there is no engine yet, as in check mode on an empty host.

    An engine that exists, and refuses or does not answer, is an error all the same.
    """
    try:
        return connect(docker_host, timeout)
    except EngineError as error:
        if error.details.get("reason") in ("not installed", "not running") and docker_host == DEFAULT_HOST:
            return None
        raise


@contextmanager
def asking(step: str) -> Iterator[None]:
    """Turn any failure of the SDK inside the block into an EngineError that names the ``step``."""
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        explanation = getattr(error, "explanation", None) or error
        raise EngineError(f"Docker Engine failed to {step}: {explanation}") from error


def project_containers(client: DockerClient, project_name: str) -> dict[str, list[Container]]:
    """Return the containers of one Compose project, running or not, by service and in the order of their names."""
    with asking(f"list the containers of project {project_name}"):
        # A container that is removed between the list and its inspection is left out.
        containers = client.containers.list(
            all=True, filters={"label": f"{LABEL_PROJECT}={project_name}"}, ignore_removed=True
        )
    services: dict[str, list[Container]] = {}
    for container in sorted(containers, key=lambda item: str(item.name)):
        if container.labels.get(LABEL_ONE_OFF) != "True":
            services.setdefault(container.labels.get(LABEL_SERVICE, str(container.name)), []).append(container)
    return services


def list_containers(client: DockerClient, project_name: str) -> list[dict[str, Any]]:
    """Return the engine's list of all containers of one Compose project, without inspecting them."""
    with asking(f"list the containers of project {project_name}"):
        return list(client.api.containers(all=True, filters={"label": f"{LABEL_PROJECT}={project_name}"}))


def listed_name(item: Mapping[str, Any]) -> str:
    """Return the name of a container in the engine's list, or its id if it has none."""
    return str((item.get("Names") or [str(item.get("Id"))[:12]])[0]).lstrip("/")


def project_names(client: DockerClient) -> list[str]:
    """Return the names of all Compose projects that have a container on this engine, sorted."""
    with asking("list the Compose projects"):
        containers = client.api.containers(all=True, filters={"label": LABEL_PROJECT})
    return sorted({container["Labels"][LABEL_PROJECT] for container in containers})


def in_parallel(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Call ``function`` for all items at once, and return the results in the order of the items.

    Raises the error of the first failed item after all calls have ended.
    """
    if len(items) < 2:
        return [function(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(max_workers=min(len(items), 32)) as pool:
        return list(pool.map(function, items))


def stop_container(container: Container, timeout: int | None) -> None:
    """Stop a container. ``timeout`` is in seconds from SIGTERM to SIGKILL; None means its own stop_grace_period."""
    if timeout is None:
        timeout = container.attrs["Config"].get("StopTimeout")
    with asking(f"stop {container.name}"):
        if container.status == "paused":
            container.unpause()  # a paused process cannot handle SIGTERM
        container.stop(timeout=10 if timeout is None else timeout)


def start_container(container: Container, stop_timeout: int | None) -> None:
    """Start a container in any state. ``stop_timeout`` applies to one that is in a restart loop."""
    if container.status == "restarting":
        stop_container(container, stop_timeout)  # the engine would ignore the start
    with asking(f"start {container.name}"):
        if container.status == "paused":
            container.unpause()
        else:
            container.start()


def last_log_lines(container: Container, count: int = 20) -> list[str]:
    """Return the last ``count`` lines that a container wrote to standard output and standard error."""
    with asking(f"read the log of {container.name}"):
        text = container.logs(tail=count).decode("utf-8", errors="replace")
    return [line for line in str(text).splitlines() if line.strip()]


def _prefer_own_distutils() -> None:
    """Make the SDK import Python's distutils, if there is one, instead of that of setuptools.

    The latter imports all of setuptools, which takes longer than the rest of the SDK.
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
    """Return the errno of the socket's error, which requests and urllib3 wrap in errors of their own."""
    while error is not None:
        if isinstance(error, OSError) and error.errno is not None:
            return error.errno
        error = error.__cause__ or error.__context__
    return None
