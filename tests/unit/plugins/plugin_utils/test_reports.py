# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.filter.report import report
from ansible_collections.convosphere.platform.plugins.plugin_utils._reports import REPORTS

from support.collection import rendered_docs


def test_the_filter_knows_the_documented_subjects():
    assert sorted(REPORTS) == rendered_docs("filter")["report"]["doc"]["options"]["subject"]["choices"]


def test_the_filter_refuses_other_subjects_and_what_is_no_result():
    with pytest.raises(
        AnsibleFilterError, match=r"report has no subject 'wether'\. Allowed: audit, awx_schedules, backup, "
    ):
        report({}, "wether")
    with pytest.raises(AnsibleFilterError, match="takes a dictionary, and not list"):
        report([], "users")


def test_a_maintenance_run():
    steps = [
        {"step": "backup", "status": "changed", "seconds": 12.34, "message": "b1 created\nIn /backups"},
        {"step": "verify", "status": "failed", "seconds": 0.0, "message": "x" * 151},
        {"step": "prune", "status": "ok", "seconds": 0.0, "message": "y" * 150},
        {"step": "health", "status": "ok", "seconds": 0.0, "message": ""},
    ]

    assert report({"steps": steps}, "maintenance") == [
        "STEP         RESULT    SECONDS  MESSAGE",
        "backup       changed      12.3  b1 created",
        f"verify       failed        0.0  {'x' * 147}...",
        f"prune        ok            0.0  {'y' * 150}",
        "health       ok            0.0  ",
    ]


@pytest.mark.parametrize(
    ("images", "check_mode", "text"),
    [
        ([], False, "2 releases and 0 images removed"),
        (["a"], False, "2 releases and 1 images (1.00 KB) removed"),
        (["a"], True, "2 releases and 1 images (1.00 KB) would be removed"),
    ],
)
def test_prune(images, check_mode, text):
    result = {"releases": ["r1", "r2"], "images": images, "size_bytes": 1024}

    assert report(result, "prune", {"check_mode": check_mode}) == [text]


STACK = {"environment": "dev", "host": "dev-1", "directory": "/opt/dev", "url": "http://localhost", "admin": ""}


def service(**more: Any) -> dict[str, Any]:
    return {"name": "backend", "health": "healthy", "state": "running", "version": "1", "sandbox": False, **more}


@pytest.mark.parametrize(
    ("found", "lines"),
    [
        (service(), ["backend    healthy    1"]),
        (service(sandbox=True), ["backend    healthy    1            sandbox stand-in"]),
        (service(health=None, version=None), ["backend    running    -"]),
        (
            service(memory_bytes=1024, cpu_percent=1.5),
            ["backend    healthy    1", f"{'':10} 1.5% of a processor, 1.00 KB of memory"],
        ),
        (service(memory_bytes=None, cpu_percent=None), ["backend    healthy    1"]),
    ],
)
def test_a_service_of_a_stack(found, lines):
    assert report({"services": [found]}, "stack", STACK)[: 1 + len(lines)] == ["SERVICE    HEALTH     VERSION", *lines]


def test_the_login_is_shown_if_there_is_a_default_administrator():
    lines = report({"services": []}, "stack", {**STACK, "admin": "root"})

    assert lines[1:5] == [
        "URL        http://localhost",
        "Login      user root, password DEFAULT_ADMIN_PASSWORD:",
        "           ansible-playbook secrets.yml -e env=dev -e fetch_to=~/dev.env",
        "             -e names=DEFAULT_ADMIN_PASSWORD",
    ]
    assert report({"services": []}, "stack", {**STACK, "url": ""}) == ["SERVICE    HEALTH     VERSION"]
    assert "DEFAULT_ADMIN_PASSWORD" not in "\n".join(report({"services": []}, "stack", STACK))
    assert lines[5] == "Next       ansible-playbook health.yml -e env=dev"


PERIOD = {"active": True, "until": "2026-11-29T06:00:00Z", "reason": "", "operators": [], "retry_after": 300}


@pytest.mark.parametrize(
    ("period", "lines"),
    [
        (None, ["The edge serves, there is no maintenance"]),
        (
            {**PERIOD, "reason": "We move.", "operators": ["10.0.0.0/8", "192.0.2.7"]},
            [
                "MAINTENANCE until 2026-11-29T06:00:00Z: We move.",
                "           the edge answers 503; let through: 10.0.0.0/8, 192.0.2.7",
                "           ansible-playbook edge_maintenance.yml -e env=dev -e state=off",
            ],
        ),
        ({**PERIOD, "active": False}, ["MAINTENANCE ended by itself at 2026-11-29T06:00:00Z. The edge serves"]),
    ],
)
def test_a_maintenance_of_the_edge(period, lines):
    assert report({"maintenance": period}, "edge_maintenance", {"environment": "dev"}) == lines


def test_a_maintenance_shows_in_the_report_of_the_stack():
    lines = report({"services": [], "maintenance": PERIOD}, "stack", STACK)

    assert "MAINTENANCE until 2026-11-29T06:00:00Z" in lines
    assert not [line for line in report({"services": []}, "stack", STACK) if "MAINTENANCE" in line]


def test_a_bundle():
    written = {"changed": True, "images": [{}, {}], "size_bytes": 1 << 20, "sha256": "abc"}
    context = {"archive": "/srv/a.tar", "check_mode": False}

    assert report(written, "bundle", context)[:2] == ["2 images, 1.00 MB, in /srv/a.tar", "sha256 abc"]
    assert report(written, "bundle", {**context, "check_mode": True}) == ["/srv/a.tar would be written"]
    assert report({**written, "changed": False}, "bundle", context) == ["/srv/a.tar has these 2 images already"]


