# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from unittest.mock import ANY

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import lease
from ansible_collections.convosphere.platform.plugins.module_utils._core.lease import PATH_VARIABLE, RUN_VARIABLE

from support.law import Case, Refused, Step
from support.module_process import run_module

MODULE = "convosphere_run_lock"


@pytest.mark.law
def test_law(run_law, tmp_path):
    path = str(tmp_path / "locks/dev.maintenance")
    mine = {"path": path, "run_id": "4711", "holder": "nightly", "purpose": "The maintenance of dev"}
    other = {"path": path, "run_id": "4712"}
    held = {"run_id": "4711", "holder": "nightly", "purpose": "The maintenance of dev", "since": ANY, "until": ANY}
    foreign = tmp_path / "foreign"
    foreign.write_text("something else\n")
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                {**mine, "lease": 600},
                diff={"before": {}, "after": {path: held}},
                returns={"lease": held, "abandoned": None},
            ),
            Case(
                "change",
                {**mine, "lease": 1200},
                diff={"before": {path: {"until": ANY}}, "after": {path: {"until": ANY}}},
                returns={"lease": held},
            ),
            Case(
                "extended",
                {"state": "extended", "lease": 300},
                diff={"before": {path: {"until": ANY}}, "after": {path: {"until": ANY}}},
                returns={"lease": held, "failures": []},
            ),
            Case(
                "absent",
                {**mine, "state": "absent"},
                diff={"before": {path: held}, "after": {}},
                returns={"lease": None},
            ),
            Case("create for the next", {**mine, "lease": 600}, diff={"before": {}, "after": {path: held}}),
        ],
        refused=[
            Refused("held by another run", other, "The maintenance of dev is in progress: nightly (run 4711) has held"),
            Refused("a file of another kind", {**other, "path": str(foreign)}, "is not a lock of this collection"),
            Refused("no time at all", {**other, "lease": 0}, "lease is 0: give a number of at least 1"),
            Refused(
                "for ever", {**other, "path": f"{path}.other", "lease": 99999999999999}, "lease is 99999999999999: give"
            ),
            Refused("no directory", {**other, "path": f"{foreign}/sub/lock"}, "Cannot lock"),
        ],
        env={PATH_VARIABLE: path, RUN_VARIABLE: "4711"},
    )


def test_another_run_neither_takes_nor_releases_it_and_takes_over_what_was_left_behind(run_steps, tmp_path):
    path = tmp_path / "lock"
    mine, other = {"path": str(path), "run_id": "a"}, {"path": str(path), "run_id": "b"}
    run_steps(
        MODULE,
        [
            Step("take", {**mine, "lease": 600}, changed=True),
            Step("would take", other, check=True, fails="(run a) has held the lock since"),
            Step("release of another's", {**other, "state": "absent"}, changed=False),
            Step("for a second", {**mine, "lease": 1}, changed=True),
            {
                "name": "Wait until it is over",
                f"convosphere.platform.{MODULE}": {**other, "holder": "next"},
                "register": "taken",
                "until": "taken is not failed",
                "retries": 50,
                "delay": 0.1,
            },
            Step("the run of before finds it taken", mine, fails="next (run b) has held the lock since"),
        ],
    )
    assert [found.name for found in tmp_path.glob("lock*")] == ["lock"]


def test_it_waits_for_the_lock_of_an_interrupted_run_and_that_run_works_no_longer(run_steps, tmp_path):
    path = str(tmp_path / "lock")
    mine, other = {"path": path, "run_id": "a"}, {"path": path, "run_id": "b", "purpose": "The deploy of dev"}
    group = {"login_unix_socket": str(tmp_path), "name": "editors"}
    run_steps(
        MODULE,
        [
            Step("take", {**mine, "lease": 600}, changed=True),
            Step("it is renewed", {**other, "wait_timeout": 1}, fails="(run a) has held the lock since"),
            Step("for a second", {**mine, "lease": 1}, changed=True),
            Step("it ends", {**other, "wait_timeout": 60}, changed=True),
            Step("release", {**other, "state": "absent"}, changed=True, returns={"lease": None}),
            Step("release again", {**other, "state": "absent"}, changed=False, returns={"lease": None}),
            {
                "name": "Work on without the lock",
                "convosphere.platform.convosphere_group": group,
                "environment": {"CONVOSPHERE_LEASE": path, "CONVOSPHERE_LEASE_RUN": "a"},
                "register": "worked",
                "failed_when": "'The deploy of dev by' not in worked.msg",
            },
            Step("take it again", {**mine, "wait_timeout": 60}, changed=True, returns={"abandoned": None}),
        ],
    )


def test_of_two_runs_at_the_same_moment_one_gets_it(run_playbook, tmp_path):
    def take(run_id):
        folder = tmp_path / run_id
        folder.mkdir()
        task = {f"convosphere.platform.{MODULE}": {"path": str(tmp_path / "lock"), "run_id": run_id}}
        return run_playbook([{"name": "Take it", **task}], folder=folder)

    with ThreadPoolExecutor() as pool:
        runs = list(pool.map(take, ["a", "b"]))

    assert sorted(run.rc for run in runs) == [0, 2]


def test_locks_of_the_run_are_extended_and_others_are_not_taken(tmp_path):
    held, free = tmp_path / "held", tmp_path / "free"
    mine = {"path": str(held), "run_id": "a", "lease": 20}
    environment = {PATH_VARIABLE: f"{held}:{free}", RUN_VARIABLE: "a"}
    run_module(MODULE, mine, tmp_path)
    extended = {"state": "extended", "lease": 600}

    predicted = run_module(MODULE, extended, tmp_path, check=True, **environment)
    assert (predicted["changed"], lease.read(held).left(lease.Clock.read()) <= 20) == (True, True)

    assert run_module(MODULE, extended, tmp_path, **environment)["changed"] is True
    assert 540 < lease.read(held).left(lease.Clock.read()) <= 600
    assert run_module(MODULE, extended, tmp_path, **environment)["changed"] is False
    assert not free.exists()

    assert run_module(MODULE, {"state": "extended"}, tmp_path, **environment)["changed"] is True
    assert lease.read(held).left(lease.Clock.read()) <= 20

    assert run_module(MODULE, extended, tmp_path)["lease"] is None, "no lock was named"
    other = {**environment, RUN_VARIABLE: "b"}
    assert "A run by root holds the lock" in run_module(MODULE, extended, tmp_path, **other)["msg"]
    assert "path, run_id" in run_module(MODULE, {}, tmp_path)["msg"]


def test_a_run_that_failed_gets_what_failed_when_it_releases_its_lock(tmp_path):
    held, records = tmp_path / "held", tmp_path / "log/dev.runs.jsonl"
    mine = {"path": str(held), "run_id": "a"}
    environment = {PATH_VARIABLE: str(held), RUN_VARIABLE: "a"}
    run_module(MODULE, mine, tmp_path)
    refused = run_module(MODULE, {"path": f"{held}/sub/lock", "run_id": "a"}, tmp_path, **environment)["msg"]

    release = {**mine, "state": "absent", "result": "failed", "runs_file": str(records)}
    released = run_module(MODULE, release, tmp_path)

    failure = {"module": ANY, "message": refused, "at": ANY}  # its name is that which Ansible gives it
    assert released["failures"] == [failure]
    assert json.loads(records.read_text())["failures"] == [failure]
    assert [path.name for path in tmp_path.glob("held*")] == []
