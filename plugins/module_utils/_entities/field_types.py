# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Normalise the fields of an object, and check them against the table's columns and the platform's rules.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .._app import platform_rules
from .._app.platform_rules import Rule
from .._core.display import printable
from .._postgres.catalog import Column
from . import values
from .values import ValueProblem

TEXT = "text"
#: A text in lower case, without spaces around it.
NAME = "name"
#: A label of an enum: lower case in the collection and in REST, upper case in the table.
LABEL = "label"
UUID = "uuid"
JSON = "json"
#: JSON with a list of texts.
TEXTS = "texts"
BOOL = "bool"
INTEGER = "integer"
NUMBER = "number"
#: Numbers that the table stores as texts.
INTEGER_TEXT = "integer text"
NUMBER_TEXT = "number text"
TIME = "time"

#: The greatest value of PostgreSQL's integer.
_LARGEST = 2**31 - 1
_LIST_OF_TEXTS = Rule(json=platform_rules.TEXTS)


@dataclass(frozen=True)
class Field:
    """One field of an object: an option of the same name, and the column that it is written to.

    - ``default`` is the value of a new object if the option is not given.
    - ``check`` gets a text, or each text of a list, and raises ValueProblem.
    - ``rule`` is the platform's rule for the field: without it the platform cannot return the object.
    - ``minimum`` and ``maximum`` bound a number.
    - ``column`` is the name of the column if it is not that of the option.
    - ``required``: the column is never NULL, although the table may allow it. A new object needs the option, unless
      there is a ``default``.
    - ``returned``: whether the platform returns the field at all.
    - ``strict``: the platform cannot return a row with another value than the declaration allows. A number that is
      stored as text only has to be a number for that.
    - ``empty`` is what an explicit empty value is stored as: None for NULL, or ``[]`` or ``{}``.
    """

    kind: str = TEXT
    default: Any = None
    check: Callable[[str], None] | None = None
    rule: Rule | None = None
    minimum: float | None = None
    maximum: float | None = None
    column: str | None = None
    required: bool = False
    returned: bool = True
    strict: bool = False
    empty: Any = None


def normalise(field: Field, column: Column, value: Any) -> Any:
    """Return the value in the form that is compared and shown; None for an explicit empty one.

    Labels are lower case, as in the platform's REST interface; UUIDs are texts; JSON is a structure.
    """
    if value == "" or (field.kind in (JSON, TEXTS) and value in ({}, [])):
        return _empty(field, column)
    found = _READERS[field.kind](field, column, value)
    if found is None:
        return _empty(field, column)
    problem = platform_rules.problem(field.rule, found) if field.rule else None
    if problem:
        why = ": the platform could not return it, nor any list that contains it" if field.returned else ""
        raise ValueProblem(f"{problem}{why}")
    return found


def _empty(field: Field, column: Column) -> Any:
    if field.empty is None and (field.required or not column.nullable):
        raise ValueProblem("cannot be empty")
    return field.empty


def of_row(field: Field, value: Any) -> Any:
    """Return a value of the database in the form of ``normalise``."""
    if field.kind == LABEL:
        return None if value is None else sys.intern(value.lower())
    if field.empty is not None:
        return value  # NULL is not the same: the platform could not return it
    if field.kind in _OF_ROW and value is not None:
        return _OF_ROW[field.kind](value)
    # An empty text or structure equals an explicit empty one: it is not written.
    return None if value in ("", {}, []) else value


def to_row(field: Field, value: Any) -> Any:
    """Return a normalised value as the database stores it."""
    if value is None:
        return None
    if field.kind == LABEL:
        return value.upper()
    return str(value) if field.kind in (INTEGER_TEXT, NUMBER_TEXT) else value


def fault(field: Field, column: Column, value: Any) -> str | None:
    """Return why the platform cannot return the value of a row; None if it can."""
    if not field.strict or field.kind in (LABEL, TIME):
        return None
    if value is None:
        return "must not be NULL" if field.required or field.empty is not None else None
    if field.kind in (JSON, TEXTS):
        rule = field.rule or (_LIST_OF_TEXTS if field.kind == TEXTS else None)
        return platform_rules.problem(rule, value) if rule else None
    stored_as_text = field.kind in (INTEGER_TEXT, NUMBER_TEXT)
    try:
        normalise(replace(field, minimum=None, maximum=None) if stored_as_text else field, column, value)
    except ValueProblem as problem:
        return str(problem).partition(": the platform could not")[0]
    return None


def _text(field: Field, column: Column, value: Any) -> str:
    text = values.as_text(value)
    if field.kind == NAME:
        text = text.strip().lower()
    if column.length is not None and len(text) > column.length:
        raise ValueProblem(f"has {len(text)} characters, and at most {column.length} fit")
    if field.check:
        field.check(text)
    return text


def _label(_field: Field, column: Column, value: Any) -> str:
    text = values.as_text(value)
    if text.upper() not in column.labels:
        raise ValueProblem(f"'{printable(text)}' is not one of {', '.join(label.lower() for label in column.labels)}")
    return sys.intern(text.lower())


def _json(_field: Field, _column: Column, value: Any) -> Any:
    found = values.as_json(value)
    # Every empty value clears the field.
    return None if found in ({}, [], None, "") else found


def _texts(field: Field, _column: Column, value: Any) -> Any:
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = values.as_json(value)
    found = values.as_list(value)
    for text in found if field.check else ():
        field.check(text)  # type: ignore[misc]
    return found or None


def _number(field: Field, column: Column, value: Any) -> Any:
    whole = field.kind in (INTEGER, INTEGER_TEXT)
    number = values.as_integer(value) if whole else values.as_number(value)
    unbounded = _LARGEST if whole else math.inf
    least = -unbounded if field.minimum is None else field.minimum
    most = unbounded if field.maximum is None else field.maximum
    if not least <= number <= most:
        bounds = [f"at least {least:.10g}"] if least > -unbounded else []
        bounds += [f"at most {most:.10g}"] if most < unbounded or not bounds else []
        raise ValueProblem(f"is {number:.10g}, and must be {' and '.join(bounds)}")
    if column.length is not None and len(str(number)) > column.length:
        raise ValueProblem(f"has {len(str(number))} characters, and at most {column.length} fit")
    return number


def _of_number_text(value: Any) -> Any:
    """Return the number of a text; the text itself if it is not one, which differs from every number."""
    try:
        number = values.as_number(value)
    except ValueProblem:
        return value
    return int(number) if number.is_integer() else number


_READERS: Mapping[str, Callable[[Field, Column, Any], Any]] = {
    TEXT: _text,
    NAME: _text,
    LABEL: _label,
    UUID: lambda _field, _column, value: values.as_uuid(value),
    JSON: _json,
    TEXTS: _texts,
    BOOL: lambda _field, _column, value: values.as_bool(value),
    INTEGER: _number,
    NUMBER: _number,
    INTEGER_TEXT: _number,
    NUMBER_TEXT: _number,
    TIME: lambda _field, _column, value: values.as_time(value),
}
_OF_ROW: Mapping[str, Callable[[Any], Any]] = {
    INTEGER_TEXT: _of_number_text,
    NUMBER_TEXT: _of_number_text,
    TIME: values.of_time,
}
