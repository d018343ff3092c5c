# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn what a module returned into the outcome of a maintenance step: status, message, data. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible.module_utils.common.text.formatters import bytes_to_human
from ansible_collections.convosphere.platform.plugins.module_utils._core import timestamps
from ansible_collections.convosphere.platform.plugins.plugin_utils import (
    _deploy_document,
    _retention_reports,
    _secret_reports,
)

Facts = Mapping[str, Any]

#: How many differences are kept, and how many of them the message names.
LINES, SHOWN = 50, 5


def outcome(result: Facts, step: str, context: Facts) -> dict[str, Any]:
    """Return ``{status, message, data}`` of a step. ``context`` has ``check_mode`` and what else the step needs."""
    return OUTCOMES[step](result, context)


def reindex(result: Facts, context: Facts) -> dict[str, Any]:
    """Describe what convosphere_db_reindex rebuilt, and what it left."""
    rebuilt, left, dropped = result["rebuilt"], result["left"], result["dropped"]
    parts = [f"{len(rebuilt)} of {len(result['candidates'])} bloated indexes {_would(context)}rebuilt"]
    freed = sum(each["before_bytes"] - each["after_bytes"] for each in rebuilt if each["after_bytes"] is not None)
    parts += [f"{bytes_to_human(freed)} freed"] if freed > 0 else []
    parts += [f"{len(dropped)} invalid ones {_would(context)}dropped: {', '.join(dropped)}"] if dropped else []
    parts += [f"left: {left[0]['index']}, because {left[0]['reason']}{_more(left)}"] if left else []
    fields = ("index", "table", "bloat_bytes", "size_bytes")
    data = {
        "candidates": [{name: each[name] for name in fields} for each in result["candidates"]],
        "rebuilt": rebuilt,
        "left": left,
    }
    return {"status": _status(result), "message": "; ".join(parts), "data": data}


def records(result: Facts, context: Facts) -> dict[str, Any]:
    """Describe what convosphere_records did by the rules of retention."""
    return {
        "status": _status(result),
        "message": _retention_reports.summary(result, context),
        "data": {name: result[name] for name in ("rules", "skipped_rules", "limit", "backup", "record_files")},
    }


def secrets(result: Facts, context: Facts) -> dict[str, Any]:
    """Name the secrets that are older than ``max_age_days``, 0 for no limit. A due secret is no failure.

    ``result`` is what secrets_document returned. A secret that follows another one, and a certificate, are never due.
    """
    limit, now = int(context["max_age_days"]), float(context["now"])
    rows = [each for each in result["secrets"] if each["set"]]
    found = [{"name": each["name"], "source": each["source"], "age_days": _age(each, now)} for each in rows]
    for each, row in zip(found, rows):
        known = _secret_reports.KNOWN.get(row["name"])
        own = row["source"] != _secret_reports.TLS and not (known and known.follows)
        each["due"] = bool(limit and own and each["age_days"] is not None and each["age_days"] > limit)
    ways = [
        f"{each['name']} ({each['age_days']} days; {row['rotate']})" for each, row in zip(found, rows) if each["due"]
    ]
    message = f"{len(found)} secrets" + (f", none older than {limit} days" if limit else "; there is no limit of age")
    if ways:
        message = f"{len(ways)} of {len(found)} secrets are older than {limit} days: {', '.join(ways)}"
    return {"status": "ok", "message": message, "data": {"secrets": found, "max_age_days": limit}}


