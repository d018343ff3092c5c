# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise a name that is probably a misspelling of a known one."""

from __future__ import annotations

from collections.abc import Iterable

#: From this length on two mistakes are taken for a misspelling; in a shorter name they make another word.
LONG = 12


def suggest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that `name` is probably meant to be; None if it resembles none.

    Upper case and hyphens do not count. A short name may differ by one mistake, a long one by two.
    """
    plain = _plain(name)
    found = [(distance(plain, _plain(other)), other) for other in known if abs(len(other) - len(name)) <= 2]
    near = sorted((errors, other) for errors, other in found if errors <= (2 if len(other) >= LONG else 1))
    return near[0][1] if near else None


def distance(left: str, right: str) -> int:
    """Count the letters to insert, delete, replace or swap with their neighbour that make `right` of `left`."""
    rows = [list(range(len(right) + 1))]
    for i, letter in enumerate(left, 1):
        row = [i]
        for j, other in enumerate(right, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == right[j - 2] and left[i - 2] == other:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def _plain(name: str) -> str:
    return name.casefold().replace("-", "_")
