# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A night of an environment `prod`, as convosphere_report sees it: options, facts, and the documents of many nights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.timestamps import format_time
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import document as documents
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report.facts import Facts

NIGHT = datetime(2026, 11, 30, 1, 30, tzinfo=UTC)
GIB = 1024**3


def at(days: float = 0.0) -> str:
    """Return a time so many days after the begin of the night."""
    return format_time(NIGHT + timedelta(days=days))


def step(name: str, status: str = "ok", message: str = "done", **more: Any) -> dict[str, Any]:
    """Return the result of a step."""
    return {"step": name, "status": status, "seconds": 12.4, "message": message, **more}


def backup(days: float = 0.0, level: str | None = "restore", **more: Any) -> dict[str, Any]:
    """Return a backup of that night, as the facts have it."""
    identifier = f"convosphere-{NIGHT + timedelta(days=days):%Y%m%dT%H%M%SZ}"
    verified = {"level": level, "at": at(days + 0.004), "duration": 30.0, "host": "db-1"} if level else None
    size = int(GIB * (1.4 + days / 400))
    return {
        "id": identifier,
        "label": "nightly",
        "pinned": False,
        "created_at": at(days),
        "duration": 41.5,
        "verified": verified,
        "damaged_at": None,
        "not_loaded": None,
        "bytes": size,
        "database_bytes": 5 * size,
        "proofs": [],
        **more,
    }


def proof(days: float, level: str = "boot", result: str = "passed", **more: Any) -> dict[str, Any]:
    """Return an entry of a manifest's proofs."""
    measured = {"host": "db-1", "seconds": 118.0, "rto_seconds": 118.0, "rpo_seconds": 0, "reason": None}
    return {"at": at(days), "level": level, "result": result, **measured, **more}


def service(name: str, **more: Any) -> dict[str, Any]:
    """Return a service, as convosphere_service_info describes it."""
    return {
        "name": name,
        "state": "running",
        "health": "healthy",
        "version": "0.1.2-beta",
        "image": f"{name}:0.1.2",
        "restarts": 0,
        "started_at": at(-3),
        "sandbox": False,
        **more,
    }


def options(**more: Any) -> dict[str, Any]:
    """Return the options of convosphere_report for a night in which all went well."""
    hosts = [{"name": "db-1", "steps": [step("backup", "changed")], "services": [service("postgres")], "problem": ""}]
    run = {"id": "4711", "started": at(), "ended": at(8 / 1440), "operator": "ada", "left_out": [], "partial": False}
    return {
        "environment_name": "prod",
        "run": run,
        "hosts": hosts,
        "retention": None,
        "expires_within": 30,
        "rto_target": 0,
        "rpo_target": 0,
        **more,
    }


def facts(**more: Any) -> Facts:
    """Return what was read in such a night."""
    return Facts(**{"backups": [backup()], "database_bytes": 7 * GIB, "admins": [], **more})


def document(previous: Mapping[str, Any] | None = None, *, read: Facts | None = None, **more: Any) -> dict[str, Any]:
    """Return the document of a night."""
    return documents.compose(options(**more), read or facts(), previous)


