# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Compose project of a test's own: services that behave, and services that do not.

They run shell scripts in an image that is made of this machine's own shell, so that no registry is needed and no
image of anybody else's.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import tarfile
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROGRAMS = ("sh", "cat", "sleep", "touch", "test", "date", "seq", "id", "find", "head", "chown", "stat")

#: Waits in a way that a signal interrupts, and starts hardly any process meanwhile.
WAITS = "while :; do sleep 60 & wait $!; done"
OBEYS = f"trap 'exit 0' TERM; {WAITS}"
IGNORES_SIGTERM = f'trap "echo asked at \\$(date +%s.%N)" TERM; {WAITS}'


def service(script: str = OBEYS, **options: Any) -> dict[str, Any]:
    """Return a service that runs a shell script; `options` are Compose's own."""
    # Compose would replace $ by its variables; IMAGE is one, from .env.
    return {"image": "${IMAGE}", "command": ["sh", "-c", script.replace("$", "$$")], "pull_policy": "never", **options}


def probe(script: str) -> dict[str, Any]:
    """Return a health check that runs a shell script every second, and believes the second failure."""
    return {"test": ["CMD", "sh", "-c", script], "interval": "1s", "timeout": "5s", "retries": 2}


class ComposeProject:
    """One project: its name, its folder with compose.yaml, and the docker client to look at it."""

    #: Whose the folder is marked as.
    environment = "dev"

    def __init__(self, folder: Path) -> None:
        self.name = f"cvtest-{uuid.uuid4().hex[:8]}"
        self.folder = folder
        self.folder.mkdir()
        self.image = f"{self.name}:1.2.3"
        (self.folder / ".convosphere.json").write_text(json.dumps({"environment": self.environment}))
        (self.folder / ".env").write_text(f"IMAGE={self.image}\n")

    def write(self, services: Mapping[str, Any]) -> None:
        """Write compose.yaml."""
        (self.folder / "compose.yaml").write_text(yaml.safe_dump({"services": dict(services)}))

    def compose(self, *arguments: str) -> str:
        """Run `docker compose` in the project and return what it printed."""
        return docker("compose", f"--project-name={self.name}", f"--project-directory={self.folder}", *arguments)

    def container(self, service_name: str, number: int = 1) -> str:
        """Return the name of one container."""
        return f"{self.name}-{service_name}-{number}"

    def inspect(self, service_name: str, number: int = 1) -> dict[str, Any]:
        """Return what the engine says of one container."""
        found: dict[str, Any] = json.loads(docker("inspect", self.container(service_name, number)))[0]
        return found

    def state(self, service_name: str, number: int = 1) -> dict[str, Any]:
        """Return the engine's State of one container."""
        state: dict[str, Any] = self.inspect(service_name, number)["State"]
        return state

    def snapshot(self) -> list[dict[str, Any]]:
        """Return what the engine reports of all containers, except their health checks, which change all the time."""
        names = docker("ps", "--all", "--quiet", f"--filter=label=com.docker.compose.project={self.name}").split()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *names)) if names else []
        for container in found:
            container["State"].pop("Health", None)
            container.pop("ExecIDs")
        return sorted(found, key=lambda item: str(item["Name"]))

    def wait_for(self, service_name: str, condition: Callable[[dict[str, Any]], bool], seconds: float = 30) -> None:
        """Poll a service's State until the condition holds; raise AssertionError after the deadline."""
        deadline = time.monotonic() + seconds
        while not condition(self.state(service_name)):
            assert time.monotonic() < deadline, f"{service_name} is still {self.state(service_name)}"
            time.sleep(0.05)


@contextmanager
def compose_project(folder: Path, services: Mapping[str, Any]) -> Iterator[ComposeProject]:
    """Yield a project of these services that is up, whatever their health; remove it afterwards."""
    project = ComposeProject(folder)
    project.write(services)
    subprocess.run(["docker", "import", "-", project.image], input=shell_image(), check=True, capture_output=True)
    try:
        project.compose("up", "--detach", "--no-build")
        yield project
    finally:
        names = docker("ps", "--all", "--quiet", f"--filter=label=com.docker.compose.project={project.name}").split()
        if names:
            docker("rm", "--force", "--volumes", *names)
        project.compose("down", "--timeout=0", "--remove-orphans")
        docker("image", "rm", project.image)


@cache
def shell_image() -> bytes:
    """Return a root file system with a shell and the programs of the scripts here, as a tar archive."""
    files: set[str] = set()
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for program in PROGRAMS:
            path = str(shutil.which(program))
            archive.add(Path(path).resolve(), f"bin/{program}")
            libraries = subprocess.run(["ldd", path], check=True, capture_output=True, text=True).stdout
            files |= {word for word in libraries.split() if word.startswith("/")}
        for file in sorted(files):
            archive.add(Path(file).resolve(), file.lstrip("/"))
        folder = tarfile.TarInfo("tmp")
        folder.type, folder.mode = tarfile.DIRTYPE, 0o1777
        archive.addfile(folder)
    return buffer.getvalue()


def docker(*arguments: str) -> str:
    """Run the docker client and return its output; raise AssertionError with its error output if it failed."""
    done = subprocess.run(["docker", *arguments], check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"docker {' '.join(arguments)} ended with {done.returncode}: {done.stderr}"
    return done.stdout
