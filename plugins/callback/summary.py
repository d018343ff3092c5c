# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The progress of long tasks, and a summary at the end of a run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: summary
type: aggregate
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Show the progress of long tasks, and a summary at the end
description:
  - While a task takes long, it writes a line with the name of the task, the time so far, and the hosts that still work
    on it. The interval doubles from line to line, up to ten minutes.
  - At the end it writes the result of each host, the total duration, the tasks that failed with the first line of their
    messages, the hooks of the environment that ran, and the slowest tasks.
  - It writes to standard error, so that standard output stays what the stdout callback writes, for example JSON.
  - It shows names of tasks, hooks and hosts, and messages of tasks that failed. Of a task with C(no_log) it shows only
    the name.
requirements:
  - Enable it with C(callbacks_enabled = convosphere.platform.summary) in C(ansible.cfg), or with
    E(ANSIBLE_CALLBACKS_ENABLED) in the environment.
options:
  progress_after:
    description:
      - The number of seconds after which the progress of a task is shown.
      - V(0) shows no progress.
    type: int
    default: 30
    env:
      - name: CONVOSPHERE_SUMMARY_PROGRESS_AFTER
    ini:
      - section: callback_convosphere_summary
        key: progress_after
  slowest_tasks:
    description:
      - The number of slow tasks that the summary lists. A task that took less than a second is never among them.
      - V(0) lists none.
    type: int
    default: 5
    env:
      - name: CONVOSPHERE_SUMMARY_SLOWEST_TASKS
    ini:
      - section: callback_convosphere_summary
        key: slowest_tasks
"""

EXAMPLES = r"""
enable: |
  # ansible.cfg
  [defaults]
  callbacks_enabled = convosphere.platform.summary

  [callback_convosphere_summary]
  progress_after = 60
  slowest_tasks = 10
"""

import atexit
import threading
from pathlib import Path
from time import monotonic
from typing import Any

from ansible.plugins.callback import CallbackBase
from ansible_collections.convosphere.platform.plugins.plugin_utils import _hooks, _run_summary

SECONDS_BETWEEN = 1.0  # two looks at the tasks that are at work


class CallbackModule(CallbackBase):
    """Follow the events of a run, and write from a thread while no event comes."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "convosphere.platform.summary"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, display: Any = None) -> None:
        super().__init__(display=display)
        self._run = _run_summary.Run(0)
        self._playbook = ""
        # Never held while a line is written: Ansible holds the lock of its display while it starts a process.
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def v2_playbook_on_start(self, playbook: Any) -> None:
        """Start the clock, and the thread that shows the progress."""
        seconds = int(self.get_option("progress_after"))
        self._playbook = Path(playbook._file_name).name
        self._run = _run_summary.Run(seconds)
        self._run.start(monotonic())
        if seconds > 0:
            self._thread = threading.Thread(target=self._watch, name="convosphere-summary", daemon=True)
            self._thread.start()
            # A run that is interrupted has no statistics, and a thread must not write while Python ends.
            atexit.register(self._stop)

    def v2_playbook_on_play_start(self, play: Any) -> None:
        """Forget the hosts that were at work: the last play has ended."""
        with self._lock:
            self._run.start(monotonic())

    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Record that a task starts."""
        self._start_task(task)

    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """Record that a handler starts."""
        self._start_task(task)

    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """Record that a host works on a task."""
        with self._lock:
            self._run.start_host(str(task._uuid), host.get_name())

    def v2_runner_on_ok(self, result: Any) -> None:
        """Record a task that succeeded."""
        self._end(result, _run_summary.OK)

    def v2_runner_on_skipped(self, result: Any) -> None:
        """Record a task whose condition was false."""
        self._end(result, _run_summary.OK)

    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """Record a task that failed."""
        self._end(result, _run_summary.IGNORED if ignore_errors else _run_summary.FAILED)

    def v2_runner_on_unreachable(self, result: Any) -> None:
        """Record a task whose host did not answer."""
        self._end(result, _run_summary.UNREACHABLE)

    def v2_playbook_on_stats(self, stats: Any) -> None:
        """End the thread, and write the summary."""
        self._stop()
        counts = {host: stats.summarize(host) for host in stats.processed}
        self._write(self._run.summary(self._playbook, counts, monotonic(), int(self.get_option("slowest_tasks"))))

    def _start_task(self, task: Any) -> None:
        hook = _hooks.name_of(str(task.get_path() or "").rpartition(":")[0])
        with self._lock:
            self._run.start_task(str(task._uuid), task.get_name(), hook, monotonic())

    def _end(self, result: Any, outcome: str) -> None:
        text = "" if outcome == _run_summary.OK else _run_summary.message(result.result)
        with self._lock:
            self._run.end_host(result.host.get_name(), monotonic(), outcome, text)

    def _watch(self) -> None:
        try:
            while not self._over.wait(SECONDS_BETWEEN):
                with self._lock:
                    lines = self._run.progress(monotonic())
                self._write(lines)
        except Exception as error:  # noqa: BLE001 - the run goes on without the lines
            self._display.warning(f"The progress of tasks is shown no longer: {error}")

    def _write(self, lines: list[str]) -> None:
        for line in lines:
            self._display.display(line, stderr=True)

    def _stop(self) -> None:
        self._over.set()
        if self._thread:
            self._thread.join()
