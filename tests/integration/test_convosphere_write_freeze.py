# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.compose_project import ComposeProject, compose_project, docker, service
from support.environment import wait_until
from support.law import Case, Refused, Step
from support.module_process import ModuleProcess, run_module

MODULE = "convosphere_write_freeze"


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[ComposeProject]:
    with compose_project(tmp_path / "stack", {"backend": service(scale=2), "frontend": service()}) as project:
        yield project


@pytest.fixture
def options(stack: ComposeProject, tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "run/dev.freeze"
    return {"project_name": stack.name, "environment_name": "dev", "path": str(path), "run_id": "1"}


def names(stack: ComposeProject) -> list[str]:
    return [f"{stack.name}-backend-1", f"{stack.name}-backend-2"]


def paused() -> set[str]:
    return set(docker("ps", "--filter", "status=paused", "--format", "{{.Names}}").split())


def freeze(options: dict[str, Any], folder: Path, **more: Any) -> dict[str, Any]:
    return run_module(MODULE, {**options, **more}, folder)


@pytest.mark.law
def test_law(run_law, stack, options, tmp_path):
    path, other = options["path"], tmp_path / "other"
    other.write_text("something else")
    states = [{name: {"state": state} for name in names(stack)} for state in ("running", "paused")]
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                options,
                diff={"before": states[0], "after": {**states[1], path: {"run_id": "1"}}},
                returns={"containers": names(stack), "held": True, "since": ANY, "until": ANY, "resumed": []},
            ),
            Case(
                "change",
                {**options, "run_id": "2"},
                diff={"before": {path: {"run_id": "1"}}, "after": {path: {"run_id": "2"}}},
                returns={"containers": names(stack), "held": True},
            ),
            Case(
                "absent",
                {**options, "state": "absent"},
                diff={"before": {**states[1], path: {"run_id": "2"}}, "after": states[0]},
                returns={"containers": names(stack), "held": True, "seconds": ANY, "resumed": []},
            ),
            Case("pause", options, diff={"before": states[0], "after": {**states[1], path: {"run_id": "1"}}}),
        ],
        refused=[
            Refused("a file of another kind", {**options, "path": str(other)}, "is not the record of paused"),
            Refused("another environment", {**options, "environment_name": "prod"}, "environment dev, not to prod"),
            Refused("no time", {**options, "freeze_timeout": 0}, "freeze_timeout is 0: give a number of at least 1"),
            Refused("for ever", {**options, "run_id": "3", "freeze_timeout": 10**13}, "give a number from 0 to"),
        ],
    )
    assert not paused() - set(names(stack))
    docker("unpause", *names(stack))


def test_the_switch_resumes_in_time_and_that_is_found_out(stack, options, tmp_path):
    assert freeze(options, tmp_path, freeze_timeout=2)["held"]
    assert paused() >= set(names(stack))
    wait_until(lambda: not paused() & set(names(stack)), "the switch")

    found = freeze(options, tmp_path, state="absent")

    assert (found["held"], found["resumed"]) == (False, names(stack))
    assert not Path(options["path"]).exists()


def test_a_task_that_is_killed_leaves_no_container_paused(stack, options, tmp_path):
    process = ModuleProcess(MODULE, {**options, "freeze_timeout": 3}, tmp_path)
    wait_until(lambda: bool(paused() & set(names(stack))), "the first pause")
    process.kill()

    wait_until(lambda: not paused() & set(names(stack)), "the switch")


def test_a_next_run_takes_over_what_an_interrupted_one_left(stack, options, tmp_path):
    freeze(options, tmp_path, freeze_timeout=3)
    assert freeze(options, tmp_path, run_id="2", freeze_timeout=60)["containers"] == names(stack)
    docker("run", "--rm", stack.image, "sleep", "4")

    assert paused() >= set(names(stack))  # by now the first switch would have resumed them
    found = freeze(options, tmp_path, run_id="2", state="absent")
    assert (found["held"], found["resumed"]) == (True, [])
    assert found["seconds"] >= 3


def test_a_container_that_starts_or_resumes_meanwhile_is_found_out(stack, options, tmp_path):
    docker("stop", "--time=0", names(stack)[1])
    freeze(options, tmp_path)
    docker("start", names(stack)[1])
    assert freeze(options, tmp_path, state="absent")["resumed"] == names(stack)[1:]

    freeze(options, tmp_path)
    docker("unpause", names(stack)[0])
    found = freeze(options, tmp_path, state="absent")
    assert (found["held"], found["resumed"]) == (False, names(stack)[:1])
    assert not paused() & set(names(stack))


def test_without_the_record_they_are_resumed_and_nothing_is_known(run_steps, stack, options, tmp_path):
    freeze(options, tmp_path)
    Path(options["path"]).unlink()
    wait_until(lambda: not paused() & set(names(stack)), "the switch")

    run_steps(MODULE, [Step("nothing", {**options, "state": "absent"}, changed=False, returns={"held": False})])


def test_what_an_operator_paused_stays(stack, options, tmp_path):
    docker("pause", names(stack)[0])
    assert freeze(options, tmp_path)["containers"] == names(stack)[1:]

    assert freeze(options, tmp_path, state="absent")["held"]
    assert paused() & set(names(stack)) == set(names(stack)[:1])


def test_a_pause_that_takes_effect_after_the_end_is_undone(stack, options, tmp_path):
    freeze(options, tmp_path)
    docker("unpause", names(stack)[0])
    assert freeze(options, tmp_path, state="absent")["resumed"] == names(stack)[:1]

    docker("pause", names(stack)[0])  # as by a task that was given up

    wait_until(lambda: not paused() & set(names(stack)), "the switch")
