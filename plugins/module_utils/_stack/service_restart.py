# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restart services without a failed request: replace their containers by new ones of the same definition.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import dotenv
from .._engine import client as engine_client
from .._engine import compose_cli, health_waiter
from .._engine import project as engine_project
from . import beside, secrets, state
from . import edge as stack_edge
from . import rollout as stack_rollout
from .activation import Activation
from .mcp_registration import Ready
from .target import Target

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

DRAIN_SECONDS = 30


def prepare(client: DockerClient, project: engine_project.Project, params: Mapping[str, Any]) -> state.Stack | None:
    """Return the stack if it has an edge that runs and can switch its services; None otherwise."""
    edge, ports = stack_edge.of(params), beside.of(params)
    if edge is None or not ports or project.source is None:
        return None
    stack = state.Stack(
        name=project.name,
        directory=project.source,
        docker_host=params["docker_host"],
        texts={},
        secrets=secrets.Secrets(project.source, [], rotates=False),
        edge=edge,
        beside=ports,
    )
    stack.containers = engine_client.project_containers(client, project.name)
    stack.read_upstreams()
    stack.read_edge()
    return stack


def target_of(client: DockerClient, stack: state.Stack, names: Sequence[str]) -> Target | None:
    """Return what new containers of ``names`` are; None if they would differ from those that run.

    They differ if a file or an image was changed since the last deploy: a restart is no deploy.
    """
    variables = dotenv.literal(secrets.variables_in(stack.directory))
    compose = compose_cli.Compose(stack.name, stack.directory, stack.docker_host, variables)
    files = [path for name in compose_cli.FILE_NAMES if (path := Path(stack.directory, name)).exists()]
    services, hashes = compose.model(files)["services"], compose.hashes(files)
    images = {name: state.image_id(client, services[name]["image"]) for name in services}
    old = {item.id for name in names for item in stack.containers.get(name, [])}
    fixed = {name: (hashes[name],) for name in services}
    same = Target(compose, files, services, fixed, images, lambda _name, _item: False)
    running = [(name, item) for name in names for item in stack.containers.get(name, [])]
    if not beside.applies(stack, services, stack.containers) or not all(same.is_fresh(*pair) for pair in running):
        return None
    return Target(compose, files, services, fixed, images, lambda _name, item: item.id in old)


def restart(
    client: DockerClient,
    stack: state.Stack,
    target: Target,
    names: Sequence[str],
    hooks: tuple[Callable[[Iterable[str]], Any], Callable[[str], None], float],
    ready: Ready,
) -> None:
    """Replace the containers of ``names``. If a new one does not come up, remove it: the old one still serves.

    ``hooks`` wait for services by name, warn the operator, and are the seconds to wait. ``ready`` completes new
    containers before they serve.
    """
    wait, warn, seconds = hooks

    def wait_for(new: Mapping[str, Sequence[Container]], _urls: Mapping[str, str]) -> None:
        ids = {str(item.id) for several in new.values() for item in several}
        waiter = health_waiter.Waiter(lambda: engine_project.read_project(client, stack.name).only(ids), seconds)
        waiter.wait(new)

    stack.beside = {name: port for name, port in stack.beside.items() if name in names}
    steps = Activation(stack, client)
    run = stack_rollout.Rollout(
        client=client,
        stack=stack,
        target=target,
        steps=steps,
        wait=wait,
        wait_for=wait_for,
        warn=warn,
        timeout=seconds,
        drain_timeout=DRAIN_SECONDS,
    )
    _create(run, names, ready)
    run.switch(run.upstreams())
    run.finish()


def _create(run: stack_rollout.Rollout, names: Sequence[str], ready: Ready) -> None:
    """Create the new containers and gate them. If that fails, remove them."""
    known = {item.id for several in run.stack.containers.values() for item in several}
    try:
        run.create()
        run.gate()
        ready(run.serving)
    except Exception:
        after = engine_client.project_containers(run.client, run.stack.name)
        stack_rollout.remove([item for name in names for item in after.get(name, []) if item.id not in known])
        raise
