# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hooks of a running environment, those of docs/hooks among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.environment import Environment
from support.hooks import Hooks
from support.playbook import ROOT, PlaybookRun
from support.webhook import Receiver

EXAMPLES = ROOT / "docs/hooks"
#: Refused by a module, which has the lock of the environment.
REFUSED_LABEL = "not/a label"


@pytest.fixture
def webhook() -> Iterator[Receiver]:
    with Receiver() as server:
        yield server


@pytest.fixture
def hooks(tmp_path: Path) -> Hooks:
    return Hooks(tmp_path)


def copy(hooks: Hooks, example: str) -> None:
    hooks.write(example, yaml.safe_load((EXAMPLES / example).read_text()))


@pytest.fixture
def run(live: Environment, hooks: Hooks) -> Callable[..., PlaybookRun]:
    """Run a playbook with the hooks and these variables."""

    def do(playbook: str, *, check: bool = False, **variables: Any) -> PlaybookRun:
        return live.run(playbook, extra_vars={**hooks.variables, **variables}, check=check, verbosity=3)

    return do


def test_a_deploy_waits_for_its_approval_and_tells_a_webhook_of_its_release(hooks, run, live, webhook, tmp_path):
    copy(hooks, "pre_deploy/10-approval.yml")
    copy(hooks, "post_deploy/90-webhook.yml")
    variables = {"approvals_dir": str(tmp_path), "webhook_url": webhook.url}
    before = live.traces()

    refused = run("deploy.yml", approval_seconds=1, **variables)
    assert refused.rc == 2
    assert refused.failures[-1].message == (
        "The hook pre_deploy/10-approval.yml of itest failed in its task 'Wait for the approval of the deploy': It"
        f" is not approved: touch {tmp_path}/itest, and run the deploy again. The deploy was not begun."
    )
    assert live.traces() == before
    assert webhook.bodies == []

    (tmp_path / "itest").touch()
    deploy = run("deploy.yml", **variables).succeeded()
    [told] = webhook.bodies
    release = (live.directory / "releases/current").readlink().name
    assert told["text"].startswith(f"itest serves the release {release}, deployed by ")
    assert not (tmp_path / "itest").exists()
    assert "secret-path" not in deploy.output


def test_check_mode_runs_only_the_hooks_that_are_for_it_and_lists_the_others(hooks, run):
    hooks.write("pre_deploy/10-note.check.yml")
    hooks.write("pre_deploy/20-other.yml", [{"name": "Refuse", "ansible.builtin.fail": {"msg": "no"}}])
    hooks.write("post_deploy/10-note.yml")

    check = run("deploy.yml", check=True).succeeded()

    assert "The run would run the hook pre_deploy/20-other.yml." in check.output
    assert "The run would run the hook post_deploy/10-note.yml." in check.output
    assert hooks.noted() == []  # the module command does nothing in check mode
    assert any(task.name.endswith("Note the event") for task in check.tasks)


def test_a_failure_is_posted_with_its_cause_and_a_hook_that_fails_then_does_not_hide_it(hooks, run, live, webhook):
    hooks.write("on_failure/10-broken.yml", [{"name": "Break", "ansible.builtin.fail": {"msg": "the hook broke"}}])
    secret = {"name": "Break in silence", "ansible.builtin.fail": {"msg": "planted-in-a-hook"}, "no_log": True}
    hooks.write("on_failure/15-secret.yml", [secret])
    turns = {"name": "Take turns", "ansible.builtin.command": "sleep 1", "with_sequence": "count=9"}
    hooks.write("on_failure/17-endless.yml", [{**turns, "vars": {"convosphere_hook_seconds": 1}}])
    hooks.write("on_failure/20-note.yml")
    copy(hooks, "on_failure/90-webhook.yml")

    backup = run("backup.yml", label=REFUSED_LABEL, webhook_url=webhook.url)

    assert backup.rc == 2
    first = backup.failures[0].message
    assert "label" in first
    [told] = webhook.bodies
    assert told["text"].startswith(f"Back up ConvoSphere failed for itest on {live.host}, run ")
    assert first.split(".")[0] in told["text"]
    [after] = hooks.noted()
    assert after["event"] == "on_failure"
    assert after["details"]["hosts"] == [live.host]
    named, hidden, endless = [
        task.message for task in backup.tasks if task.name.endswith("Name the hook that failed after the failure")
    ]
    assert named == "The hook on_failure/10-broken.yml failed too, in its task 'Break': the hook broke"
    assert hidden.endswith("in its task 'Break in silence': its message is hidden, by no_log")
    assert "17-endless.yml failed too, in its task 'Take turns': " in endless
    assert "the hook may take 1 seconds in all, which are over" in endless

    audit = live.run("audit.yml").succeeded()
    assert f"convosphere_db_backup: {first.splitlines()[0]}" in "\n".join(audit.task("Report the runs").result["msg"])
    assert live.run("backup.yml").succeeded(), "the lock was not released"


