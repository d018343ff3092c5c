# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._maintenance import blockers, failure_results, plan

from support.collection import ROOT, load_yaml

KNOWN: dict[str, Any] = {
    "backup": {"timeout": 14400, "needs": []},
    "verify": {"timeout": 14400, "needs": ["backup"]},
    "retention": {"timeout": 600, "needs": ["backup", "verify"]},
}
STEPS = ["backup", "verify", "retention"]


def problems(selected: Any, timeouts: dict[str, Any] | None = None) -> list[str]:
    found: list[str] = plan(KNOWN, selected, timeouts or {})["problems"]
    return found


def failure(step: str, *, check_mode: bool = False, action: str = "convosphere_x", **details: Any) -> dict[str, Any]:
    return {
        "step": step,
        "seconds": 1.5,
        "task": "Do it",
        "action": action,
        "message": "no",
        "details": details,
        "outcome": {"status": "changed", "message": "verified", "backup": "b1"},
        "check_mode": check_mode,
    }


def result(step: str, status: str, **more: Any) -> dict[str, Any]:
    return {"step": step, "status": status, **more}


# ------------------------------------------------------------------------------------------------------------- plan


@pytest.mark.parametrize(
    "selected", ["retention,backup", "retention, backup", ["retention", "backup"], ["retention,backup"]]
)
def test_steps_run_in_the_order_of_the_role(selected):
    assert plan(KNOWN, selected, {})["steps"] == ["backup", "retention"]


def test_a_host_without_the_database_runs_the_other_steps():
    known = {**{step: {**KNOWN[step], "database": True} for step in KNOWN}, "prune": {"timeout": 900, "needs": []}}

    assert plan(known, [*STEPS, "prune"], {}, has_database=False)["steps"] == ["prune"]
    assert plan(known, [*STEPS, "prune"], {})["steps"] == [*STEPS, "prune"]
    assert plan(known, STEPS, {}, has_database=False) == {**plan(known, STEPS, {}), "steps": []}


def test_a_step_that_is_not_named_keeps_its_timeout():
    assert plan(KNOWN, STEPS, {"verify": 60}) == {
        "steps": STEPS,
        "timeouts": {"backup": 14400, "verify": 60, "retention": 600},
        "problems": [],
    }


def test_unknown_steps_are_refused_with_the_known_ones():
    allowed = "Allowed: backup, verify, retention"

    assert problems(["backup", "verfy"]) == [f"There is no maintenance step 'verfy'. {allowed}"]
    assert problems([]) == [f"No maintenance step is selected. Name at least one in maintenance_steps. {allowed}"]
    assert problems(" , ") == problems([])
    assert problems(STEPS, {"bakup": 1}) == [
        f"maintenance_timeouts names the step 'bakup', which does not exist. {allowed}"
    ]


@pytest.mark.parametrize("seconds", [0, -1, "60", 1.5, True, None])
def test_a_timeout_is_a_number_of_seconds(seconds):
    assert problems(STEPS, {"backup": seconds}) == [
        f"maintenance_timeouts.backup is '{seconds}'. Allowed: a number of seconds, at least 1"
    ]


def test_the_steps_of_the_role_need_steps_before_them():
    known = load_yaml(ROOT / "roles/maintenance/vars/main.yml")["__maintenance_known"]

    for number, (step, settings) in enumerate(known.items()):
        assert set(settings["needs"]) <= set(list(known)[:number]), step
    assert known["retention"]["needs"] == ["backup", "verify"]


# --------------------------------------------------------------------------------------------------------- blockers


@pytest.mark.parametrize(
    ("done", "blocking"),
    [
        ([], []),
        ([result("backup", "changed"), result("verify", "ok")], []),
        ([result("backup", "failed"), result("verify", "skipped")], ["backup", "verify"]),
        ([result("verify", "failed", not_loaded="b1")], []),
        ([result("vacuum", "failed"), result("copy", "failed")], []),
    ],
)
def test_failed_and_skipped_steps_block_those_that_need_them(done, blocking):
    assert blockers(done, ["backup", "verify"]) == blocking


# --------------------------------------------------------------------------------------------------------- failures


