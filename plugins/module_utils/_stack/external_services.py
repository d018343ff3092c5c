# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse a stack that has a service of its own which its environment has elsewhere, such as a managed database.

A deploy removes the containers of services that the stack does not define any more, and a rollback creates those of its
release. Of a database neither may happen: its data would be left behind, or there would be two of it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from .._core.errors import InputError
from .._engine import client as engine_client

if TYPE_CHECKING:
    from docker import DockerClient


def refuse_containers(client: DockerClient | None, project: str, names: Sequence[str]) -> None:
    """Raise InputError if the project has a container, running or not, of one of these services.

    Without an engine ``client`` is None. Costs nothing if there is no such service.
    """
    if client is None or not names:
        return
    containers = engine_client.project_containers(client, project)
    for name in names:
        own = ", ".join(str(item.name) for item in containers.get(name, []))
        if own:
            raise InputError(
                f"The service {name} is in external_services, and {project} has a container of its own of it: {own}",
                hint="Nothing was changed: a deploy would remove the container, and leave its data behind. Copy the "
                f"data first, then remove the container yourself (docker rm --force {own}), which keeps its volume, "
                'and deploy again. docs/topology.md has the steps, under "Managed PostgreSQL".',
            )


def refuse_definitions(defined: Collection[str], release: str | None, names: Sequence[str]) -> None:
    """Raise InputError if the stack, or the kept ``release`` that it is, defines one of these services."""
    both = [name for name in names if name in defined]
    if not both:
        return
    listed = ", ".join(both)
    if release:
        raise InputError(
            f"The release {release} has {listed} as a service of its own, and external_services names it",
            hint="Nothing was changed: the release would serve the data that its service had then. Roll back to a "
            "release that was deployed since, or deploy the earlier version by deploy.yml.",
        )
    raise InputError(
        f"The stack defines {listed}, and external_services names it",
        hint="Nothing was changed. Remove the service from the Compose files; with the role stack, from "
        "stack_compose_override.",
    )
