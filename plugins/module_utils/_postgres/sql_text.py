# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL as others wrote it, made fit to be shown: without the values in it, and short.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re

LENGTH = 160
#: Words may begin with a letter that makes the quote after it mean something, such as E'...'; numbers not in a word.
_TOKENS = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?(?:\*/|\Z) )
  | (?P<name>    "(?:[^"]|"")*(?:"|\Z) )
  | (?P<escaped> \b[eE]'(?:[^'\\]|\\.|'')*(?:'|\Z) )
  | (?P<text>    (?:\b(?:[bBxXnN]|[uU]&))?'(?:[^']|'')*(?:'|\Z) )
  | (?P<dollar>  (?<![\w$])\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z) )
  | (?P<number>  (?<![\w$])(?:\d[\w.]*|\.\d\w*) )
    """,
    re.VERBOSE | re.DOTALL,
)


def without_values(statement: str, length: int = LENGTH) -> str:
    """The statement in one line of at most ``length`` characters, with ``?`` for every text and number in it.

    The server cuts long statements off, so that what begins a text and does not end is one. Where it cannot be known
    where a text ends (a backslash before a quote, a comment in a comment) all from there on is left out.
    """
    parts, position = [], 0
    for token in _TOKENS.finditer(statement):
        parts.append(statement[position : token.start()])
        position = token.end()
        kind, text = token.lastgroup, token.group()
        if kind == "tag":
            kind = "dollar"
        if (kind == "text" and "\\'" in text) or (kind == "comment" and text.count("/*") > 1):
            parts.append("...")
            position = len(statement)
            break
        parts.append(text if kind == "name" else " " if kind == "comment" else "?")
    parts.append(statement[position:])
    line = re.sub(r"\?(?:\s*,\s*\?)+", "?, ...", " ".join("".join(parts).split()))
    return line if len(line) <= length else line[: length - 3].rstrip() + "..."