def test_a_step_that_fails_is_recorded_with_its_task():
    assert failure_results(failure("vacuum"), []) == [
        {"step": "vacuum", "seconds": 1.5, "status": "failed", "task": "Do it", "message": "no"}
    ]


@pytest.mark.parametrize(
    ("details", "blocking"),
    [
        ({"verdict": "corrupt"}, ["verify"]),
        ({"verdict": "could not tell"}, ["verify"]),
        ({"verdict": "could not tell", "not_loaded": "convosphere-20261128T173501Z"}, []),
        ({"verdict": "does not boot", "backup": "convosphere-20261128T173501Z"}, ["verify"]),
    ],
    ids=["corrupt", "could not tell", "does not load here", "does not boot"],
)
def test_only_a_backup_that_is_whole_and_does_not_load_here_lets_retention_follow(details, blocking):
    done = failure_results(failure("verify", **details), [])

    assert [each["status"] for each in done] == ["failed"]
    assert blockers(done, KNOWN["retention"]["needs"]) == blocking


def test_a_target_that_is_missed_fails_the_step_with_its_facts_and_lets_retention_follow():
    data = {"level": "boot", "backup": "b1", "rto_seconds": 38.2, "rpo_seconds": 60.0, "boot": "passed"}
    failed = failure("verify", action="ansible.builtin.assert")
    failed["outcome"]["data"] = data

    [done] = failure_results(failed, [])

    assert (done["status"], done["data"], done["backup"]) == ("failed", data, "b1")
    assert blockers([done], KNOWN["retention"]["needs"]) == []


def test_a_backup_that_does_not_boot_is_named_with_its_facts():
    [done] = failure_results(failure("verify", verdict="does not boot", backup="b1", rpo_seconds=60.0), [])

    assert done["data"]["boot"] == "failed"
    assert (done["data"]["backup"], done["data"]["rpo_seconds"]) == ("b1", 60.0)


@pytest.mark.parametrize(
    ("check_mode", "verb"), [(False, "is complete on the host"), (True, "would be complete on the host")]
)
def test_a_backup_of_which_only_copies_failed_succeeded(check_mode, verb):
    backup, copy = failure_results(failure("backup", check_mode=check_mode, places=["/mnt"], backup="b1"), [])

    assert backup == {
        "step": "backup",
        "seconds": 1.5,
        "status": "changed",
        "backup": "b1",
        "message": f"b1 {verb}",
    }
    assert copy == {"step": "copy", "seconds": 0.0, "status": "failed", "task": "Do it", "message": "no"}


def test_a_backup_that_was_not_made_failed_even_if_copies_failed_too():
    (backup,) = failure_results(failure("backup", places=["/mnt"], backup=None), [])

    assert (backup["step"], backup["status"]) == ("backup", "failed")


@pytest.mark.parametrize(
    ("deleted", "status", "message"),
    [([], "ok", "0 backups removed"), (["b1", "b2"], "changed", "2 backups removed: b1, b2")],
)
def test_retention_of_which_only_copies_failed_succeeded(deleted, status, message):
    retention, copy = failure_results(failure("retention", places=["/mnt"], deleted=deleted), [])

    assert (retention["status"], retention["message"], copy["step"]) == (status, message, "copy")


@pytest.mark.parametrize("namespace", ["", "convosphere.platform."])
def test_a_verification_that_cannot_be_recorded_in_copies_succeeded(namespace):
    found = failure_results(failure("verify", action=f"{namespace}convosphere_db_backup_copy"), [])

    assert [(each["step"], each["status"]) for each in found] == [("verify", "changed"), ("copy", "failed")]
    assert found[0]["backup"] == "b1"


def test_the_copies_fail_once_in_a_run():
    before, copy = result("backup", "changed"), result("copy", "failed")
    failed = failure("retention", places=["/mnt"])

    assert [each["step"] for each in failure_results(failed, [before])] == ["retention", "copy"]
    assert [each["step"] for each in failure_results(failed, [before, copy])] == ["retention"]


def test_places_mean_nothing_to_other_steps():
    (found,) = failure_results(failure("vacuum", places=["/mnt"], backup="b1"), [])

    assert found["status"] == "failed"
