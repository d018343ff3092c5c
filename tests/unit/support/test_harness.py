# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The harness must see what a run did, and must fail where a module breaks the law."""

from __future__ import annotations

import marshal
import zlib
from importlib import import_module
from pathlib import Path
from unittest.mock import ANY

import pytest

from support.law import Case, Refused, Step

SECRET = "planted-secret-4711"


def lineinfile(path, line, **more):
    return {"path": str(path), "line": line, "create": True, "mode": "0600", **more}


def test_results_are_read_back_by_task_and_by_host(run_playbook, tmp_path):
    run = run_playbook(
        [
            {"name": "Write", "ansible.builtin.copy": {"dest": str(tmp_path / "f"), "content": "x", "mode": "0600"}},
            {"name": "Say", "ansible.builtin.debug": {"msg": "{{ word }}"}},
            {"name": "Leave out", "ansible.builtin.debug": {"msg": "never"}, "when": False},
        ],
        extra_vars={"word": "hello"},
        diff=True,
    ).succeeded()

    assert run.task("Write").changed
    assert run.task("Say").message == "hello"
    assert run.task("Leave out").status == "skipped"
    assert run.changed == 1
    assert "+x" in run.stdout


def test_check_mode_changes_nothing(run_playbook, tmp_path):
    options = {"dest": str(tmp_path / "f"), "content": "x", "mode": "0600"}

    run = run_playbook([{"name": "Write", "ansible.builtin.copy": options}], check=True).succeeded()

    assert run.task("Write").changed
    assert not (tmp_path / "f").exists()


def test_a_failed_run_is_returned_and_says_why(run_playbook):
    run = run_playbook([{"name": "Refuse", "ansible.builtin.fail": {"msg": "no good"}}])

    assert run.rc == 2
    assert [task.message for task in run.failures] == ["no good"]
    with pytest.raises(AssertionError, match="no good"):
        run.succeeded()


def test_a_module_is_not_compiled_again(run_playbook, tmp_path):
    # Shown by other code in the place of what the first run kept.
    kept = tmp_path / "kept"
    kept.mkdir()
    ping = [{"name": "Answer", "ansible.builtin.ping": {}}]
    run_playbook(ping, env={"RECORDER_MODULES": str(kept)}).succeeded()
    source = Path(import_module("ansible.modules.ping").__file__).read_bytes()
    code = kept / f"code/{zlib.crc32(source)}-{len(source)}"
    answer = 'print(\'{"ping": "of the kept code"}\'); raise SystemExit'
    code.write_bytes(marshal.dumps(compile(answer, code, "exec")))

    run = run_playbook(ping, env={"RECORDER_MODULES": str(kept)}).succeeded()

    assert run.task("Answer").result["ping"] == "of the kept code"


def test_the_environment_reaches_the_run(run_playbook):
    task = {"name": "Read", "ansible.builtin.debug": {"msg": "{{ lookup('ansible.builtin.env', 'WORD') }}"}}

    assert run_playbook([task], env={"WORD": "hello"}).task("Read").message == "hello"


def test_the_law_accepts_a_lawful_module(run_law, tmp_path):
    run = run_law(
        "ansible.builtin.file",
        [Case("create", {"path": str(tmp_path / "d"), "state": "directory", "mode": "0700"}, ANY, {"mode": "0700"})],
        [Refused("bad state", {"path": str(tmp_path / "d"), "state": "nonsense"}, "value of state must be one of")],
    )

    assert [task.name for task in run.tasks] == ["create (check)", "create", "create again", "bad state"]


def test_the_law_refuses_a_module_that_always_says_changed(run_law):
    with pytest.raises(AssertionError, match="create"):
        run_law("ansible.builtin.command", [Case("create", {"cmd": "true"}, ANY)], [Refused("bad", {}, "no command")])


def test_the_law_refuses_a_false_diff(run_law, tmp_path):
    case = Case("create", {"path": str(tmp_path / "d"), "state": "directory"}, {"before": {}, "after": {"made": "up"}})

    with pytest.raises(AssertionError, match="the diff is"):
        run_law("ansible.builtin.file", [case], [Refused("bad", {"path": "/", "state": "nonsense"}, "value of state")])


def test_a_secret_in_the_output_is_found(run_steps):
    with pytest.raises(AssertionError, match="a secret that starts with 'pla'"):
        run_steps("ansible.builtin.debug", [Step("show", {"msg": SECRET})], secrets=[SECRET])


def test_a_step_that_should_fail_and_does_not_is_found(run_steps):
    with pytest.raises(AssertionError, match="was expected to fail"):
        run_steps("ansible.builtin.debug", [Step("show", {"msg": "hello"}, fails="no good")])


def test_a_step_that_fails_unexpectedly_is_named(run_steps):
    with pytest.raises(AssertionError, match="refuse: no good"):
        run_steps("ansible.builtin.fail", [Step("refuse", {"msg": "no good"})])


def test_tasks_between_the_steps_run_in_order(run_steps, tmp_path):
    path = tmp_path / "f"
    run_steps(
        "ansible.builtin.lineinfile",
        [
            {"name": "Prepare", "ansible.builtin.copy": {"dest": str(path), "content": "a\n", "mode": "0600"}},
            Step("add", lineinfile(path, "b"), changed=True),
            Step("add again", lineinfile(path, "b"), changed=False),
        ],
    )

    assert path.read_text() == "a\nb\n"
