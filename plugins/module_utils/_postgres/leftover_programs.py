# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Remove what interrupted runs of PostgreSQL's programs left: their directories, and the programs themselves.

A program in a container outlives the ``docker exec`` that started it. One that waits for the reader of a named pipe,
which it opens before it connects to the server, would wait for ever, and the server cannot terminate it. Each such
program names a directory of its run, and a run holds the lock of its directory for as long as it lives.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

#: The prefix of each such directory.
FOLDER = ".convosphere-tools-"
#: The programs that are given a path in one.
_PROGRAMS = ("pg_dump", "pg_restore")
#: The argument with that path.
_NAMED = re.compile(rf"(?:--file=)?(/.*/{re.escape(FOLDER)}[^/]+)/dump")
_PROCESSES = Path("/proc")


@contextmanager
def held(folder: Path) -> Iterator[bool]:
    """Lock a directory itself, until the block or this process ends. Yield whether no other process had locked it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        free = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            free = False
        yield free
    finally:
        os.close(descriptor)


def clean(root: Path, base: Path) -> None:
    """Remove the directories of interrupted runs from ``base``. ``root`` is the programs' root directory.

    A directory that was created less than a minute ago may not be locked yet, and stays.
    """
    end_programs(root)
    for path in base.glob(f"{FOLDER}*"):
        with suppress(OSError), held(path) as free:
            if free and path.stat().st_mtime < time.time() - 60:
                shutil.rmtree(path)


def end_programs(root: Path) -> list[int]:
    """Kill each program that names a directory below ``root`` whose run is over. Return their process ids."""
    ended = []
    for process in _PROCESSES.glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile, or is another user's
            folder = _folder_of(process)
            if folder is None or not os.path.samestat((process / "root").stat(), root.stat()):
                continue
            if _is_over(root / folder.relative_to("/")):
                os.kill(int(process.name), signal.SIGKILL)
                ended.append(int(process.name))
    return ended


def _folder_of(process: Path) -> Path | None:
    """Return the directory of a run that a process names in its command line, if it is one of these programs."""
    program, *arguments = os.fsdecode((process / "cmdline").read_bytes()).split("\0")
    if Path(program).name not in _PROGRAMS:
        return None
    named = [found.group(1) for found in map(_NAMED.fullmatch, arguments) if found]
    return Path(named[0]) if named else None


def _is_over(folder: Path) -> bool:
    try:
        with held(folder) as free:
            return free
    except FileNotFoundError:
        return True
