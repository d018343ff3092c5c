# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _run_summary
from ansible_collections.convosphere.platform.plugins.plugin_utils._run_summary import Run

COUNTS = {"ok": 3, "changed": 0, "failures": 0, "unreachable": 0, "rescued": 0, "ignored": 0, "skipped": 0}


@pytest.fixture
def run() -> Run:
    made = Run(progress_after=30)
    made.start(1000)
    return made


def work(run: Run, name: str, hosts: list[str], at: float, *, hook: str = "") -> None:
    run.start_task(name, name, hook, at)
    for host in hosts:
        run.start_host(name, host)


def summary(run: Run, now: float, slowest: int = 5, **counts: dict[str, int]) -> list[str]:
    return run.summary("deploy.yml", {host: COUNTS | own for host, own in counts.items()}, now, slowest)


def test_a_long_task_is_reported_at_growing_intervals(run):
    work(run, "stack : Wait", ["app-1", "db-1"], 1000)

    times = [now for now in range(1000, 4000) if run.progress(now)]

    assert times == [1030, 1060, 1120, 1240, 1480, 1960, 2560, 3160, 3760]


def test_the_line_has_the_time_the_task_and_the_hosts_that_still_work(run):
    work(run, "stack : Wait", ["app-1", "db-1"], 1000)
    run.end_host("db-1", 1010)

    assert run.progress(1029) == []
    assert run.progress(1090) == ["STILL RUNNING  1 min 30 s: stack : Wait [app-1]"]


def test_of_many_hosts_the_first_are_named(run):
    work(run, "Wait", [f"app-{number}" for number in range(1, 9)], 1000)

    assert run.progress(1030) == ["STILL RUNNING  30 s: Wait [app-1, app-2, app-3, app-4, app-5 and 3 more]"]


def test_a_run_that_was_suspended_has_one_line_and_not_all_that_were_due(run):
    work(run, "Wait", ["app-1"], 1000)

    assert run.progress(9000) == ["STILL RUNNING  2 h 13 min: Wait [app-1]"]
    assert run.progress(9001) == []


def test_tasks_that_hosts_run_at_the_same_time_are_reported_each(run):
    work(run, "First", ["app-1", "app-2"], 1000)
    run.end_host("app-1", 1010)
    work(run, "Second", ["app-1"], 1010)

    assert run.progress(1030) == ["STILL RUNNING  30 s: First [app-2]"]
    assert run.progress(1040) == ["STILL RUNNING  30 s: Second [app-1]"]


def test_nothing_is_at_work_when_another_play_starts_or_the_task_has_ended(run):
    work(run, "First", ["app-1"], 1000)
    run.start(1010)
    work(run, "Second", ["app-1"], 1010)
    run.end_host("app-1", 1020)

    assert run.progress(1100) == []


def test_the_first_line_comes_after_the_configured_time_also_if_that_is_longer_than_the_longest_interval():
    run = Run(progress_after=900)
    run.start(0)
    work(run, "Wait", ["app-1"], 0)

    assert [now for now in range(3000) if run.progress(now)] == [900, 1800, 2700]


def test_the_summary_of_a_good_run(run):
    work(run, "stack : Deploy", ["app-1"], 1000)
    run.end_host("app-1", 1125)
    work(run, "stack : Check", ["app-1"], 1125)
    run.end_host("app-1", 1125.5)

    assert summary(run, 1127, **{"db-1": {}, "app-1": {"changed": 7}}) == [
        "SUMMARY  deploy.yml succeeded after 2 min 07 s",
        "  app-1: ok, 7 changed",
        "  db-1: ok",
        "Slowest tasks:",
        "   2 min 05 s  stack : Deploy",
    ]


def test_the_slowest_tasks_come_first_and_are_limited(run):
    for at, name, seconds in ((1000, "A", 2), (1010, "B", 9), (1020, "C", 4)):
        work(run, name, ["app-1"], at)
        run.end_host("app-1", at + seconds)

    assert [line.split()[-1] for line in summary(run, 1100, 2, **{"app-1": {}})[-2:]] == ["B", "C"]
    assert summary(run, 1100, 0, **{"app-1": {}})[-1] == "  app-1: ok"


