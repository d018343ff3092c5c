# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collect the problems of a long list, and report a problem of many entries once.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: The number of entries with the same problem that are named; the others are counted.
NAMED = 3


class Problems:
    """Problems of the entries of a list, in the order in which they were found; equal ones are joined."""

    def __init__(self) -> None:
        self._entries: dict[str, list[str]] = {}

    def copy(self) -> Problems:
        """Return a copy, to which other problems can be added."""
        other = Problems()
        other._entries = {problem: list(entries) for problem, entries in self._entries.items()}
        return other

    def add(self, entry: str, problem: str) -> None:
        """Add ``problem`` of ``entry``, which names its place in the list."""
        self._entries.setdefault(problem, []).append(entry)

    def append(self, sentence: str) -> None:
        """Add a sentence that names its entries itself."""
        self.add("", sentence)

    def __iadd__(self, sentences: Iterable[str]) -> Problems:
        for sentence in sentences:
            self.append(sentence)
        return self

    def __iter__(self) -> Iterator[str]:
        for problem, entries in self._entries.items():
            named = ", ".join(entries[:NAMED])
            more = len(entries) - NAMED
            if named.strip(", "):
                yield f"{named}{f' and {more} more' if more > 0 else ''}: {problem}"
            else:
                yield problem

    def __len__(self) -> int:
        return len(self._entries)

    def __bool__(self) -> bool:
        return bool(self._entries)
