# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cut a text into chunks that overlap, at the ends of paragraphs and sentences where possible. Pure.

The same text, size and overlap give the same chunks on every host and with every version of Python.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

#: Blank lines end a paragraph.
_PARAGRAPH = re.compile(r"\n[ \t]*\n\s*")
#: Ends of sentences, also in full-width scripts that put no blank after them, and ends of lines.
_SENTENCE = re.compile(r"(?<=[.!?…])[\"'\u201d\u2019»)\]]*\s+|(?<=[。\uff01\uff1f])|\n")
_BLANK = re.compile(r"\s+")
_HEADING = re.compile(r"^#{1,6}[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)
#: Characters that only continue the one before: joiners, variation selectors, skin tones of emoji.
_CONTINUING = frozenset("\u200d\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
_JOINER = "\u200d"
#: The average number of characters in a token of English text.
_CHARACTERS_PER_TOKEN = 4
SECTION_LENGTH = 255


@dataclass(frozen=True)
class Chunk:
    """One piece of a text. ``section`` is the last Markdown heading before its end, or None."""

    content: str
    section: str | None

    @property
    def tokens(self) -> int:
        """An estimate: tokens depend on the model that reads them."""
        return max(1, round(len(self.content) / _CHARACTERS_PER_TOKEN))


@dataclass(frozen=True)
class _Unit:
    """A part of the text that no chunk cuts; ``ends`` if it is the last one of a paragraph."""

    start: int
    end: int
    ends: bool


def split(text: str, size: int, overlap: int) -> list[Chunk]:
    """Cut ``text`` into chunks of at most ``size`` characters, each of which repeats up to ``overlap`` of the last one.

    Only a longer word is cut, between characters as a reader sees them; a character that is longer than ``size`` stays
    whole.
    """
    units = list(_units(text, size))
    headings = [(match.start(), match.group(1)[:SECTION_LENGTH]) for match in _HEADING.finditer(text)]
    chunks, first = [], 0
    while first < len(units):
        last = _last(units, first, size)
        start, end = units[first].start, units[last].end
        chunks.append(Chunk(text[start:end], _section(headings, end)))
        first = _next(units, first, last, size, overlap)
    return chunks


def _last(units: list[_Unit], first: int, size: int) -> int:
    """Return the last unit of the chunk: the end of a paragraph, if one is in the second half of what fits."""
    start, last, ending = units[first].start, first, None
    for number in range(first, len(units)):
        length = units[number].end - start
        if length > size and number > first:
            break
        last = number
        if units[number].ends and length * 2 >= size:
            ending = number
    return last if ending is None or last == len(units) - 1 else ending


def _next(units: list[_Unit], first: int, last: int, size: int, overlap: int) -> int:
    """Return the first unit of the next chunk, which must reach beyond ``last``."""
    following = last + 1
    if following == len(units):
        return following
    chosen = following
    for number in range(last, first, -1):
        fits = units[following].end - units[number].start <= size
        if not fits or units[last].end - units[number].start > overlap:
            break
        chosen = number
    return chosen


def _units(text: str, size: int) -> Iterator[_Unit]:
    for start, end in _parts(text, 0, len(text), _PARAGRAPH):
        sentences = [
            piece
            for low, high in _parts(text, start, end, _SENTENCE)
            for piece in ([(low, high)] if high - low <= size else _words(text, low, high, size))
        ]
        for number, (low, high) in enumerate(sentences, start=1):
            yield _Unit(low, high, number == len(sentences))


def _parts(text: str, start: int, end: int, separator: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Yield the parts between separators, without blanks at their ends. Closing quotes stay with their sentence."""
    position = start
    for match in separator.finditer(text, start, end):
        yield from _stripped(text, position, match.end())
        position = match.end()
    yield from _stripped(text, position, end)


def _stripped(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    part = text[start:end]
    if part.strip():
        low = start + len(part) - len(part.lstrip())
        yield low, low + len(part.strip())


def _words(text: str, start: int, end: int, size: int) -> Iterator[tuple[int, int]]:
    """Yield parts of a long sentence: between words, or inside a word that is longer than ``size``."""
    for low, high in _parts(text, start, end, _BLANK):
        position = low
        while high - position > size:
            cut = _boundary(text, position, position + size, high)
            yield position, cut
            position = cut
        if position < high:
            yield position, high


def _boundary(text: str, start: int, wished: int, end: int) -> int:
    """Return the nearest place before ``wished`` between two characters as a reader sees them, or else after it."""
    places = [*range(wished, start, -1), *range(wished + 1, end)]
    return next((place for place in places if not _joined(text, place)), end)


def _joined(text: str, place: int) -> bool:
    following = text[place]
    return following in _CONTINUING or text[place - 1] == _JOINER or unicodedata.combining(following) > 0


def _section(headings: list[tuple[int, str]], end: int) -> str | None:
    number = bisect_left(headings, (end, ""))
    return headings[number - 1][1] if number else None
