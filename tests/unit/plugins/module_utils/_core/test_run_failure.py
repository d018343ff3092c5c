# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core import lease, run_failure


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "dev.lock"
    lease.write(path, lease.make("4711", "ada", "deploy.yml of dev", 20, lease.Clock.read()))
    return path


def environment(lock: Path, run: str = "4711") -> dict[str, str]:
    return {lease.PATH_VARIABLE: str(lock), lease.RUN_VARIABLE: run}


def test_the_first_failures_of_the_run_that_holds_the_lock_are_kept(lock):
    for number in range(run_failure.MOST + 1):
        run_failure.note(environment(lock), "convosphere_stack", f"{number}" * run_failure.LONGEST * 2)

    found = run_failure.read(lock, "4711")
    assert [each["message"] for each in found] == [
        f"{number}" * run_failure.LONGEST for number in range(run_failure.MOST)
    ]
    assert {each["module"] for each in found} == {"convosphere_stack"}
    assert run_failure.path_of(lock).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("run", ["", "other"])
def test_a_run_that_does_not_hold_the_lock_notes_nothing(lock, run):
    run_failure.note(environment(lock, run), "convosphere_stack", "no")

    assert not run_failure.path_of(lock).exists()


def test_no_lock_and_a_note_that_is_not_one_hide_no_failure(lock, tmp_path):
    run_failure.note(environment(tmp_path / "missing.lock"), "convosphere_stack", "no")
    run_failure.path_of(lock).write_text("{")

    assert run_failure.read(lock, "4711") == []
    run_failure.note(environment(lock), "convosphere_stack", "no")
    assert [each["message"] for each in run_failure.read(lock, "4711")] == ["no"]
    assert run_failure.read(lock, "other") == []


def test_forgotten_notes_are_removed(lock):
    run_failure.note(environment(lock), "convosphere_stack", "no")

    run_failure.forget(lock)
    run_failure.forget(lock)

    assert run_failure.read(lock, "4711") == []
