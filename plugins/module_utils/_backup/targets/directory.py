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
    """The files of one directory, which must be there: a share that is not mounted is no place for backups."""

    def __init__(self, target: Mapping[str, Any]) -> None:
        self.path = Path(target["directory"])
        self.title = str(self.path)

    def check(self) -> None:
        """See that it is there."""
        self._look()

    def names(self) -> list[str]:
        """The names of all files, unfinished ones left out, sorted."""
        try:
            found = [path.name for path in self.path.iterdir() if path.is_file()]
        except OSError as error:
            raise _error(f"Cannot list what is in {self.path}", error) from error
        return sorted(name for name in found if not name.startswith(_TEMPORARY))

    def holds(self, name: str, size: int, sha256: str, *, trusted: bool) -> bool:
        """Whether there is a file of this size and sum; ``trusted`` spares reading all of it for the latter."""
        path = self.path / name
        try:
            if not path.is_file() or path.stat().st_size != size:
                return False
        except OSError as error:
            raise _error(f"Cannot read {path}", error) from error
        whole = hashlib.sha256()
        for chunk in () if trusted else self.chunks(name):
            whole.update(chunk)
        return trusted or whole.hexdigest() == sha256

    def read(self, name: str) -> bytes:
        """The whole of a small file, such as a manifest."""
        return b"".join(self.chunks(name))

    def put_bytes(self, name: str, content: bytes) -> None:
        """Write a small file in one step."""
        self._look()
        try:
            files.write_text(self.path / name, content.decode(), "0600")
        except ConvosphereError as error:
            raise CopyError(str(error), hint=_hint(error.__cause__)) from error

    def put(self, path: Path, size: int, sha256: str, progress: Callable[[int], None]) -> None:
        """Copy one file under its own name: under a temporary one first, synced to the disk, then renamed.

        Raises CopyError, also where the file is not what ``size`` and ``sha256`` say: it is not copied then.
        """
        self._look()
        self._refuse_lack_of_room(path, size)
        partial = self.path / f"{_TEMPORARY}{path.name}.part"
        try:
            with _exclusive(partial) as file:
                whole = _copy(path, file, progress)
                if whole != (size, sha256):
                    raise CopyError(
                        f"{path} is not what its manifest says, and was not copied",
                        hint="The file was damaged after the backup: use another backup, and look at the disk.",
                    )
                partial.replace(self.path / path.name)
            files.sync_directory(self.path)
        except OSError as error:
            raise _error(f"Cannot copy {path.name} to {self.path}", error) from error

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of one file, bit by bit."""
        try:
            with (self.path / name).open("rb") as file:
                while chunk := file.read(_CHUNK):
                    yield chunk
        except OSError as error:
            raise _error(f"Cannot read {self.path / name}", error) from error

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        files.remove(self.path / name)

    def _look(self) -> None:
        if not self.path.is_dir():
            raise CopyError(
                f"There is no directory {self.path} to copy to",
                hint="Mount the share, or make the directory: it is not made up, lest a copy end on the same disk.",
            )

    def _refuse_lack_of_room(self, path: Path, size: int) -> None:
        free = shutil.disk_usage(self.path).free
        if free < size:
            raise CopyError(
                f"Cannot copy {path.name} to {self.path}: it has {size} bytes, and {free} are free there",
                hint="Make room there and run it again: what is there already is not copied again.",
            )


@contextmanager
def _exclusive(partial: Path) -> Iterator[Any]:
    """The unfinished file, empty, held by this run alone. What a killed run left of it is begun anew."""
    with os.fdopen(_held(partial), "wb") as file:
        os.ftruncate(file.fileno(), 0)
        try:
            yield file
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)


def _held(partial: Path) -> int:
    """The descriptor of the unfinished file, which is locked, and still there: a run that clears up removes such files,
    and may have opened it before.
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
                raise CopyError(f"Another run is writing {partial} right now", hint="Wait for it to end.") from error
            raise
        os.close(descriptor)


def _copy(path: Path, file: Any, progress: Callable[[int], None]) -> tuple[int, str]:
    """Copy all of ``path`` into an open file and onto the disk; how many bytes there were, and their sum."""
    whole, done = hashlib.sha256(), 0
    with path.open("rb") as source:
        while chunk := source.read(_CHUNK):
            whole.update(chunk)
            file.write(chunk)
            done += len(chunk)
            progress(done)
    file.flush()
    os.fsync(file.fileno())
    return done, whole.hexdigest()


def _error(what: str, error: OSError) -> CopyError:
    return CopyError(f"{what}: {error.strerror or error}", hint=_hint(error))


def _hint(error: BaseException | None) -> str | None:
    number = error.errno if isinstance(error, OSError) else None
    if number in (errno.ENOSPC, errno.EDQUOT):
        return "Make room there and run it again: what is there already is not copied again."
    if number in (errno.EACCES, errno.EPERM):
        return "Use become: true; a share may also map root to somebody who may not write there."
    return None
