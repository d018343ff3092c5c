# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.filter import maintenance_outcome
from ansible_collections.convosphere.platform.plugins.module_utils._core import timestamps
from ansible_collections.convosphere.platform.plugins.plugin_utils._maintenance_outcomes import OUTCOMES, outcome

RUN, CHECK = {"check_mode": False}, {"check_mode": True}


def test_the_filter_documents_its_steps():
    assert yaml.safe_load(maintenance_outcome.DOCUMENTATION)["options"]["step"]["choices"] == list(OUTCOMES)


# ---------------------------------------------------------------------------------------------------------- reindex

MEGABYTE = 1024**2
INDEX: dict[str, Any] = {
    "index": "public.ix",
    "table": "public.t",
    "bloat_bytes": 6 * MEGABYTE,
    "size_bytes": 8 * MEGABYTE,
}
REBUILT: dict[str, Any] = {
    "index": "public.ix",
    "before_bytes": 8 * MEGABYTE,
    "after_bytes": 2 * MEGABYTE,
    "seconds": 1.5,
}
NOTHING: dict[str, Any] = {"changed": False, "candidates": [], "rebuilt": [], "left": [], "dropped": []}


def test_indexes_that_are_not_bloated():
    assert outcome(NOTHING, "reindex", RUN) == {
        "status": "ok",
        "message": "0 of 0 bloated indexes rebuilt",
        "data": {"candidates": [], "rebuilt": [], "left": []},
    }


def test_rebuilt_indexes():
    left = {"index": "public.b", "reason": "max_indexes=1 is reached"}
    result = {
        **NOTHING,
        "changed": True,
        "candidates": [INDEX, {**INDEX, "index": "public.b"}],
        "rebuilt": [REBUILT],
        "left": [left],
        "dropped": ["public.a_ccnew"],
    }

    found = outcome(result, "reindex", RUN)

    assert found["status"] == "changed"
    assert found["message"] == (
        "1 of 2 bloated indexes rebuilt; 6.00 MB freed; 1 invalid ones dropped: public.a_ccnew; "
        "left: public.b, because max_indexes=1 is reached"
    )
    assert found["data"] == {"candidates": result["candidates"], "rebuilt": [REBUILT], "left": [left]}


def test_indexes_that_would_be_rebuilt():
    predicted = {**REBUILT, "after_bytes": None, "seconds": None}
    result = {**NOTHING, "changed": True, "candidates": [INDEX], "rebuilt": [predicted]}

    assert outcome(result, "reindex", CHECK)["message"] == "1 of 1 bloated indexes would be rebuilt"


# ---------------------------------------------------------------------------------------------------------- records


def test_records():
    rule = {"rule": "audit log", "records": "audit_logs", "action": "delete", "rows": 10, "remaining": 5, "held": 2}
    result = {
        "changed": True,
        "rules": [{**rule, "tables": {"audit_logs": 10}}],
        "skipped_rules": [],
        "limit": 10,
        "backup": "b1",
        "backup_missing": None,
        "record_files": ["/records/1.json"],
    }

    found = outcome(result, "records", CHECK)

    assert found == {
        "status": "changed",
        "message": "10 audit_logs would be deleted (audit log); 2 are on hold; "
        "5 more have expired, for the next run (limit=10)",
        "data": {name: result[name] for name in ("rules", "skipped_rules", "limit", "backup", "record_files")},
    }


# ---------------------------------------------------------------------------------------------------------- secrets

DAY = 86400
SECRETS: dict[str, Any] = {
    "secrets": [
        {"name": name, "source": source, "set": True, "since": since, "unchanged_since": old, "rotate": rotate}
        for name, source, since, old, rotate in [
            ("DATABASE_URL", "generated", "2025-01-01T00:00:00Z", None, "follows POSTGRES_PASSWORD"),
            ("OPENAI_API_KEY", "inventory (vault)", None, "2026-01-01T00:00:00Z", "give another value"),
            ("POSTGRES_TLS_CA", "issued", "2025-01-01T00:00:00Z", None, "no playbook rotates it"),
            ("SECRET_KEY", "generated", "2026-11-01T00:00:00Z", None, "secrets.yml -e rotate=SECRET_KEY"),
            ("UNDATED", "generated", None, None, "secrets.yml -e rotate=UNDATED"),
        ]
    ]
    + [{"name": "REDIS_PASSWORD", "source": "unset", "set": False, "rotate": ""}],
    "rotation": None,
}
NOON = {**RUN, "now": timestamps.parse_time("2026-11-30T12:00:00Z").timestamp()}


def test_old_secrets_are_named_with_their_way_and_are_no_failure():
    found = outcome(SECRETS, "secrets", {**NOON, "max_age_days": "300"})

    assert (found["status"], found["message"]) == (
        "ok",
        "1 of 5 secrets are older than 300 days: OPENAI_API_KEY (333 days; give another value)",
    )
    assert [(each["name"], each["age_days"], each["due"]) for each in found["data"]["secrets"]] == [
        ("DATABASE_URL", 698, False),
        ("OPENAI_API_KEY", 333, True),
        ("POSTGRES_TLS_CA", 698, False),
        ("SECRET_KEY", 29, False),
        ("UNDATED", None, False),
    ]


@pytest.mark.parametrize(
    ("limit", "message"), [(0, "5 secrets; there is no limit of age"), (333, "5 secrets, none older than 333 days")]
)
def test_no_secret_is_due(limit, message):
    assert outcome(SECRETS, "secrets", {**NOON, "max_age_days": limit})["message"] == message


# ----------------------------------------------------------------------------------------------------- certificates