def test_a_failure_has_the_host_the_task_and_the_message(run):
    work(run, "Deploy", ["app-1", "app-2", "db-1"], 1000)
    run.end_host("app-1", 1001, _run_summary.FAILED, "No space left")
    run.end_host("app-2", 1001, _run_summary.FAILED, "No space left")
    run.end_host("db-1", 1001, _run_summary.UNREACHABLE, "Connection refused")

    bad = {"failures": 1}
    assert summary(run, 1002, 0, **{"app-1": bad, "app-2": bad, "db-1": {"unreachable": 1}}) == [
        "SUMMARY  deploy.yml failed after 2 s",
        "  app-1: failed",
        "  app-2: failed",
        "  db-1: unreachable",
        "Failed tasks:",
        "  app-1, app-2: Deploy",
        "      No space left",
        "  db-1: Deploy (unreachable)",
        "      Connection refused",
    ]


@pytest.mark.parametrize(
    ("counts", "second"),
    [
        ({"rescued": 1, "ignored": 1}, "  app-1: B (rescued)"),
        # Ansible does not say which of the failures it was that a block rescued.
        ({"rescued": 1, "ignored": 1, "failures": 1}, "  app-1: B"),
    ],
)
def test_a_failure_that_did_not_fail_the_host_is_called_ignored_or_rescued(run, counts, second):
    for name, result in (("A", "ignored"), ("B", "failed")):
        work(run, name, ["app-1"], 1000)
        run.end_host("app-1", 1001, result, f"of {name}")

    lines = summary(run, 1002, 0, **{"app-1": counts})

    assert lines[3::2] == ["  app-1: A (ignored)", second]
    assert ("succeeded" in lines[0]) is ("failures" not in counts)


def test_hooks_have_the_result_of_their_last_task_and_the_time_of_all(run):
    hook = "pre_deploy/10-approval.yml"
    work(run, "Ask", ["app-1"], 1000, hook=hook)
    run.end_host("app-1", 1005)
    work(run, "Wait", ["app-1"], 1005, hook=hook)
    run.end_host("app-1", 1012, _run_summary.FAILED, "It is not approved")

    assert summary(run, 1013, 0, **{"app-1": {"failures": 1}})[-2:] == [
        "Hooks:",
        "  pre_deploy/10-approval.yml: failed, 12 s",
    ]


def test_a_run_without_hosts_is_not_called_a_success(run):
    assert summary(run, 1000) == ["SUMMARY  deploy.yml ran on no host, after 0 s"]


def test_a_result_without_a_start_does_not_matter(run):
    run.start_host("unknown", "app-1")
    run.end_host("app-1", 1001, _run_summary.FAILED, "Broken")

    assert summary(run, 1002, 0, **{"app-1": {"failures": 1}})[-2:] == ["  app-1: a task", "      Broken"]


@pytest.mark.parametrize(
    ("result", "text"),
    [
        ({"msg": "\n  Cannot deploy: x\nmore"}, "Cannot deploy: x"),
        ({"msg": ["a", "b"]}, "['a', 'b']"),
        ({"msg": ""}, "no message"),
        ({}, "no message"),
        ({"msg": "red \x1b[31m"}, "red  [31m"),
        ({"msg": "x" * 400}, "x" * 298 + " …"),
        ({"msg": "One or more items failed", "results": [{"msg": "fine"}, {"failed": True, "msg": "b"}]}, "b"),
        ({"msg": "One or more items failed", "results": [{"msg": "fine"}, {"exception": "", "msg": "b"}]}, "b"),
        ({"msg": "One or more items failed", "results": [None, {"failed": True}]}, "One or more items failed"),
        ({"msg": "planted", "_ansible_no_log": True}, "(hidden by no_log)"),
        ({"censored": "hidden", "msg": "planted"}, "(hidden by no_log)"),
        ({"results": [{"msg": "planted", "failed": True, "_ansible_no_log": True}]}, "(hidden by no_log)"),
    ],
)  # fmt: skip
def test_a_message_is_one_short_line_and_never_one_with_no_log(result, text):
    assert _run_summary.message(result) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.9, "0 s"),
        (59.9, "59 s"),
        (60, "1 min 00 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 00 min"),
        (90061, "25 h 01 min"),
    ],
)
def test_a_duration_is_readable(seconds, text):
    assert _run_summary.duration(seconds) == text
