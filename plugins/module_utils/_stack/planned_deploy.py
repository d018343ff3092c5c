# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe what a deploy would change, and why, from the very plan that the deploy makes. Changes nothing.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._core.plan import CREATE, DELETE, Change, Plan
from .._core.work import Invocation
from .._host import served_release
from . import beside, phases, upstream_plan
from .change_reasons import HOST, INVENTORY, Reasons
from .deploy_run import DeployRun
from .state import Stack

#: What a deploy does to the containers of a service.
CREATED = "created"
BESIDE = "beside"
REPLACED = "replaced"
RESTARTED = "restarted"
RELOADED = "reloaded"
STARTED = "started"
REMOVED = "removed"
EFFECTS = (CREATED, BESIDE, REPLACED, RESTARTED, RELOADED, STARTED, REMOVED)
#: The fields of a service for which Compose replaces its containers.
_REPLACING = {"image", "image_id", "configuration", "containers", "stale_environment"}


class PlannedDeploy:
    """The deploy that the options describe, planned as in check mode, whether the run is in check mode or not."""

    def __init__(self, invocation: Invocation) -> None:
        self.deploy = DeployRun(replace(invocation, check_mode=True))

    def report(self) -> dict[str, Any]:
        """Plan, and return the changes with their reasons, and what becomes of each service."""
        try:
            plan = self.deploy.plan()
        finally:
            self.deploy.close()
        stack = self.deploy.stack
        if stack.port_ranges:  # of an environment of several hosts, whose hosts replace containers in phases
            stack.phase = phases.BESIDE
            plan = Plan(tuple(change for change in plan if change.name != upstream_plan.NAME), plan.unchanged)
        record = served_release.current(stack.releases)
        changes = [*_missing_images(stack, record or {}), *described(plan, stack, record or {})]
        return {
            "changes": changes,
            "services": effects(changes, stack),
            "release": {name: record[name] for name in ("id", "released_at", "released_by")} if record else None,
            "schema_known": not self.deploy.schema_unknown,
            "routes": routes(stack),
        }


def routes(stack: Stack) -> dict[str, Any]:
    """Return the addresses by which the hosts of several serve: those of this host's containers, and its edge's."""
    if not stack.port_ranges:
        return {}
    return {"upstreams": phases.addresses(stack, predicted=True), "edge_upstreams": dict(stack.upstreams)}


def described(plan: Plan, stack: Stack, record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each change of a plan with its reason. Secrets are hidden."""
    by_name = {change.name: change for change in plan}
    reasons = Reasons(stack, record, by_name)
    diff = plan.diff()
    found = []
    for change in plan:
        origin, reason = reasons.of(change)
        before, after = (diff[side].get(change.name) or {} for side in ("before", "after"))
        found.append(
            {
                "object": change.name,
                "action": change.action,
                "origin": origin,
                "reason": reason,
                "effect": _effect(change, stack, by_name),
                "fields": _fields(before, after),
                "diff": _text_diff(before.get("content"), after.get("content")),
            }
        )
    return found


def effects(changes: Iterable[Mapping[str, Any]], stack: Stack) -> dict[str, list[str]]:
    """Return the names of the services by what a deploy does to their containers; ``unchanged`` has all others."""
    by_effect: dict[str, list[str]] = {effect: [] for effect in EFFECTS}
    for change in changes:
        if change["effect"]:
            by_effect[change["effect"]].append(_service_of(change["object"], stack))
    touched = {name for names in by_effect.values() for name in names}
    return {**by_effect, "unchanged": sorted((stack.model.get("services") or {}).keys() - touched)}


def _service_of(name: str, stack: Stack) -> str:
    is_edge = name == upstream_plan.NAME and stack.edge is not None
    return stack.edge.service if stack.edge and is_edge else name.partition(" ")[2]


def _effect(change: Change, stack: Stack, changes: Mapping[str, Change]) -> str | None:
    kind, _space, name = change.name.partition(" ")
    if change.name == upstream_plan.NAME:
        return None if f"service {_service_of(change.name, stack)}" in changes else RELOADED
    if kind != "service":
        return None
    if change.action != "update":
        return {CREATE: CREATED, DELETE: REMOVED}[change.action]
    if name in stack.beside and beside.applies(stack, stack.model["services"], stack.containers):
        return BESIDE
    fields = set(change.after or {})
    if fields & _REPLACING:
        return REPLACED
    if "state" in fields:
        return STARTED
    stale = (change.before or {}).get("stale_files") or ()
    is_edge = stack.edge is not None and name == stack.edge.service
    return RELOADED if stack.edge and is_edge and all(map(stack.edge.owns, stale)) else RESTARTED


def _fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the fields that differ, except the content of a file, of which there is a diff."""
    names = [name for name in {**before, **after} if name != "content"]
    return [{"name": name, "before": before.get(name), "after": after.get(name)} for name in names]


def _text_diff(before: Iterable[str] | None, after: Iterable[str] | None) -> list[str]:
    """Return the lines of a unified diff, without its header; empty unless both texts are there."""
    if before is None or after is None:
        return []
    return list(difflib.unified_diff(list(before), list(after), lineterm="", n=1))[2:]


def _missing_images(stack: Stack, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    deployed = {str(image).rpartition("@")[0] for image in (record.get("images") or {}).values()}
    for reference, found in stack.image_ids.items():
        if found is None:
            removed = reference in deployed
            yield {
                "object": f"image {reference}",
                "action": CREATE,
                "origin": HOST if removed else INVENTORY,
                "reason": "removed from the host" if removed else "not on the host",
                "effect": None,
                "fields": [],
                "diff": [],
            }
