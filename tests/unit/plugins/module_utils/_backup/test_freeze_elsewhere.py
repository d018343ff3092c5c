# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The exchange between a backup and the run that pauses the backends of other hosts."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.freeze_elsewhere import Elsewhere, of
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import EngineError

from support.environment import wait_until


class Run:
    """The run, which answers in a thread of its own."""

    def __init__(self, path: Path, *answers: dict[str, Any]) -> None:
        self.path, self.seen = path, []
        self.thread = threading.Thread(target=self._answer, args=answers)
        self.thread.start()

    def _answer(self, *answers: dict[str, Any]) -> None:
        for step, answer in zip(("ready", "read"), answers, strict=False):
            wait_until(lambda step=step: self.announced() == step, step)
            self.seen.append(step)
            (self.path.parent / "dev.freeze-1.run").write_text(json.dumps(answer))

    def announced(self) -> str:
        found = self.path.parent / "dev.freeze-1.backup"
        return found.read_text().strip() if found.exists() else ""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "convosphere/dev.freeze-1"


def test_the_snapshot_is_taken_once_all_are_paused_and_counts_if_they_were_until_the_end(path):
    elsewhere = Elsewhere(path, patience=10)
    run = Run(path, {"paused": ["b-1 on app-1"]}, {"paused": ["b-1 on app-1"], "problem": ""})

    with elsewhere.frozen():
        assert (run.seen, elsewhere.paused) == (["ready"], ["b-1 on app-1"])
    elsewhere.end()

    run.thread.join()
    assert run.seen == ["ready", "read"]
    assert run.announced() == "over"
    assert [item.name for item in path.parent.iterdir()] == ["dev.freeze-1.backup"]


def test_files_of_earlier_runs_are_removed(path):
    path.parent.mkdir()
    for name in ("dev.freeze-0.backup", "dev.freeze-0.run", "dev.lock", "dev.freeze"):
        (path.parent / name).touch()
    Run(path, {"paused": []}, {"problem": ""})

    with Elsewhere(path, patience=10).frozen():
        assert {item.name for item in path.parent.iterdir()} == {
            "dev.freeze-1.backup", "dev.freeze-1.run", "dev.lock", "dev.freeze"
        }  # fmt: skip


def test_a_host_that_resumed_too_early_makes_the_backup_invalid(path):
    Run(path, {"paused": []}, {"problem": "b-1 on app-1 resumed before everything was read"})

    early = pytest.raises(EngineError, match="would be inconsistent: b-1 on app-1 resumed before")
    with early, Elsewhere(path, patience=10).frozen():
        pass


def test_a_run_that_was_killed_does_not_keep_it_waiting(path):
    silent = pytest.raises(EngineError, match=r"has not paused the backends of the other hosts for 0\.1 s")
    with silent, Elsewhere(path, patience=0.1).frozen():
        raise AssertionError("no snapshot without an answer")


def test_a_failure_meanwhile_is_not_announced_as_a_success(path):
    run = Run(path, {"paused": []})

    with pytest.raises(ZeroDivisionError), Elsewhere(path, patience=10).frozen():
        raise ZeroDivisionError

    assert run.announced() == "ready"


def test_without_the_option_there_are_no_other_hosts():
    assert of({}) is None
    assert of({"freeze_elsewhere": None}) is None
