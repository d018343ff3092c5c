# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the objects of AWX with the desired ones, and plan the calls that change them. No input or output.

The modules of awx.awx are called only for objects that differ: some of them report a change every time, and in check
mode a change that AWX would refuse.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import (
    CREATE,
    DELETE,
    Change,
    Plan,
    make_plan,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._awx_names import (
    SHARED_MARK,
    is_own,
    is_shared,
    mark,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._awx_objects import KINDS, OWNED, SHARED, Objects

#: How many characters of a value a line shows.
_SHOWN = 60
#: The fields whose values are never shown, by kind: of a setting that differs only the name is.
_HIDDEN = {"credentials": "inputs", "notification_templates": "notification_configuration"}


def plan(current: Objects, desired: Objects, previews: Mapping[str, Any], env: str) -> dict[str, Any]:
    """Return ``{changes, apply, problems}``: lines for people, the objects to bring about by kind, and sentences."""
    plans = {kind: _plan_of(kind, current.get(kind, {}), desired.get(kind, {}), env) for kind in KINDS}
    return {
        "changes": [line for kind in KINDS for change in plans[kind] for line in _lines(kind, change)],
        "apply": {kind: [_task(change, desired[kind]) for change in plans[kind] if _applies(change)] for kind in KINDS},
        "remove": {kind: [_removal(change) for change in plans[kind].of(DELETE)] for kind in OWNED},
        "problems": [*_foreign(current, desired, env), *_preview_problems(desired, previews)],
    }


def removal(current: Objects, env: str) -> dict[str, Any]:
    """Return the same for the removal of all objects of an environment. Those that several share stay."""
    shared: Objects = {kind: {} for kind in KINDS}
    return plan(current, shared, {}, env)


def _plan_of(kind: str, current: Mapping[str, Any], desired: Mapping[str, Any], env: str) -> Plan:
    wanted: dict[str, Any] = dict(desired)
    if kind in OWNED:
        own = [name for name, fields in current.items() if is_own(fields, env)]
        wanted = {**dict.fromkeys(name for name in own if name not in desired), **wanted}
    return make_plan(wanted, _without_others(current, wanted) if kind == "notification_templates" else current)


def _without_others(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return notification templates without the settings that are not declared: AWX adds some."""
    key, found = _HIDDEN["notification_templates"], {}
    for name, fields in current.items():
        declared = (wanted.get(name) or {}).get(key)
        shown = (
            fields[key] if declared is None else {each: fields[key][each] for each in fields[key] if each in declared}
        )
        found[name] = {**fields, key: shown}
    return found


def _applies(change: Change) -> bool:
    return change.action != DELETE


def _task(change: Change, desired: Mapping[str, Any]) -> dict[str, Any]:
    """Return all fields of an object to create or update, and which of them differ."""
    fields = desired[change.name]
    task = {"name": change.name, **fields, "differs": sorted(change.after or {}), "new": change.action == CREATE}
    if "nodes" in fields:
        task["workflow_nodes"] = [_node(name, node) for name, node in fields["nodes"].items()]
    return task


def _removal(change: Change) -> dict[str, Any]:
    return {"name": change.name, **(change.before or {})}


def _node(name: str, node: Mapping[str, Any]) -> dict[str, Any]:
    """Return a node of a workflow as awx.awx.workflow_job_template takes it."""
    related = {f"{kind}_nodes": [{"identifier": each} for each in node[kind]] for kind in ("success", "failure")}
    return {
        "identifier": name,
        "unified_job_template": {"name": node["template"], "type": node["kind"]},
        "related": {kind: nodes for kind, nodes in related.items() if nodes},
    }


def _foreign(current: Objects, desired: Objects, env: str) -> Iterator[str]:
    for kind in OWNED:
        for name in desired.get(kind, {}):
            fields = current.get(kind, {}).get(name)
            if fields is not None and not is_own(fields, env):
                yield (
                    f"AWX has {_singular(kind)} {quoted(name)}, whose description does not end with"
                    f" {quoted(mark(env))}: it is not of this role. Rename it, or give it that description."
                )
    for kind in SHARED:
        for name in desired.get(kind, {}):
            fields = current.get(kind, {}).get(name)
            if fields is not None and not is_shared(fields):
                yield (
                    f"AWX has {_singular(kind)} {quoted(name)}, whose description does not end with"
                    f" {quoted(SHARED_MARK)}: it is not of this role. Choose another name, or give it that description"
                    " to let this role manage it."
                )


def _preview_problems(desired: Objects, previews: Mapping[str, Any]) -> Iterator[str]:
    for name, fields in desired.get("schedules", {}).items():
        found = previews.get(fields["rrule"])
        if found and found.get("error"):
            yield f"AWX refuses the rule of {quoted(name)}, {fields['rrule']}: {found['error']}"
        elif found and not found["utc"]:
            yield f"AWX accepts the rule of {quoted(name)}, {fields['rrule']}, and would never run it."


def _lines(kind: str, change: Change) -> Iterator[str]:
    if change.action != "update":
        yield f"{change.action} {_singular(kind)} {change.name}"
        return
    before, after = change.before or {}, change.after or {}
    for field, value in after.items():
        if _HIDDEN.get(kind) == field:
            names = [name for name in {**before[field], **value} if before[field].get(name) != value.get(name)]
            yield f"update {_singular(kind)} {change.name}: {field}: {', '.join(sorted(names))}"
            continue
        yield f"update {_singular(kind)} {change.name}: {field}: {_shown(before.get(field))} -> {_shown(value)}"


def _shown(value: Any) -> str:
    return quoted(value, _SHOWN)


def _singular(kind: str) -> str:
    return {"inventories": "inventory"}.get(kind, kind[:-1]).replace("_", " ")