def _age(each: Facts, now: float) -> int | None:
    """Return the age of a secret in days, or the least one if only a time before which it was set is known."""
    at = each.get("since") or each.get("unchanged_since")
    return int((now - timestamps.parse_time(at).timestamp()) // 86400) if at else None


def certificates(result: Facts, context: Facts) -> dict[str, Any]:
    """Name the certificates that expire soon, and fail for those with fewer than ``min_days`` left.

    A certificate that is issued for a short time is due later: it is renewed when a third of its life is left.
    """
    least, warned = int(context["min_days"]), int(context["warn_days"])
    found, failing, warning = (
        [],
        [f"{each['name']} ({each['path']}): {each['problem']}" for each in result["problems"]],
        [],
    )
    for each in result["certificates"]:
        renewable = each["name"] in context["renewable"]
        life = each["lifetime_days"]
        text = f"{each['name']} ({each['path']}) {_ends(each)}" + ("; deploy.yml renews it" if renewable else "")
        if each["days_left"] < min(least, life // 6):
            failing.append(text)
        elif each["days_left"] < min(warned, life // 3):
            warning.append(text)
        fields = {name: each[name] for name in ("name", "path", "days_left", "expires", "share_left")}
        found.append({**fields, "host": context["host"], "renewable": renewable, "renewed": False})
    first = min((each["days_left"] for each in found), default=None)
    ending = f"the first expires in {first} days" if found else "this host uses none"
    message = "; ".join([*failing, *warning]) or f"{len(found)} certificates, {ending}"
    data = {"certificates": found, "warn_days": warned}
    return {"status": "failed" if failing else "ok", "message": message, "data": data}


def _ends(each: Facts) -> str:
    days = each["days_left"]
    return f"expired at {each['expires']}" if days < 0 else f"expires in {days} days, at {each['expires']}"


def disk(result: Facts, context: Facts) -> dict[str, Any]:
    """Report free space and growth, and fail below ``min_free`` percent, or ``min_days`` until a disk is full."""
    least, days, parts, fails = int(context["min_free"]), int(context["min_days"]), [], False
    for each in result["filesystems"]:
        free = 100 * each["free_bytes"] / each["size_bytes"] if each["size_bytes"] else 0.0
        until = each["days_until_full"]
        text = f"{each['path']}: {bytes_to_human(each['free_bytes'])} free ({free:.0f} %)"
        text += f", full in {until} days" if until is not None else ""
        low, soon = free < least, until is not None and until < days
        text += f", less than maintenance_disk_min_free={least} %" if low else ""
        text += f", fewer than maintenance_disk_min_days={days}" if soon else ""
        fails = fails or low or soon
        parts.append(text)
    fields = ("path", "size_bytes", "free_bytes", "growth_bytes_per_day", "days_until_full")
    found = [{"host": context["host"], **{name: each[name] for name in fields}} for each in result["filesystems"]]
    return {"status": "failed" if fails else "ok", "message": "; ".join(parts), "data": {"filesystems": found}}


def drift(result: Facts, context: Facts) -> dict[str, Any]:
    """Report in what the host differs from what is declared. It fails only if ``fails`` is true."""
    changes = [each for each in result["changes"] if each["object"] != "release"] or result["changes"]
    lines = [f"{_deploy_document.label(each)} ({each['origin']})" for each in changes]
    status = "failed" if lines and context["fails"] else "ok"
    data = {"differences": len(lines), "lines": lines[:LINES]}
    if not lines:
        return {"status": status, "message": "nothing differs from what is declared", "data": data}
    shown = ", ".join(lines[:SHOWN]) + (f", and {len(lines) - SHOWN} more" if len(lines) > SHOWN else "")
    return {"status": status, "message": f"{len(lines)} differences: {shown}; drift.yml shows them", "data": data}


def _status(result: Facts) -> str:
    return "changed" if result.get("changed") else "ok"


def _would(context: Facts) -> str:
    return "would be " if context["check_mode"] else ""


def _more(items: list[Any]) -> str:
    return f", and {len(items) - 1} more" if len(items) > 1 else ""


OUTCOMES: dict[str, Callable[[Facts, Facts], dict[str, Any]]] = {
    "certificates": certificates,
    "disk": disk,
    "drift": drift,
    "records": records,
    "reindex": reindex,
    "secrets": secrets,
}
