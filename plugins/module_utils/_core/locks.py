# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lock files, which keep two runs from changing the same directory or file.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import files
from .errors import ConvosphereError

#: The lock file of a directory, of a stack or of backups.
LOCK = ".lock"


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs. Raises ConvosphereError at once if another run holds it.

    The kernel releases the lock when the process ends, however it ends, and every program that it started through
    ``command``: a Compose that outlives an interrupted module still keeps other runs out.
    """
    try:
        # A symbolic link could have this create a file anywhere.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConvosphereError(f"Cannot lock {path}: {error.strerror}", hint="Use become: true.") from error
    with os.fdopen(descriptor, "r+b"):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConvosphereError(
                f"Another run is changing {what}",
                hint=f"Wait for it to end, or find its process: fuser -v {path}",
            ) from error
        fcntl.fcntl(descriptor, fcntl.F_SETFD, 0)  # programs inherit it, which Python prevents otherwise
        yield


def is_locked(path: Path) -> bool:
    """Return whether a run holds a lock file. The kernel's list is read, because trying the lock would hinder a run."""
    try:
        number = str(path.stat().st_ino)
        locks = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        return False
    return any("FLOCK" in fields and fields[-3].rpartition(":")[2] == number for fields in locks)


def remove_unheld(path: Path) -> bool:
    """Remove a stale file, and return whether one was removed. Directories and locked files are kept.

    Raises ConvosphereError.
    """
    if path.is_symlink():
        files.remove(path)
        return True
    if not path.is_file():
        return False
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW)
    except OSError as error:
        raise ConvosphereError(f"Cannot remove {path}: {error.strerror}", hint="Use become: true.") from error
    with os.fdopen(descriptor, "r+b"):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        files.remove(path)
    return True
