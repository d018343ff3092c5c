# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A callback that writes every task's result to a file, beside the output that an operator sees."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: recorder
type: aggregate
short_description: Record every task's result for a test
description:
  - Appends one JSON object a result to the file that the environment variable E(RECORDER_FILE) names.
"""


class CallbackModule(CallbackBase):
    """Write one line for each result, secrets already censored by Ansible."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "recorder"
    CALLBACK_NEEDS_ENABLED = True

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
        """Record that a task starts, for a test that ends the run there."""
        self._write(kind="start", name=task.get_name(), at=time.time())

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
