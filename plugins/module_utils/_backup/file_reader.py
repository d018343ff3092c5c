# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a backup's files: are they what the manifest says, and the stream of what is in them.

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
from .corruption import AlteredError, DamagedError
from .manifest import FileRecord

ENCRYPTED = ".age"
#: How much of a dump is read for its table of contents, before more of it is tried.
_HEADS = (1 << 20, 1 << 25, 1 << 28)


class _Enough(Exception):
    """Ends a stream of which no more is wanted."""


@dataclass(frozen=True)
class Archive:
    """One file of a backup. ``identity_file`` holds the key for one that is encrypted with age; its one-run key is
    found without being named.
    """

    backup: Backup
    record: FileRecord
    identity_file: str | None = None

    @property
    def path(self) -> Path:
        """Where it lies."""
        return self.backup.directory / self.record.name

    @property
    def encrypted(self) -> bool:
        """Whether it can be read only with an identity file."""
        return self.record.name.endswith(ENCRYPTED)

    @property
    def readable(self) -> bool:
        """Whether all that is needed to read it was given."""
        return not self.encrypted or bool(self.keys)

    @property
    def keys(self) -> list[str]:
        """The files of the keys that are at hand."""
        return run_key.keys_for(self.backup, self.identity_file)

    def check(self, progress: Callable[[int], Any]) -> None:
        """Read all of it and compare its size and sha256 with the manifest. ``progress`` gets the bytes read so far.

        Raises AlteredError.
        """
        digest, size = hashlib.sha256(), 0
        for piece in self.pieces():
            digest.update(piece)
            size += len(piece)
            progress(size)
        if size != self.record.size:
            raise AlteredError(f"{self.path} has {size} bytes, and its manifest says {self.record.size}")
        if digest.hexdigest() != self.record.sha256:
            raise AlteredError(
                f"{self.path} has the sha256 {digest.hexdigest()}, and its manifest says {self.record.sha256}",
                hint="The file has changed since it was written: its disk may be failing.",
            )

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the file as they lie there. Raises ConvosphereError."""
        try:
            with self.path.open("rb") as file:
                while piece := file.read(PIECE):
                    yield piece
        except FileNotFoundError as error:
            # Not damaged: it may be there again when its disk is, and without it the backup is none.
            raise ConvosphereError(
                f"The file {self.path} is missing", hint="Is the disk of the backups mounted?"
            ) from error
        except OSError as error:
            raise ConvosphereError(f"Cannot read {self.path}: {error.strerror}", hint="Use become: true.") from error

    def programs(self) -> list[Program]:
        """What makes of the file's bytes those that were backed up. Raises InputError where the key was not given."""
        unpack = Program(["zstd", "--decompress", "--quiet", "--stdout"])
        if not self.encrypted:
            return [unpack]
        if not self.keys:
            raise InputError(run_key.objection(self.backup), hint="Give the key's file as identity_file.")
        if self.identity_file:
            refuse_key(self.identity_file)
        return [Program(["age", "--decrypt", *(f"--identity={key}" for key in self.keys)]), unpack]

    def unpack(self, sink: Callable[[bytes], Any], progress: Callable[[int], Any] | None = None) -> None:
        """Give ``sink`` what was backed up.

        Raises DamagedError, InputError for a wrong key, CommandError for what is neither's, and what the sink does.
        """
        try:
            pipeline.run(self.programs(), step=f"read {self.path}", source=self.pieces(), sink=sink, progress=progress)
        except CommandError as error:
            raise self.unreadable(error) from error

    def read_through(self, command: list[str], environment: dict[str, str], timeout: float | None) -> None:
        """Have ``command``, a ``pg_restore`` without a database, read the dump to its end.

        No server takes part, so that its error is about the file. Raises ConvosphereError.
        """
        step = f"read {self.path} to its end"
        programs = [*self.programs(), Program(command, environment)]
        try:
            pipeline.run(programs, step=step, source=self.pieces(), timeout=timeout)
        except CommandError as error:
            raise self.unreadable(error) from error

    def head(self, size: int) -> bytes:
        """The first ``size`` bytes of what was backed up, or all where it is less."""
        kept = bytearray()

        def keep(piece: bytes) -> None:
            kept.extend(piece)
            if len(kept) >= size:
                raise _Enough

        with suppress(_Enough):
            self.unpack(keep)
        return bytes(kept[:size])

    def contents(self, command: list[str], environment: dict[str, str]) -> list[str]:
        """The lines of a dump's table of contents, as ``command``, a ``pg_restore --list``, tells them.

        Raises DamagedError where it is none, CommandError where nothing told it.
        """
        for size in _HEADS:
            head, listed = self.head(size), bytearray()
            try:
                pipeline.run(
                    [Program(command, environment)],
                    step=f"list what is in {self.path}",
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
            return DamagedError(error.message, **error.details, kind=self.record.kind)
        if error.details.get("program") != "age" or not corruption.ended_by_itself(error):
            return error
        if "no identity matched" in error.details["stderr"]:
            return InputError(error.message, hint="It was encrypted to other keys than the one in identity_file.")
        return InputError(error.message, hint="Is identity_file the file of an age key?")


def refuse_key(identity_file: str) -> None:
    """Raise InputError where the file of a key is not there, cannot be read, or can be by others."""
    path = Path(identity_file)
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise InputError(
            f"Cannot read the key in {path}: {error.strerror}",
            hint="Nothing was changed. Is what identity_file lies on mounted, and the path right?",
        ) from error
    files.refuse_readable_by_others(path)
