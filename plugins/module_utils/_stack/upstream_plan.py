# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the addresses to which the edge sends requests.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._core.plan import Plan, make_plan
from . import beside, state

if TYPE_CHECKING:
    from docker.models.containers import Container

IsFresh = Callable[[str, "Container"], bool]
NAME = "edge upstreams"


def changes(stack: state.Stack, services: Sequence[str], is_fresh: IsFresh | None) -> Plan:
    """Return the change of the addresses to which the edge on this host sends requests.

    ``is_fresh`` decides whether a container is one of the desired stack; None if the engine could not be read.
    """
    if stack.edge is None or stack.edge.service not in services:
        return Plan()
    if stack.phase != "all":  # the containers of all hosts are known to the play only
        return given(stack)
    desired = {name: " ".join(_addresses(stack, name, is_fresh)) for name in stack.beside if name in services}
    return make_plan({NAME: desired} if desired else {}, {NAME: stack.upstreams} if stack.upstreams else {})


def given(stack: state.Stack) -> Plan:
    """Return the change to the addresses that this phase was given."""
    desired = {name: " ".join(several) for name, several in stack.given_upstreams.items()}
    return make_plan({NAME: desired} if desired else {}, {NAME: stack.upstreams} if stack.upstreams else {})


def _addresses(stack: state.Stack, name: str, is_fresh: IsFresh | None) -> list[str]:
    """Return the addresses of the containers of a service that serve after the deploy, as far as they are known."""
    port, containers = stack.beside[name], stack.containers.get(name, [])
    count = state.replicas(stack.model["services"][name]) if is_fresh else 1
    if is_fresh and beside.applies(stack, stack.model["services"], stack.containers):
        decide = is_fresh
        found = beside.split(name, port, count, containers, lambda item: decide(name, item))
        names = found.predicted(stack.name, stack.routed)
    else:
        names = beside.names_once_recreated(stack.name, name, count, containers)
    existing = {str(item.name): beside.endpoint(item, port)[0] for item in containers}
    return [existing.get(each, f"{each}:{port}") for each in names]
