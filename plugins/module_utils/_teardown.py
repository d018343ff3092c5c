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

from ansible_collections.convosphere.platform.plugins.module_utils import _compose, _engine, _releases, _stack
from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._plan import Plan, make_plan

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container


class Teardown:
    """What there is of the project ``name``; ``directory`` is given where the data shall go as well."""

    def __init__(self, client: DockerClient | None, name: str, directory: Path | None) -> None:
        self.directory = directory
        self.found: dict[str, dict[str, Any]] = {}
        if client is not None:
            self._find(client, name)

    def plan(self) -> Plan:
        """Delete everything that was found, by kind and name."""
        present = {f"{kind} {name}": {"name": name} for kind, objects in self.found.items() for name in objects}
        if self.directory and _is_to_go(self.directory):
            present[f"directory {self.directory}"] = {"name": str(self.directory)}
        return make_plan(dict.fromkeys(present), present)

    def apply(self, plan: Plan) -> None:
        """Stop and remove all containers at once, then what they used, last the directory, which names the rest."""
        remove = partial(_remove, volumes=self.directory is not None)
        _engine.in_parallel(remove, list(self.found["container"].values()))
        for kind in ("network", "volume"):
            for name, found in self.found.get(kind, {}).items():
                with _engine.asking(f"remove the {kind} {name}"):
                    found.remove()
        if self.directory:
            _remove_own(self.directory)

    def _find(self, client: DockerClient, name: str) -> None:
        filters: dict[str, Any] = {"label": f"{_engine.LABEL_PROJECT}={name}"}
        with _engine.asking(f"list what belongs to project {name}"):
            containers = client.containers.list(all=True, filters=filters, ignore_removed=True)
            self.found["container"] = {str(item.name): item for item in containers}
            self.found["network"] = {str(item.name): item for item in client.networks.list(filters=filters)}
            if self.directory:
                self.found["volume"] = {str(item.name): item for item in client.volumes.list(filters=filters)}


def _remove(container: Container, volumes: bool) -> None:
    _engine.stop_container(container, None)
    with _engine.asking(f"remove {container.name}"):
        container.remove(v=volumes, force=True)


def _own(directory: Path) -> list[Path]:
    """What a stack wrote into its directory, its lock apart: files, and the directory of the releases."""
    releases = directory / "releases"
    recorded = (_releases.current(releases) or {"files": {}})["files"]
    names = dict.fromkeys([*_compose.FILE_NAMES, *recorded, _stack.SECRETS_FILE])
    files = [directory / name for name in names if os.path.lexists(directory / name)]
    # What has become a directory is the work of somebody else.
    own = [path for path in files if path.is_symlink() or not path.is_dir()]
    return [*own, releases] if os.path.lexists(releases) else own


def _is_to_go(directory: Path) -> bool:
    if not directory.is_dir():
        return False
    return bool(_own(directory)) or {path.name for path in directory.iterdir()} <= {_stack.LOCK}


def _remove_own(directory: Path) -> None:
    """Remove a stack's files, and its directory too unless somebody keeps something else in it."""
    try:
        for path in [*_own(directory), directory / _stack.LOCK]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
                _remove_empty(path.parent, directory)
        if not any(directory.iterdir()):
            directory.rmdir()
    except OSError as error:
        raise ConvosphereError(f"Cannot remove {error.filename}: {error.strerror}") from error


def _remove_empty(folder: Path, top: Path) -> None:
    """Remove the folders between a file that is gone and ``top`` that nothing is left in."""
    while folder != top and not folder.is_symlink() and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
