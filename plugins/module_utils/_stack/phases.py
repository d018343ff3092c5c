# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divide a deploy into phases, which a play over several hosts runs as separate calls.

``beside`` prepares a host, ``switch`` is the commit point on a host of the edge, ``finish`` ends a deploy that was
switched, and ``abandon`` one that was not, or brings the previous release back.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

from .._core import dotenv
from .._core.errors import ConvosphereError, InputError, UnhealthyError
from .._core.plan import Change, Plan, make_plan
from .._host import served_release
from . import beside, deploy_plan, journal, state, upstream_plan

if TYPE_CHECKING:
    from .deployment import Deployment

CONNECT_SECONDS = 5
ALL, BESIDE, SWITCH, FINISH, ABANDON = PHASES = ("all", "beside", "switch", "finish", "abandon")


def part(plan: Plan, stack: state.Stack) -> Plan:
    """Return the changes of a whole deploy that belong to the phase of ``stack``."""
    decide = {BESIDE: _is_before, SWITCH: _is_of_switch, FINISH: _is_after}.get(stack.phase)
    if decide is None:
        return plan
    changes = tuple(change for change in plan if decide(stack, change))
    return Plan(changes, plan.unchanged)


def _is_before(stack: state.Stack, change: Change) -> bool:
    kind, _space, name = change.name.partition(" ")
    edge = stack.edge
    if kind == "service":
        waits = _is_orphan(stack, name) or bool(edge and name == edge.service)
        return not waits and not (name in stack.beside and has_fresh(stack, name))
    return kind in ("secret", "volume") or (kind == "file" and not (edge and edge.owns(name)))


def _is_of_switch(stack: state.Stack, change: Change) -> bool:
    kind, _space, name = change.name.partition(" ")
    if kind == "service":
        return name not in stack.beside and not _is_orphan(stack, name)
    return kind in ("secret", "volume", "file") or change.name == upstream_plan.NAME


def _is_after(stack: state.Stack, change: Change) -> bool:
    kind, _space, name = change.name.partition(" ")
    if kind == "service":
        return _is_orphan(stack, name) or (name in stack.beside and has_fresh(stack, name))
    return kind == "release"


def _is_orphan(stack: state.Stack, name: str) -> bool:
    return bool(stack.model) and name not in stack.model["services"]


def has_fresh(stack: state.Stack, name: str) -> bool:
    """Return whether a service has all its containers of the desired definition already."""
    return bool(stack.model) and replacement(stack, name).missing == 0


def replacement(stack: state.Stack, name: str) -> beside.Replacement:
    """Return how the containers of one service are replaced."""
    count = state.replicas(stack.model["services"][name])
    containers = stack.containers.get(name, [])
    return beside.split(
        name, stack.beside[name], count, containers, lambda item: deploy_plan.is_fresh(stack, name, item)
    )


def refuse_unprepared(stack: state.Stack) -> None:
    """Raise InputError if the phase cannot run on this host: two containers cannot exist, or the new one does not."""
    services = stack.model["services"]
    problem = beside.obstacle(stack, services, stack.containers)
    if problem and stack.phase in (BESIDE, FINISH):
        raise InputError(f"{problem}, so that phase={stack.phase} cannot run", hint="Nothing was changed.")
    lacking = [name for name in stack.beside if name in services and not has_fresh(stack, name)]
    if stack.phase == FINISH and lacking:
        raise InputError(
            f"The service {', '.join(lacking)} has no container of this deploy yet",
            hint="Nothing was changed. Run phase=beside on this host, then phase=switch on the edge.",
        )


def addresses(stack: state.Stack, *, predicted: bool = False) -> dict[str, list[str]]:
    """Return the addresses of the containers of this deploy by service; ``predicted`` also those to be created."""
    found = {}
    for name, port in _own(stack):
        split = replacement(stack, name)
        several = [beside.endpoint(item, port)[0] for item in split.serving(stack.routed)]
        if predicted and split.missing and name in stack.port_ranges:
            ports = stack.model["services"][name].get("ports") or [{}]
            free = stack.port_ranges[name].free(stack.containers.get(name, []))
            several.append(f"{_bracketed(str(ports[0].get('host_ip') or ''))}:{free}")
        if several:
            found[name] = several
    return found