CERTIFICATES = {**RUN, "host": "db-1", "min_days": 7, "warn_days": 30, "renewable": ["leaf"]}


def certificates(*found: tuple[str, int, int], problems: tuple[dict[str, str], ...] = ()) -> dict[str, Any]:
    """Return the outcome for certificates of a name, days left and days of their life."""
    ends = {"path": "/x", "subject": "", "expires": "2027-01-01T00:00:00Z"}
    listed = [
        {"name": name, "days_left": left, "lifetime_days": life, "share_left": 0.5, **ends}
        for name, left, life in found
    ]
    return outcome({"certificates": listed, "problems": list(problems)}, "certificates", CERTIFICATES)


@pytest.mark.parametrize(
    ("left", "life", "status", "message"),
    [
        (30, 365, "ok", "1 certificates, the first expires in 30 days"),
        (29, 365, "ok", "edge (/x) expires in 29 days, at 2027-01-01T00:00:00Z"),
        (7, 90, "ok", "edge (/x) expires in 7 days, at 2027-01-01T00:00:00Z"),
        (6, 90, "failed", "edge (/x) expires in 6 days, at 2027-01-01T00:00:00Z"),
        (-1, 365, "failed", "edge (/x) expired at 2027-01-01T00:00:00Z"),
        # The authority of the edge issues for twelve hours, ACME may for six days.
        (0, 0, "ok", "1 certificates, the first expires in 0 days"),
        (-1, 0, "failed", "edge (/x) expired at 2027-01-01T00:00:00Z"),
        (2, 6, "ok", "1 certificates, the first expires in 2 days"),
        (0, 6, "failed", "edge (/x) expires in 0 days, at 2027-01-01T00:00:00Z"),
    ],
)
def test_a_certificate_is_due_by_its_days_and_its_life(left, life, status, message):
    found = certificates(("edge", left, life))

    assert (found["status"], found["message"]) == (status, message)


def test_certificates_that_a_deploy_renews_and_those_that_cannot_be_read():
    found = certificates(
        ("leaf", 20, 397), ("edge", 200, 365), problems=({"name": "own", "path": "/y", "problem": "no such file"},)
    )

    assert found["status"] == "failed"
    assert found["message"] == (
        "own (/y): no such file; leaf (/x) expires in 20 days, at 2027-01-01T00:00:00Z; deploy.yml renews it"
    )
    assert found["data"]["warn_days"] == 30
    assert found["data"]["certificates"][0] == {
        "name": "leaf",
        "host": "db-1",
        "path": "/x",
        "days_left": 20,
        "share_left": 0.5,
        "expires": "2027-01-01T00:00:00Z",
        "renewable": True,
        "renewed": False,
    }


def test_a_host_without_certificates():
    assert certificates()["message"] == "0 certificates, this host uses none"


# ------------------------------------------------------------------------------------------------------------- disk

DISK = {**RUN, "host": "db-1", "min_free": 10, "min_days": 7}
GIGABYTE = 1024**3


def disk(free: int, until: int | None = None, growth: int | None = None) -> dict[str, Any]:
    """Return the outcome for a disk of 100 GB."""
    found = {"path": "/", "directories": ["/opt"], "size_bytes": 100 * GIGABYTE, "free_bytes": free * GIGABYTE}
    return outcome({"filesystems": [{**found, "growth_bytes_per_day": growth, "days_until_full": until}]}, "disk", DISK)


@pytest.mark.parametrize(
    ("free", "until", "status", "message"),
    [
        (10, None, "ok", "/: 10.00 GB free (10 %)"),
        (50, 7, "ok", "/: 50.00 GB free (50 %), full in 7 days"),
        (9, None, "failed", "/: 9.00 GB free (9 %), less than maintenance_disk_min_free=10 %"),
        (50, 6, "failed", "/: 50.00 GB free (50 %), full in 6 days, fewer than maintenance_disk_min_days=7"),
    ],
)
def test_a_disk_fails_by_its_free_part_or_its_days(free, until, status, message):
    found = disk(free, until)

    assert (found["status"], found["message"]) == (status, message)


def test_the_facts_of_a_disk():
    assert disk(50, 500, 5)["data"] == {
        "filesystems": [
            {
                "host": "db-1",
                "path": "/",
                "size_bytes": 100 * GIGABYTE,
                "free_bytes": 50 * GIGABYTE,
                "growth_bytes_per_day": 5,
                "days_until_full": 500,
            }
        ]
    }


# ------------------------------------------------------------------------------------------------------------ drift


def drift(count: int, *, fails: bool = False) -> dict[str, Any]:
    """Return the outcome for a number of changed files, beside the record of the release, which follows from them."""
    changes = [{"object": f"file {number}", "origin": "host"} for number in range(count)]
    release = [{"object": "release", "origin": "host"}] if count else []
    return outcome({"changes": [*changes, *release]}, "drift", {**RUN, "fails": fails})


def test_drift_is_reported_and_fails_only_if_that_is_asked_for():
    assert drift(0, fails=True) == {
        "status": "ok",
        "message": "nothing differs from what is declared",
        "data": {"differences": 0, "lines": []},
    }
    assert drift(1)["message"] == "1 differences: file 0 (host); drift.yml shows them"
    assert (drift(1)["status"], drift(1, fails=True)["status"]) == ("ok", "failed")


def test_the_lines_of_a_drift_are_bounded():
    found = drift(60)

    assert found["message"].endswith("file 4 (host), and 55 more; drift.yml shows them")
    assert (found["data"]["differences"], len(found["data"]["lines"])) == (60, 50)
