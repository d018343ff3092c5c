# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the documents of the hosts of an environment into one, for plan.yml and drift.yml. No input or output.

The addresses to which an edge sends requests are those of containers on other hosts, so that only all hosts together
tell whether they change.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _deploy_document
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

Facts = Mapping[str, Any]
Verdict = Callable[[Facts], str]

UPSTREAMS = "edge upstreams"
EDGE = "edge"
#: What only the document of the database host has.
_OF_DATABASE = {"plan": ("users", "content"), "drift": ("unmanaged",)}
_VERDICTS: dict[str, Verdict] = {"plan": _deploy_document.plan_verdict, "drift": _deploy_document.drift_verdict}


def join(documents: Mapping[str, Facts], verb: str, topology: Topology) -> dict[str, Any]:
    """Return the document of the environment. That of an environment of one host is the document of the host."""
    if not topology.several:
        (document,) = documents.values()
        return {key: value for key, value in document.items() if key != "routes"}
    hosts = [host for host in topology.hosts("all") if host in documents]
    changes = [{"host": host, **change} for host in hosts for change in documents[host]["changes"]]
    services = {host: _effects(documents[host]) for host in hosts}
    for host in (host for host in hosts if host in topology.edge):
        switched = _switch(host, documents, topology, changes)
        if switched:
            changes.append(switched)
            _reload(services[host])
    joined: dict[str, Any] = {
        "environment": topology.env,
        "host": None,
        "hosts": hosts,
        "left_out": [host for host in topology.hosts("all") if host not in documents],
        "release": _newest(documents.values()),
        "changes": changes,
        "services": services,
        "origins": sorted({change["origin"] for change in _counted(changes)}),
        **{key: _found(key, documents.values()) for key in _OF_DATABASE[verb]},
    }
    return {**joined, "verdict": _VERDICTS[verb](joined)}


def _effects(document: Facts) -> dict[str, list[str]]:
    return {effect: list(names) for effect, names in document["services"].items()}


def _switch(
    host: str, documents: Mapping[str, Facts], topology: Topology, changes: Iterable[Facts]
) -> dict[str, Any] | None:
    """Return the change of the addresses to which the edge on a host sends requests; None if nothing changes."""
    apps = [name for name in topology.app if name in documents]
    if len(apps) < len(topology.app):
        return None  # the addresses of hosts that the run leaves out are not known
    desired = _addresses([documents[name]["routes"].get("upstreams") or {} for name in apps])
    current = documents[host]["routes"].get("edge_upstreams") or {}
    if not desired or {name: current.get(name, "") for name in desired} == desired:
        return None
    causes = [each for each in changes if each["host"] in apps and _moves(each)]
    origins = {each["origin"] for each in causes} or {"host"}
    where = " and ".join(dict.fromkeys(each["host"] for each in causes))
    reason = f"new containers on {where}" if where else "it names other containers than those of the app hosts"
    return {
        "host": host,
        "object": UPSTREAMS,
        "action": "update" if current else "create",
        "origin": origins.pop() if len(origins) == 1 else "both",
        "reason": reason,
        "effect": None if _is_changed(changes, host) else "reloaded",
        "fields": [
            {"name": name, "before": current.get(name), "after": text}
            for name, text in desired.items()
            if current.get(name) != text
        ],
        "diff": [],
    }


def _addresses(hosts: Sequence[Mapping[str, Sequence[str]]]) -> dict[str, str]:
    """Return the addresses of each service of all app hosts, in the order of the hosts, as the edge names them."""
    names = dict.fromkeys(name for each in hosts for name in each)
    return {name: " ".join(address for each in hosts for address in each.get(name, ())) for name in names}


def _moves(change: Facts) -> bool:
    return change["effect"] in ("created", "beside", "replaced", "removed", "started")


def _is_changed(changes: Iterable[Facts], host: str) -> bool:
    return any(each["host"] == host and each["object"] == f"service {EDGE}" for each in changes)


def _reload(services: dict[str, list[str]]) -> None:
    """Move the edge from the unchanged services to those that are reloaded."""
    if EDGE in services.get("unchanged", ()):
        services["unchanged"].remove(EDGE)
        services.setdefault("reloaded", []).append(EDGE)


def _counted(changes: Sequence[Facts]) -> Sequence[Facts]:
    return [change for change in changes if change["object"] != "release"] or changes


def _newest(documents: Iterable[Facts]) -> Facts | None:
    releases: list[Facts] = [each["release"] for each in documents if each["release"]]
    return max(releases, key=lambda release: str(release["id"]), default=None)


def _found(key: str, documents: Iterable[Facts]) -> Any:
    return next((each[key] for each in documents if each.get(key)), None)
