# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes every task's result to a file, beside the output that an operator sees.

It also spares what a run would do again and again: packing a module that another run of the session has packed, and
loading a filter in the process of each task, since Ansible keeps no byte code of a collection.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import time
from pathlib import Path
from typing import Any

from ansible import constants
from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import filter_loader

DOCUMENTATION = r"""
name: recorder
type: aggregate
short_description: Record every task's result for a test
description:
  - Appends one JSON object a result to the file that the environment variable E(RECORDER_FILE) names.
  - Keeps packed modules in the directory that E(RECORDER_MODULES) names, if it is set.
"""


def _share_modules(folder: Path) -> None:
    """Link the place where a run keeps the modules that it packed to one for all runs with the same collection."""
    path = importlib.import_module("ansible_collections.convosphere.platform").__path__[0]
    shared = folder / hashlib.sha256(str(Path(path).resolve()).encode()).hexdigest()[:16]
    shared.mkdir(parents=True, exist_ok=True)
    (Path(constants.DEFAULT_LOCAL_TMP) / "ansiballz_cache").symlink_to(shared)


def _load_filters() -> None:
    """Load the collection's filters in the process from which Ansible forks one for each task."""
    path = importlib.import_module("ansible_collections.convosphere.platform").__path__[0]
    for file in sorted(Path(path).glob("plugins/filter/*.py")):
        filter_loader.get(f"convosphere.platform.{file.stem}")


class CallbackModule(CallbackBase):
    """Write one line for each result, secrets already censored by Ansible."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self) -> None:
        super().__init__()
        if os.environ.get("RECORDER_MODULES"):
            _share_modules(Path(os.environ["RECORDER_MODULES"]))
        self._tasks = 0

    def _write(self, **line: Any) -> None:
        with Path(os.environ["RECORDER_FILE"]).open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line, default=str) + "\n")

    def _record(self, status: str, result: Any) -> None:
        task = result.task
        self._write(
            kind="task", name=task.get_name(), action=task.action, host=result.host.get_name(), status=status,
            result=dict(result.result),
        )  # fmt: skip

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Record that a task starts, for a test that ends the run there.

        Load the filters before the seventh: a short run would only lose by it.
        """
        self._write(kind="start", name=task.get_name(), at=time.time())
        self._tasks += 1
        if self._tasks == 7:
            _load_filters()

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a task that succeeded."""
        self._record("ok", result)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a task that failed, rescued or not."""
        self._record("failed", result)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record a task whose condition was false."""
        self._record("skipped", result)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a task whose host did not answer."""
        self._record("unreachable", result)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """Record the recap: counts by host."""
        for host in stats.processed:
            self._write(kind="recap", host=host, counts=stats.summarize(host))
