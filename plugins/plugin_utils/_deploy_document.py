# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join what the modules found into one document, for plan.yml and drift.yml, and describe it. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _config_document, _content_comparison

Facts = Mapping[str, Any]

#: The origin of a difference. For groups, users and content no record tells whether the list or the platform changed.
HOST, INVENTORY, BOTH, DATABASE = "host", "inventory", "both", "database"
#: The origin of what could not be compared.
UNKNOWN = "unknown"
#: An object that could not be compared.
COMPARE = "compare"
SIGNS = {"create": "+", "update": "~", "delete": "-", COMPARE: "?"}
#: How many lines of the diff of one file are shown.
DIFF_LINES = 20
#: How many rows that no file created are named.
NAMED = 20
#: What a deploy does to a service without a failed request; the other effects interrupt it, if it runs.
_HARMLESS = ("created", "beside", "reloaded", "started", "removed", "unchanged")
_ACTIONS = {"missing": "create", "extra": "delete", "different": "update", "unknown": COMPARE}


def plan(compared: Facts, context: Facts) -> dict[str, Any]:
    """Return what a deploy would change: the stack, the images that are brought, and the schema of the database."""
    changes = [*_schema(compared["migration"]), *compared["stack"]["changes"]]
    document = _document(compared, context, changes)
    counts = {"users": _user_counts(compared), "content": _content_comparison.counts(compared.get("content") or {})}
    return {**document, **counts, "verdict": plan_verdict(document)}


def drift(compared: Facts, context: Facts) -> dict[str, Any]:
    """Return in what the environment differs from what is declared, tables, groups, users and content included."""
    changes = [*_schema(compared["migration"]), *compared["stack"]["changes"]]
    pending = any(change["object"] == "schema" for change in changes)
    changes += [*_tables(compared["database"], INVENTORY if pending else HOST), *_users(compared)]
    content = compared.get("content") or {}
    changes += _content(content)
    document = {**_document(compared, context, changes), "unmanaged": _content_comparison.unmanaged(content)}
    return {**document, "verdict": drift_verdict(document)}


def _document(compared: Facts, context: Facts, changes: list[Facts]) -> dict[str, Any]:
    # The record of a release follows from the other changes; alone, it is that of an interrupted deploy.
    counted = [change for change in changes if change["object"] != "release"] or changes
    return {
        "environment": context["environment"],
        "host": context["host"],
        "release": compared["stack"]["release"],
        "changes": changes,
        "services": compared["stack"]["services"],
        "origins": sorted({change["origin"] for change in counted}),
        "routes": compared["stack"].get("routes") or {},
    }


def _change(name: str, action: str, origin: str, reason: str, before: Any = None, after: Any = None) -> dict[str, Any]:
    fields = [] if before is None and after is None else [{"name": "definition", "before": before, "after": after}]
    # The error of a server may have several lines.
    shape: dict[str, Any] = {"object": name, "action": action, "origin": origin, "reason": " ".join(reason.split())}
    return {**shape, "effect": None, "fields": fields, "diff": []}


def _schema(migration: Facts) -> Iterator[dict[str, Any]]:
    if migration.get("situation") == "stopped":
        yield _change("schema", COMPARE, UNKNOWN, "the database is stopped")
    if not migration.get("steps"):
        return
    steps = ", ".join(f"{step['revision']} ({step['action']})" for step in migration["steps"])
    backup = "; a verified backup is made first" if migration.get("backup_missing") else ""
    released = migration.get("released")
    by_hand = released is not None and sorted(released) != sorted(migration["revisions_before"])
    before, after = migration["revisions_before"], migration["revisions"]
    yield _change("schema", "update", HOST if by_hand else INVENTORY, f"{steps}{backup}", before, after)


def _tables(found: Facts, origin: str) -> Iterator[dict[str, Any]]:
    if found.get("reachable") is False:
        yield _change("database", COMPARE, UNKNOWN, f"cannot be compared: {found['reason']}")
    for item in found.get("drift") or ():
        unknown = item["kind"] == "unknown"
        reason = "locked by another session" if unknown else f"{item['kind']} in the database"
        action = _ACTIONS[item["kind"]]
        yield _change(item["object"], action, UNKNOWN if unknown else origin, reason, item["found"], item["expected"])


def _users(compared: Facts) -> Iterator[dict[str, Any]]:
    if compared["users_problem"]:
        yield _change("users", COMPARE, UNKNOWN, f"cannot be compared: {compared['users_problem']}")
        return
    for kind, found in (("group", compared["groups"]), ("user", compared["users"])):
        for name in found.get("created") or ():
            yield _change(f"{kind} {name}", "create", DATABASE, "declared, and not in the database")
        for name, fields in (found.get("updated") or {}).items():
            yield _change(f"{kind} {name}", "update", DATABASE, ", ".join(fields))
        for name in found.get("deleted") or ():
            yield _change(f"{kind} {name}", "delete", DATABASE, "in the database, and not declared")


def _content(content: Facts) -> Iterator[dict[str, Any]]:
    if content.get("problem"):
        yield _change("content", COMPARE, UNKNOWN, f"cannot be compared: {content['problem']}")
        return
    for name, action, reason in _content_comparison.differences(content):
        yield _change(name, action, DATABASE, reason)


def _user_counts(compared: Facts) -> dict[str, int] | None:
    if compared["users_problem"] or "created" not in compared["users"]:
        return None
    found = (compared["groups"], compared["users"])
    return {key: sum(len(each.get(key) or ()) for each in found) for key in ("created", "updated", "deleted")}


