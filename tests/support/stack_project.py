# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small stack of a test's own for convosphere_stack: its directory, its images, and a look at what serves."""

from __future__ import annotations

import json
import stat
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from support.compose_project import OBEYS, docker, probe, shell_image
from support.module_process import run_module
from support.playbook import PlaybookRun, TaskResult, run_playbook

NAME = "convosphere_stack"
MODULE = f"convosphere.platform.{NAME}"
HEALTHY = probe("true")
CRASHES = "echo cannot find my database; exit 3"


class StackProject:
    """One stack: `image` obeys and is healthy, `bad_image` ends at once, with a word in its log."""

    def __init__(self, folder: Path) -> None:
        self.name = f"cvtest-{uuid.uuid4().hex[:8]}"
        self.folder = folder
        self.directory = folder / "stack"
        self.directory.mkdir(mode=0o750)
        self.image = f"{self.name}:good"
        self.bad_image = f"{self.name}:bad"

    def service(self, script: str | None = None, **options: Any) -> dict[str, Any]:
        """Return a service of the good image; `script` stands for its command, `options` are Compose's own."""
        command = {"command": ["sh", "-c", script.replace("$", "$$")]} if script else {}
        return {"image": self.image, "healthcheck": HEALTHY, **command, **options}

    def options(self, services: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
        """Return the module's options for a stack of `services`; one service `web` if none are given.

        `override` is a second Compose file, `top` are further keys of the first one; the rest are options.
        """
        project = {"services": dict(services or {"web": self.service()}), **more.pop("top", {})}
        files = [{"path": "compose.yaml", "content": yaml.safe_dump(project)}]
        if "override" in more:
            files.append({"path": "compose.override.yaml", "content": yaml.safe_dump(more.pop("override"))})
        return {
            "project_name": self.name,
            "project_src": str(self.directory),
            "environment_name": "test",
            "confirm": "test",
            "files": files,
            "wait_timeout": 20,
            **more,
        }

    @property
    def absent(self) -> dict[str, Any]:
        """The module's options to take the stack away."""
        names = {"environment_name": "test", "confirm": "test"}
        return {"project_name": self.name, "project_src": str(self.directory), "state": "absent", **names}

    def run(self, options: Mapping[str, Any], **settings: Any) -> PlaybookRun:
        """Run `ansible-playbook -vvv --diff` with one task of the module, failed or not."""
        tasks = [{"name": "Stack", MODULE: dict(options)}]
        return run_playbook(tasks, self.folder, **{"diff": True, "verbosity": 3, **settings})

    def deploy(self, options: Mapping[str, Any], **settings: Any) -> TaskResult:
        """Run the module, which must succeed. `settings` are those of `module`."""
        task = self.module(options, **settings)
        assert task.status == "ok", task.message
        return task

    def fail(self, options: Mapping[str, Any], **settings: Any) -> str:
        """Run the module, which must fail, and return its message."""
        task = self.module(options, **settings)
        assert task.status == "failed", f"it was expected to fail: {task.result}"
        return task.message

    def module(
        self, options: Mapping[str, Any], *, check: bool = False, env: Mapping[str, str] | None = None
    ) -> TaskResult:
        """Run the module without a playbook, in half the time."""
        result = run_module(NAME, options, self.folder, check=check, **(env or {}))
        return TaskResult("Stack", MODULE, "localhost", "failed" if result.get("failed") else "ok", result)

    def ids(self, *, all_of_them: bool = True) -> list[str]:
        """Return the ids of the project's containers."""
        every = ["--all"] if all_of_them else []
        return docker("ps", *every, "--quiet", "--no-trunc", f"--filter=label={self.label}").split()

    @property
    def label(self) -> str:
        """The label by which Compose knows what belongs to the project."""
        return f"com.docker.compose.project={self.name}"

    def containers(self) -> dict[str, dict[str, Any]]:
        """Return the engine's data of each container by service, without the growing log of its health checks."""
        ids = self.ids()
        found: list[dict[str, Any]] = json.loads(docker("inspect", *ids)) if ids else []
        for container in found:
            container["State"].pop("Health", None)
            container.pop("ExecIDs")
            container["Mounts"].sort(key=lambda mount: str(mount["Destination"]))  # the engine has no order of them
        return {container["Config"]["Labels"]["com.docker.compose.service"]: container for container in found}

    def serving(self) -> dict[str, Any]:
        """Return what the service consists of for its users: image and environment of each running container."""
        return {
            service: (
                found["Image"],
                sorted(found["Config"]["Env"] or ()),
                found["Config"]["Cmd"],
                found["State"]["Status"],
            )
            for service, found in self.containers().items()
        }

    def variable(self, name: str, service: str = "web") -> str | None:
        """Return one environment variable of a container, as its process sees it."""
        variables = dict(line.split("=", 1) for line in self.containers()[service]["Config"]["Env"])
        return variables.get(name)

    def tree(self) -> dict[str, tuple[str, bytes]]:
        """Return every path below the stack's directory with its mode and content or target, except lock and marker."""
        return {
            str(path.relative_to(self.directory)): (stat.filemode(path.lstat().st_mode), _content(path))
            for path in sorted(self.directory.rglob("*"))
            if path.name not in (".lock", ".convosphere.json")
        }

    def files(self) -> dict[str, tuple[str, bytes]]:
        """Return the same without the releases, and without the ages of secrets, of which a rollback loses none."""
        return {path: text for path, text in self.tree().items() if not path.startswith(("releases", "secrets.json"))}

    def release(self) -> dict[str, Any]:
        """Return the record of the release that serves."""
        record: dict[str, Any] = json.loads((self.directory / "releases/current/release.json").read_text())
        return record

    def import_image(self, name: str, script: str, *more: str) -> str:
        """Make an image whose command is a shell script, with more lines of a Dockerfile, and return its id."""
        lines = [f"CMD {json.dumps(['sh', '-c', script])}", *more]
        command = ["docker", "import", *[f"--change={line}" for line in lines], "-", name]
        done = subprocess.run(command, check=False, input=shell_image(), capture_output=True)
        assert done.returncode == 0, done.stderr
        return done.stdout.decode().strip()

    def remove(self) -> None:
        """Take everything of the project away."""
        ids = self.ids()
        if ids:
            docker("rm", "--force", "--volumes", *ids)
        for kind in ("network", "volume"):
            names = docker(kind, "ls", "--quiet", f"--filter=label={self.label}").split()
            if names:
                docker(kind, "rm", *names)
        images = docker("images", "--quiet", "--no-trunc", f"--filter=reference={self.name}").split()
        if images:
            docker("rmi", "--force", *dict.fromkeys(images))


def _content(path: Path) -> bytes:
    if path.is_symlink():
        return str(path.readlink()).encode()
    return path.read_bytes() if path.is_file() else b""


@contextmanager
def stack_project(folder: Path) -> Iterator[StackProject]:
    """Yield a stack's directory and images, with nothing deployed yet; remove everything afterwards."""
    project = StackProject(folder)
    try:
        project.import_image(project.image, OBEYS)
        project.import_image(project.bad_image, CRASHES)
        yield project
    finally:
        project.remove()


def secrets(**values: str | None) -> Sequence[dict[str, Any]]:
    """Return the module's option `secrets`; None stands for a generated one."""
    return [{"name": name, **({"value": value} if value is not None else {})} for name, value in values.items()]
