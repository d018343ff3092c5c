# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Swap uploaded files in their volume. Runs in a container of the service's own image.

Files are renamed and never deleted. The names show how far a swap got: while the new files lie in ``new``, the files
beside it are the previous ones, and once they lie in ``new`` + MOVING, they are not.

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
    """Move everything from one directory to another, except names that begin with ``own``.

    Raises FileExistsError rather than replace a file.
    """
    for path in sorted(source.iterdir()):
        if path.name.startswith(own):
            continue
        if os.path.lexists(target / path.name):
            raise FileExistsError(f"{target / path.name} exists already; neither it nor {path} was changed")
        path.rename(target / path.name)


def swap(root: Path, own: str, new: str, kept: str) -> None:
    """Move the files of ``root`` to ``kept`` and those of ``new`` to ``root``. Move all of them back if that fails.

    Raises OSError.
    """
    fresh, moving, old = root / new, root / (new + MOVING), root / kept
    old.mkdir(0o700)  # not undone if it fails: the directory is another run's then
    try:
        move_all(root, old, own)
        fresh.rename(moving)
        move_all(moving, root, own)
        moving.rmdir()
    except OSError as error:
        limit_time(None)
        try:
            undo(root, own, new, kept, new)
        except OSError as second:
            raise OSError(f"{error}; moving the previous files back out of {old} failed too: {second}") from error
        raise
    os.sync()


def undo(root: Path, own: str, new: str, kept: str, aside: str) -> None:
    """Revert ``swap``, however far it got; a second run continues an interrupted one. Raises OSError.

    Restored files go to ``aside``. Files that ``swap`` had not moved yet stay in ``new``.
    """
    fresh, moving, old = root / new, root / (new + MOVING), root / kept
    if not old.is_dir():
        return  # nothing was moved, or everything was moved back
    if not fresh.is_dir() and not (root / aside).is_dir():
        moving.mkdir(0o700, exist_ok=True)
        move_all(root, moving, own)
        moving.rename(root / aside)
    move_all(old, root, own)
    old.rmdir()
    os.sync()


def count(root: Path, *skipped: str) -> tuple[int, int]:
    """Count the files and their bytes as in a tar archive, in which a further hard link has no bytes.

    Names in ``root`` that begin with one of ``skipped`` are not counted.
    """
    files, size, seen = 0, 0, set()
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = [name for name in folders if here != root or not name.startswith(skipped)]
        for name in names:
            found = (here / name).lstat()
            if stat.S_ISREG(found.st_mode) and (here != root or not name.startswith(skipped)):
                files += 1
                size += 0 if (found.st_dev, found.st_ino) in seen else found.st_size
                seen.add((found.st_dev, found.st_ino))
    return files, size


def limit_time(seconds: int | None) -> None:
    """Raise TimeoutError after ``seconds`` and on SIGTERM, so that a swap is undone; None ignores both from now on."""

    def late(_signal: int, _frame: Any) -> None:
        raise TimeoutError("the swap was terminated or took too long")

    signal.alarm(seconds or 0)
    signal.signal(signal.SIGALRM, late if seconds else signal.SIG_IGN)
    signal.signal(signal.SIGTERM, late if seconds else signal.SIG_IGN)


def wait_for_others(root: Path) -> None:
    """Lock ``root`` until this process ends: the container of an interrupted run may still be moving files there."""
    fcntl.flock(os.open(root, os.O_RDONLY), fcntl.LOCK_EX)


def main(root: str, action: str, own: str, *arguments: str) -> None:
    """Run ``swap`` or ``undo`` with seconds and their own arguments, or ``count``, which writes two numbers."""
    if action == "count":
        sys.stdout.write("{} {}\n".format(*count(Path(root), own, *arguments)))
        return
    seconds, *names = arguments
    limit_time(int(seconds))
    try:
        wait_for_others(Path(root))
        (swap if action == "swap" else undo)(Path(root), own, *names)
    except OSError as error:
        raise SystemExit(str(error)) from error


if __name__ == "__main__":
    main(*sys.argv[1:])
