# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import measured

from support import reports

DISK: dict[str, Any] = {"filesystems": [{"path": "/var", "size_bytes": 100, "free_bytes": 50}]}


def hosts(*steps: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "db-1", "steps": list(steps)}, {"name": "app-1", "steps": None}]


def test_a_value_that_was_not_measured_is_that_of_the_run_that_did_at_its_time():
    first = {"measured": measured.merged(hosts(reports.step("disk", data=DISK)), None, "t1")}
    second = measured.merged(hosts(reports.step("health")), first, "t2")

    assert second == first["measured"]
    assert second["disk"] == {"at": "t1", "rows": [{"host": "db-1", **DISK["filesystems"][0]}], "more": {}}


def test_lines_and_other_values_are_kept():
    found = measured.merged(hosts(reports.step("drift", data={"differences": 2, "lines": ["a", "b"]})), None, "t1")

    assert found["drift"]["rows"] == [{"host": "db-1", "text": "a"}, {"host": "db-1", "text": "b"}]
    assert found["drift"]["more"] == {"differences": 2}


def test_a_step_succeeds_if_it_does_on_every_host():
    both = [{"name": name, "steps": [reports.step("prune", status)]} for name, status in (("a", "ok"), ("b", "failed"))]
    earlier = {"last_success": {"prune": "t0", "backup": "t0"}}

    assert measured.last_success(both, earlier, "t1") == {"prune": "t0", "backup": "t0"}
    assert measured.last_success(both[:1], earlier, "t1") == {"prune": "t1", "backup": "t0"}
    assert measured.last_success(hosts(reports.step("x", "skipped")), None, "t1") == {}


def test_a_partial_run_updates_its_own_steps_and_a_full_one_replaces_all():
    night: dict[str, Any] = {"steps": []}
    night |= {
        "last_results": measured.last_results(
            hosts(reports.step("backup", "failed"), reports.step("health")), None, partial=False
        )
    }
    health = hosts(reports.step("health", "failed"))

    def statuses(found: list[dict[str, Any]]) -> dict[str, str]:
        return {each["step"]: each["status"] for each in found}

    assert statuses(night["last_results"]) == {"backup": "failed", "health": "ok"}
    assert statuses(measured.last_results(health, night, partial=True)) == {"backup": "failed", "health": "failed"}
    assert statuses(measured.last_results(health, night, partial=False)) == {"health": "failed"}


def test_a_partial_run_keeps_the_results_of_a_report_of_an_earlier_version():
    earlier = {"steps": [{"host": "db-1", "step": "backup", "status": "failed", "message": "full", "seconds": 1.0}]}

    assert measured.last_results(hosts(reports.step("health")), earlier, partial=True)[0] == {
        "host": "db-1",
        "step": "backup",
        "status": "failed",
        "seconds": 1.0,
    }
