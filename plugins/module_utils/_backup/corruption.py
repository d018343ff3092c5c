# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether a program failed because its input file is corrupt.

A corrupt backup is not restored any more and does not count in retention, so that only evidence about its files is
accepted: bytes that differ from those that were written, or a program that reads only the file and reports that it is
invalid. The programs run with LC_ALL=C, so that their messages are always the same. A server's error about a dump is
not such evidence. So there are three verdicts: verified, corrupt and could not tell.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from typing import Any

from .._core.errors import CommandError, ConvosphereError

#: The messages of each program about an invalid file.
_OF_INPUT = {
    # Anchored: its messages about the file of a key begin with the name of that file.
    "age": re.compile(
        r"^age: error: (?:failed to read header|bad header MAC|failed to read nonce|unexpected EOF"
        r"|failed to decrypt and authenticate|trailing data|last chunk is empty)",
        re.MULTILINE,
    ),
    # Not for lack of memory, which it reports as a decoding error too.
    "zstd": re.compile(
        r"Decoding error \(\d+\) : (?!.*memory)|unsupported format|unknown header|unexpected end of file|premature"
    ),
    # Not for an unknown version: another pg_restore may know it.
    "pg_restore": re.compile(
        r"^pg_restore: error: (?:could not read from input file: end of file|input file |did not find magic string"
        r"|sanity check on integer size|expected format|invalid |unrecognized |unexpected |found unexpected block ID"
        r"|could not find block ID|could not uncompress|.*\bcorrupt\b)",
        re.MULTILINE,
    ),
}
CORRUPT, COULD_NOT_TELL = "corrupt", "could not tell"


class CorruptError(ConvosphereError):
    """A backup is corrupt: one of its files is invalid or has other content than was backed up."""

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message, hint=hint, **{**details, "verdict": CORRUPT})


class AlteredError(CorruptError):
    """A backup has other bytes than those that were written."""


class NotLoadedError(ConvosphereError):
    """A server failed to load a backup whose files are intact: it is unknown whether the backup is usable."""


def ended_by_itself(error: CommandError) -> bool:
    """Return True if a program ended with its own error, not by a signal or an error of docker or the kernel."""
    return 0 < error.details.get("returncode", 0) < 125


def is_of_input(error: CommandError) -> bool:
    """Return True if a program that reads only a file reports that the file is invalid."""
    known = _OF_INPUT.get(str(error.details.get("program")))
    return bool(known and ended_by_itself(error) and known.search(error.details.get("stderr", "")))
