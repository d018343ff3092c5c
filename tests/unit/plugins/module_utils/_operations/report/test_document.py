# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from support import reports


def test_a_night_in_which_all_went_well():
    document = reports.document()

    assert document["verdict"] == {
        "status": "well",
        "line": "prod is well: convosphere-20261130T013000Z is verified by restore, 1 step done",
    }
    assert (document["findings"], document["not_done"], document["unread"]) == ([], [], [])
    assert (document["seconds"], document["previous_run"]) == (480, None)


def test_a_level_of_verification_counts_for_those_below_it():
    boot = reports.backup(-2, proofs=[reports.proof(-1.9)])
    found = reports.document(read=reports.facts(backups=[boot, reports.backup(0, "checksum")]))["verification"]

    assert {level: each["backup"] for level, each in found["levels"].items()} == {
        "boot": boot["id"],
        "restore": boot["id"],
        "checksum": reports.backup()["id"],
    }
    assert (found["latest"]["level"], found["failed"]) == ("checksum", None)


def test_a_backup_that_does_not_boot_keeps_what_it_passed_before():
    failed = reports.proof(0.005, result="failed", reason="users: no row", rto_seconds=None)
    found = reports.document(read=reports.facts(backups=[reports.backup(proofs=[failed])]))

    assert set(found["verification"]["levels"]) == {"restore", "checksum"}
    assert found["verification"]["failed"]["reason"] == "users: no row"
    assert found["verdict"] == {
        "status": "failed",
        "line": "prod failed: convosphere-20261130T013000Z failed its verification by boot: users: no row",
    }


def test_a_proof_that_failed_is_forgotten_after_one_that_passed():
    failed = reports.proof(-0.9, result="failed", reason="no", rto_seconds=None)
    old = reports.backup(-1, proofs=[failed])
    found = reports.document(read=reports.facts(backups=[old, reports.backup(proofs=[reports.proof(0.005)])]))

    assert found["verification"]["failed"] is None
    assert found["verdict"]["status"] == "well"


def test_the_recovery_point_is_the_longest_time_without_a_newer_verified_backup():
    kept = [reports.backup(-3), reports.backup(-1), reports.backup(-0.5, None), reports.backup(0)]

    assert reports.document(read=reports.facts(backups=kept))["recovery"]["rpo_seconds"] == 86400
    assert reports.document(read=reports.facts(backups=kept[:1]))["recovery"]["rpo_seconds"] == 3 * 86400 + 480
    assert reports.document(read=reports.facts(backups=[kept[2]]))["recovery"]["rpo_seconds"] is None


def test_administrators_are_compared_with_those_of_the_last_report():
    ada, eve = ({"email": f"{name}@x.org", "role": "admin"} for name in ("ada", "eve"))
    change = {"email": "eve@x.org", "actor": "ada@ctl", "at": reports.at(-0.1), "before": "user", "after": "admin"}
    first = reports.document(read=reports.facts(admins=[ada]))
    second = reports.document(first, read=reports.facts(admins=[eve], role_changes=[change]))
    unread = reports.document(second, read=reports.facts(admins=None))

    assert (first["admins"]["added"], first["admins"]["since"]) == ([], None)
    assert second["admins"]["added"] == [{**eve, "actor": "ada@ctl", "at": reports.at(-0.1)}]
    assert second["admins"]["removed"] == [{**ada, "actor": None, "at": None}]
    assert (unread["admins"]["current"], unread["admins"]["added"]) == ([eve], [])


def test_what_was_not_done_has_its_reason():
    steps = [
        reports.step("backup", "failed", "no space\nat all"),
        reports.step("verify", "skipped", "not without backup"),
    ]
    hosts = [
        {"name": "db-1", "steps": steps, "services": [], "problem": "No engine"},
        {"name": "app-1", "steps": None, "services": [], "problem": ""},
    ]
    run = {**reports.options()["run"], "left_out": ["drift"]}
    document = reports.document(hosts=hosts, run=run)

    assert [(each["what"], each["host"], each["reason"]) for each in document["not_done"]] == [
        ("backup", "db-1", "no space\nat all"),
        ("verify", "db-1", "not without backup"),
        ("all steps", "app-1", "it has no result"),
        ("drift", None, "it was not selected for this run"),
        ("read the services of db-1", None, "No engine"),
    ]
    assert document["verdict"]["line"] == "prod failed: backup on db-1: no space, and 2 more findings"


def test_a_message_has_no_secret_and_no_end():
    hosts = [{"name": "db-1", "steps": [reports.step("x", message=f"password=planted-1 {'x' * 5000}")], "services": []}]
    (step,) = reports.document(hosts=[{**hosts[0], "problem": ""}])["steps"]

    assert "planted-1" not in step["message"]
    assert len(step["message"]) == 2000
