# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of every module, as a scenario: check, apply, again, with the exact diff, and no secret in any output."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.collection import NAMESPACE, argument_spec, secret_values
from support.module_process import ModuleProcess
from support.playbook import PlaybookRun, TaskResult, run_playbook

NO_DIFF: Mapping[str, Any] = {"before": {}, "after": {}}


@dataclass(frozen=True)
class Step:
    """One task and what it must come to; an expectation of None is not checked.

    `fails` is a part of the message with which the task must fail. `module` is for tasks of another module.
    """

    name: str
    options: Mapping[str, Any]
    check: bool = False
    changed: bool | None = None
    diff: Mapping[str, Any] | None = None
    returns: Mapping[str, Any] = field(default_factory=dict)
    fails: str | None = None
    module: str | None = None


@dataclass(frozen=True)
class Case:
    """One change that a module makes: run in check mode, for real, and again.

    `diff` must be the same in check mode and for real. `returns` are return values after the real run;
    unittest.mock.ANY stands for a value that differs from run to run. `repeats` marks an action, such as a restart,
    that is a change each time. `setup` are tasks that run before the case, to bring about what it needs.
    """

    name: str
    options: Mapping[str, Any]
    diff: Mapping[str, Any]
    returns: Mapping[str, Any] = field(default_factory=dict)
    repeats: bool = False
    setup: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Refused:
    """Bad input, and a part of the message that it gets."""

    name: str
    options: Mapping[str, Any]
    message: str


def run_steps(
    module: str, steps: Sequence[Step | Mapping[str, Any]], folder: Path, secrets: Sequence[str] = (), **settings: Any
) -> PlaybookRun:
    """Run the steps in order, and assert what each of them expects.

    A mapping among the steps is a task that just has to succeed. `secrets`, and every value of an option that the
    module declares no_log, must occur nowhere in the output. `settings` are those of run_playbook. Where all the steps
    are modules of the collection, each runs as a process of its own: a playbook would make it three times as slow.
    """
    alone = all(isinstance(step, Step) and (step.module or module).startswith("convosphere_") for step in steps)
    run = _run_alone if alone else _run_in_playbook
    return _assert_steps(module, steps, run(module, steps, folder, **settings), secrets)


def _run_in_playbook(
    module: str, steps: Sequence[Step | Mapping[str, Any]], folder: Path, **settings: Any
) -> PlaybookRun:
    """Run the steps as tasks of one `ansible-playbook -vvv --diff`."""
    tasks = [_task(module, step) if isinstance(step, Step) else dict(step) for step in steps]
    return run_playbook(tasks, folder, diff=True, verbosity=3, **settings)


def _run_alone(
    module: str, steps: Sequence[Step | Mapping[str, Any]], folder: Path, env: Mapping[str, str] | None = None
) -> PlaybookRun:
    """Run the steps as modules without a playbook, up to the first unexpected failure."""
    started = time.monotonic()
    output, tasks = "", []
    for step in steps:
        assert isinstance(step, Step)
        action = step.module or module
        process = ModuleProcess(action, step.options, folder, check=step.check, **(env or {}))
        result = process.result()
        output += process.output
        # Where a thread of it broke, or it ended otherwise than it says, it shows here.
        assert process.errors == "", process.errors
        assert process.process.returncode == bool(result.get("failed")), result
        tasks.append(TaskResult(step.name, action, "localhost", "failed" if result.get("failed") else "ok", result))
        if result.get("failed") and not step.fails:
            break
    return PlaybookRun(0, output, "", tasks, {}, time.monotonic() - started)


def _assert_steps(
    module: str, steps: Sequence[Step | Mapping[str, Any]], run: PlaybookRun, secrets: Sequence[str]
) -> PlaybookRun:
    """Return the run itself; raise AssertionError for an unmet expectation or a secret in the output."""
    expected = [step for step in steps if isinstance(step, Step)]
    planted = set(secrets)
    if module.startswith("convosphere_"):
        spec = argument_spec(module)
        planted |= {value for step in expected if not step.module for value in secret_values(spec, step.options)}
    assert_no_secret(run, planted)
    unexpected = [task for task in run.failures if not any(step.fails and step.name == task.name for step in expected)]
    assert not unexpected, f"{unexpected[0].name}: {unexpected[0].message}\n{run.output}"
    run.succeeded()
    for step in expected:
        _assert_step(step, run.task(step.name))
    return run


