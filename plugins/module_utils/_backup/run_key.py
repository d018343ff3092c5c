# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one-run key: a second key of one encrypted backup, in memory, with which the host verifies its own backup.

The operator's private key then need not be on the host. The backup is always encrypted to the operator's recipients
too. The one-run key is a file below /run that only its owner can read. It is destroyed when the backup is verified by
restore, or after a day. After a restart of the host it is lost, and only the operator's key remains.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .._core import command, files
from .._core.errors import ConvosphereError
from .catalogue import Backup
from .file_writer import FileWriter
from .manifest import RESTORE

#: The period for which a key is kept if its backup is not verified.
LONGEST = timedelta(days=1)
_SUFFIX = ".key"
_PUBLIC = re.compile(r"^# public key: (\S+)$", re.MULTILINE)
#: age does not mix post-quantum recipients with others: the key must be of the same kind.
_KINDS: tuple[tuple[str, ...], ...] = ((), ("-pq",))


class RunKeys:
    """The one-run keys of the backups in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @property
    def folder(self) -> Path:
        """The directory of the keys, whose name is derived from that of the backups."""
        return root() / hashlib.sha256(os.path.realpath(self.directory).encode()).hexdigest()[:16]

    def find(self, identifier: str) -> Path | None:
        """Return the file of a backup's key; None if it is missing or others could have written it."""
        path = self._path(identifier)
        return path if _is_private(self.folder, stat.S_ISDIR) and _is_private(path, stat.S_ISREG) else None

    def add_to(self, writer: FileWriter, identifier: str) -> None:
        """Create a key for the backup of ``writer``, unless it has no recipients or the key cannot be stored."""
        if not writer.recipients:
            return
        for kind in _KINDS:
            with suppress(ConvosphereError, OSError):  # the backup is complete without it
                text = command.run(["age-keygen", *kind], step="create a one-run key", timeout=60)
                public = _PUBLIC.search(text)
                if public and writer.is_readable_by(public.group(1)):
                    self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                    if _is_private(self.folder, stat.S_ISDIR):
                        files.write_text(self._path(identifier), text, "0600")
                        writer.one_run = public.group(1)
                    return

    def destroy(self, identifier: str) -> None:
        """Overwrite and remove the key of one backup if it exists."""
        path = self.find(identifier)
        if path:
            with suppress(FileNotFoundError):
                with path.open("r+b") as file:
                    file.write(b"\0" * path.stat().st_size)
                    file.flush()
                    os.fsync(file.fileno())
                path.unlink()

    def clear(self, backups: Sequence[Backup]) -> None:
        """Destroy the keys that are not needed any more. The directory's lock must be held.

        These are the keys of ``backups``, all in the directory, that are verified by restore, of backups that do not
        exist, and those older than a day.
        """
        if not _is_private(self.folder, stat.S_ISDIR):
            return
        waiting = {backup.manifest.id for backup in backups if not _is_restored(backup)}
        oldest = (datetime.now(timezone.utc) - LONGEST).timestamp()
        for path in self.folder.iterdir():
            identifier = path.name[: -len(_SUFFIX)]
            if not path.name.endswith(_SUFFIX):
                files.remove(path)  # a key that an interrupted run did not finish writing
            elif identifier not in waiting or path.stat().st_mtime < oldest:
                self.destroy(identifier)

    def _path(self, identifier: str) -> Path:
        return self.folder / f"{identifier}{_SUFFIX}"


def root() -> Path:
    """Return the directory of all keys, which is in memory and lost at a restart of the host."""
    user = os.geteuid()
    return Path("/run/convosphere/keys") if user == 0 else Path(f"/run/user/{user}/convosphere/keys")


def keys_for(backup: Backup, identity_file: str | None) -> list[str]:
    """Return the files of the available keys of a backup: the operator's, and its one-run key."""
    own = RunKeys(backup.directory).find(backup.manifest.id) if backup.manifest.recipients else None
    return [str(path) for path in (identity_file, own) if path]


def is_readable(backup: Backup, identity_file: str | None) -> bool:
    """Return True if a backup is not encrypted, or a key for it is available."""
    return not backup.manifest.recipients or bool(keys_for(backup, identity_file))


def objection(backup: Backup) -> str:
    """Return a sentence, without its final dot, for a backup without an available key."""
    return (
        f"The backup {backup.manifest.id} is encrypted, identity_file is not set, and its one-run key does not exist "
        "any more: it is destroyed by a verification, after a day, and by a restart of the host"
    )


def _is_restored(backup: Backup) -> bool:
    return backup.manifest.reaches(RESTORE)


def _is_private(path: Path, is_kind: Callable[[int], bool]) -> bool:
    """Return True if a file or directory is of this kind, belongs to this user, and is closed to others."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return is_kind(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077
