# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the lines of a container to records: a traceback is one record, and a record that is written twice is one.

The backend writes each record to standard error and to standard output, with timestamps that differ in their precision.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .._engine.container_logs import LONGEST_LINE, Line
from . import log_heads
from .log_heads import LEVELS, SEVERITY, Head

#: The lines and characters of a record that are kept; the end of a traceback names the error.
LONGEST, CHARACTERS = 400, 65536
_END = 40
#: The records among which the second writing of one is looked for.
_WINDOW = 500
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TRACEBACK = re.compile(r"^[\s|+]*(?:Exception Group )?Traceback \(most recent call last\):")
#: Lines without indentation that a chain of exceptions has between its parts.
_CAUSES = ("During handling of the above exception", "The above exception was the direct cause")
_CHAIN = (*_CAUSES, "+-", "| ")
#: Other lines that a program writes at once belong together: their difference, by the engine's clock, in seconds.
_AT_ONCE = 0.25


class Record:
    """What a program wrote at once. ``lines`` are the message and what follows it; ``end`` the newest of too many."""

    __slots__ = ("characters", "cut", "end", "head", "left_out", "lines", "stream", "time")

    def __init__(self, time: str, stream: str, head: Head, *, cut: bool = False) -> None:
        self.time = time
        self.stream = stream
        self.head = head
        self.lines = [head.message]
        self.characters = len(head.message)
        self.left_out = 0
        #: Whether a line of it was longer than what is kept, before its head was parsed.
        self.cut = cut
        self.end: deque[str] | None = None

    def add(self, text: str) -> None:
        """Add a line; of too many, the newest ones are kept as well."""
        self.characters += len(text)
        if len(self.lines) < LONGEST and self.characters <= CHARACTERS:
            self.lines.append(text)
            return
        if self.end is None:
            self.end = deque(maxlen=_END)
        if len(self.end) == _END:
            self.left_out += 1
        self.end.append(text[: LONGEST_LINE // 8])

    @property
    def message(self) -> str:
        """The whole text, in lines."""
        if len(self.lines) == 1:
            return self.lines[0].rstrip()
        note = [f"... {self.left_out} lines left out ..."] if self.left_out else []
        return "\n".join([*self.lines, *note, *(self.end or ())]).rstrip()

    @property
    def is_cut(self) -> bool:
        """Whether a line or a part of the record was left out."""
        return self.cut or self.end is not None or any(len(line) >= LONGEST_LINE for line in self.lines)

    def describe(self) -> dict[str, Any]:
        """Return the record as modules do."""
        fields: Mapping[str, Any] = self.head.fields or {}
        return {
            "time": self.time,
            "stream": self.stream,
            "level": self.head.level,
            "source": self.head.source,
            "message": self.message,
            **({"fields": dict(fields)} if fields else {}),
        }


def searched(source: str | None, message: str) -> str:
    """Return the text of a record in which a pattern is searched."""
    return f"{source} - {message}" if source else message


class _Stream:
    """The record of one stream to which the next line may belong."""

    def __init__(self) -> None:
        self.record: Record | None = None
        self.is_open = False  # within a traceback, whose last line is not indented
        self.latest = ""


def records(lines: Iterable[Line], level: str | None = None) -> Iterator[Record]:
    """Yield the records of at least a ``level``, of one container, in nearly the order of their first lines.

    Records without a known level are left out if ``level`` is given.
    """
    levels = frozenset(LEVELS[SEVERITY[level] :]) if level else None
    streams: dict[str, _Stream] = {}
    parse = log_heads.parse
    for line in lines:
        stream, time, text = line
        cut = len(text) >= LONGEST_LINE
        if "\x1b" in text:
            text = _ESCAPES.sub("", text)
        state = streams.get(stream)
        if state is None:
            state = streams[stream] = _Stream()
        head = parse(text)
        if _continues(state, head, time, text):
            if state.record is not None:
                state.record.add(head.message if head else text)
                state.record.cut |= cut
            state.is_open = _stays_open(state, head, text)
        else:
            if state.record is not None:
                yield state.record
            head = head or Head(None, None, text)
            keep = levels is None or head.level in levels
            state.record = Record(time, stream, head, cut=cut) if keep else None
            state.is_open = "Traceback" in head.message and bool(_TRACEBACK.match(head.message))
        state.latest = time
    yield from (state.record for state in streams.values() if state.record is not None)


def once(found: Iterable[Record]) -> Iterator[Record]:
    """Yield each record once that was written to both streams, the longer writing of the two."""
    window: deque[Record] = deque()
    unpaired: dict[tuple[str | None, str | None, str, str], list[Record]] = {}
    for record in found:
        head = record.head
        key = (head.level, head.source, head.message, head.second)
        if head.second:
            others = unpaired.setdefault(key, [])
            twin = next((other for other in others if other.stream != record.stream), None)
            if twin is not None:
                others.remove(twin)
                if len(record.message) > len(twin.message):
                    twin.lines, twin.end, twin.left_out = record.lines, record.end, record.left_out
                    twin.cut = record.cut
                continue
            others.append(record)
        window.append(record)
        if len(window) > _WINDOW:
            yield _leave(window.popleft(), unpaired)
    while window:
        yield _leave(window.popleft(), unpaired)


def _leave(record: Record, unpaired: dict[tuple[str | None, str | None, str, str], list[Record]]) -> Record:
    """Return a record of which no second writing is expected any more."""
    head = record.head
    key = (head.level, head.source, head.message, head.second)
    others = [other for other in unpaired.get(key, ()) if other is not record]
    if others:
        unpaired[key] = others
    else:
        unpaired.pop(key, None)
    return record


def _continues(state: _Stream, head: Head | None, time: str, text: str) -> bool:
    """Return whether a line belongs to the record before it."""
    if not state.latest:
        return False
    if head is not None:
        if head.level is not None and head.source is not None:  # nearly every line
            return False
        # A traceback follows the line that announces it.
        is_traceback = head.source is None and head.message == text and bool(_TRACEBACK.match(text))
        return head.continues or (is_traceback and (state.is_open or _at_once(state.latest, time)))
    if state.is_open or text.startswith((" ", "\t")) or not text:
        return True
    return text.startswith(_CHAIN) or (state.record is not None and _is_known(state) and _at_once(state.latest, time))


def _is_known(state: _Stream) -> bool:
    return state.record is not None and state.record.head.level is not None


def _stays_open(state: _Stream, head: Head | None, text: str) -> bool:
    """Return whether the lines after this one belong to the traceback: up to the line that names the error."""
    if text.startswith(_CAUSES) or _TRACEBACK.match(text):
        return True
    is_within = head is not None or not text or text.startswith((" ", "\t", *_CHAIN))
    return state.is_open and is_within


def _at_once(before: str, after: str) -> bool:
    """Return whether two timestamps of the engine are nearly the same."""
    if before[:17] != after[:17]:
        return False
    try:
        return float(after[17:].rstrip("Z")) - float(before[17:].rstrip("Z")) <= _AT_ONCE
    except ValueError:
        return False
