# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the text in a file of a known format, and a title for it. Pure.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import PurePosixPath

#: The formats that Python's standard library can read, by extension, with their media types.
FORMATS = {
    "csv": "text/csv",
    "htm": "text/html",
    "html": "text/html",
    "json": "application/json",
    "markdown": "text/markdown",
    "md": "text/markdown",
    "rst": "text/x-rst",
    "txt": "text/plain",
}
TITLE_LENGTH = 255
_MARKDOWN = ("md", "markdown")
_HTML = ("htm", "html")
_HEADING = re.compile(r"^#[ \t]+(\S.*?)[ \t#]*$", re.MULTILINE)
_UNDERLINED = re.compile(r"\A\s*(\S[^\n]*)\n([=\-~^#*+])\2{2,}[ \t]*$", re.MULTILINE)
_SPACES = re.compile(r"[ \t\r\f\v]+")
_MANY_LINES = re.compile(r"\n\s*\n\s*")
_HIDDEN = frozenset({"script", "style", "template", "noscript", "svg"})
_BLOCKS = re.compile(
    "address|article|aside|blockquote|br|d[dlt]|div|fieldset|figure|footer|form|h[1-6r]|header|li|main|nav|[ou]l|p|pre|"
    "section|table|tbody|td|tfoot|th|thead|tr"
)


@dataclass(frozen=True)
class DocumentText:
    """The text of a document, with line feeds as the only ends of lines, and the title that it gives itself."""

    text: str
    title: str


def extension(path: str) -> str:
    """Return the extension of a path in lower case, without its dot."""
    return PurePosixPath(path).suffix[1:].lower()


def read(path: str, content: bytes) -> DocumentText:
    """Return the text of a file. Raises ValueError, with a reason for the operator, for bytes that are no such text."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not text in UTF-8 (byte {error.start})") from error
    if "\0" in text:
        raise ValueError("has a NUL character, which PostgreSQL cannot store")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    kind = extension(path)
    if kind == "json":
        _check_json(text)
    title = PurePosixPath(path).stem
    if kind in _HTML:
        page = _Page.of(text)
        text, title = page.text(), page.title() or title
    elif kind in _MARKDOWN or kind == "rst":
        found = (_HEADING if kind in _MARKDOWN else _UNDERLINED).search(text)
        title = found.group(1) if found else title
    return DocumentText(text, title[:TITLE_LENGTH])


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except ValueError as error:
        raise ValueError(f"is not valid JSON: {error}") from error


class _Page(HTMLParser):
    """The visible text of a page: a blank line after each block, nothing of scripts and styles."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._titles: list[str] = []
        self._hidden = 0
        self._in_title = False

    @classmethod
    def of(cls, text: str) -> _Page:
        """Return the page that a text describes."""
        page = cls()
        page.feed(text)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a block, or a part that is not shown."""
        self._hidden += tag in _HIDDEN
        self._in_title = self._in_title or tag == "title"
        if _BLOCKS.fullmatch(tag):
            self._parts.append("\n" if tag == "br" else "\n\n")

    def handle_endtag(self, tag: str) -> None:
        """End what the tag began."""
        if tag in _HIDDEN and self._hidden:
            self._hidden -= 1
        if tag == "title":
            self._in_title = False
        if _BLOCKS.fullmatch(tag):
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        """Keep text that is shown."""
        if self._hidden:
            return
        (self._titles if self._in_title else self._parts).append(data)

    def text(self) -> str:
        """Return the text with one blank at a time and one blank line between blocks."""
        joined = _SPACES.sub(" ", "".join(self._parts))
        lines = "\n".join(line.strip() for line in joined.split("\n"))
        return _MANY_LINES.sub("\n\n", lines).strip()

    def title(self) -> str:
        """Return the title in one line, or an empty text."""
        return " ".join("".join(self._titles).split())
