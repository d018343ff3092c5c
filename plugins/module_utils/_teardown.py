# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Taking a stack away: its containers and networks, and only on request its volumes and directory.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible_collections.convosphere.platform.plugins.module_utils import _engine
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
        if self.directory and self.directory.exists():
            present[f"directory {self.directory}"] = {"name": str(self.directory)}
        return make_plan(dict.fromkeys(present), present)

    def apply(self, plan: Plan) -> None:
        """Stop and remove all containers at once, then what they used; the directory, which names the rest, is last."""
        with _engine.asking("remove the containers"):
            _engine.in_parallel(_remove, list(self.found["container"].values()))
        for kind in ("network", "volume"):
            for name, found in self.found.get(kind, {}).items():
                with _engine.asking(f"remove the {kind} {name}"):
                    found.remove()
        if self.directory:
            shutil.rmtree(self.directory)

    def _find(self, client: DockerClient, name: str) -> None:
        filters: dict[str, Any] = {"label": f"{_engine.LABEL_PROJECT}={name}"}
        with _engine.asking(f"list what belongs to project {name}"):
            containers = client.containers.list(all=True, filters=filters, ignore_removed=True)
            self.found["container"] = {str(item.name): item for item in containers}
            self.found["network"] = {str(item.name): item for item in client.networks.list(filters=filters)}
            if self.directory:
                self.found["volume"] = {str(item.name): item for item in client.volumes.list(filters=filters)}


def _remove(container: Container) -> None:
    container.stop()
    container.remove()