@pytest.mark.parametrize(
    ("playbook", "variables", "reason"),
    [
        ("deploy.yml", {"environment_required_bytes": 10**18}, "cannot carry the environment"),
        ("config.yml", {"set": {"SMTP_PORT": "many"}, "reason": "Test.", "expires": "4h"}, "must be a whole number"),
        ("backup.yml", {"label": REFUSED_LABEL}, "label"),
    ],
)
def test_a_run_that_is_refused_uses_up_no_approval(hooks, run, playbook, variables, reason):
    hooks.write("pre_deploy/10-note.yml")
    hooks.write("pre_backup/10-note.yml")

    refused = run(playbook, **variables)

    assert refused.rc == 2
    assert reason in refused.failures[0].message
    assert hooks.noted() == []


def test_the_hooks_before_and_after_a_backup_know_it(hooks, run):
    hooks.write("pre_backup/10-note.yml")
    hooks.write("post_backup/10-note.yml")

    run("backup.yml", label="noted").succeeded()

    before, after = hooks.noted()
    assert (before["event"], before["details"]["label"]) == ("pre_backup", "noted")
    assert after["event"] == "post_backup"
    assert after["details"]["backup"]


def test_hooks_that_cannot_be_run_are_named_before_anything_is_changed(hooks, run, live):
    hooks.write("pre_deploi/10-note.yml")
    hooks.write("pre_deploy/note.yml")
    hooks.write("pre_deploy/20-typo.yml", [{"name": "Ask", "ansible.builtin.debug": {}, "retires": 5}])
    hooks.write("pre_deploy/30-typo.yml", [{"name": "Ask", "community.generall.slack": {}}])
    before = live.traces()

    refused = run("deploy.yml")

    assert refused.rc == 2
    assert "are for no event. Probably pre_deploy is meant." in refused.failures[0].message
    for problem in (
        "pre_deploy/note.yml is no file with a valid name",
        "20-typo.yml: 'retires' is not a valid attribute for a Task",
        "30-typo.yml: couldn't resolve module/action 'community.generall.slack'",
    ):
        assert problem in refused.failures[0].message
    assert live.traces() == before


def test_a_maintenance_that_fails_runs_the_hooks_of_a_failure(hooks, run, live, tmp_path):
    hooks.write("post_maintenance/10-note.yml")
    hooks.write("on_failure/10-note.yml")
    lock = tmp_path / "lock"

    night = run(
        "maintenance.yml", steps="verify", maintenance_lock=str(lock), database_backup_dir=str(tmp_path / "none")
    )

    assert night.rc == 2
    ended, failed = hooks.noted()
    assert (ended["event"], failed["event"]) == ("post_maintenance", "on_failure")
    assert [(step["step"], step["status"]) for step in ended["details"]["steps"][live.host]] == [("verify", "failed")]
    assert [step["step"] for step in failed["details"]["failures"]] == ["verify"]
    assert failed["details"]["hosts"] == [live.host]