def night(number: int, previous: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the document of the night ``number`` days before the last one, with everything a report can have."""
    day = -float(number)
    kept = [backup(day - age) for age in range(7, -1, -1)]
    for each in kept:
        each["bytes"] = int(each["bytes"] * (1 + 0.02 * math.sin(float(each["created_at"][8:10]))))
        each["duration"] = round(38 + 5 * math.sin(each["bytes"] / 1e7) + each["bytes"] / 1e9, 1)
    kept[-1]["proofs"] = [proof(day + 0.005, rto_seconds=round(108 + 14 * math.sin(number) + (120 - number) / 8, 1))]
    admins = [{"email": "ada@example.com", "role": "super_admin"}]
    admins += [{"email": "eve@example.com", "role": "admin"}] if number == 0 else []
    changes = [
        {"email": "eve@example.com", "actor": "ada@ctl", "at": at(day - 0.4), "before": "user", "after": "admin"}
    ]
    return document(
        previous,
        read=Facts(kept, _secrets(), _overrides(day), int(GIB * (6 + (120 - number) / 90)), _tables(), admins, changes),
        run={
            "id": str(4711 - number),
            "started": at(day),
            "ended": at(day + 9 / 1440),
            "operator": "awx",
            "left_out": [],
            "partial": False,
        },
        hosts=_hosts(day),
        rto_target=180,
        rpo_target=86400 + 3600,
        retention={"keep_within": "14d"},
    )


def nights(count: int = 120) -> dict[str, Any]:
    """Return the document of the last of so many nights."""
    found: dict[str, Any] | None = None
    for number in range(count - 1, -1, -1):
        found = night(number, found)
    assert found
    return found


def _hosts(day: float) -> list[dict[str, Any]]:
    certificate = {"name": "edge", "path": "/opt/convosphere/prod/tls/edge.crt", "renewable": False, "renewed": False}
    certificates = [{**certificate, "host": "edge-1", "days_left": 11, "expires": at(11.3), "share_left": 0.13}]
    disks = [
        {"path": "/var/backups/convosphere", "size_bytes": 480 * GIB, "free_bytes": 61 * GIB},
        {"path": "/var/lib/docker", "size_bytes": 240 * GIB, "free_bytes": 133 * GIB},
    ]
    growth = {"growth_bytes_per_day": 3 * GIB, "days_until_full": 20}
    unknown = {"growth_bytes_per_day": None, "days_until_full": None}
    steps = [
        step("backup", "changed", "convosphere-20261130T013000Z created in 41.5 s: 1.41 GB of 7.33 GB, 32 tables"),
        step(
            "verify", "changed", "convosphere-20261130T013000Z verified (boot): 32 tables, 1204331 rows", seconds=131.0
        ),
        step("retention", "changed", "1 backup removed: convosphere-20261122T013000Z", seconds=4.9),
        step("vacuum", "ok", "0 of 32 tables vacuumed or analyzed", seconds=7.9),
        step(
            "overrides", "skipped", "the inventory has other changes that are not deployed yet: deploy, then run again"
        ),
        step(
            "certificates",
            "ok",
            "edge (/opt/convosphere/prod/tls/edge.crt) expires in 11 days",
            data={"certificates": certificates, "warn_days": 14},
        ),
        step("disk", "ok", "2 file systems", data={"filesystems": [{**disks[0], **growth}, {**disks[1], **unknown}]}),
        step("secrets", "ok", "3 secrets, none older than 180 days", data={"secrets": _aged(), "max_age_days": 180}),
        step("health", "ok", "prod is healthy", seconds=11.2),
    ]
    names = ("postgres", "redis", "weaviate", "backend", "frontend", "edge")
    services = [service(name, started_at=at(day - 2)) for name in names]
    return [{"name": "prod-1", "steps": steps, "services": services, "problem": ""}]


def _aged() -> list[dict[str, Any]]:
    ages = {"SECRET_KEY": 171, "POSTGRES_PASSWORD": 90, "REDIS_PASSWORD": 90}
    return [{"name": name, "source": "generated", "age_days": age, "due": False} for name, age in ages.items()]


def _secrets() -> dict[str, dict[str, Any]]:
    return {"SECRET_KEY": {"since": at(-171), "unchanged_since": at(-171)}}


def _overrides(day: float) -> list[dict[str, Any]]:
    note = {"value": "DEBUG", "reason": "Uploads of one customer fail", "by": "ada", "at": at(day - 1)}
    return [{"name": "LOG_LEVEL", **note, "until": at(2), "active": True}]


def _tables() -> list[dict[str, Any]]:
    sizes = {"messages": 3.1, "document_chunks": 2.2, "audit_logs": 0.9, "conversations": 0.2, "users": 0.01}
    return [
        {
            "name": name,
            "bytes": int(size * GIB),
            "index_bytes": int(size * GIB / 4),
            "rows": int(size * 420000),
            "dead_ratio": 0.02,
        }
        for name, size in sizes.items()
    ]
