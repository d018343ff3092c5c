# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the files of a backup: compressed, encrypted, with checksum, and synced under a temporary name.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from .._core import command, pipeline
from .._core.errors import (
    CommandError,
    ConvosphereError,
    InputError,
)
from .._core.pipeline import Program
from .catalogue import TEMPORARY
from .manifest import FileRecord
from .progress import Progress

#: On all processors at low priority, so that PostgreSQL comes first. A window of 32 MB makes level 2 both smaller and
#: faster than level 3 without it; it needs 48 MB of memory, and 32 MB for decompression.
_COMPRESS = ("nice", "-n", "5", "zstd", "--quiet", "--stdout", "-T0", "--long=25")
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW


@dataclass
class FileWriter:
    """Writes files of one backup to ``directory``. ``level`` is that of zstd, ``timeout`` is in seconds for each file.

    ``written`` has the temporary path of each complete and synced file by its final name. ``one_run`` is the additional
    public key with which this host verifies the backup; it is never the only one.
    """

    directory: Path
    recipients: Sequence[str]
    level: int
    progress: Progress
    timeout: float | None = None
    written: dict[str, Path] = field(default_factory=dict)
    one_run: str | None = None

    def check(self) -> None:
        """Check that the programs are installed and the recipients are valid. Raises ConvosphereError."""
        needed = ["zstd", "age"] if self.recipients else ["zstd"]
        missing = [program for program in needed if shutil.which(program) is None]
        if missing:
            raise CommandError(
                f"Cannot write a backup: {' and '.join(missing)} is not installed on the host",
                hint="Run the playbook setup.yml for this environment, which installs it.",
            )
        if any(is_secret(recipient) for recipient in self.recipients):
            raise InputError(
                "One of the recipients is a secret key, which must not be on this host",
                hint="Give its public key, which age-keygen -y prints.",
            )
        if self.recipients:
            try:
                command.run(self._encrypt(), step="encrypt", stdin="", timeout=60)
            except CommandError as error:
                raise InputError(
                    f"age does not accept the recipients: {error.details.get('stderr') or error.message}",
                    hint="Allowed: the public keys that age-keygen prints, and SSH public keys.",
                ) from error

    def write(
        self,
        kind: str,
        name: str,
        *,
        step: str,
        programs: Sequence[Program] = (),
        source: Iterable[bytes] | None = None,
        is_packed: bool = False,
    ) -> FileRecord:
        """Write the output of ``programs``, or else ``source``, as the file ``name``, extended by .zst and .age.

        If it ``is_packed``, it is compressed already, and ``name`` has .zst.
        Raises ConvosphereError; then nothing of the file is left.
        """
        final = f"{name}{'' if is_packed else '.zst'}{'.age' if self.recipients else ''}"
        temporary = self.directory / f"{TEMPORARY}{final}"
        digest, size = hashlib.sha256(), 0
        stages = [] if is_packed else [Program([*_COMPRESS, f"-{self.level}"])]
        stages += [Program(self._encrypt())] if self.recipients else []
        try:
            with os.fdopen(os.open(temporary, _NEW, 0o600), "wb", buffering=0) as file:

                def sink(piece: bytes) -> None:
                    nonlocal size
                    digest.update(piece)
                    _write_all(file.fileno(), piece)
                    size += len(piece)

                pipeline.run(
                    [*programs, *stages],
                    step=step,
                    source=source,
                    sink=sink,
                    progress=self.progress.bytes,
                    timeout=self.timeout,
                )
                os.fsync(file.fileno())
        except BaseException as error:
            temporary.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise self._unwritten(error, size) from error
            raise
        self.written[final] = temporary
        return FileRecord(kind, final, size, digest.hexdigest())

    def is_readable_by(self, public: str) -> bool:
        """Return True if files can also be encrypted to this key: age does not mix all kinds."""
        try:
            command.run([*self._encrypt(), f"--recipient={public}"], step="encrypt", stdin="", timeout=60)
        except CommandError:
            return False
        return True

    def discard(self) -> None:
        """Remove the files that were written, because the backup failed."""
        for path in self.written.values():
            path.unlink(missing_ok=True)

    def _encrypt(self) -> list[str]:
        keys = [*self.recipients, *([self.one_run] if self.one_run and self.recipients else [])]
        return ["age", "--encrypt", *(f"--recipient={key}" for key in keys)]

    def _unwritten(self, error: OSError, size: int) -> ConvosphereError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return ConvosphereError(
                f"Cannot write a backup to {self.directory}: the disk is full after {size} bytes",
                hint="Nothing of it remains. Free some space, keep fewer backups, or use another backup_dir.",
                bytes_written=size,
                bytes_free=shutil.disk_usage(self.directory).free,
            )
        return ConvosphereError(f"Cannot write a backup to {self.directory}: {error.strerror}")


def is_secret(recipient: str) -> bool:
    """Return True for a secret key, which decrypts backups."""
    return "SECRET" in recipient or "PRIVATE" in recipient


def _write_all(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
