# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the source text of scalars that YAML and JSON files have without quotes.

The field decides how a scalar is read: ``00123`` is a text as an employee's number, and ambiguous inside of
``preferences``.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from typing import Any

#: The greatest depth of nested lists and objects.
DEPTH = 100
#: The greatest number of values in one list or object, which also bounds the repetition by YAML aliases.
VALUES = 100_000

_WORDS = {"true": True, "false": False, "null": None}
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"[-+]?(?:(?:0|[1-9][0-9]*)\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][-+]?[0-9]+)")
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t][0-9:. \tZ+-]+)?")


class Ambiguous(ValueError):
    """YAML parsers read a scalar without quotes in different ways; the message says what to write instead."""


class Written(str):
    """The source text of a scalar without quotes that YAML 1.1 does not read as text."""

    __slots__ = ()

    @property
    def text(self) -> str:
        """The scalar as a text. Raises Ambiguous for a spelling of null that may also be a name."""
        if self in ("Null", "NULL"):
            raise Ambiguous(f'is {self} without quotes: write "{self}" for the text, or leave it out for no value')
        return str.__str__(self)

    @property
    def value(self) -> Any:
        """The scalar as a value of JSON. Raises Ambiguous if YAML 1.1 and 1.2 read it differently."""
        if self.lower() in _WORDS and self in (self.lower(), self.capitalize(), self.upper()):
            return _WORDS[self.lower()]
        if _INTEGER.fullmatch(self):
            return int(self)
        if _FLOAT.fullmatch(self):
            return float(self)
        if _DATE.fullmatch(self):
            return str.__str__(self)
        raise Ambiguous(
            f"has {self} without quotes, which can be read in several ways: write true, false or a decimal number, "
            "or put it in quotes"
        )


class Repeated(ValueError):
    """An object has a key twice. The message names the key, and the email or name of the object."""

    def __init__(self, key: str, pairs: list[tuple[str, Any]]) -> None:
        owner = next((f" for {value}" for name, value in pairs if name in ("email", "name")), "")
        super().__init__(f"the key '{key}' is given twice{owner}")


def loads(text: str) -> Any:
    """Parse JSON. Numbers keep their source text, as Written.

    Raises Repeated for a key that is given twice, and ValueError for any other fault.
    """
    try:
        return json.loads(
            text, parse_int=Written, parse_float=Written, parse_constant=_refuse_constant, object_pairs_hook=unique
        )
    except RecursionError as error:
        raise ValueError(f"it is nested more than {DEPTH} levels deep") from error


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a dictionary of the pairs. Raises Repeated."""
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise Repeated(key, pairs)
            seen.add(key)
    return found


def resolve(value: Any) -> Any:
    """Return the same structure with the value of each Written in it.

    Raises Ambiguous, and ValueError if it is nested too deep or has too many values.
    """
    return _resolve(value, DEPTH, [VALUES])


def _resolve(value: Any, depth: int, left: list[int]) -> Any:
    left[0] -= 1
    if not depth:
        raise ValueError(f"it is nested more than {DEPTH} levels deep")
    if left[0] < 0:
        raise ValueError(f"it has more than {VALUES} values")
    if isinstance(value, Written):
        return value.value
    if isinstance(value, dict):
        return {key: _resolve(item, depth - 1, left) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_resolve(item, depth - 1, left) for item in value]
    return value


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
