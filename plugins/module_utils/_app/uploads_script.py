# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that exchanges uploaded files in their volume, in a container of the service's own image.

Files are renamed and never deleted. How far an exchange came is to be seen from the names that are there: as long as
the new files lie in ``new``, those beside it are of before, and as soon as they lie in ``new`` + MOVING, they are not.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
import sys
from pathlib import Path
from typing import Any

MOVING = "_moving"


def move_all(source: Path, target: Path, own: str) -> None:
    """Rename everything in one directory into another, but what begins with ``own``.

    Raises FileExistsError rather than put one file in the place of another.
    """
    for path in sorted(source.iterdir()):
        if path.name.startswith(own):
            continue
        if os.path.lexists(target / path.name):
            raise FileExistsError(f"{target / path.name} is there already, and stays, as does {path}")
        path.rename(target / path.name)


def swap(root: Path, own: str, new: str, kept: str) -> None:
    """Have the files in ``new`` be those in ``root``, and those of ``root`` be in ``kept``; or else all as it was.

    Raises OSError.
    """
    fresh, moving, old = root / new, root / (new + MOVING), root / kept
    old.mkdir(0o700)  # not undone where it fails: then it is another run's
    try:
        move_all(root, old, own)
        fresh.rename(moving)
        move_all(moving, root, own)
        moving.rmdir()
    except OSError as error:
        ends(None)
        try:
            go_back(root, own, new, kept, new)
        except OSError as second:
            raise OSError(f"{error}; and what was moved could not be moved back out of {old}: {second}") from error
        raise
    os.sync()


def go_back(root: Path, own: str, new: str, kept: str, aside: str) -> None:
    """Undo ``swap``, however far it came; run again it goes on. What came by it is in ``aside`` then. Raises OSError.

    What did not come, since all or some of it was not moved yet, is in ``new`` still.
    """
    fresh, moving, old = root / new, root / (new + MOVING), root / kept
    if not old.is_dir():
        return  # nothing was moved, or all was moved back
    if not fresh.is_dir() and not (root / aside).is_dir():
        moving.mkdir(0o700, exist_ok=True)
        move_all(root, moving, own)
        moving.rename(root / aside)
    move_all(old, root, own)
    old.rmdir()
    os.sync()


def count(root: Path, own: str) -> tuple[int, int]:
    """The files and their bytes as an archive of them has it, in which a second name of a file has no bytes."""
    files, size, seen = 0, 0, set()
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if here != root or not name.startswith(own)]
        for name in names:
            found = (here / name).lstat()
            if stat.S_ISREG(found.st_mode) and (here != root or not name.startswith(own)):
                files += 1
                size += 0 if (found.st_dev, found.st_ino) in seen else found.st_size
                seen.add((found.st_dev, found.st_ino))
    return files, size


def ends(seconds: int | None) -> None:
    """Have what runs fail, and so be undone, after so many seconds and where it is asked to end; None for no more."""

    def late(_signal: int, _frame: Any) -> None:
        raise TimeoutError("it was ended, or did not end in time")

    signal.alarm(seconds or 0)
    signal.signal(signal.SIGALRM, late if seconds else signal.SIG_IGN)
    signal.signal(signal.SIGTERM, late if seconds else signal.SIG_IGN)


def wait_for_others(root: Path) -> None:
    """Wait until nobody else moves files in ``root``, until this one ends: that of a killed run goes on without it."""
    fcntl.flock(os.open(root, os.O_RDONLY), fcntl.LOCK_EX)


def main(root: str, action: str, own: str, *arguments: str) -> None:
    """``swap`` and ``go_back`` with seconds and their own arguments; ``count``, which writes two numbers."""
    if action == "count":
        sys.stdout.write("{} {}\n".format(*count(Path(root), own)))
        return
    seconds, *names = arguments
    ends(int(seconds))
    try:
        wait_for_others(Path(root))
        (swap if action == "swap" else go_back)(Path(root), own, *names)
    except OSError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main(*sys.argv[1:])
