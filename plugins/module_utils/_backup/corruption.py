# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether a program failed because the file that it read is corrupt.

A backup that is called corrupt is not restored any more and takes no place in retention, so that only evidence about
its file counts: other bytes than those that were written, or a program that reads nothing but the file and says that it
is broken. The programs run with LC_ALL=C, so that these words are always the same. What a server says of a dump is no
such evidence, in any language: there are three verdicts, verified, corrupt and could not tell.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from typing import Any

from .._core.errors import CommandError, ConvosphereError

#: What each program says of a file that nobody can read.
_OF_INPUT = {
    # Anchored: what it says of the file of a key begins with the file's name.
    "age": re.compile(
        r"^age: error: (?:failed to read header|bad header MAC|failed to read nonce|unexpected EOF"
        r"|failed to decrypt and authenticate|trailing data|last chunk is empty)",
        re.MULTILINE,
    ),
    # Not where it lacks memory, which it calls an error of decoding too.
    "zstd": re.compile(
        r"Decoding error \(\d+\) : (?!.*memory)|unsupported format|unknown header|unexpected end of file|premature"
    ),
    # Not a version that it does not know: another pg_restore may.
    "pg_restore": re.compile(
        r"^pg_restore: error: (?:could not read from input file: end of file|input file |did not find magic string"
        r"|sanity check on integer size|expected format|invalid |unrecognized |unexpected |found unexpected block ID"
        r"|could not find block ID|could not uncompress|.*\bcorrupt\b)",
        re.MULTILINE,
    ),
}
CORRUPT, COULD_NOT_TELL = "corrupt", "could not tell"


class DamagedError(ConvosphereError):
    """A backup that is corrupt: a file of it cannot be read, or does not hold what was backed up."""

    def __init__(self, message: str, *, hint: str | None = None, **details: Any) -> None:
        super().__init__(message, hint=hint, **{**details, "verdict": CORRUPT})


class AlteredError(DamagedError):
    """A backup whose bytes are not those that were written."""


class NotLoadedError(ConvosphereError):
    """A backup whose files are whole, and that this server does not load: nobody can tell whether it is of use."""


def ended_by_itself(error: CommandError) -> bool:
    """Return True if a program ran to an error of its own, and not to a signal or an error of docker or the kernel."""
    return 0 < error.details.get("returncode", 0) < 125


def is_of_input(error: CommandError) -> bool:
    """Return True if a program that reads only a file says that the file is not what it should be."""
    known = _OF_INPUT.get(str(error.details.get("program")))
    return bool(known and ended_by_itself(error) and known.search(error.details.get("stderr", "")))
