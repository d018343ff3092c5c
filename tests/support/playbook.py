# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a real `ansible-playbook` and read back what each task did."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import yaml

ROOT = Path(__file__).resolve().parents[2]
SECONDS_BETWEEN = 0.1  # two questions whether a run is to be killed
LOCALHOST = "localhost ansible_connection=local ansible_python_interpreter=/usr/bin/python3\n"

#: A playbook's path, or plays, or the tasks of one play on localhost.
Playbook: TypeAlias = Path | Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class TaskResult:
    """One task on one host. `status` is ok, failed, skipped or unreachable; `result` is what the module returned."""

    name: str
    action: str
    host: str
    status: str
    result: dict[str, Any]

    @property
    def changed(self) -> bool:
        """Whether the task says that it changed something."""
        return bool(self.result.get("changed"))

    @property
    def diff(self) -> Any:
        """Return the task's diff; an empty one if it has no diff, or one whose sides are the same."""
        diff = self.result.get("diff")
        same = isinstance(diff, dict) and diff.get("before") == diff.get("after")
        return {"before": {}, "after": {}} if same or not diff else diff

    @property
    def message(self) -> str:
        """What the module says of its failure, or nothing."""
        return str(self.result.get("msg", ""))


@dataclass(frozen=True)
class PlaybookRun:
    """What a run came to. `recap` holds Ansible's counts by host; `seconds` is the whole process's time."""

    rc: int
    stdout: str
    stderr: str
    tasks: list[TaskResult]
    recap: dict[str, dict[str, int]]
    seconds: float

    @property
    def output(self) -> str:
        """All that an operator or a log could see."""
        return self.stdout + self.stderr

    @property
    def failures(self) -> list[TaskResult]:
        """The tasks that failed or whose host did not answer."""
        return [task for task in self.tasks if task.status in ("failed", "unreachable")]

    @property
    def changed(self) -> int:
        """How many tasks changed something, over all hosts."""
        return sum(counts["changed"] for counts in self.recap.values())

    def task(self, name: str) -> TaskResult:
        """Return the one result of the task of that name; raise AssertionError for no result, or more than one."""
        found = [task for task in self.tasks if task.name == name or task.name.endswith(f" : {name}")]
        assert len(found) == 1, f"{len(found)} results of a task '{name}' in:\n{self.output}"
        return found[0]

    def succeeded(self) -> PlaybookRun:
        """Return the run itself, for chaining; AssertionError with the output if it failed or was deprecated."""
        assert self.rc == 0, f"ansible-playbook ended with {self.rc}:\n{self.output}"
        assert "[DEPRECATION WARNING]" not in self.output, self.output
        return self


def run_playbook(
    playbook: Playbook,
    folder: Path,
    *,
    check: bool = False,
    diff: bool = False,
    extra_vars: Mapping[str, Any] | None = None,
    env: Mapping[str, str] | None = None,
    inventory: Path | None = None,
    verbosity: int = 0,
    arguments: Sequence[str] = (),
    timeout: float = 900,
    kill_when: Callable[[list[dict[str, Any]]], bool] | None = None,
) -> PlaybookRun:
    """Run `playbook` in a process of its own and return what came of it, failed or not.

    A path runs as an operator would run it: from its own folder, with the ansible.cfg that lies there. Plays or tasks
    are written to `folder`, an empty one, and run with Ansible's defaults against localhost, or `inventory`.
    `env` is added to the process's environment; `timeout` is in seconds, after which the run and its children are
    killed and TimeoutExpired is raised. `kill_when` is asked again and again with what the run has recorded so far: the
    run is killed as soon as that is true.
    """
    if isinstance(playbook, Path):
        path = playbook
    else:
        path = _write_playbook(playbook, folder)
        inventory = inventory or _write_inventory(folder)
    record = folder / f"record-{time.monotonic_ns()}.jsonl"
    record.touch()
    command = ["ansible-playbook", path.name, *arguments]
    command += ["--inventory", str(inventory)] if inventory else []
    command += ["--check"] if check else []
    command += ["--diff"] if diff else []
    command += ["-" + "v" * verbosity] if verbosity else []
    if extra_vars:
        variables = folder / "extra_vars.json"
        variables.write_text(json.dumps(dict(extra_vars)))
        command += ["--extra-vars", f"@{variables}"]
    started = time.monotonic()
    is_over = partial(_asks, kill_when, record) if kill_when else None
    rc, stdout, stderr = _execute(
        command, path.parent, run_environment(record, path.parent, env or {}), timeout, is_over
    )
    lines = _read(record)
    tasks = [TaskResult(**line) for line in lines if line.pop("kind", "") == "task"]
    recap = {line["host"]: line["counts"] for line in lines if "counts" in line}
    return PlaybookRun(rc, stdout, stderr, tasks, recap, time.monotonic() - started)


def _read(record: Path) -> list[dict[str, Any]]:
    # The last line of a run that was killed may be half a line.
    return [json.loads(line) for line in record.read_text().splitlines(keepends=True) if line.endswith("\n")]


def _asks(kill_when: Callable[[list[dict[str, Any]]], bool], record: Path) -> bool:
    return kill_when(_read(record))


def _write_playbook(content: Sequence[Mapping[str, Any]], folder: Path) -> Path:
    plays = list(content)
    if not all("hosts" in play for play in plays):
        plays = [{"name": "Test", "hosts": "localhost", "gather_facts": False, "tasks": plays}]
    (folder / "ansible.cfg").touch()  # or Ansible would take the developer's own
    path = folder / "playbook.yml"
    path.write_text(yaml.safe_dump(plays, sort_keys=False))
    return path


def _write_inventory(folder: Path) -> Path:
    path = folder / "hosts"
    path.write_text(LOCALHOST)
    return path


def run_environment(record: Path, folder: Path, more: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a run from `folder` that writes what its tasks did to `record`; `more` is added."""
    # The developer's own ANSIBLE_ settings must not decide what a test sees.
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    env |= {
        "ANSIBLE_CALLBACK_PLUGINS": str(ROOT / "tests/support/callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "recorder",
        "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
        # From ansible-core 2.21 on it is not returned unless it is asked for: what it would show is searched here.
        "ANSIBLE_INJECT_INVOCATION": "1",
        "ANSIBLE_NOCOLOR": "1",
        "RECORDER_FILE": str(record),
    }
    if (folder / "library").exists():  # whose modules are not those of another test
        env.pop("RECORDER_MODULES", None)
    return env | dict(more)


def _execute(
    command: list[str], folder: Path, env: Mapping[str, str], timeout: float, is_over: Callable[[], bool] | None
) -> tuple[int, str, str]:
    deadline = time.monotonic() + timeout
    with subprocess.Popen(
        command,
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            while True:
                try:
                    stdout, stderr = process.communicate(timeout=SECONDS_BETWEEN if is_over else timeout)
                    return process.returncode, stdout, stderr
                except subprocess.TimeoutExpired:
                    if is_over is None or time.monotonic() > deadline:
                        raise
                    if is_over():
                        os.killpg(process.pid, signal.SIGKILL)
                        is_over = None
        except BaseException:
            # Ansible's workers are a session of their own here: none may outlive the test that started them.
            os.killpg(process.pid, signal.SIGKILL)
            raise
