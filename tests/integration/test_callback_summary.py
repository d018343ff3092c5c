# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The callback `summary` in real runs: progress while a task works, the summary, no secret, and never a broken run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.callback import summary

from support.awx import run_job
from support.playbook import ROOT

SECRET = "planted-secret-4711"
ENABLED = {"ANSIBLE_CALLBACKS_ENABLED": "recorder,convosphere.platform.summary"}
#: Raises at each result, as a defect would.
BROKEN = f"""
from ansible_collections.convosphere.platform.plugins.callback import summary
DOCUMENTATION = r'''{summary.DOCUMENTATION.replace("name: summary", "name: broken_summary")}'''
class CallbackModule(summary.CallbackModule):
    CALLBACK_NAME = "broken_summary"
    def v2_runner_on_ok(self, result):
        raise KeyError("defect")
"""


def command(*arguments: str, **more: Any) -> dict[str, Any]:
    return {"ansible.builtin.command": {"argv": ["sh", "-c", *arguments]}, **more}


def plays(folder: Path) -> list[dict[str, Any]]:
    """Return a play that waits until the test has seen the progress, and that fails in every way."""
    rescued = [{"name": "Fail in a block", "ansible.builtin.fail": {"msg": "Rescue me"}}]
    item = {
        "name": "Fail in an item",
        "ansible.builtin.fail": {"msg": "Bad {{ item }}"},
        "loop": ["good", "one"],
        "when": "item != 'good'",
        "ignore_errors": True,
    }
    hidden = [
        {"name": "Fail in secret", "no_log": True, "ignore_errors": True, **command(f"echo {SECRET} >&2; exit 3")},
        {
            "name": "Fail in a secret item",
            "ansible.builtin.fail": {"msg": "{{ item }}"},
            "loop": [SECRET],
            "no_log": True,
            "ignore_errors": True,
        },
    ]
    tasks = [
        {
            "name": "Wait for the operator",
            "ansible.builtin.wait_for": {"path": str(folder / "seen"), "timeout": 120, "sleep": 1},
        },
        {"name": "Go on", "block": rescued, "rescue": [{"name": "Mend", "ansible.builtin.debug": {"msg": "mended"}}]},
        item,
        *hidden,
        {"name": "Run the tasks of the hook", "ansible.builtin.include_tasks": str(hook(folder))},
        {"name": "Deploy", "ansible.builtin.fail": {"msg": "Cannot deploy: no space\nNext: free some"}},
    ]
    return [{"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": tasks}]


def hook(folder: Path) -> Path:
    path = folder / "post_deploy/10-chat.yml"
    path.parent.mkdir()
    path.write_text("- name: Post a message\n  ansible.builtin.debug:\n    msg: posted\n")
    return path


def summary_of(stderr: str) -> list[str]:
    lines = stderr.splitlines()
    return lines[next(number for number, line in enumerate(lines) if line.startswith("SUMMARY")) :]


@pytest.mark.parametrize("stdout_callback", ["ansible.builtin.default", "ansible.posix.jsonl"])
def test_a_run_shows_its_progress_and_its_summary_without_a_secret(run_playbook, tmp_path, stdout_callback):
    log = tmp_path / "ansible.log"

    def go_on_after_the_progress(_lines: list[dict[str, Any]]) -> bool:
        if log.exists() and "STILL RUNNING" in log.read_text():
            (tmp_path / "seen").touch()
        return False

    env = {
        **ENABLED,
        "ANSIBLE_LOG_PATH": str(log),
        "ANSIBLE_STDOUT_CALLBACK": stdout_callback,
        "CONVOSPHERE_SUMMARY_PROGRESS_AFTER": "1",
        "CONVOSPHERE_SUMMARY_SLOWEST_TASKS": "1",
    }
    run = run_playbook(plays(tmp_path), env=env, kill_when=go_on_after_the_progress, verbosity=3, timeout=180)

    assert run.rc == 2, run.output
    assert not run.task("Wait for the operator").result.get("failed"), run.output
    assert SECRET not in run.stderr
    head, *lines, hooks, posted, slow, slowest = summary_of(run.stderr)
    assert head.startswith("SUMMARY  playbook.yml failed after ")
    assert lines == [
        "  localhost: failed",
        "Failed tasks:",
        "  localhost: Fail in a block",
        "      Rescue me",
        "  localhost: Fail in an item (ignored)",
        "      Bad one",
        "  localhost: Fail in secret (ignored)",
        "      (hidden by no_log)",
        "  localhost: Fail in a secret item (ignored)",
        "      (hidden by no_log)",
        "  localhost: Deploy",
        "      Cannot deploy: no space",
    ]
    assert (hooks, slow) == ("Hooks:", "Slowest tasks:")
    assert posted.startswith("  post_deploy/10-chat.yml: ok, ")
    assert slowest.endswith("  Wait for the operator")
    assert ": Wait for the operator [localhost]" in run.stderr
    assert "STILL RUNNING" not in run.stdout
    assert "SUMMARY" not in run.stdout
    if stdout_callback == "ansible.posix.jsonl":
        events = [json.loads(line)["_event"] for line in run.stdout.splitlines() if line.startswith("{")]
        assert events[-1] == "v2_playbook_on_stats"


