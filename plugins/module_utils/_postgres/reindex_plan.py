# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which indexes to rebuild, from their bloat and the limits of one run. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .._core.errors import InputError
from .index_statistics import Bloat, Index

#: A rebuild has the new index beside the old one, and the files of its sort, which take about as much again.
NEEDED = 2


@dataclass(frozen=True)
class Limits:
    """From which bloat on an index is rebuilt, how much one run may rebuild, and the disk that stays free, in bytes."""

    bloat_ratio: float
    min_bloat_bytes: int
    max_indexes: int
    max_bytes: int
    min_free_bytes: int


@dataclass
class Selection:
    """The indexes to rebuild, and the others with the reason, by full name."""

    chosen: list[Bloat] = field(default_factory=list)
    left: dict[str, str] = field(default_factory=dict)


def chosen(indexes: Sequence[Index], skipped: Sequence[str]) -> list[Index]:
    """Return the indexes that the role may rebuild, without those of ``skipped``. Raises InputError."""
    known = {index.full_name: index.full_name for index in indexes}
    known.update({index.name: index.full_name for index in indexes if index.name not in known})
    unknown = [f"skip_indexes names {name}, and there is no such index" for name in skipped if name not in known]
    if unknown:
        raise InputError.of(unknown, hint="Nothing was changed.")
    names = {known[name] for name in skipped}
    return [index for index in indexes if index.may_rebuild and index.full_name not in names]


def estimated(indexes: Iterable[Index], limits: Limits) -> list[Bloat]:
    """Return the indexes with more bloat than the limits, by the estimate, the largest bloat first."""
    known = [(index, index.bloat_bytes()) for index in indexes]
    return above([Bloat(index, index.size or 0, bloat) for index, bloat in known if bloat is not None], limits)


def above(found: Iterable[Bloat], limits: Limits) -> list[Bloat]:
    """Return those with more bloat than the limits, the largest bloat first."""
    kept = [each for each in found if each.bloat >= limits.min_bloat_bytes and each.ratio >= limits.bloat_ratio]
    return sorted(kept, key=lambda each: (-each.bloat, each.index.full_name))


def select(candidates: Iterable[Bloat], limits: Limits, free_bytes: int | None) -> Selection:
    """Return which candidates one run rebuilds, in their order. ``free_bytes`` of None means unknown, and no limit."""
    selection = Selection()
    total = 0
    for each in candidates:
        needed = NEEDED * (each.size - each.bloat) + limits.min_free_bytes
        if len(selection.chosen) >= limits.max_indexes:
            reason = f"max_indexes={limits.max_indexes} is reached"
        elif total + each.size > limits.max_bytes:
            reason = f"it has {each.size} bytes, and {limits.max_bytes - total} are left of max_bytes"
        elif free_bytes is not None and free_bytes < needed:
            reason = f"{free_bytes} bytes are free on the disk, and {needed} are needed with min_free_bytes"
        else:
            selection.chosen.append(each)
            total += each.size
            continue
        selection.left[each.index.full_name] = reason
    return selection


def statement(index: Index) -> str:
    """Return the statement that rebuilds an index while other sessions read and write the table."""
    return f"REINDEX INDEX CONCURRENTLY {index.quoted}"
