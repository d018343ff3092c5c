# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that a Compose project and its containers belong to one environment before anything is changed.

A Compose project belongs to the directory that all its containers were created from.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import files
from .._core.errors import InputError
from .._engine import client as engine_client
from .._host import environment_directory, served_release

if TYPE_CHECKING:
    from docker import DockerClient


def refuse_foreign_project(
    client: DockerClient, name: str, environment: str, directory: Path | None = None, option: str = "project_src"
) -> Path | None:
    """Raise InputError unless a Compose project, its containers and its directory belong to ``environment``.

    Without ``directory`` use the one from which the containers were created. Return it; None if there is neither.
    Costs one listing of containers. ``proves_project`` is for volumes and networks without a container.
    """
    origins = _origins(client, name)
    if directory is None and len(origins) == 1 and next(iter(origins)):
        directory = Path(next(iter(origins)))
    foreign = {path: names for path, names in origins.items() if directory is None or not _same(path, directory)}
    if foreign:
        places = "; ".join(f"{', '.join(names)} from {path or 'unknown'}" for path, names in sorted(foreign.items()))
        where = f" in {directory}" if directory else ""
        raise InputError(
            f"The Compose project {name} is not shown to be that of the environment {environment}{where}: its "
            f"containers were created elsewhere: {places}",
            hint=f"Nothing was changed. Check project_name and {option}. To move an environment, remove the stack "
            "without its volumes, and move its directory before the next deploy.",
        )
    if directory is None:
        return None
    environment_directory.refuse_foreign_directory(directory, environment, option, name)
    if origins and not environment_directory.claims(directory):
        declare = environment_directory.command(directory, environment)
        raise InputError(
            f"Nothing shows that the Compose project {name} belongs to the environment {environment}: its directory "
            f"{directory} has neither {environment_directory.MARKER} nor a release",
            hint=f"Nothing was changed. If it belongs to it, run: mkdir -p {directory} && {declare}",
        )
    return directory


def refuse_foreign_project_of(client: DockerClient, params: Mapping[str, Any]) -> None:
    """Raise InputError unless the project that a module's options name belongs to their ``environment_name``."""
    source = params["project_src"]
    directory = Path(source) if source else None
    refuse_foreign_project(client, params["project_name"], params["environment_name"], directory)


def proves_project(client: DockerClient, directory: Path, name: str) -> bool:
    """Return whether a directory names a Compose project as its own, or has containers of it."""
    named = any(claim.project == name for claim in environment_directory.claims(directory))
    return named or any(_same(path, directory) for path in _origins(client, name)) or _is_released_as(directory, name)


def _origins(client: DockerClient, name: str) -> dict[str, list[str]]:
    """Return the names of a project's containers by the directory from which they were created, empty if unknown."""
    found: dict[str, list[str]] = {}
    for item in engine_client.list_containers(client, name):
        path = (item.get("Labels") or {}).get(engine_client.LABEL_WORKING_DIRECTORY, "")
        found.setdefault(path, []).append(engine_client.listed_name(item))
    return found


def _is_released_as(directory: Path, name: str) -> bool:
    """Return whether the Compose file of the release that serves has the project's name."""
    text = files.read_text(directory / "releases" / served_release.CURRENT / "compose.yaml") or ""
    return any(line.rstrip() == f"name: {name}" for line in text.splitlines())


def _same(one: str, other: Path) -> bool:
    return bool(one) and Path(one).resolve() == other.resolve()
