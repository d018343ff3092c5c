# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Query Docker Engine over its socket with the standard library alone, for a host that may lack the SDK.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .._core.errors import InputError

MISSING = "missing"
STOPPED = "stopped"
NO_PERMISSION = "no_permission"
NOT_ANSWERING = "not_answering"
RUNNING = "running"

DEFAULT_ROOT = "/var/lib/docker"
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Where the docker client looks for its plugins, in its order (docker/cli, cli-plugins/manager).
PLUGIN_DIRECTORIES = (
    "~/.docker/cli-plugins",
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


def find_program(name: str) -> str | None:
    """Return the path of a program, also in a directory such as /usr/sbin, which an ordinary user's PATH lacks."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")


def find_compose_plugin() -> str | None:
    """Return the path of the Compose plugin that the docker client would use."""
    for directory in PLUGIN_DIRECTORIES:
        path = Path(directory).expanduser() / "docker-compose"
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return None


def is_alive(name: str) -> bool:
    """Return whether a process of that name runs. A zombie process has no command line."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text(encoding="utf-8").strip() == name and (process / "cmdline").read_bytes():
                return True
        except OSError:  # the process has ended
            continue
    return False


class EngineProbe:
    """The engine at ``docker_host``, a unix:// or tcp:// URL. ``timeout`` is in seconds, for each response."""

    def __init__(self, docker_host: str, timeout: float) -> None:
        parts = urlsplit(docker_host)
        if parts.scheme not in ("unix", "tcp", "http"):
            raise InputError(
                f"docker_host is {docker_host}: it must begin with unix:// or tcp://",
                hint="Give the socket of the engine on the managed host, for example unix:///var/run/docker.sock.",
            )
        self.docker_host = docker_host
        self.timeout = timeout
        self.socket_path = parts.path if parts.scheme == "unix" else None
        self.address = (parts.hostname or "localhost", parts.port or 2375)

    def state(self) -> dict[str, Any]:
        """Return ``{state, version, api_version, program, processes, root, detail}``; the versions may be None."""
        report: dict[str, Any] = {
            "state": RUNNING,
            "version": None,
            "api_version": None,
            "program": find_program("dockerd"),
            "processes": [name for name in ("dockerd", "containerd") if is_alive(name)],
            "root": configured_root(),
            "detail": None,
        }
        try:
            info = self.get("/info")
            version = self.get("/version")
        except PermissionError as error:
            return {**report, "state": NO_PERMISSION, "detail": str(error)}
        except (FileNotFoundError, ConnectionRefusedError) as error:
            installed = self.socket_path is None or report["program"] is not None
            return {**report, "state": STOPPED if installed else MISSING, "detail": str(error)}
        except (OSError, http.client.HTTPException, ValueError) as error:
            return {**report, "state": NOT_ANSWERING, "detail": str(error) or type(error).__name__}
        return {
            **report,
            "version": version.get("Version"),
            "api_version": version.get("ApiVersion"),
            "root": info.get("DockerRootDir") or report["root"],
        }

    def published(self) -> list[dict[str, Any]]:
        """Return the ports that running containers publish: ``{address, port, container, project}`` each."""
        return published_by(self.get("/containers/json"))

    def image_ids(self, references: Sequence[str]) -> dict[str, str]:
        """Return the id of each of ``references``, a name with a tag or a digest, that an image of the engine has."""
        ids = {
            name: str(image["Id"])
            for image in self.get("/images/json")
            for name in [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
        }
        return {reference: ids[_stored(reference)] for reference in references if _stored(reference) in ids}

    def get(self, path: str) -> Any:
        """Return the JSON response of one request. Raises OSError, HTTPException or ValueError."""
        connection = _Connection(self.socket_path, self.address, self.timeout)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        if response.status != 200:
            raise ValueError(f"GET {path} returned {response.status} {response.reason}")
        return json.loads(body)


def _stored(reference: str) -> str:
    """Return a reference as the engine lists it: a name that has a digest is listed without its tag."""
    name, at, digest = reference.partition("@")
    path, slash, last = name.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}@{digest}" if at else reference


def published_by(containers: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the TCP ports that containers publish, as ``EngineProbe.published`` does, from the engine's list."""
    return [
        {
            "address": mapping.get("IP") or "0.0.0.0",
            "port": mapping["PublicPort"],
            "container": (container.get("Names") or ["/?"])[0].lstrip("/"),
            "project": (container.get("Labels") or {}).get("com.docker.compose.project"),
        }
        for container in containers
        for mapping in container.get("Ports") or []
        if mapping.get("PublicPort") and mapping.get("Type") == "tcp"
    ]


class _Connection(http.client.HTTPConnection):
    """HTTP over a unix socket, or over TCP if there is no ``socket_path``."""

    def __init__(self, socket_path: str | None, address: tuple[str, int], timeout: float) -> None:
        super().__init__(*address, timeout=timeout)
        self.socket_path = socket_path
        self.sock = None

    def connect(self) -> None:
        if self.socket_path is None:
            super().connect()
            return
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.socket_path)


def configured_root() -> str:
    """Return the directory of images of an engine that does not answer, by its configuration file or its default."""
    try:
        settings = json.loads(Path("/etc/docker/daemon.json").read_text(encoding="utf-8"))
        return str(settings.get("data-root") or DEFAULT_ROOT)
    except (OSError, ValueError, AttributeError):
        return DEFAULT_ROOT
