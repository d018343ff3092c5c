# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Show a given value in a message: on one line, without control characters, and not too long.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

LONGEST = 100


def printable(value: Any, longest: int = LONGEST) -> str:
    """Return a value as text, with escapes for control characters, and cut to ``longest`` characters."""
    text = str(value)
    return escaped(text) if len(text) <= longest else f"{escaped(text[:longest])}…"


def quoted(value: Any, longest: int = LONGEST) -> str:
    """Return a text in quotes, and any other value without. A cut value is followed by its length."""
    text = str(value)
    shown = printable(text, longest)
    length = "" if len(text) <= longest else f" ({len(text)} characters)"
    return f"'{shown}'{length}" if isinstance(value, str) else f"{shown}{length}"


def escaped(text: str) -> str:
    """Return a text with escapes for the characters that are not printable."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
