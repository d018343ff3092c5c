# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A directory of the host, such as a mounted share, as a place for copies of backups.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..._core import files
from ..._core.errors import ConvosphereError, CopyError

_CHUNK = 1024 * 1024
_TEMPORARY = files.TEMPORARY


class Folder:
    """The files of one directory. It must exist, because a missing one is probably a share that is not mounted."""

    def __init__(self, target: Mapping[str, Any]) -> None:
        self.path = Path(target["directory"])
        self.title = str(self.path)

    def check(self) -> None:
        """Check that the directory exists."""
        self._require_directory()

    def names(self) -> list[str]:
        """Return the names of all files, without unfinished ones, sorted."""
        try:
            found = [path.name for path in self.path.iterdir() if path.is_file()]
        except OSError as error:
            raise _error(f"Cannot list the files in {self.path}", error) from error
        return sorted(name for name in found if not name.startswith(_TEMPORARY))

    def holds(self, name: str, size: int, sha256: str, *, trusted: bool) -> bool:
        """Return True if a file has this size and checksum; ``trusted``: without reading its content."""
        path = self.path / name
        try:
            if not path.is_file() or path.stat().st_size != size:
                return False
        except OSError as error:
            raise _error(f"Cannot read {path}", error) from error
        return trusted or files.sha256(self.chunks(name)) == sha256

    def read(self, name: str) -> bytes:
        """Return the content of a small file, such as a manifest."""
        return b"".join(self.chunks(name))

    def put_bytes(self, name: str, content: bytes) -> None:
        """Write a small file in one step."""
        self._require_directory()
        try:
            files.write_text(self.path / name, content.decode(), "0600")
        except ConvosphereError as error:
            raise CopyError(str(error), hint=_hint(error.__cause__)) from error

    def put(self, path: Path, size: int, sha256: str, progress: Callable[[int], None]) -> None:
        """Copy one file under a temporary name, sync it to the disk, and rename it.

        Raises CopyError, also if the file does not have this size and checksum; it is not copied then.
        """
        self._require_directory()
        self._refuse_full_disk(path, size)
        partial = self.path / f"{_TEMPORARY}{path.name}.part"
        try:
            with _exclusive(partial) as file:
                copied = _copy(path, file, progress)
                if copied != (size, sha256):
                    raise CopyError(
                        f"Cannot copy {path}: its size or checksum differs from its manifest",
                        hint="The file is corrupt. Copy another backup, and check the disk.",
                    )
                partial.replace(self.path / path.name)
            files.sync_directory(self.path)
        except OSError as error:
            raise _error(f"Cannot copy {path.name} to {self.path}", error) from error

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of one file in chunks."""
        try:
            yield from files.chunks(self.path / name)
        except OSError as error:
            raise _error(f"Cannot read {self.path / name}", error) from error

    def remove(self, name: str) -> None:
        """Remove a file if it exists."""
        files.remove(self.path / name)

    def _require_directory(self) -> None:
        if not self.path.is_dir():
            raise CopyError(
                f"Cannot copy to {self.path}: there is no such directory",
                hint="Mount the share, or create the directory. It is not created automatically, because a copy could "
                "end up on the disk of the backups.",
            )

    def _refuse_full_disk(self, path: Path, size: int) -> None:
        free = shutil.disk_usage(self.path).free
        if free < size:
            raise CopyError(
                f"Cannot copy {path.name} to {self.path}: it has {size} bytes, and {free} are free there",
                hint="Free some space there and run it again: files that are complete are not copied again.",
            )


@contextmanager
def _exclusive(partial: Path) -> Iterator[Any]:
    """Open the unfinished file, empty and locked by this run. The remains of an interrupted run are overwritten."""
    with os.fdopen(_locked(partial), "wb") as file:
        os.ftruncate(file.fileno(), 0)
        try:
            yield file
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _locked(partial: Path) -> int:
    """Return a descriptor of the unfinished file, locked.

    Another run may remove the file between opening and locking it, because it clears unfinished files; then try again.
    """
    while True:
        descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(descriptor), partial.lstat()):
                    return descriptor
        except BaseException as error:
            os.close(descriptor)
            if isinstance(error, BlockingIOError):
                raise CopyError(f"Another run is writing {partial}", hint="Wait for its end.") from error
            raise
        os.close(descriptor)


def _copy(path: Path, file: Any, progress: Callable[[int], None]) -> tuple[int, str]:
    """Copy all of ``path`` into an open file and sync it. Return its size and checksum."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
            done += len(chunk)
            progress(done)
    file.flush()
    os.fsync(file.fileno())
    return done, digest.hexdigest()


def _error(step: str, error: OSError) -> CopyError:
    return CopyError(f"{step}: {error.strerror or error}", hint=_hint(error))


def _hint(error: BaseException | None) -> str | None:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "Free some space there and run it again: files that are complete are not copied again."
    if number in (errno.EACCES, errno.EPERM):
        return "Use become: true. A share may also map root to a user who may not write there."
    return None
