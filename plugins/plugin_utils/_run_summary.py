# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow a run of a playbook, and write its progress and its summary as lines. No input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: The longest time between two lines of one task, in seconds, unless the first line comes later than that.
LONGEST_INTERVAL = 600
HOSTS_SHOWN = 5
MESSAGE_LENGTH = 300
HIDDEN = "(hidden by no_log)"
#: Results of a task on one host.
OK, FAILED, IGNORED, UNREACHABLE = "ok", "failed", "ignored", "unreachable"


@dataclass
class Task:
    """One start of a task. Times are those of a monotonic clock, in seconds; ``due`` is that of the next line."""

    name: str
    hook: str
    started: float
    due: float
    ended: float | None = None
    result: str = OK

    @property
    def seconds(self) -> float:
        """Return how long it took; 0 before its first result."""
        return (self.ended or self.started) - self.started


@dataclass(frozen=True)
class Failure:
    """A task that failed on one host. ``result`` is one of FAILED, IGNORED and UNREACHABLE."""

    host: str
    task: str
    result: str
    message: str


class Run:
    """What a run has done so far. It is not safe for several threads at a time."""

    def __init__(self, progress_after: float) -> None:
        self._progress_after = progress_after
        self._started: float | None = None
        self._tasks: list[Task] = []
        self._newest: dict[str, Task] = {}
        self._at_work: dict[str, Task] = {}
        self._failures: list[Failure] = []

    def start(self, at: float) -> None:
        """Record that the run, or another play of it, starts: no host is at work."""
        self._started = at if self._started is None else self._started
        self._at_work.clear()

    def start_task(self, key: str, name: str, hook: str, at: float) -> None:
        """Record that a task starts. ``key`` is the same for each start of a task; ``hook`` may be empty."""
        self._newest[key] = Task(printable(name), hook, at, at + self._progress_after)
        self._tasks.append(self._newest[key])

    def start_host(self, key: str, host: str) -> None:
        """Record that a host works on a task. It has ended the one before."""
        if key in self._newest:
            self._at_work[host] = self._newest[key]

    def end_host(self, host: str, at: float, result: str = OK, message: str = "") -> None:
        """Record the result of the task that a host works on."""
        task = self._at_work.pop(host, None)
        if task:
            task.ended, task.result = at, result
        if result != OK:
            self._failures.append(Failure(host, task.name if task else "a task", result, message))

    def progress(self, now: float) -> list[str]:
        """Return a line for each task that is at work for so long that one is due."""
        hosts: dict[int, list[str]] = {}
        tasks = {id(task): task for task in self._at_work.values()}
        for host, task in self._at_work.items():
            hosts.setdefault(id(task), []).append(host)
        return [_progress(tasks[key], names, now) for key, names in hosts.items() if self._is_due(tasks[key], now)]

    def _is_due(self, task: Task, now: float) -> bool:
        if now < task.due:
            return False
        while task.due <= now:
            task.due += min(task.due - task.started, max(LONGEST_INTERVAL, self._progress_after))
        return True

    def summary(self, playbook: str, counts: Mapping[str, Mapping[str, int]], now: float, slowest: int) -> list[str]:
        """Return the summary. ``counts`` are Ansible's of each host; ``slowest`` is how many tasks are listed."""
        results = {host: _result(each) for host, each in sorted(counts.items())}
        seconds = duration(now - (now if self._started is None else self._started))
        slow = [f"{duration(task.seconds):>11}  {task.name}" for task in self._slowest(slowest)]
        return [
            f"SUMMARY  {printable(playbook)} {_verdict(results.values())} after {seconds}",
            *(f"  {printable(host)}: {result}" for host, result in results.items()),
            *_section("Failed tasks", list(self._failed(counts))),
            *_section("Hooks", [f"{name}: {result}" for name, result in self._hooks()]),
            *_section("Slowest tasks", slow),
        ]

    def _slowest(self, count: int) -> list[Task]:
        tasks = [task for task in self._tasks if task.seconds >= 1]
        return sorted(tasks, key=lambda task: -task.seconds)[:count]

    def _failed(self, counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
        """Yield two lines for each failure, and for the same one of several hosts only once."""
        hosts: dict[tuple[str, str, str], list[str]] = {}
        for failure, result in self._judged(counts):
            hosts.setdefault((failure.task, result, failure.message), []).append(failure.host)
        for (task, result, text), names in hosts.items():
            yield f"{_names(names)}: {task}{'' if result == FAILED else f' ({result})'}"
            yield f"    {text}"

    def _judged(self, counts: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[Failure, str]]:
        """Yield each failure with its effect.

        Ansible only counts those that a block rescued. If a host has others too, none of its failures is called so.
        """
        saved = {host for host, each in counts.items() if not each.get("failures")}
        for failure in self._failures:
            rescued = failure.result == FAILED and failure.host in saved
            yield failure, "rescued" if rescued else failure.result

    def _hooks(self) -> Iterator[tuple[str, str]]:
        tasks: dict[str, list[Task]] = {}
        for task in self._tasks:
            if task.hook and task.ended is not None:
                tasks.setdefault(task.hook, []).append(task)
        for hook, own in tasks.items():
            yield hook, f"{own[-1].result}, {duration(sum(task.seconds for task in own))}"


def message(result: Mapping[str, Any]) -> str:
    """Return the first line of what a failed task says, of a loop that of the first item that failed.

    Nothing of a result with no_log is returned, also if one item only has it.
    """
    items = [item for item in result.get("results") or [] if isinstance(item, Mapping)]
    if any(_is_hidden(each) for each in (result, *items)):
        return HIDDEN
    # From ansible-core 2.21 on a failed item is known by its exception only.
    failed = [item for item in items if item.get("failed") or "exception" in item]
    text = next((item["msg"] for item in failed if item.get("msg")), result.get("msg"))
    first = next((line for line in str(text or "").splitlines() if line.strip()), "no message")
    first = printable(first.strip())
    return first if len(first) <= MESSAGE_LENGTH else f"{first[: MESSAGE_LENGTH - 2]} …"


def _is_hidden(result: Mapping[str, Any]) -> bool:
    return bool(result.get("_ansible_no_log")) or "censored" in result


def printable(text: str) -> str:
    """Return a text without characters that control a terminal."""
    return "".join(character if character.isprintable() else " " for character in str(text))


def duration(seconds: float) -> str:
    """Return a period as an operator reads it: 7 s, 3 min 05 s, 2 h 07 min."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _progress(task: Task, hosts: Sequence[str], now: float) -> str:
    return f"STILL RUNNING  {duration(now - task.started)}: {task.name} [{_names(hosts)}]"


def _names(hosts: Sequence[str]) -> str:
    more = f" and {len(hosts) - HOSTS_SHOWN} more" if len(hosts) > HOSTS_SHOWN else ""
    return printable(", ".join(hosts[:HOSTS_SHOWN])) + more


def _verdict(results: Collection[str]) -> str:
    if not results:
        return "ran on no host,"
    return "failed" if {FAILED, UNREACHABLE} & set(results) else "succeeded"


def _result(counts: Mapping[str, int]) -> str:
    if counts.get("unreachable"):
        return UNREACHABLE
    if counts.get("failures"):
        return FAILED
    changed = counts.get("changed", 0)
    return f"ok, {changed} changed" if changed else "ok"


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []
