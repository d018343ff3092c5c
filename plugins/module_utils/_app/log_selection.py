# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the newest records that a pattern matches, up to a number and a size, with their secrets masked.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import signal
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from typing import Any

from .._core.display import quoted
from .._core.errors import InputError
from .log_records import Record, searched

#: The characters of a record in which the pattern is searched.
SEARCHED = 16384
#: The seconds that one search may take. Python's own search of a nested repetition may take years.
PATIENCE = 2.0
_LONGEST_PATTERN = 1000
#: What a record takes in the result beside its texts, in bytes.
_OVERHEAD = 160

#: The records that are masked at once, which is quicker than one by one.
_BATCH = 256

Described = dict[str, Any]
Mask = Callable[[Sequence[tuple[Described, bool]]], list[Described]]


class Pattern:
    """A regular expression of the operator, whose searches end in any case while the block ``bounded`` runs."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.began = 0.0
        if len(text) > _LONGEST_PATTERN:
            raise InputError(f"pattern has {len(text)} characters. Allowed: at most {_LONGEST_PATTERN}")
        try:
            self.compiled = re.compile(text, re.IGNORECASE | re.MULTILINE)
        except (re.error, RecursionError, OverflowError) as error:
            raise InputError(
                f"pattern is {quoted(text)}, which is not a regular expression of Python: {error}",
                hint="Put a backslash before . ^ $ * + ? ( ) [ ] { } | and \\ to search for the character itself.",
            ) from error

    def matches(self, text: str) -> bool:
        """Return whether the expression is found in a text, in any case of letters."""
        self.began = time.monotonic()
        try:
            return self.compiled.search(text[:SEARCHED]) is not None
        finally:
            self.began = 0.0

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """End a search after PATIENCE seconds. Python's search looks for signals, which reach the main thread only."""

        def look(_number: int, _frame: Any) -> None:
            if self.began and time.monotonic() - self.began > PATIENCE:
                raise InputError(
                    f"pattern is {quoted(self.text)}: one search took more than {PATIENCE:g} s",
                    hint="Avoid repetitions within repetitions, such as (a+)+.",
                )

        before = signal.signal(signal.SIGALRM, look)
        signal.setitimer(signal.ITIMER_REAL, PATIENCE / 2, PATIENCE / 2)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


class Selection:
    """The newest ``tail`` records of at most ``max_bytes``, without secrets those that a ``pattern`` matches.

    ``mask`` returns a list of records, each with whether it was cut, without their secrets.
    """

    def __init__(self, tail: int, max_bytes: int, mask: Mask, pattern: Pattern | None = None) -> None:
        self.tail = tail
        self.max_bytes = max_bytes
        self.mask = mask
        self.pattern = pattern
        self.matched = 0
        self.has_older = False
        self.chosen: list[Described] = []

    @property
    def truncated(self) -> bool:
        """Whether older records were left out."""
        return self.has_older or self.matched > len(self.chosen)

    def add(self, found: Iterable[Record], origin: Mapping[str, str], *, has_older: bool = False) -> None:
        """Take the records of one container, which ``origin`` names, and whether it has older ones."""
        self.has_older |= has_older
        described = self._searched(found, self.pattern) if self.pattern else self._all(found)
        ordered = sorted(({**origin, **record} for record in described), key=_time)
        self.chosen = self._newest([*merge(self.chosen, ordered, key=_time)])

    def _all(self, found: Iterable[Record]) -> list[Described]:
        newest: deque[Record] = deque()
        size = 0
        for record in found:
            self.matched += 1
            newest.append(record)
            size += _size(record)
            while len(newest) > self.tail or (size > self.max_bytes and len(newest) > 1):
                size -= _size(newest.popleft())
        return self._masked(newest)

    def _searched(self, found: Iterable[Record], pattern: Pattern) -> list[Described]:
        """Return the records that the pattern matches without their secrets: it must not reveal a secret."""
        newest: list[Described] = []
        for batch in _batches(found):
            masked = self._masked(batch)
            matching = [each for each in masked if pattern.matches(searched(each["source"], each["message"]))]
            self.matched += len(matching)
            newest = self._newest([*newest, *matching])
        return newest

    def _masked(self, found: Collection[Record]) -> list[Described]:
        return self.mask([(record.describe(), record.is_cut) for record in found])

    def _newest(self, kept: list[Described]) -> list[Described]:
        kept = kept[-self.tail :]
        size = 0
        for number, record in enumerate(reversed(kept)):
            size += len(record["message"]) + len(str(record.get("fields", ""))) + _OVERHEAD
            if size > self.max_bytes and number:
                return kept[len(kept) - number :]
        return kept


def _batches(found: Iterable[Record]) -> Iterator[list[Record]]:
    iterator = iter(found)
    while batch := list(islice(iterator, _BATCH)):
        yield batch


def _time(record: Described) -> str:
    return str(record["time"])


def _size(record: Record) -> int:
    return record.characters + _OVERHEAD
