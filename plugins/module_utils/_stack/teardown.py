# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove a stack: its containers and networks, and only on request its volumes and directory.

What an interrupted boot of its backups left is removed with it, the volume of the boot too: that is a copy.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import platform
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import locks
from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation
from .._engine import client as engine_client
from .._engine import compose_cli, confirmation
from .._host import environment_directory, served_release
from . import edge, mcp_record, overrides, project_owner, secret_record, secrets
from .stack_run import StackRun

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


class Teardown:
    """Everything that exists of the project ``name`` with its stack in ``source``; its data too with ``volumes``."""

    def __init__(self, client: DockerClient | None, name: str, source: Path, volumes: bool) -> None:
        self.client = client
        self.name = name
        self.source = source
        self.directory = source if volumes else None
        #: The containers, networks and volumes by kind and name, once they were read.
        self.objects: dict[str, dict[str, Any]] = {}
        #: Those of them that an interrupted boot left.
        self.booted: dict[str, dict[str, Any]] = {}

    def read(self) -> None:
        """List the containers and networks of the project, and its volumes if they are to be removed."""
        if self.client is None:
            return
        with engine_client.asking(f"list the objects of project {self.name}"):
            own = _labelled(self.client, engine_client.LABEL_PROJECT, self.name, volumes=self.directory is not None)
            self.booted = _labelled(self.client, engine_client.LABEL_BOOT_PROJECT, self.name, volumes=True)
        self.objects = {kind: {**own.get(kind, {}), **self.booted[kind]} for kind in self.booted}

    def compare(self) -> Plan:
        """Return a deletion for every object that was read, and for the directory."""
        current = {f"{kind} {name}": {"name": name} for kind, objects in self.objects.items() for name in objects}
        if self.directory and _is_removable(self.directory):
            current[f"directory {self.directory}"] = {"name": str(self.directory)}
        return make_plan(dict.fromkeys(current), current)

    def refuse_unverified(self, environment: str) -> None:
        """Raise InputError unless the files and the project are shown to be those of ``environment``.

        Volumes and networks do not name their origin: the directory, or a container, must name their project.
        """
        left = [f"{kind} {name}" for kind, objects in self.objects.items() for name in objects]
        own = self.client is None or not left or project_owner.proves_project(self.client, self.source, self.name)
        if not own or not environment_directory.claims(self.source):
            what = ", ".join(left) or str(self.directory)
            raise InputError(
                f"Nothing shows that {what} belongs to the environment {environment}: {self.source} names "
                f"{'another project' if environment_directory.claims(self.source) else 'no environment'}",
                hint="Nothing was changed. Check project_name and project_src. If it belongs to this environment, run: "
                + environment_directory.command(self.source, environment, self.name),
            )

    def losses(self, docker_host: str) -> list[str]:
        """Return a sentence for everything that is removed, with its size if that is known."""
        data = self.directory is not None
        lines: list[str] = []
        if self.client:
            lines = confirmation.project_objects(self.client, docker_host, self.name, volumes=data)
        lines += [f"{kind} {name} of an interrupted boot" for kind, objects in self.booted.items() for name in objects]
        return [*([confirmation.directory_line(self.directory)] if self.directory else []), *lines]

    def remove(self) -> None:
        """Stop and remove all containers at once, then networks and volumes, and last the directory with the marker."""
        booted = self.booted.get("container", {})
        own = [item for name, item in self.objects.get("container", {}).items() if name not in booted]
        engine_client.in_parallel(partial(_remove, volumes=self.directory is not None), own)
        engine_client.in_parallel(partial(_remove, volumes=True), list(booted.values()))
        for kind in ("network", "volume"):
            for name, item in self.objects.get(kind, {}).items():
                with engine_client.asking(f"remove the {kind} {name}"):
                    item.remove()
        if self.directory:
            _remove_own(self.directory)


def _labelled(client: DockerClient, label: str, name: str, *, volumes: bool) -> dict[str, dict[str, Any]]:
    """Return the containers and networks, and the volumes too if asked, whose ``label`` is ``name``."""
    filters: dict[str, Any] = {"label": f"{label}={name}"}
    found: dict[str, Any] = {
        "container": client.containers.list(all=True, filters=filters, ignore_removed=True),
        "network": client.networks.list(filters=filters),
    }
    if volumes:
        found["volume"] = client.volumes.list(filters=filters)
    return {kind: {str(item.name): item for item in objects} for kind, objects in found.items()}


def _remove(container: Container, volumes: bool) -> None:
    engine_client.stop_container(container, None)
    with engine_client.asking(f"remove {container.name}"):
        container.remove(v=volumes, force=True)


def _own(directory: Path) -> list[Path]:
    """Return the files and folders that a stack wrote into its directory, without lock and marker."""
    releases = directory / "releases"
    recorded = (served_release.current(releases) or {"files": {}})["files"]
    names = dict.fromkeys(
        [*compose_cli.FILE_NAMES, *recorded, secrets.FILE, secret_record.FILE, overrides.FILE, mcp_record.FILE]
    )
    paths = [directory / name for name in names if os.path.lexists(directory / name)]
    # A directory in the place of a file was not created by a deploy.
    own = [path for path in paths if path.is_symlink() or not path.is_dir()]
    folders = (directory.joinpath(*edge.STATE), releases)
    return [*own, *[folder for folder in folders if os.path.lexists(folder)]]


def _is_removable(directory: Path) -> bool:
    if not directory.is_dir():
        return False
    names = {path.name for path in directory.iterdir()}
    # A directory that is kept is finished without its marker: the lock may be this run's own.
    left = environment_directory.MARKER in names or not _is_administered(directory)
    return bool(_own(directory)) or (left and names <= {locks.LOCK, environment_directory.MARKER})


def _is_administered(directory: Path) -> bool:
    """Return whether an administrator created the directory: as a link to another disk, or as a mount point."""
    return directory.is_symlink() or directory.is_mount()


def _remove_own(directory: Path) -> None:
    """Remove the files of a stack, and its directory too unless it is a link, a mount point, or has other files."""
    try:
        for path in [*_own(directory), directory / locks.LOCK]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
            _remove_empty(path.parent, directory)
        # Last: after an interruption, the next run still knows the owner of the rest. It stays beside other files.
        marker = directory / environment_directory.MARKER
        if all(path == marker for path in directory.iterdir()):
            marker.unlink(missing_ok=True)
            if not _is_administered(directory):
                directory.rmdir()
    except OSError as error:
        raise ConvosphereError(f"Cannot remove {error.filename}: {error.strerror}") from error


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove the empty folders between a removed file and ``top``."""
    while folder != top and not folder.is_symlink() and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


class TeardownRun(StackRun):
    """One run of convosphere_stack with ``state=absent``."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__(invocation)
        self.teardown = Teardown(None, self.name, self.directory, self.params["remove_volumes"])

    def plan(self) -> Plan:
        """List everything that is removed. Raises InputError if it is another environment's, or was not confirmed."""
        self.start()
        self.teardown.client = self.client
        self.teardown.read()
        plan = self.teardown.compare()
        if plan.changed:
            self.teardown.refuse_unverified(self.environment)
            confirmation.refuse_unconfirmed(
                self.params,
                f"This removes the environment {self.environment} from {platform.node()}:",
                lambda: [f"Compose project {self.name}", *self.teardown.losses(self.params["docker_host"])],
                check_mode=self.invocation.check_mode,
                warn=self.invocation.warn,
            )
        return plan

    def apply(self, plan: Plan) -> None:
        """Remove it."""
        self.teardown.remove()

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return that nothing serves any more."""
        return {"release": None, "services": []}
