# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a stack away: its containers and networks, and only on request its volumes and directory.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan, make_plan
from .._engine import client as engine_client
from .._engine import compose_cli, confirmation
from .._host import environment_directory, served_release
from . import project_owner, state

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


class Teardown:
    """What there is of the project ``name``, whose stack lies in ``source``; its data goes too with ``volumes``."""

    def __init__(self, client: DockerClient | None, name: str, source: Path, volumes: bool) -> None:
        self.client = client
        self.name = name
        self.source = source
        self.directory = source if volumes else None
        self.found: dict[str, dict[str, Any]] = {}
        if client is not None:
            self._find(client, name)

    def plan(self) -> Plan:
        """Delete everything that was found, by kind and name."""
        present = {f"{kind} {name}": {"name": name} for kind, objects in self.found.items() for name in objects}
        if self.directory and _is_to_go(self.directory):
            present[f"directory {self.directory}"] = {"name": str(self.directory)}
        return make_plan(dict.fromkeys(present), present)

    def refuse_unproven(self, environment: str) -> None:
        """Raise InputError unless the files and the project are shown to be those of ``environment``.

        Volumes and networks do not say where they come from: the directory, or a container, must name their project.
        """
        left = [f"{kind} {name}" for kind, objects in self.found.items() for name in objects]
        own = self.client is None or not left or project_owner.proves_project(self.client, self.source, self.name)
        if not own or not environment_directory.claims(self.source):
            what = ", ".join(left) or str(self.directory)
            raise InputError(
                f"Nothing shows that {what} belongs to the environment {environment}: {self.source} names "
                f"{'another project' if environment_directory.claims(self.source) else 'no environment'}",
                hint="Nothing was changed. Check project_name and project_src. If it does belong to it, say so: "
                + environment_directory.command(self.source, environment, self.name),
            )

    def losses(self, docker_host: str) -> list[str]:
        """Return a sentence for everything that is removed, with its size if that is known."""
        data = self.directory is not None
        lines: list[str] = []
        if self.client:
            lines = confirmation.project_objects(self.client, docker_host, self.name, volumes=data)
        return [*([confirmation.directory_line(self.directory)] if self.directory else []), *lines]

    def apply(self, plan: Plan) -> None:
        """Stop and remove all containers at once, then what they used, last the directory, which names the rest."""
        remove = partial(_remove, volumes=self.directory is not None)
        engine_client.in_parallel(remove, list(self.found["container"].values()))
        for kind in ("network", "volume"):
            for name, found in self.found.get(kind, {}).items():
                with engine_client.asking(f"remove the {kind} {name}"):
                    found.remove()
        if self.directory:
            _remove_own(self.directory)

    def _find(self, client: DockerClient, name: str) -> None:
        filters: dict[str, Any] = {"label": f"{engine_client.LABEL_PROJECT}={name}"}
        with engine_client.asking(f"list what belongs to project {name}"):
            containers = client.containers.list(all=True, filters=filters, ignore_removed=True)
            self.found["container"] = {str(item.name): item for item in containers}
            self.found["network"] = {str(item.name): item for item in client.networks.list(filters=filters)}
            if self.directory:
                self.found["volume"] = {str(item.name): item for item in client.volumes.list(filters=filters)}


def _remove(container: Container, volumes: bool) -> None:
    engine_client.stop_container(container, None)
    with engine_client.asking(f"remove {container.name}"):
        container.remove(v=volumes, force=True)


def _own(directory: Path) -> list[Path]:
    """What a stack wrote into its directory, its lock and marker apart: files, and the directory of the releases."""
    releases = directory / "releases"
    recorded = (served_release.current(releases) or {"files": {}})["files"]
    names = dict.fromkeys([*compose_cli.FILE_NAMES, *recorded, state.SECRETS_FILE])
    files = [directory / name for name in names if os.path.lexists(directory / name)]
    # What has become a directory is the work of somebody else.
    own = [path for path in files if path.is_symlink() or not path.is_dir()]
    return [*own, releases] if os.path.lexists(releases) else own


def _is_to_go(directory: Path) -> bool:
    if not directory.is_dir():
        return False
    names = {path.name for path in directory.iterdir()}
    # One that stays is done without its marker: the lock may be this run's own.
    left = environment_directory.MARKER in names or not _is_given(directory)
    return bool(_own(directory)) or (left and names <= {state.LOCK, environment_directory.MARKER})


def _is_given(directory: Path) -> bool:
    """Return whether an administrator made the directory: a link to another disk, or where one is mounted."""
    return directory.is_symlink() or directory.is_mount()


def _remove_own(directory: Path) -> None:
    """Remove a stack's files, and its directory too unless it is a link, a mount, or has something else in it."""
    try:
        for path in [*_own(directory), directory / state.LOCK]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
                _remove_empty(path.parent, directory)
        # Last: killed before, the next run still knows whose the rest is. It stays with what somebody else keeps there.
        marker = directory / environment_directory.MARKER
        if all(path == marker for path in directory.iterdir()):
            marker.unlink(missing_ok=True)
            if not _is_given(directory):
                directory.rmdir()
    except OSError as error:
        raise ConvosphereError(f"Cannot remove {error.filename}: {error.strerror}") from error


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove the folders between a file that is gone and ``top`` that nothing is left in."""
    while folder != top and not folder.is_symlink() and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
