# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.callback import summary
from ansible_collections.convosphere.platform.plugins.callback.summary import CallbackModule

PLAYBOOK = SimpleNamespace(_file_name="/srv/playbooks/deploy.yml")


class Screen:
    """Stands in for Ansible's display, and can refuse to write."""

    verbosity = 0

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.warnings: list[str] = []
        self.written = threading.Event()
        self.full = False

    def display(self, text: str, *, stderr: bool) -> None:
        assert stderr
        if self.full:
            self.written.set()
            raise OSError("No space left on device")
        self.lines.append(text)
        self.written.set()

    def warning(self, text: str) -> None:
        self.warnings.append(text)


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def start(screen, monkeypatch) -> Iterator[Callable[..., CallbackModule]]:
    """Return a function that starts a run with these options, looked at again and again without a pause."""
    monkeypatch.setattr(summary, "SECONDS_BETWEEN", 0.001)
    made = []

    def do(progress_after: int = 30, slowest_tasks: int = 0) -> CallbackModule:
        options = {"progress_after": progress_after, "slowest_tasks": slowest_tasks}
        callback = CallbackModule(display=screen)
        monkeypatch.setattr(callback, "get_option", lambda name: options[name])
        made.append(callback)
        callback.v2_playbook_on_start(PLAYBOOK)
        return callback

    yield do
    for callback in made:
        callback._stop()


def task(name: str, path: str = "/srv/tasks/main.yml:3") -> Any:
    return SimpleNamespace(_uuid=name, get_name=lambda: name, get_path=lambda: path)


def named(name: str) -> Any:
    return SimpleNamespace(get_name=lambda: name)


def result(**values: Any) -> Any:
    return SimpleNamespace(host=named("app-1"), result=values)


def stats(**counts: int) -> Any:
    return SimpleNamespace(processed={"app-1": 1}, summarize=lambda _host: counts)


def work(callback: CallbackModule, one: Any) -> None:
    callback.v2_playbook_on_task_start(one, is_conditional=False)
    callback.v2_runner_on_start(named("app-1"), one)


def test_a_run_is_followed_to_its_summary(start, screen, monkeypatch):
    monkeypatch.setattr(summary, "monotonic", lambda: 1000)
    callback = start()
    callback.v2_playbook_on_play_start(None)
    work(callback, task("Check"))
    callback.v2_runner_on_ok(result(msg="fine"))
    work(callback, task("Skip"))
    callback.v2_runner_on_skipped(result())
    callback.v2_playbook_on_handler_task_start(task("Restart"))
    callback.v2_runner_on_start(named("app-1"), task("Restart"))
    callback.v2_runner_on_failed(result(msg="Broken\nmore"), ignore_errors=True)
    work(callback, task("Deploy"))
    callback.v2_runner_on_failed(result(msg="planted", _ansible_no_log=True))
    work(callback, task("Ask", "/srv/hooks/on_failure/90-chat.yml:1"))
    callback.v2_runner_on_unreachable(result(msg="Refused"))
    callback.v2_playbook_on_stats(stats(failures=1, changed=0))

    assert screen.lines == [
        "SUMMARY  deploy.yml failed after 0 s",
        "  app-1: failed",
        "Failed tasks:",
        "  app-1: Restart (ignored)",
        "      Broken",
        "  app-1: Deploy",
        "      (hidden by no_log)",
        "  app-1: Ask (unreachable)",
        "      Refused",
        "Hooks:",
        "  on_failure/90-chat.yml: unreachable, 0 s",
    ]


def test_the_progress_of_a_long_task_is_written_without_an_event(start, screen, monkeypatch):
    callback = start(progress_after=20)
    work(callback, task("Wait"))
    now = summary.monotonic()
    monkeypatch.setattr(summary, "monotonic", lambda: now + 21)

    assert screen.written.wait(10)
    assert screen.lines[0] in {"STILL RUNNING  20 s: Wait [app-1]", "STILL RUNNING  21 s: Wait [app-1]"}


@pytest.mark.parametrize("end", [lambda callback: callback.v2_playbook_on_stats(stats()), CallbackModule._stop])
def test_the_thread_ends_with_the_run(start, end):
    callback = start()
    assert callback._thread.is_alive()

    end(callback)

    assert not callback._thread.is_alive()


def test_zero_starts_no_thread(start):
    assert start(progress_after=0)._thread is None


def test_an_error_of_the_thread_is_a_warning_and_the_run_goes_on(start, screen, monkeypatch):
    callback = start(progress_after=20)
    screen.full = True
    work(callback, task("Wait"))
    now = summary.monotonic()
    monkeypatch.setattr(summary, "monotonic", lambda: now + 21)

    assert screen.written.wait(10)
    callback._thread.join(10)
    assert screen.warnings == ["The progress of tasks is shown no longer: No space left on device"]
    screen.full = False
    callback.v2_playbook_on_stats(stats())
    assert screen.lines[0].startswith("SUMMARY  deploy.yml succeeded")
