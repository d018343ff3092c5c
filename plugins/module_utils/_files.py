# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the host: read, refuse, and replace so that no reader ever sees half of one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError, InputError


def read_text(path: Path) -> str | None:
    """The file's text, or None where there is no such file. Raises InputError where it may not be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise InputError(f"No permission to read {path}", hint="Use become: true.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text in UTF-8", hint="Move it away and run again.") from error


def mode_of(path: Path) -> str:
    """The permission bits of a file, as four octal digits."""
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def refuse_readable_by_others(path: Path) -> None:
    """Raise InputError where a file with secrets can be read or written by anyone but its owner."""
    if path.exists() and int(mode_of(path), 8) & 0o077:
        raise InputError(
            f"The secrets in {path} can be read by others: its mode is {mode_of(path)}, it must be 0600",
            hint=f"Find out who may have read it, change the secrets if need be, then: chmod 0600 {path}",
        )


def write_text(path: Path, text: str, mode: str) -> None:
    """Replace ``path`` by ``text`` in one step. ``mode`` is octal, for example "0640".

    The text goes to a temporary file in the same directory, with its final mode from the first byte on, is synced to
    the disk and renamed. Killed at any moment, the file is the old one or the new one. Raises ConvosphereError.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    except OSError as error:
        raise ConvosphereError(f"Cannot write {path}: {error.strerror}") from error
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), int(mode, 8))
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        _sync_directory(path.parent)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise ConvosphereError(f"Cannot write {path}: {error.strerror}") from error


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs; raise ConvosphereError at once where another run holds it.

    The kernel lets go of the lock when the process ends, however it ends.
    """
    with path.open("a", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConvosphereError(
                f"Another run is changing {what} right now",
                hint=f"Wait for it to end. Who it is: fuser -v {path}",
            ) from error
        yield


def _sync_directory(directory: Path) -> None:
    """Make a rename survive a power cut: the directory's entry is on the disk only after this."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
