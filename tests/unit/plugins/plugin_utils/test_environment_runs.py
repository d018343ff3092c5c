# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.filter.environment_runs import environment_runs
from ansible_collections.convosphere.platform.plugins.filter.report import report

GROUPS = {"prod": ["edge", "db"], "database": ["db"], "app": ["db"], "edge": ["edge"]}


def run(number: int, **more: Any) -> dict[str, Any]:
    return {
        "run": str(number),
        "who": "ada",
        "what": "users.yml of prod",
        "since": "2026-11-29T10:00:00Z",
        "until": f"2026-11-29T10:00:{number:02}Z",
        "seconds": number,
        "result": "ok",
        "release": None,
        "details": None,
        **more,
    }


def host(*runs: dict[str, Any], others: Any = (), problem: str | None = None) -> dict[str, Any]:
    return {"runs": list(runs), "other_changes": list(others), "rows_problem": problem}


def test_the_runs_of_all_hosts_are_in_the_order_of_their_ends():
    change = {"at": "2026-11-29T10:00:01Z", "description": "Created user eve by ada@vm"}
    other = {"run": "9", "at": "2026-11-29T10:00:05Z", "description": "Deleted user bob by eve@vm", "changes_total": 2}
    own = {**other, "run": "2"}
    users = run(1, changes=[change], changes_total=12)
    deploy = run(
        3,
        what="deploy.yml of prod",
        result="failed",
        release="r1",
        details={"backup": "ok", "filesystems": [{"path": "/"}]},
    )
    deploy["failures"] = [{"module": "convosphere_stack", "message": "The backend crashed.\nIts log", "at": "x"}]
    found = environment_runs({"db": host(users, deploy, others=[other, own]), "edge": host(run(2))}, "prod", GROUPS)

    assert report(found, "audit") == [
        "2026-11-29T10:00:01Z ok          users.yml of prod on db by ada, 1 s, run 1",
        "    2026-11-29T10:00:01Z Created user eve by ada@vm",
        "    and 11 more changes",
        "2026-11-29T10:00:02Z ok          users.yml of prod on edge by ada, 2 s, run 2",
        "2026-11-29T10:00:03Z failed      deploy.yml of prod on db by ada, 3 s, release r1, run 3",
        "    convosphere_stack: The backend crashed.",
        "    backup: ok",
        "2026-11-29T10:00:05Z no record   2 changes of run 9: Deleted user bob by eve@vm",
    ]


def test_a_database_that_cannot_be_read_is_named():
    found = environment_runs({"db": host(problem="no server")}, "prod", GROUPS)

    assert report(found, "audit") == [
        "There is no record of a run of prod in this period",
        "The platform's audit trail cannot be read on db: no server",
    ]
