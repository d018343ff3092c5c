# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parse and merge the file ``.env`` of a stack, as Docker Compose reads it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from .errors import InputError
from .redaction import SHORTEST, Secret

# As Compose reads it: a quoted value may have several lines, and a comment may follow any value.
_ASSIGNMENT = re.compile(
    r"""^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.-]*)[ \t]*[=:][ \t]*"""
    r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(?!["'])[^\n]*)""",
    re.MULTILINE | re.DOTALL,
)
_COMMENT = re.compile(r"(^|\s)#.*")
# Line ends are escaped too, so that a secret of several lines, such as a private key, is one line of the file.
_ESCAPES = {"\\": "\\\\", '"': '\\"', "$": "\\$", "\n": "\\n", "\r": "\\r"}
_ESCAPED = re.compile(r'[\\"$\n\r]')
_UNESCAPED = re.compile(r'\\[\\"$nr]')
_MEANT = {escaped: character for character, escaped in _ESCAPES.items()}


def parse(text: str) -> dict[str, Secret]:
    """Return the variables of a ``.env`` file by name, in the file's order.

    Raises InputError with the number of an invalid line and without its text, which may be a secret.
    """
    # Without the assignments only comments may remain.
    rest = _ASSIGNMENT.sub(lambda match: "\n" * match[0].count("\n"), text)
    for number, line in enumerate(rest.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            raise InputError(f"Line {number} of the file .env is not NAME=value, or its quotes are not closed")
    return {match[1]: Secret(_unquote(match[2])) for match in _ASSIGNMENT.finditer(text)}


def merge(text: str, variables: Mapping[str, str], header: str) -> str:
    """Set ``variables`` in the ``text`` of a ``.env`` file, so that Compose reads exactly their values.

    Everything else in it is kept, also comments. ``header`` is the comment at the top of a new file.
    """
    missing = dict(variables)

    def replaced(match: re.Match[str]) -> str:
        missing.pop(match[1], None)
        return _assignment(match[1], variables[match[1]]) if match[1] in variables else match[0]

    merged = _ASSIGNMENT.sub(replaced, text) if text else f"# {header}\n"
    if not merged.endswith("\n"):
        merged += "\n"
    return merged + "".join(f"{_assignment(name, value)}\n" for name, value in missing.items())


def literal(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a ``.env`` file that Compose does not interpolate or unescape."""
    return {name: value for name, value in variables.items() if not set(value) & set("$\\")}


def maskable(variables: Mapping[str, str]) -> list[str]:
    """Return the values that may be secrets. Shorter ones are ports and switches, which occur everywhere."""
    return [value for value in variables.values() if len(value) >= SHORTEST]


def _assignment(name: str, value: str) -> str:
    # Between double quotes Compose interprets only the backslash, the quote, the dollar sign and the escapes of line
    # ends (docs.docker.com, "Set, use, and manage variables in a Compose file with interpolation"). A literal line feed
    # would be kept, but not a carriage return before it.
    return f'{name}="{_escape(value)}"'


def _escape(value: str) -> str:
    return _ESCAPED.sub(lambda match: _ESCAPES[match[0]], value)


def _unquote(text: str) -> str:
    if text.startswith('"'):
        return _UNESCAPED.sub(lambda match: _MEANT[match[0]], text[1:-1])
    if text.startswith("'"):
        return text[1:-1]
    return _COMMENT.sub("", text).strip()