def place(document: Facts) -> str:
    """Return the environment with its host, or with the number of its hosts."""
    hosts = document.get("hosts") or [document["host"]]
    return f"{document['environment']} on {hosts[0] if len(hosts) == 1 else f'{len(hosts)} hosts'}"


def label(change: Facts) -> str:
    """Return the name of the object of a change, with its host if the environment has several."""
    return f"{change['host']}: {change['object']}" if change.get("host") else str(change["object"])


def _release(document: Facts) -> str:
    release = document["release"]
    return f"release {release['id']}" if release else "no release yet"


def _listed(changes: Iterable[Facts]) -> str:
    names = [label(change) for change in changes]
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return ", ".join(names[:8]) + more


def plan_verdict(document: Facts) -> str:
    """Return in one line whether a deploy would change something."""
    count = len([item for item in document["changes"] if item["object"] != "release" and item["action"] != COMPARE])
    if not document["changes"]:
        return f"{place(document)}: nothing to change ({_release(document)})."
    what = "the record of the release" if not count else f"{count} object{'s' if count > 1 else ''}"
    return f"{place(document)}: a deploy would change {what} ({_release(document)})."


def drift_verdict(document: Facts) -> str:
    """Return in one line whether something differs, and what."""
    if not document["changes"]:
        return f"{place(document)}: no drift ({_release(document)})."
    parts = [f"{len(found)} {text} ({_listed(found)})" for text, found in _sections(document) if found]
    return f"{place(document)} has drifted from {_release(document)}: {'; '.join(parts)}."


def _sections(document: Facts) -> list[tuple[str, list[Facts]]]:
    every = document["changes"]
    counted = [change for change in every if change["object"] != "release"] or every
    return [
        ("changed on the host", [change for change in counted if change["origin"] in (HOST, BOTH)]),
        ("declared and not deployed", [change for change in counted if change["origin"] == INVENTORY]),
        ("in groups, users and content", [change for change in counted if change["origin"] == DATABASE]),
        ("not compared", [change for change in counted if change["origin"] == UNKNOWN]),
    ]


def plan_lines(document: Facts, _context: Facts) -> list[str]:
    """Describe a plan: each change with its reason, what becomes of the services, and the users that are declared."""
    shown = [change for change in document["changes"] if change["object"] != "release"]
    lines = [document["verdict"], *_left_out(document)]
    lines += [line for change in shown for line in _lines(change, _note(change))]
    overrides = _config_document.override_lines(document.get("overrides"))
    return [*lines, *_consequences(document), *_declared_rows(document), *overrides]


def drift_lines(document: Facts, _context: Facts) -> list[str]:
    """Describe the drift, in sections by its origin."""
    lines = [document["verdict"], *_left_out(document)]
    for text, found in _sections(document):
        if found:
            lines += [f"{text[0].upper()}{text[1:]}:", *(line for change in found for line in _lines(change))]
    lines += _unmanaged(document.get("unmanaged") or ())
    return [*lines, *_config_document.override_lines(document.get("overrides"))]


def _lines(change: Facts, note: str = "") -> Iterator[str]:
    yield f"  {SIGNS[change['action']]} {label(change)}: {change['reason']}{note}"
    lines = change["diff"]
    yield from (f"      {line}" for line in lines[:DIFF_LINES])
    if len(lines) > DIFF_LINES:
        yield f"      and {len(lines) - DIFF_LINES} lines more: deploy.yml --check --diff shows all"


def _note(change: Facts) -> str:
    return " (changed on the host)" if change["origin"] in (HOST, BOTH) else ""


def _consequences(document: Facts) -> Iterator[str]:
    if not document["changes"]:
        return
    services = document["services"] if document["host"] else _services_of_hosts(document["services"])
    described = [f"{effect} {', '.join(names)}" for effect, names in services.items() if names]
    if described:
        yield f"Services: {'; '.join(described)}."
    interrupted = sorted(name for effect, names in services.items() if effect not in _HARMLESS for name in names)
    yield f"Interrupted until healthy again: {', '.join(interrupted) or 'none'}."


def _services_of_hosts(by_host: Mapping[str, Mapping[str, Iterable[str]]]) -> dict[str, list[str]]:
    """Return the services of several hosts by what becomes of them, each with its hosts."""
    found: dict[str, dict[str, list[str]]] = {effect: {} for services in by_host.values() for effect in services}
    for host, services in by_host.items():
        for effect, names in services.items():
            for name in names:
                found[effect].setdefault(name, []).append(host)
    return {
        effect: [f"{name} on {' and '.join(hosts)}" for name, hosts in sorted(names.items())]
        for effect, names in found.items()
    }


def _left_out(document: Facts) -> list[str]:
    return (
        [f"Without {', '.join(document['left_out'])}, which this run leaves out."] if document.get("left_out") else []
    )


def _unmanaged(names: Sequence[str]) -> list[str]:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    listed = ", ".join(names[:NAMED])
    return [f"Not in the content file, and not deleted by it: {listed}{more}"] if names else []


def _declared_rows(document: Facts) -> Iterator[str]:
    counts = document["users"]
    if counts and any(counts.values()):
        described = ", ".join(f"{counts[key]} {key}" for key in counts)
        yield f"Groups and users, by users.yml and not by a deploy: {described}."
    counts = document.get("content")
    if counts and any(counts.values()):
        described = ", ".join(f"{counts[key]} {key}" for key in counts)
        yield f"Content, by content.yml and not by a deploy: {described}."
