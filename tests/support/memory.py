# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory a run takes at its worst, in all the processes that do its work together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

#: What runs the modules on localhost.
MODULE_PYTHON = "/usr/bin/python3"
_PAGE = os.sysconf("SC_PAGE_SIZE")
_INTERVAL = 0.05  # seconds: a pipeline holds what it holds for as long as it runs


@dataclass(frozen=True)
class Process:
    """One process as /proc has it; `memory` is what it has resident, in bytes, pages that it shares among them."""

    id: int
    parent: int
    arguments: tuple[str, ...]
    memory: int


def peak(run: Callable[[], object], is_root: Callable[[Process], bool]) -> float:
    """Return the peak memory of the root processes and of all that these started, in MB (10^6).

    They are asked every 50 ms while `run` goes on. Pages that several of them share count for each.
    """
    highest, ended = 0, threading.Event()

    def watch() -> None:
        nonlocal highest
        while not ended.wait(_INTERVAL):
            highest = max(highest, total(list(processes()), is_root))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        run()
    finally:
        ended.set()
        watcher.join()
    assert highest, "none of the processes that were to be measured was seen"
    return highest / 1e6


def is_module(process: Process) -> bool:
    """Return whether Python is running a module of this run, and not one of another run on the same machine.

    With pipelining, as our ansible.cfg sets it, Python reads the module from standard input.
    """
    return process.arguments == (MODULE_PYTHON,) and _is_below(process, os.getpid())


def _is_below(process: Process, ancestor: int) -> bool:
    """Return whether a process was started by another one, or by one that this started."""
    current = process.parent
    while current not in (0, ancestor):
        try:
            current = _parent(Path(f"/proc/{current}"))
        except (OSError, IndexError, ValueError):  # it has ended
            return False
    return current == ancestor


def total(found: list[Process], is_root: Callable[[Process], bool]) -> int:
    """Return the memory of the roots among these processes and of all below them, each counted once."""
    wanted = {process.id for process in found if is_root(process)}
    size = -1
    while size != len(wanted):
        size = len(wanted)
        wanted |= {process.id for process in found if process.parent in wanted}
    return sum(process.memory for process in found if process.id in wanted)


def processes() -> Iterator[Process]:
    """Yield all processes of the machine, those in containers too, except those that end meanwhile."""
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with suppress(OSError, IndexError, ValueError):
                memory = (folder / "statm").read_text().split()[1]
                arguments = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
                yield Process(int(folder.name), _parent(folder), tuple(arguments), int(memory) * _PAGE)


def _parent(folder: Path) -> int:
    """Return the id of the process that started that of a folder of /proc."""
    # The name, in brackets, may hold anything; after it come the state and the parent.
    return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