def test_a_good_run_of_a_playbook_of_the_collection_has_no_deprecation(run_playbook):
    run = run_playbook(ROOT / "playbooks/help.yml", env=ENABLED).succeeded()

    assert summary_of(run.stderr)[0].startswith("SUMMARY  help.yml succeeded after ")
    assert summary_of(run.stderr)[1] == "  localhost: ok"


def test_a_failure_that_a_block_rescued_is_called_so(run_playbook):
    rescue = [{"name": "Mend", "ansible.builtin.debug": {"msg": "mended"}}]
    block = [{"name": "Fail", "ansible.builtin.fail": {"msg": "Rescue me"}}]

    run = run_playbook([{"name": "Go on", "block": block, "rescue": rescue}], env=ENABLED).succeeded()

    lines = summary_of(run.stderr)
    assert lines[1:5] == ["  localhost: ok", "Failed tasks:", "  localhost: Fail (rescued)", "      Rescue me"]


def test_a_job_of_awx_shows_it_in_its_output(tmp_path):
    enabled = {"ANSIBLE_CALLBACKS_ENABLED": "convosphere.platform.summary"}

    job = run_job("playbooks/help.yml", tmp_path, {}, {"verb": "restore"}, number=71, environment=enabled)

    assert (job.rc, job.status) == (0, "successful"), job.text
    shown = [line for event in job.events for line in event["stdout"].splitlines()]
    summary_lines = [line for line in shown if line.startswith("SUMMARY  help.yml succeeded after ")]
    assert len(summary_lines) == 1, job.text
    assert "  localhost: ok" in shown


def test_it_is_silent_unless_it_is_enabled(run_playbook):
    run = run_playbook(ROOT / "playbooks/help.yml").succeeded()

    assert "SUMMARY" not in run.output


def test_a_defect_of_the_callback_is_a_warning_and_the_run_goes_on(run_playbook, tmp_path):
    (tmp_path / "callbacks").mkdir()
    (tmp_path / "callbacks/broken_summary.py").write_text(BROKEN)
    folders = f"{ROOT / 'tests/support/callback_plugins'}:{tmp_path / 'callbacks'}"
    env = {"ANSIBLE_CALLBACK_PLUGINS": folders, "ANSIBLE_CALLBACKS_ENABLED": "recorder,broken_summary"}

    run = run_playbook([{"name": "Greet", "ansible.builtin.debug": {"msg": "hello"}}], env=env).succeeded()

    assert "[WARNING]: Callback dispatch 'v2_runner_on_ok' failed for plugin 'broken_summary'" in run.stderr
    assert "SUMMARY  playbook.yml succeeded" in run.stderr


def test_an_invalid_option_is_a_warning_and_the_run_goes_on(run_playbook):
    env = {**ENABLED, "CONVOSPHERE_SUMMARY_PROGRESS_AFTER": "soon"}

    run = run_playbook([{"name": "Greet", "ansible.builtin.debug": {"msg": "hello"}}], env=env).succeeded()

    assert "Failed to load callback plugin 'convosphere.platform.summary'" in run.stderr
    assert "CONVOSPHERE_SUMMARY_PROGRESS_AFTER" in run.stderr
