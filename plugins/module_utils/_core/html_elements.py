# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build HTML in which every text is escaped: only an element that was built here is taken over as it is.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from .display import escaped
from .timestamps import parse_time

#: In the place of a value that is not known.
NOTHING = "\N{EN DASH}"
#: White space that is no escape: the ends of lines, and the narrow space between the digits of a number.
_SPACES = re.compile("([\n\N{NARROW NO-BREAK SPACE}])")
_VOID = frozenset({"link", "meta"})


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def text(value: Any) -> Html:
    """Return any value as HTML, escaped; HTML is returned unchanged. Control characters are shown as escapes."""
    if isinstance(value, Html):
        return value
    parts = _SPACES.split(str(value))
    return Html(escape("".join(part if _SPACES.fullmatch(part) else escaped(part) for part in parts), quote=True))


def element(tag: str, *children: Any, **attributes: Any) -> Html:
    """Return an element. A child or attribute of None is left out; ``class_`` and ``stroke_width`` lose ``_``."""
    given = [
        f' {name.rstrip("_").replace("_", "-")}="{text(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    ]
    opened = f"<{tag}{''.join(given)}>"
    return Html(opened if tag in _VOID else f"{opened}{join(children)}</{tag}>")


def join(children: Iterable[Any]) -> Html:
    """Return children one after the other."""
    return Html("".join(text(child) for child in children if child is not None))


def section(title: str, *children: Any, note: str | None = None) -> Html:
    """Return a section with a heading, and a sentence below it."""
    return element("section", element("h2", title), element("p", note, class_="note") if note else None, *children)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]], numbers: Iterable[int] = ()) -> Html:
    """Return a table; the columns ``numbers`` are aligned to the right.

    Each cell knows its heading, for a narrow screen.
    """
    kinds = dict.fromkeys(numbers, "number")
    heads = [element("th", name, class_=kinds.get(index), scope="col") for index, name in enumerate(head)]
    body = [
        element(
            "tr",
            *(element("td", cell, class_=kinds.get(index), data_head=head[index]) for index, cell in enumerate(cells)),
        )
        for cells in rows
    ]
    content = element("table", element("thead", element("tr", *heads)), element("tbody", *body))
    return element("div", content, class_="wide")


def chip(word: str, kind: str) -> Html:
    """Return a word with a mark in the colour of a kind: well, attention, failed, or quiet."""
    return element("span", word, class_=f"chip {kind}")


def moment(at: str | None) -> Html:
    """Return a timestamp for a person: ``30 Nov 2026, 02:31``; NOTHING for None."""
    if not at:
        return text(NOTHING)
    shown = parse_time(at).strftime("%d %b %Y, %H:%M").lstrip("0")
    return element("time", shown, datetime=at)


def day(at: str) -> str:
    """Return the day of a timestamp: ``30 Nov``."""
    return parse_time(at).strftime("%d %b").lstrip("0")
