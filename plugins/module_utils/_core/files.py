# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read files on the host, and replace them in one step, so that no reader sees a partial file.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from typing import IO

from .errors import ConvosphereError, InputError

#: The file that names the environment to which a directory of a stack, or of backups, belongs.
MARKER = ".convosphere.json"
#: The prefix of unfinished files, by which the next run recognizes them.
TEMPORARY = ".convosphere-"
#: The file in which a long run reports its progress.
PROGRESS = ".progress.json"
#: The file with the last rehearsal of an upgrade, beside the backups.
REHEARSAL = ".upgrade-rehearsal.json"
#: The registers of erasures and holds, beside the backups and in every place of their copies. Earlier versions wrote
#: the first one without the name of an environment.
_REGISTER = re.compile(r"erasures\.json|(?:erasures|holds)-[A-Za-z0-9][A-Za-z0-9_.-]*\.json")
_CHUNK = 1 << 20


def read_text(path: Path) -> str | None:
    """Return the file's exact text, or None if there is no such file. Raises InputError if it cannot be read."""
    raw = read_bytes(path, hint="Move it away and run again.")
    try:
        return None if raw is None else raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8", hint="Move it away and run again.") from error


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


def is_register(name: str) -> bool:
    """Return whether a file beside the backups is a register of erasures or holds."""
    return _REGISTER.fullmatch(name) is not None


def mode_of(path: Path) -> str:
    """Return the permission bits of a file, as four octal digits."""
    return f"{stat.S_IMODE(path.stat().st_mode):04o}"


def refuse_readable_by_others(path: Path) -> None:
    """Raise InputError if users other than the owner can read or write a file with secrets."""
    try:
        mode = mode_of(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as error:
        raise InputError(f"No permission to read the mode of {path}", hint="Use become: true.") from error
    if int(mode, 8) & 0o077:
        raise InputError(
            f"Other users can read the secrets in {path}: its mode is {mode}, it must be 0600",
            hint=f"Replace the secrets if another user may have read them, then: chmod 0600 {path}",
        )


def write_text(path: Path, text: str, mode: str) -> None:
    """Replace ``path`` by ``text`` in one step, and create its directories. ``mode`` is octal, such as "0640".

    The text is written to a temporary file in the same directory, with its final mode from the first byte on, synced to
    the disk and renamed. If the run is interrupted, the file is the old or the new one. Raises ConvosphereError.
    """
    write_bytes(path, text.encode(), mode)


def write_bytes(path: Path, content: bytes, mode: str) -> None:
    """Replace ``path`` by ``content`` as ``write_text`` does. Raises ConvosphereError."""
    with replacing(path, mode) as file:
        file.write(content)


@contextmanager
def replacing(path: Path, mode: str) -> Iterator[IO[bytes]]:
    """Yield a file to write, which replaces ``path`` as ``write_text`` does if the block succeeds.

    Raises ConvosphereError.
    """
    temporary = None
    try:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=TEMPORARY)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), int(mode, 8))
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
        temporary = None
        sync_directory(path.parent)
    except OSError as error:
        raise ConvosphereError(f"Cannot write {path}: {error.strerror}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


def chunks(path: Path) -> Iterator[bytes]:
    """Yield the content of a file in chunks of at most 1 MiB."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def sha256(pieces: Iterable[bytes]) -> str:
    """Return the sha256 of all pieces together, in hexadecimal digits: ``sha256(chunks(path))`` is that of a file."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return digest.hexdigest()


def make_private(directory: Path) -> None:
    """Create a directory that only its owner can read, and its parents. Raises ConvosphereError."""
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConvosphereError(f"Cannot create {directory}: {error.strerror}") from error


def remove(path: Path) -> None:
    """Remove a file, if it exists. Raises ConvosphereError."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ConvosphereError(f"Cannot remove {path}: {error.strerror}") from error


def set_aside(path: Path) -> None:
    """Rename a file of unknown origin, if it exists, to a name with its timestamp. Raises ConvosphereError."""
    try:
        written = datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
        path.rename(path.with_name(f"{path.name}.kept-{written:%Y%m%dT%H%M%SZ}"))
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConvosphereError(f"Cannot rename {path}: {error.strerror}") from error


@contextmanager
def changing(what: str, directory: Path) -> Iterator[None]:
    """Raise ConvosphereError if a change of a directory of ``what``, such as "backups", fails in the block."""
    try:
        yield
    except OSError as error:
        raise ConvosphereError(
            f"Cannot change the {what} in {directory}: {error.filename or directory}: {error.strerror}"
        ) from error


def remove_temporary(directory: Path) -> None:
    """Remove the temporary files of interrupted runs, at any depth. No other run may write there."""
    for path in directory.rglob(f"{TEMPORARY}????????"):
        if path.is_file() and not path.is_symlink():
            remove(path)


@contextmanager
def unnamed(text: str, title: str) -> Iterator[Path]:
    """Yield the path of a file in memory that this process and its programs can read, until this process ends.

    ``title`` replaces its path in ``with_titles``.
    """
    with os.fdopen(os.memfd_create(title), "wb") as file:
        file.write(text.encode())
        file.flush()
        yield Path(f"/proc/{os.getpid()}/fd/{file.fileno()}")


def with_titles(text: str, files: Iterable[Path]) -> str:
    """Replace the path of each file in memory by its title in ``text``, such as an error of a program."""
    for path in files:
        if path.parent == Path(f"/proc/{os.getpid()}/fd"):
            title = str(path.readlink())[len("/memfd:") :].rpartition(" ")[0]  # which ends with " (deleted)"
            text = re.sub(rf"{re.escape(str(path))}(?![0-9])", title.replace("\\", r"\\"), text)
    return text


def sync_directory(directory: Path) -> None:
    """Sync a directory to the disk, so that a rename in it survives a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