def run_law(
    module: str,
    cases: Sequence[Case],
    refused: Sequence[Refused],
    folder: Path,
    secrets: Sequence[str] = (),
    read_back: Mapping[str, Any] | None = None,
    *,
    in_playbook: bool = True,
    **settings: Any,
) -> PlaybookRun:
    """Prove a module that changes things: each case in check mode, for real and again, then what it refuses.

    The cases must use every choice of `state`, and if that has `absent`, be create, change and absent among others.
    `read_back` is a task that reads what each case wrote, for example through REST; it is named "<case> (read back)".
    Of modules that share an engine and an argument spec, one shows what a playbook prints of them. The others are run
    without one (`in_playbook=False`), which takes a third of the time and proves all the rest.
    """
    _assert_cases_cover(module, cases)
    assert refused, f"{module}: no bad input is tried"
    steps: list[Step | Mapping[str, Any]] = []
    for case in cases:
        steps += case.setup
        steps += [
            Step(f"{case.name} (check)", case.options, check=True, changed=True, diff=case.diff),
            Step(case.name, case.options, changed=True, diff=case.diff, returns=case.returns),
            Step(f"{case.name} again", case.options, changed=case.repeats, diff=case.diff if case.repeats else NO_DIFF),
        ]
        steps += [{"name": f"{case.name} (read back)", **read_back}] if read_back else []
    steps += [Step(case.name, case.options, fails=case.message) for case in refused]
    run = _run_in_playbook(module, steps, folder, **settings) if in_playbook else _run_alone(module, steps, folder)
    _assert_steps(module, steps, run, secrets)
    _assert_no_warning(run)
    return run


def run_info_law(
    module: str,
    options: Mapping[str, Any],
    returns: Mapping[str, Any],
    refused: Sequence[Refused],
    folder: Path,
    secrets: Sequence[str] = (),
    *,
    in_playbook: bool = True,
    **settings: Any,
) -> PlaybookRun:
    """Prove a module that reads: `returns` for real and in check mode, never a change, then what it refuses.

    `in_playbook` is as for run_law: a module that a test of its own runs in a playbook with full output needs no other.
    """
    assert refused, f"{module}: no bad input is tried"
    steps = [
        Step("read", options, changed=False, diff=NO_DIFF, returns=returns),
        Step("read (check)", options, check=True, changed=False, diff=NO_DIFF, returns=returns),
        *(Step(case.name, case.options, fails=case.message) for case in refused),
    ]
    run = _run_in_playbook(module, steps, folder, **settings) if in_playbook else _run_alone(module, steps, folder)
    _assert_steps(module, steps, run, secrets)
    _assert_no_warning(run)
    return run


def assert_no_secret(run: PlaybookRun, secrets: set[str]) -> None:
    """Fail if a planted secret occurs in what the run printed or recorded."""
    everything = run.output + repr([task.result for task in run.tasks])
    for secret in secrets:
        assert len(secret) >= 8, "a planted secret must be long enough not to occur by chance"
        # The message must not show it either.
        assert (secret in everything) is False, f"a secret that starts with {secret[:3]!r} is in the output"


def _task(module: str, step: Step) -> dict[str, Any]:
    action = step.module or module
    task = {
        "name": step.name,
        f"{NAMESPACE}.{action}" if action.startswith("convosphere_") else action: dict(step.options),
        "check_mode": step.check,
        "diff": True,
    }
    if step.fails is None:
        return task
    return {"name": step.name, "block": [task], "rescue": [{"ansible.builtin.meta": "noop"}]}


def _assert_step(step: Step, task: TaskResult) -> None:
    if step.fails is not None:
        assert task.status == "failed", f"{step.name}: was expected to fail, and did not"
        assert step.fails in task.message, f"{step.name}: {step.fails!r} is not in the message: {task.message}"
        return
    assert step.changed in (None, task.changed), f"{step.name}: changed is {task.changed}\n{task.result}"
    if step.diff is not None:
        assert task.diff == step.diff, f"{step.name}: the diff is\n{task.diff}\nand should be\n{step.diff}"
    for name, value in step.returns.items():
        assert task.result.get(name) == value, f"{step.name}: returned {name} is {task.result.get(name)!r}"


def _assert_cases_cover(module: str, cases: Sequence[Case]) -> None:
    state = argument_spec(module).get("state", {}) if module.startswith("convosphere_") else {}
    choices = set(state.get("choices", ()))
    used = {case.options.get("state", state.get("default")) for case in cases}
    assert choices <= used, f"{module}: no case uses state {', '.join(sorted(choices - used))}"
    names = {case.name for case in cases}
    needed = {"create", "change", "absent"} if "absent" in choices else set()
    assert cases, f"{module}: there is no case"
    assert needed <= names, f"{module}: there is no case named {', '.join(sorted(needed - names))}"


def _assert_no_warning(run: PlaybookRun) -> None:
    warnings = [line for line in run.output.splitlines() if line.startswith(("[WARNING]", "[DEPRECATION WARNING]"))]
    for name in ("warnings", "deprecations"):
        warnings += [f"{task.name}: {each}" for task in run.tasks for each in task.result.get(name, ())]
    assert not warnings, "\n".join(warnings)
