# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of whole processes beside what they are compared with, in one run, so that the machine matters little.

A row may be of something else than seconds, such as the bytes that a run leaves or the memory that it takes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from support import memory
from support.playbook import LOCALHOST, ROOT


@dataclass(frozen=True)
class Contender:
    """What is timed: `run`, from the start of its process to the end. `prepare` comes before, and is not timed.

    A given `value` is called after the run, and returns the figure in the place of the seconds.
    """

    name: str
    run: Callable[[], object]
    prepare: Callable[[], object] | None = None
    value: Callable[[], float] | None = None

    def seconds(self) -> float:
        """Return how long one run takes, or the value that counts instead."""
        if self.prepare:
            self.prepare()
        started = time.perf_counter()
        self.run()
        return self.value() if self.value else time.perf_counter() - started


@dataclass(frozen=True)
class Row:
    """A line of the table: the subject may take at most `limit` times as long, or as much, as the baseline."""

    subject: Contender
    baseline: Contender
    limit: float
    unit: str = "s"


@dataclass(frozen=True)
class Measured:
    """A row with the seconds, or whatever its unit is, of each of its rounds."""

    row: Row
    subject: Sequence[float]
    baseline: Sequence[float]

    @property
    def ratio(self) -> float:
        """The subject's median by the baseline's."""
        return median(self.subject) / median(self.baseline)

    @property
    def exceeded(self) -> bool:
        """Whether the subject took longer, or more, than it may."""
        return self.ratio > self.row.limit


def memory_row(contender: Contender, allowed: float, is_root: Callable[[memory.Process], bool]) -> Row:
    """Measure the peak memory of the root processes and all below them in a run; at most `allowed`, in MB."""
    found: list[float] = []

    def run() -> None:
        found.append(memory.peak(contender.run, is_root))

    return Row(
        Contender(f"memory of {contender.name}, at its peak", run, contender.prepare, lambda: found[-1]),
        Contender("what it may take", lambda: None, value=lambda: allowed),
        limit=1,
        unit="MB",
    )


def measure(row: Row, rounds: int) -> Measured:
    """Run both once to warm up, then in turn, so that a slow minute of the machine slows both."""
    times: list[tuple[float, float]] = []
    for _round in range(rounds + 1):
        times.append((row.subject.seconds(), row.baseline.seconds()))
    subject, baseline = zip(*times[1:], strict=True)
    return Measured(row, subject, baseline)


def table(measured: Iterable[Measured]) -> list[str]:
    """Return the lines of the table: medians, fastest and slowest round (or least and most), ratio and limit."""
    lines = [("", "median", "fastest", "slowest", "ratio", "limit")]
    for found in measured:
        unit = found.row.unit
        verdict = "exceeded" if found.exceeded else ""
        lines.append(
            (found.row.subject.name, *_spread(found.subject, unit), f"{found.ratio:.2f}", f"{found.row.limit:.2f}")
        )
        lines.append((f"  beside {found.row.baseline.name}", *_spread(found.baseline, unit), verdict, ""))
    width = max(len(line[0]) for line in lines)
    return [f"{line[0]:{width}}" + "".join(f"{cell:>10}" for cell in line[1:]) for line in lines]


def _spread(values: Sequence[float], unit: str) -> tuple[str, str, str]:
    return f"{median(values):.2f} {unit}", f"{min(values):.2f} {unit}", f"{max(values):.2f} {unit}"


def playbook_of(folder: Path, name: str, *tasks: Mapping[str, Any]) -> Callable[[], None]:
    """Return a run of a play with these tasks on localhost, without facts: what a module costs an operator."""
    folder = folder / name
    folder.mkdir()
    # The operator's settings, for all contenders alike, and not the developer's own.
    shutil.copyfile(ROOT / "ansible.cfg", folder / "ansible.cfg")
    (folder / "hosts").write_text(LOCALHOST)
    play = {"name": name, "hosts": "localhost", "gather_facts": False, "tasks": [dict(task) for task in tasks]}
    (folder / "playbook.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    return command(["ansible-playbook", "--inventory=hosts", "playbook.yml"], folder)


def command(arguments: Sequence[str], folder: Path) -> Callable[[], None]:
    """Return a run of a program in a folder. If it fails, it raises RuntimeError with its output."""

    def run() -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
        done = subprocess.run(arguments, cwd=folder, env=env, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")

    return run
