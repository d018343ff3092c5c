# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the registers of erasures and holds that a restore has to respect.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .._backup.catalogue import Backup
from .._people import erasure_ledger, holds, registers
from .._people.erasure_ledger import LEDGER, Entry
from .._people.holds import HOLDS, Hold
from .._people.registers import Directory
from .._people.signatures import Keys


@dataclass(frozen=True)
class Registered:
    """The entries of both registers, and whether there are files of erasures and of holds."""

    erased: Sequence[Entry] = ()
    placed: Sequence[Hold] = ()
    has_erasures: bool = False
    has_holds: bool = False


def read(directory: Path, environment: str, backup: Backup, keys: Keys, warn: Callable[[str], None]) -> Registered:
    """Return the registers of an environment in the directory of its backups, and beside the ``backup``.

    A backup of another environment brings the erasures of that one, whose key is not known, but not its holds. Raises
    InputError for a file that cannot be read, or has another signature.
    """
    check = keys.check(warn)
    places = dict.fromkeys([directory, backup.directory])
    erased = [registers.read(LEDGER, Directory(place), environment, check) for place in places]
    placed = [registers.read(HOLDS, Directory(place), environment, check) for place in places]
    other = backup.manifest.environment
    if other != environment:
        erased.append(registers.read(LEDGER, Directory(backup.directory), other))
    return Registered(
        erasure_ledger.merged(*(content.entries for content in erased)),
        holds.merged(*(content.entries for content in placed)),
        any(content.entries or content.text for content in erased),
        any(content.text for content in placed),
    )
