# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compose the document of one run: what it did, what was measured, and the verdict. Pure.

The document is written as JSON, and the HTML and the metrics come from it alone.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..._backup.manifest import LEVELS
from ..._core.redaction import mask_foreign
from . import expiry, findings, history, measured
from .facts import Facts
from .units import seconds_between

VERSION = 1
_LONGEST_MESSAGE = 2000
_SERVICE = ("name", "state", "health", "version", "image", "restarts", "started_at", "sandbox")
_STEP = ("host", "step", "status", "seconds", "message", "backup", "data")


def compose(params: Mapping[str, Any], facts: Facts, previous: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the document. ``params`` are the options of convosphere_report, ``previous`` is the last report."""
    at, hosts = params["run"]["ended"], params["hosts"]
    seen = measured.merged(hosts, previous, at)
    document: dict[str, Any] = {
        **_heading(params, previous),
        **_of_hosts(hosts),
        "backups": facts.backups,
        "verification": _verification(facts.backups, at),
        "recovery": _recovery(params, facts.backups, at),
        "database": {"bytes": facts.database_bytes, "tables": list(facts.tables)},
        "secrets": _secrets(facts.secrets),
        "overrides": list(facts.overrides),
        "admins": _admins(facts, previous),
        "measured": seen,
        "unread": [*facts.unread, *_unread_services(hosts)],
        "last_success": measured.last_success(hosts, previous, at),
        "last_results": measured.last_results(hosts, previous, partial=params["run"]["partial"]),
        "full_run": _full_run(params["run"], previous),
    }
    days = (at, params["expires_within"])
    document["not_done"] = _not_done(params["run"]["left_out"], document)
    document["expiring"] = expiry.expiring(seen, facts.overrides, facts.backups, params["retention"], days)
    document["findings"] = findings.findings(document)
    document["verdict"] = findings.verdict(document, document["findings"])
    document["history"] = history.continued(previous, _point(document), facts.backups)
    return document


def _heading(params: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any]:
    run = params["run"]
    return {
        "report_version": VERSION,
        "environment": params["environment_name"],
        "run": run["id"],
        "operator": run["operator"],
        "expires_within": params["expires_within"],
        "started": run["started"],
        "ended": run["ended"],
        "seconds": seconds_between(run["started"], run["ended"]),
        "previous_run": previous["run"] if previous else None,
    }


def _full_run(run: Mapping[str, Any], previous: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return the last run with every step of the night on every host: this one, or an earlier one; None without one.

    A report that an earlier version wrote does not say whether its run was a full one: it counts as one.
    """
    if run["partial"]:
        known = (previous or {}).get("full_run", previous)
        return {name: known[name] for name in ("run", "ended", "seconds")} if known else None
    return {"run": run["id"], "ended": run["ended"], "seconds": seconds_between(run["started"], run["ended"])}


def _of_hosts(hosts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {
        "hosts": [host["name"] for host in hosts],
        "silent_hosts": [host["name"] for host in hosts if host["steps"] is None],
        "steps": [_step(each) for each in measured.results(hosts)],
        "services": [_service(host["name"], row) for host in hosts for row in host["services"] or ()],
    }


def _step(result: Mapping[str, Any]) -> dict[str, Any]:
    step = {name: result[name] for name in _STEP if result.get(name) is not None}
    return {**step, "message": mask_foreign(str(result.get("message", "")))[:_LONGEST_MESSAGE]}


def _service(host: str, row: Mapping[str, Any]) -> dict[str, Any]:
    return {"host": host, **{name: row.get(name) for name in _SERVICE}}


def _unread_services(hosts: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"what": f"the services of {host['name']}", "reason": host["problem"]} for host in hosts if host["problem"]]


def _verification(backups: Sequence[Mapping[str, Any]], at: str) -> dict[str, Any]:
    """Return the last backup verified by each level, the ``latest`` of all, and a proof that ``failed`` last."""
    levels: dict[str, dict[str, Any]] = {}
    proofs = sorted(_proofs(backups), key=lambda proof: str(proof["at"]))
    for proof in proofs:
        if proof["result"] == "passed":
            # One that is verified by a level is verified by those below it.
            for level in LEVELS[: LEVELS.index(proof["level"]) + 1] if proof["level"] in LEVELS else (proof["level"],):
                age = max(0, seconds_between(proof["at"], at))
                levels[level] = {"backup": proof["backup"], "at": proof["at"], "age_seconds": age}
    latest = max(levels.items(), key=lambda item: (item[1]["at"], _rank(item[0])), default=None)
    failed = proofs[-1] if proofs and proofs[-1]["result"] == "failed" else None
    return {
        "levels": levels,
        "latest": {"level": latest[0], **latest[1]} if latest else None,
        "failed": {name: failed[name] for name in ("backup", "level", "at", "reason")} if failed else None,
    }


def _rank(level: str) -> int:
    return LEVELS.index(level) if level in LEVELS else len(LEVELS)


def _proofs(backups: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    """Yield each verification that a manifest records; one without ``proofs`` has its strongest level at least."""
    for backup in backups:
        verified = backup["verified"]
        if verified and not any(proof.get("level") == verified["level"] for proof in backup["proofs"]):
            yield {"backup": backup["id"], "at": verified["at"], "level": verified["level"], "result": "passed"}
        for proof in backup["proofs"]:
            yield {"reason": None, **proof, "backup": backup["id"]}


def _recovery(params: Mapping[str, Any], backups: Sequence[Mapping[str, Any]], at: str) -> dict[str, Any]:
    """Return the measured time of a recovery, and the age of the data that it would have, with their targets."""
    known = history.recoveries(backups)
    last = known[-1] if known else None
    intact = [backup for backup in backups if backup["verified"] and not backup["damaged_at"]]
    last_two = [backup["created_at"] for backup in intact[-2:]]
    return {
        "rto_seconds": last["rto_seconds"] if last else None,
        "rto_at": last["at"] if last else None,
        "rto_level": last["level"] if last else None,
        "rto_target": params["rto_target"] or None,
        # A failure just before the newest backup would have lost all that came after the one before it.
        "rpo_seconds": max(map(seconds_between, last_two, [*last_two[1:], at])) if intact else None,
        "rpo_at": last_two[-1] if intact else None,
        "rpo_target": params["rpo_target"] or None,
    }


def _secrets(found: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"name": name, **{key: found[name][key] for key in ("since", "unchanged_since")}} for name in sorted(found)]


def _admins(facts: Facts, previous: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the ``current`` administrators, and who was ``added`` or ``removed`` since the last report, by whom.

    The last report knows them all, so that a change by any way is seen. The audit trail names the actor of those that
    this collection made.
    """
    earlier = ((previous or {}).get("admins") or {}).get("current")
    if facts.admins is None:
        return {"current": earlier, "added": [], "removed": [], "since": None}
    actors = {change["email"]: change for change in facts.role_changes}
    before = {each["email"]: each["role"] for each in earlier or ()}
    now = {each["email"]: each["role"] for each in facts.admins}
    added = [email for email in now if earlier is not None and before.get(email) != now[email]]
    return {
        "current": list(facts.admins),
        "added": [_named(email, now[email], actors) for email in added],
        "removed": [_named(email, before[email], actors) for email in before if email not in now],
        "since": previous["ended"] if previous and earlier is not None else None,
    }


def _named(email: str, role: str, actors: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    change = actors.get(email) or {}
    return {"email": email, "role": role, "actor": change.get("actor"), "at": change.get("at")}


def _not_done(left_out: Sequence[str], document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what the run did not do, with ``what``, ``host`` and ``reason``."""
    rows = [
        {"what": each["step"], "host": each["host"], "reason": each["message"]}
        for each in document["steps"]
        if each["status"] in ("skipped", "failed")
    ]
    rows += [{"what": "all steps", "host": host, "reason": "it has no result"} for host in document["silent_hosts"]]
    rows += [{"what": step, "host": None, "reason": "it was not selected for this run"} for step in left_out]
    return rows + [
        {"what": f"read {each['what']}", "host": None, "reason": each["reason"]} for each in document["unread"]
    ]


def _point(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run": document["run"],
        "at": document["ended"],
        "seconds": document["seconds"],
        "database_bytes": document["database"]["bytes"],
        "status": document["verdict"]["status"],
    }
