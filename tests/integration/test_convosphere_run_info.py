# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The records of runs that the lock wrote, beside the rows of the audit trail that the same runs wrote."""

from __future__ import annotations

import json
from unittest.mock import ANY

import pytest

from support.law import Refused, Step
from support.platform_database import PlatformDatabase

MODULE = "convosphere_run_info"
LOCK = "convosphere_run_lock"


@pytest.mark.law
def test_law(run_info_law, run_steps, tables, tmp_path):
    database = PlatformDatabase(tables)
    runs = tmp_path / "log/dev.runs.jsonl"
    lock = {"path": str(tmp_path / "lock"), "run_id": "4711", "holder": "ada", "purpose": "users.yml of dev"}
    users = {**database.login, "users": [{"email": "eve@example.com", "username": "eve"}]}
    groups = {**database.login, "groups": [{"name": "x"}]}
    run_steps(
        LOCK,
        [
            Step("take", {**lock, "runs_file": str(runs)}, changed=True),
            Step("write", {**users, "audit_run": "4711", "audit_actor": "ada@vm"}, module="convosphere_user"),
            Step("write alone", {**groups, "audit_run": "1"}, module="convosphere_group"),
            Step("release", {**lock, "state": "absent", "runs_file": str(runs), "result": "failed"}, changed=True),
        ],
    )

    change = {"at": ANY, "description": "Created user eve@example.com by ada@vm"}
    run = {
        **json.loads(runs.read_text()),
        "changes": [change],
        "changes_total": 1,
    }
    assert (run["who"], run["what"], run["result"], run["run"]) == ("ada", "users.yml of dev", "failed", "4711")
    other = {"run": "1", "at": ANY, "description": ANY, "changes_total": 1}
    options = {**database.login, "project_name": "dev", "runs_file": str(runs)}
    run_info_law(
        MODULE,
        {**options, "rows": True, "since": "1h"},
        returns={"runs": [run], "other_changes": [other], "rows_problem": None},
        refused=[
            Refused("no period", {**options, "since": "soon"}, "since is 'soon'. Allowed: a period"),
            Refused("no number", {**options, "limit": 0}, "limit is 0"),
        ],
    )


def test_the_records_are_returned_without_a_database(run_steps, tmp_path):
    runs = tmp_path / "dev.runs.jsonl"
    options = {"project_name": "dev", "runs_file": str(runs), "login_port": 9, "login_password": "planted-password"}
    lock = {"path": str(tmp_path / "lock"), "run_id": "1", "runs_file": str(runs)}
    run = run_steps(
        MODULE,
        [
            Step("none", options, returns={"runs": [], "other_changes": [], "rows_problem": None}),
            Step("take", lock, module=LOCK),
            Step("release", {**lock, "state": "absent", "details": {"backup": "ok"}}, module=LOCK),
            Step("no server", {**options, "rows": True}, changed=False),
        ],
    )

    found = run.task("no server").result
    assert [(each["run"], each["result"], each["details"]) for each in found["runs"]] == [("1", "ok", {"backup": "ok"})]
    assert "login_port" in found["rows_problem"] or "9" in found["rows_problem"]


def test_the_next_run_records_an_interrupted_one_and_a_refused_run_has_no_record(run_steps, tmp_path):
    runs = tmp_path / "dev.runs.jsonl"
    releases = tmp_path / "releases"
    releases.mkdir()
    (releases / "current").symlink_to("20261129T100000000Z")
    killed, second, refused = (
        {"path": str(tmp_path / "lock"), "run_id": run_id, "holder": "ada", "runs_file": str(runs)}
        for run_id in ("killed", "second", "refused")
    )
    run_steps(
        LOCK,
        [
            Step("take", {**killed, "lease": 1}, changed=True),
            Step("take over", {**second, "wait_timeout": 10}, changed=True),
            Step("refuse", refused, fails="is in progress"),
            Step("end of the refused run", {**refused, "state": "absent"}, changed=False),
            Step("end of the killed run", {**killed, "state": "absent"}, changed=False),
            Step("check", {**second, "state": "absent"}, check=True, changed=True),
            Step("end", {**second, "state": "absent", "releases_dir": str(releases)}, changed=True),
            Step("again", {**second, "state": "absent"}, changed=False),
        ],
    )

    found = [json.loads(line) for line in runs.read_text().splitlines()]
    assert [(each["run"], each["result"], each["release"]) for each in found] == [
        ("killed", "interrupted", None),
        ("second", "ok", "20261129T100000000Z"),
    ]


def test_a_record_that_cannot_be_written_does_not_keep_the_lock(run_steps, tmp_path):
    (tmp_path / "file").write_text("")
    lock = {"path": str(tmp_path / "lock"), "run_id": "1", "runs_file": str(tmp_path / "file/runs")}
    run = run_steps(LOCK, [Step("take", lock), Step("release", {**lock, "state": "absent"}, changed=True)])

    assert "The record of the run 1 was not written: Cannot create" in str(run.task("release").result["warnings"])
    assert not (tmp_path / "lock").exists()
