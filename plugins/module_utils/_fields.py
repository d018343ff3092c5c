# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as operators give them, brought into one form and checked against the table's own columns.

Both users and groups are lists of objects that may come from a playbook, YAML, JSON or CSV. They are checked here
rather than by Ansible, so that all problems of a list are reported together, and a list of thousands is quick.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.convosphere.platform.plugins.module_utils._database import Column

TEXT = "text"
LABEL = "label"
UUID = "uuid"
JSON = "json"
BOOL = "bool"


class ValueProblem(Exception):
    """Why one value cannot be taken, to be continued after the field's name."""


@dataclass(frozen=True)
class Field:
    """One field of an object. ``default`` is what a new one gets; ``check`` raises ValueProblem."""

    kind: str = TEXT
    default: Any = None
    check: Callable[[str], None] | None = None


def normalise(field: Field, column: Column, value: Any) -> Any:
    """The value in the form in which the module compares and shows it; None for an explicit empty one.

    Labels are lower case, as in the platform's REST interface; UUIDs are texts; JSON is a structure.
    """
    if value in ("", {}, []):
        if not column.nullable:
            raise ValueProblem("cannot be empty")
        return None
    return _READERS[field.kind](field, column, value)


def of_row(field: Field, value: Any) -> Any:
    """A value as the database returned it, in the same form."""
    if field.kind == LABEL:
        return None if value is None else sys.intern(value.lower())
    # An empty text or structure is what an explicit empty one clears: no reason to write.
    return None if value in ("", {}, []) else value


def to_row(field: Field, value: Any) -> Any:
    """A value in that form, as the database stores it."""
    return value.upper() if field.kind == LABEL and value is not None else value


def unknown(names: Mapping[str, Any], known: Mapping[str, Any] | set[str]) -> list[str]:
    """A message for each name that is no option."""
    problems = []
    for name in names:
        if name not in known:
            from difflib import get_close_matches

            near = get_close_matches(str(name), list(known), 1)
            problems.append(f"there is no option '{name}'" + (f" (is '{near[0]}' meant?)" if near else ""))
    return problems


def as_bool(value: Any) -> bool:
    """What Ansible takes for true or false."""
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise ValueProblem(f"must be true or false, not {value!r}") from error


def as_list(value: Any) -> list[str]:
    """A list of texts; one text is split at semicolons, which is how a CSV cell holds several."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(";") if part.strip()]
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) and item for item in value):
        raise ValueProblem("must be a list of names")
    return list(value)


def as_text(value: Any) -> str:
    """A text; a number is one too, since YAML and Ansible make numbers of texts such as 007."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise ValueProblem(f"must be a text, not {type(value).__name__}")
    text = str(value)
    if "\0" in text:
        raise ValueProblem("has a null character in it")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueProblem("is not valid Unicode") from error
    return text


def as_uuid(value: Any) -> str:
    """A UUID in its usual spelling."""
    try:
        return str(uuid.UUID(as_text(value)))
    except ValueError as error:
        raise ValueProblem(f"must be a UUID, not '{value}'") from error


def _text(field: Field, column: Column, value: Any) -> str:
    text = as_text(value)
    if column.length is not None and len(text) > column.length:
        raise ValueProblem(f"has {len(text)} characters, and at most {column.length} fit")
    if field.check:
        field.check(text)
    return text


def _label(_field: Field, column: Column, value: Any) -> str:
    text = as_text(value)
    if text.upper() not in column.labels:
        raise ValueProblem(f"'{text}' is none of {', '.join(label.lower() for label in column.labels)}")
    return sys.intern(text.lower())


def _json(_field: Field, _column: Column, value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueProblem(f"is not valid JSON: {error}") from error
    if not isinstance(value, (dict, list)):
        raise ValueProblem(f"must be a JSON object or list, not {type(value).__name__}")
    try:
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except (TypeError, ValueError) as error:
        raise ValueProblem(f"cannot be written as JSON: {error}") from error
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValueProblem("has a null character in it")
    # As the database will return it: keys that are numbers become texts.
    return json.loads(text)


_READERS: dict[str, Callable[[Field, Column, Any], Any]] = {
    TEXT: _text,
    LABEL: _label,
    UUID: lambda _field, _column, value: as_uuid(value),
    JSON: _json,
    BOOL: lambda _field, _column, value: as_bool(value),
}
