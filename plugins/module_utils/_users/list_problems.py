# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a long list, collected entry by entry and reported without saying one thing a thousand times.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

#: How many entries with the same problem are named, before the others are only counted.
NAMED = 3


class Problems:
    """Sentences about the entries of a list, in the order in which they were found, the same ones joined."""

    def __init__(self) -> None:
        self._entries: dict[str, list[str]] = {}

    def copy(self) -> Problems:
        """The same problems, to which others can be added."""
        other = Problems()
        other._entries = {problem: list(entries) for problem, entries in self._entries.items()}
        return other

    def add(self, entry: str, problem: str) -> None:
        """Note that ``entry``, its place in the list, has ``problem``."""
        self._entries.setdefault(problem, []).append(entry)

    def append(self, sentence: str) -> None:
        """Note a whole sentence, which names its entries itself."""
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