def test_health():
    components = {
        "database": {"status": "healthy", "latency_ms": 1.2},
        "cache": {"status": "healthy", "latency_ms": 0},
        "vector_db": {"status": "unhealthy", "latency_ms": None},
    }

    assert report({"components": components, "versions": {"cache": "7.2"}}, "health") == [
        "database in 1.2 ms, cache 7.2 in 0 ms, vector_db unhealthy"
    ]
    assert report({"components": {}, "versions": {}}, "health") == [""]


def test_users():
    result = {"created": ["a"], "updated": ["b", "c"], "deleted": [], "unchanged": ["d"]}

    assert report(result, "users") == ["1 created, 2 updated, 0 deleted, 1 unchanged"]


def test_an_audit_lists_each_finding_up_to_the_limit():
    queries = [
        {"item": {"key": "locked"}, "users": [{"email": "a@b"}, {"email": "c@d"}], "total": 3},
        {"item": {"key": "inactive"}, "users": [], "total": 0},
    ]
    changes = [
        {"at": "t1", "email": "a@b", "before": None, "after": "user", "actor": "x"},
        {"at": "t2", "email": "a@b", "before": "user", "after": "admin", "actor": "y"},
        {"at": "t3", "email": "c@d", "before": "user", "after": "admin", "actor": "y"},
    ]
    unreadable = [{"kind": "user", "name": "e", "id": "7", "reasons": ["no name", "locked"]}]
    rows = {"users": [{"email": "e@f"}], "total": 1, "role_changes": changes, "unreadable": unreadable}

    assert report({"queries": queries, "rows": rows}, "users_audit", {"limit": "2"}) == [
        "locked: 3",
        "  a@b",
        "  c@d",
        "  and 1 more: raise users_audit_limit to list them",
        "inactive: 0",
        "local_without_password: 1",
        "  e@f",
        "role_changes: 3",
        "  t3 c@d: user -> admin, by y",
        "  t2 a@b: user -> admin, by y",
        "  and 1 more: raise users_audit_limit to list them",
        "breaks_the_user_list: 1",
        "  user e (7): no name, locked",
    ]


RELEASE = {
    "id": "20261123T114500123Z",
    "released_at": "2026-11-23T11:45:00+00:00",
    "released_by": "alice",
    "restored_from": None,
    "rolled_back_from": None,
    "images": [{"service": "web", "reference": "registry:5000/web:1", "image_id": "0283efa179da", "hosts": ["dev-1"]}],
    "hosts": {"dev-1": "20261123T114500123Z"},
    "changed": ["dev-1"],
    "schema_revisions": ["a", "b"],
    "serves": True,
    "missing": [],
    "refusal": None,
}


def test_the_releases():
    unknown = dict.fromkeys(RELEASE) | {"id": "20261122T000000000Z", "images": [], "missing": ["file release.json"]}
    unknown["hosts"] = {"dev-1": "20261122T000000000Z"}
    restored = {"restored_from": "1", "rolled_back_from": "2", "refusal": "The database is newer."}

    assert report({"releases": [RELEASE, {**unknown, **restored}]}, "releases", STACK) == [
        "20261123T114500123Z  2026-11-23T11:45:00+00:00  by alice  serves",
        "  web        registry:5000/web:1@0283efa179da",
        "  schema     a, b",
        "20261122T000000000Z  -  by -",
        "  restored   1, rolled back from 2",
        "  schema     not recorded",
        "  missing    file release.json",
        "  rollback   refused. The database is newer.",
        "Roll back: ansible-playbook rollback.yml -e env=dev -e release=<id>",
    ]
    assert report({"releases": []}, "releases", STACK) == ["dev has no release on dev-1"]


def test_the_releases_of_several_hosts_name_the_hosts():
    images = [{**RELEASE["images"][0], "hosts": ["app-1", "app-2"]}]
    release = {**RELEASE, "hosts": {"db": "1", "app-1": "2", "app-2": "2"}, "changed": ["app-1"], "images": images}

    lines = report({"releases": [release]}, "releases", {**STACK, "left_out": ["edge"]})

    assert lines[0] == "Without edge, which this run leaves out"
    assert lines[2:4] == ["  changed    app-1", "  web        registry:5000/web:1@0283efa179da on app-1, app-2"]


def test_a_rollback_over_several_hosts_names_those_on_which_it_changed_something():
    result = {"serving": "2", "target": "1", "recorded": {"db": "1", "app-1": "3", "app-2": "3"}}

    lines = report(result, "rollback_of_several", STACK)
    again = report({**result, "recorded": {"db": "1", "app-1": "2", "app-2": "2"}}, "rollback_of_several", STACK)

    assert lines[0] == "Rolled back from the release 2 to 1, recorded as 3 on app-1, app-2"
    assert again[0] == "The release 1 serves already"
    assert lines[1].startswith("The next deploy deploys what the inventory describes")


def test_a_rollback_names_both_releases_and_what_the_next_deploy_does():
    release = {"id": "3", "restored_from": "1", "rolled_back_from": "2"}
    result = {"services": [], "release": release}

    lines = report({**result, "changed": True}, "rollback", STACK)
    again = report({**result, "changed": False}, "rollback", STACK)
    first = report({**result, "changed": False, "release": {"id": "3"}}, "rollback", STACK)

    assert lines[0] == "Rolled back from the release 2 to 1, recorded as 3"
    assert lines[1].startswith("The next deploy deploys what the inventory describes")
    assert again[0] == "The release 1 serves already"
    assert first[0] == "The release 3 serves already"
    assert lines[2:] == report(result, "stack", STACK)
