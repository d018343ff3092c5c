# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a backup's files: compare them with the manifest, decrypt and decompress them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._core import files, pipeline
from .._core.errors import (
    CommandError,
    ConvosphereError,
    InputError,
)
from .._core.pipeline import PIECE, Program
from . import corruption, run_key
from .catalogue import Backup
from .corruption import AlteredError, CorruptError
from .manifest import FileRecord

ENCRYPTED = ".age"
#: How much of a dump is read for its table of contents; the next size is tried if one is not enough.
_HEADS = (1 << 20, 1 << 25, 1 << 28)


class _Enough(Exception):
    """Ends a stream of which nothing more is needed."""


@dataclass(frozen=True)
class Archive:
    """One file of a backup. ``identity_file`` holds the operator's key for an encrypted one.

    The one-run key is found by itself.
    """

    backup: Backup
    record: FileRecord
    identity_file: str | None = None

    @property
    def path(self) -> Path:
        """The path of the file."""
        return self.backup.directory / self.record.name

    @property
    def encrypted(self) -> bool:
        """True if a key is needed to read it."""
        return self.record.name.endswith(ENCRYPTED)

    @property
    def readable(self) -> bool:
        """True if it is not encrypted, or a key is available."""
        return not self.encrypted or bool(self.keys)

    @property
    def keys(self) -> list[str]:
        """The files of the available keys."""
        return run_key.keys_for(self.backup, self.identity_file)

    def check(self, progress: Callable[[int], Any]) -> None:
        """Read all of it and compare its size and sha256 with the manifest. Raises AlteredError.

        ``progress`` receives the bytes that are read so far.
        """
        digest, size = hashlib.sha256(), 0
        for piece in self.pieces():
            digest.update(piece)
            size += len(piece)
            progress(size)
        if size != self.record.size:
            raise AlteredError(f"{self.path} has {size} bytes, but its manifest says {self.record.size}")
        if digest.hexdigest() != self.record.sha256:
            raise AlteredError(
                f"{self.path} has the sha256 {digest.hexdigest()}, but its manifest says {self.record.sha256}",
                hint="The file has changed since it was written. Check its disk, and use another backup or a copy.",
            )

    def pieces(self) -> Iterator[bytes]:
        """Yield the bytes of the file. Raises ConvosphereError."""
        try:
            with self.path.open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except FileNotFoundError as error:
            # Not corrupt: the file may be back when its disk is mounted.
            raise ConvosphereError(
                f"The file {self.path} is missing", hint="Check that the disk of the backups is mounted."
            ) from error
        except OSError as error:
            raise ConvosphereError(f"Cannot read {self.path}: {error.strerror}", hint="Use become: true.") from error

    def programs(self) -> list[Program]:
        """Return the programs that decrypt and decompress the file. Raises InputError if no key is available."""
        unpack = Program(["zstd", "--decompress", "--quiet", "--stdout"])
        if not self.encrypted:
            return [unpack]
        if not self.keys:
            raise InputError(run_key.objection(self.backup), hint="Set identity_file to the file of the private key.")
        if self.identity_file:
            refuse_key(self.identity_file)
        return [Program(["age", "--decrypt", *(f"--identity={key}" for key in self.keys)]), unpack]

    def unpack(self, sink: Callable[[bytes], Any], progress: Callable[[int], Any] | None = None) -> None:
        """Pass the original data to ``sink``.

        Raises CorruptError for a corrupt file, InputError for a wrong key, CommandError otherwise, and the errors of
        the sink.
        """
        try:
            pipeline.run(self.programs(), step=f"read {self.path}", source=self.pieces(), sink=sink, progress=progress)
        except CommandError as error:
            raise self.unreadable(error) from error

    def read_through(self, command: list[str], environment: dict[str, str], timeout: float | None) -> None:
        """Have ``command``, a ``pg_restore`` without a database, read the dump to its end. Raises ConvosphereError.

        No server is involved, so that an error concerns the file.
        """
        step = f"read {self.path} to its end"
        programs = [*self.programs(), Program(command, environment)]
        try:
            pipeline.run(programs, step=step, source=self.pieces(), timeout=timeout)
        except CommandError as error:
            raise self.unreadable(error) from error

    def head(self, size: int) -> bytes:
        """Return the first ``size`` bytes of the original data, or all if there are fewer."""
        kept = bytearray()

        def keep(piece: bytes) -> None:
            kept.extend(piece)
            if len(kept) >= size:
                raise _Enough

        with suppress(_Enough):
            self.unpack(keep)
        return bytes(kept[:size])

    def contents(self, command: list[str], environment: dict[str, str]) -> list[str]:
        """Return the lines of a dump's table of contents, as ``command``, a ``pg_restore --list``, prints them.

        Raises CorruptError if the dump is corrupt, CommandError if the command failed for another reason.
        """
        for size in _HEADS:
            head, listed = self.head(size), bytearray()
            try:
                pipeline.run(
                    [Program(command, environment)],
                    step=f"list the contents of {self.path}",
                    source=[head],
                    sink=listed.extend,
                )
            except CommandError as error:
                if not corruption.is_of_input(error):
                    raise
                if len(head) < size or size == _HEADS[-1]:
                    raise self.unreadable(error) from error
            else:
                lines = listed.decode("utf-8", errors="replace").splitlines()
                return [line for line in lines if line and not line.startswith(";")]
        raise AssertionError("the last head raises")

    def unreadable(self, error: CommandError) -> ConvosphereError:
        """Classify the error of a program that read it: corrupt file, wrong key, or other."""
        if corruption.is_of_input(error):
            return CorruptError(error.message, **error.details, kind=self.record.kind)
        if error.details.get("program") != "age" or not corruption.ended_by_itself(error):
            return error
        if "no identity matched" in error.details["stderr"]:
            return InputError(
                error.message,
                hint="It is encrypted to other keys than the one in identity_file: give one of those.",
            )
        return InputError(error.message, hint="Check that identity_file is the file of an age or SSH private key.")


def refuse_key(identity_file: str) -> None:
    """Raise InputError if the file of a key does not exist, is not readable, or is readable by others."""
    path = Path(identity_file)
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputError(
            f"Cannot read the key in {path}: {error.strerror}",
            hint="Nothing was changed. Check that identity_file is right and that its disk is mounted.",
        ) from error
    files.refuse_readable_by_others(path)
