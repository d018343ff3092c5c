# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files on the host: read, refuse, and replace so that no reader ever sees half of one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fcntl
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from .errors import ConvosphereError, InputError

#: The lock in the directory of a stack, which everything holds that changes the stack.
LOCK = ".lock"
#: The file in the directory of a stack, and of its backups, that names the environment which they belong to.
MARKER = ".convosphere.json"
#: What every unfinished file begins with, so that the next run knows it for a leftover.
TEMPORARY = ".convosphere-"
#: The file in which a long run reports its progress.
PROGRESS = ".progress.json"


def read_text(path: Path) -> str | None:
    """The file's text to the letter, or None where there is no such file. Raises InputError where it cannot be read."""
    raw = read_bytes(path, hint="Move it away and run again.")
    try:
        return None if raw is None else raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text in UTF-8", hint="Move it away and run again.") from error


def read_bytes(path: Path, hint: str | None = None) -> bytes | None:
    """Return the file's bytes, or None if there is no such file. Raises InputError, with ``hint``, if it is no file."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as error:
        raise InputError(f"No permission to read {path}", hint="Use become: true.") from error
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise InputError(f"Cannot read {path}: {getattr(error, 'strerror', error)}", hint=hint) from error


def mode_of(path: Path) -> str:
    """The permission bits of a file, as four octal digits."""
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def refuse_readable_by_others(path: Path) -> None:
    """Raise InputError where a file with secrets can be read or written by anyone but its owner."""
    try:
        mode = mode_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as error:
        raise InputError(f"No permission to look at {path}", hint="Use become: true.") from error
    if int(mode, 8) & 0o077:
        raise InputError(
            f"The secrets in {path} can be read by others: its mode is {mode}, it must be 0600",
            hint=f"Find out who may have read it, change the secrets if need be, then: chmod 0600 {path}",
        )


def write_text(path: Path, text: str, mode: str) -> None:
    """Replace ``path`` by ``text`` in one step, and make the directories it lies in. ``mode`` is octal, such as "0640".

    The text goes to a temporary file in the same directory, with its final mode from the first byte on, is synced to
    the disk and renamed. Killed at any moment, the file is the old one or the new one. Raises ConvosphereError.
    """
    temporary = None
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), int(mode, 8))
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        sync_directory(path.parent)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise ConvosphereError(f"Cannot write {path}: {error.strerror}") from error


def make_private(directory: Path) -> None:
    """Make a directory for nobody but its owner, and those it lies in. Raises ConvosphereError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConvosphereError(f"Cannot make {directory}: {error.strerror}") from error


def remove(path: Path) -> None:
    """Remove a file, if it is there. Raises ConvosphereError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConvosphereError(f"Cannot remove {path}: {error.strerror}") from error


def set_aside(path: Path) -> None:
    """Give a file that somebody else wrote a name that says when, if it is there. Raises ConvosphereError."""
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
        path.rename(path.with_name(f"{path.name}.kept-{written:%Y%m%dT%H%M%SZ}"))
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConvosphereError(f"Cannot rename {path}: {error.strerror}") from error


def remove_unheld(path: Path) -> bool:
    """Remove what a killed run left; whether it did. Not a directory, nor a file that a run has locked as it writes it.

    Raises ConvosphereError.
    """
    if path.is_symlink():
        remove(path)
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
        remove(path)
    return True


@contextmanager
def changing(what: str, directory: Path) -> Iterator[None]:
    """Raise ConvosphereError where a change of a directory of ``what``, such as "backups", fails in the block."""
    try:
        yield
    except OSError as error:
        raise ConvosphereError(
            f"Cannot keep the {what} in {directory}: {error.filename or directory}: {error.strerror}"
        ) from error


def remove_temporary(directory: Path) -> None:
    """Remove what a ``write_text`` left that was killed, at any depth. Nobody else may be writing there."""
    for path in directory.rglob(f"{TEMPORARY}????????"):
        if path.is_file() and not path.is_symlink():
            remove(path)


@contextmanager
def unnamed(text: str, title: str) -> Iterator[Path]:
    """A file in memory that this process and the programs it runs can read, and that is gone when this process is.

    ``title`` is what ``with_titles`` shows for its path.
    """
    with os.fdopen(os.memfd_create(title), "wb") as file:
        file.write(text.encode())
        file.flush()
        yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")


def with_titles(text: str, files: Iterable[Path]) -> str:
    """``text``, such as an error of a program, with the title of each file in memory in the place of its path."""
    for path in files:
        if path.parent == Path(f"/proc/{os.getpid()}/fd"):
            title = str(path.readlink())[len("/memfd:") :].rpartition(" ")[0]  # which ends with " (deleted)"
            text = re.sub(rf"{re.escape(str(path))}(?![0-9])", title.replace("\\", r"\\"), text)
    return text


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold the lock file ``path`` while the block runs; raise ConvosphereError at once where another run holds it.

    The kernel lets go of the lock when the process ends, however it ends, and with it every program that it started
    through ``command``: a Compose that outlives a killed module still keeps others out.
    """
    try:
        # A link in its place could have this make a file anywhere.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise ConvosphereError(f"Cannot lock {path}: {error.strerror}", hint="Use become: true.") from error
    with os.fdopen(descriptor, "r+b"):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConvosphereError(
                f"Another run is changing {what} right now",
                hint=f"Wait for it to end. Who it is: fuser -v {path}",
            ) from error
        fcntl.fcntl(descriptor, fcntl.F_SETFD, 0)  # inherited by programs, which Python otherwise prevents
        yield


def is_locked(path: Path) -> bool:
    """Whether a run holds a lock file, as the kernel lists it: trying the lock would keep another run from it."""
    try:
        number = str(path.stat().st_ino)
        locks = [line.split() for line in Path("/proc/locks").read_text(encoding="ascii").splitlines()]
    except OSError:
        return False
    return any("FLOCK" in fields and fields[-3].rpartition(":")[2] == number for fields in locks)


def sync_directory(directory: Path) -> None:
    """Make a rename survive a power cut: the directory's entry is on the disk only after this."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