def refuse_incomplete(stack: state.Stack, upstreams: Mapping[str, Sequence[str]]) -> None:
    """Raise UnhealthyError if a service has no address: the edge would keep those that are about to be removed."""
    own = [name for name, _port in _own(stack) if state.replicas(stack.model["services"][name])]
    lacking = [name for name in own if name not in upstreams]
    if lacking:
        raise UnhealthyError(
            f"The service {', '.join(lacking)} has no container of this deploy that the edge could be switched to",
            hint="No request was sent to a new container. Deploy again.",
        )


def previous_addresses(stack: state.Stack) -> dict[str, list[str]]:
    """Return the addresses of the containers that served before this deploy by service."""
    before = (journal.read(stack.directory) or {}).get("containers")
    found = {}
    for name, port in _own(stack):
        several = [item for item in stack.containers.get(name, []) if before is None or item.id in before]
        if several:
            found[name] = [beside.endpoint(item, port)[0] for item in several]
    return found


def _own(stack: state.Stack) -> list[tuple[str, int]]:
    return [(name, port) for name, port in stack.beside.items() if name in stack.model.get("services", {})]


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def plan_abandon(stack: state.Stack) -> Plan:
    """Plan the end of a deploy that was not finished: its containers go, and the previous files come back."""
    before, release = journal.read(stack.directory), served_release.current(stack.releases)
    if release is None:
        return Plan()  # nothing served before: the containers are kept for inspection
    changes = upstream_plan.given(stack)
    if before is None:
        return changes
    new = {
        f"container {item.name}": {"service": name}
        for name in stack.beside
        for item in stack.containers.get(name, [])
        if item.id not in before["containers"]
    }
    return (
        make_plan(dict.fromkeys(new), new)
        + make_plan({"deploy": {"release": release["id"]}}, {"deploy": {"release": "(unfinished)"}})
        + changes
    )


def abandon(deployment: Deployment) -> None:
    """Bring the previous release back, whose containers were never stopped unless the deploy was switched."""
    stack = deployment.stack
    before, release = journal.read(stack.directory), served_release.current(stack.releases)
    if release is None:
        raise ConvosphereError("No release served before: the containers are kept for inspection.")
    if before is not None:
        stack.secrets.text = before["secrets"]
        stack.secrets.current = dotenv.parse(before["secrets"] or "")
    stack.upstreams = _given(stack) or stack.upstreams
    deployment.rollback.restore(release)
    journal.remove(stack.directory)


def _given(stack: state.Stack) -> dict[str, str]:
    return {name: " ".join(several) for name, several in stack.given_upstreams.items()}


def refuse_unreachable(upstreams: Mapping[str, Sequence[str]]) -> None:
    """Raise UnhealthyError if this host cannot connect to an address, before any request is sent there.

    The names of containers are known to the edge only, and are skipped.
    """
    problems = []
    for name, several in upstreams.items():
        for address in filter(_is_numeric, several):
            host, _colon, port = address.rpartition(":")
            try:
                socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()
            except OSError as error:
                problems.append(f"the service {name} at {address}: {error}")
    if problems:
        raise UnhealthyError(
            f"This host cannot connect to {'; '.join(problems)}",
            hint="No request was sent there. Let the hosts of the edge connect to these ports of the other hosts.",
        )


def upstreams_of(params: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """Return the option ``upstreams``. Raises InputError for anything else than a list of addresses by service."""
    given = params.get("upstreams") or {}
    wrong = [
        name
        for name, several in given.items()
        if not isinstance(several, list) or not several or not all(_is_address(each) for each in several)
    ]
    if wrong:
        raise InputError(
            f"upstreams of {', '.join(map(str, wrong))} is not a list of addresses of the form host:port",
            hint="Nothing was changed. Give the upstreams that phase=beside returned, of all hosts together.",
        )
    return {str(name): several for name, several in given.items()}


def _is_numeric(address: str) -> bool:
    try:
        return bool(ip_address(address.rpartition(":")[0].strip("[]")))
    except ValueError:
        return False


def _is_address(text: Any) -> bool:
    host, _colon, port = str(text).rpartition(":")
    return bool(host) and port.isdecimal() and not set(str(text)) & set(" \t\n{}#\"'`")
