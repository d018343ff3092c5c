# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read single values of a list: a text, a number, a boolean, a UUID, a timestamp, JSON.

Lists come from a playbook, YAML, JSON or CSV. They are checked here rather than by Ansible, so that all problems of a
list are reported together, and a list of thousands is checked quickly.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import math
import uuid
from datetime import datetime, timezone
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._core import option_texts, timestamps
from .._core.display import printable
from . import unquoted_scalars

#: Earlier years have fewer than four digits, which cannot be read again.
_FIRST_YEAR = 1000


class ValueProblem(Exception):
    """A value is invalid; the message continues a sentence that begins with the field's name."""


def as_bool(value: Any) -> bool:
    """Return what Ansible reads as true or false."""
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise ValueProblem(f"must be true or false, not {printable(repr(value))}") from error


def as_list(value: Any) -> list[str]:
    """Return a list of texts; a text is split at semicolons, as in a CSV cell."""
    if isinstance(value, str):
        value = [part.strip() for part in value.split(";") if part.strip()]
    if not isinstance(value, (list, tuple)):
        raise ValueProblem("must be a list of names")
    try:
        found = [as_text(item) for item in value]
    except ValueProblem as problem:
        raise ValueProblem(f"must be a list of names, and one of them {problem}") from problem
    if not all(found):
        raise ValueProblem("must be a list of names, and one of them is empty")
    return found


def as_text(value: Any, *, secret: bool = False) -> str:
    """Return a text as written. Raises ValueProblem for any other value, without showing a ``secret`` one.

    A number in a variable is refused: its spelling, such as 0170, was lost when it was read.
    """
    if value.__class__ is not str:
        value = _written_text(value, secret=secret)
    problem = option_texts.problem(value)
    if problem:
        raise ValueProblem(problem)
    return str(value)


def _written_text(value: Any, *, secret: bool) -> str:
    if isinstance(value, unquoted_scalars.Written):
        try:
            return value.text
        except unquoted_scalars.Ambiguous as error:
            raise ValueProblem(str(error)) from error
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bool, int, float)):
        kind = "boolean" if isinstance(value, bool) else "number"
        shown = "" if secret else f" {printable(value)}"
        raise ValueProblem(f'must be a text, not the {kind}{shown}: quote it, "...", in its source')
    raise ValueProblem(f"must be a text, not {_KINDS.get(type(value), type(value).__name__)}")


def as_uuid(value: Any) -> str:
    """Return a UUID in its canonical form."""
    text = as_text(value)
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise ValueProblem(f"must be a UUID, not '{printable(text)}'") from error


def as_json(value: Any) -> Any:
    """Return a JSON structure, also one given as text, in the form that the database returns."""
    try:
        if isinstance(value, str):
            value = unquoted_scalars.loads(value)
        value = unquoted_scalars.resolve(value)
        text = json.dumps(value, allow_nan=False, ensure_ascii=False)
        text.encode()
    except unquoted_scalars.Ambiguous as error:
        raise ValueProblem(str(error)) from error
    except unquoted_scalars.Repeated as error:
        raise ValueProblem(f"is not valid: {error}") from error
    except (TypeError, ValueError) as error:
        raise ValueProblem(f"is not valid JSON: {error}") from error
    if "\\u0000" in text.replace("\\\\", ""):
        raise ValueProblem(option_texts.NUL)
    # This makes texts of keys that are numbers.
    return json.loads(text)


def as_number(value: Any) -> float:
    """Return a finite number; also of a text, because a CSV file and a template of Ansible have no numbers."""
    try:
        number = float(str(value) if isinstance(value, bool) else value)
    except (TypeError, ValueError) as error:
        raise ValueProblem(f"must be a number, not {printable(repr(value))}") from error
    if not math.isfinite(number):
        raise ValueProblem(f"must be a finite number, not {printable(value)}")
    return number


def as_integer(value: Any) -> int:
    """Return a whole number, see ``as_number``."""
    number = as_number(value)
    if not number.is_integer():
        raise ValueProblem(f"must be a whole number, not {printable(value)}")
    return int(number)


def as_time(value: Any) -> str:
    """Return a timestamp in UTC, ``2026-01-31T12:00:00Z``. Without a time zone it is read as UTC."""
    text = as_text(value)
    try:
        found = datetime.fromisoformat(f"{text[:-1]}+00:00" if text[-1:] in ("z", "Z") else text)
        if found.year < _FIRST_YEAR:
            raise ValueError
        return of_time(found)
    except (ValueError, OverflowError) as error:
        raise ValueProblem(
            f"must be a timestamp such as 2026-01-31T12:00:00Z or 2026-01-31, not '{printable(text)}'"
        ) from error


def of_time(found: datetime) -> str:
    """Return a timestamp as ``as_time`` does; one without a time zone is in UTC."""
    return timestamps.format_time(found if found.tzinfo else found.replace(tzinfo=timezone.utc))


_KINDS: dict[type, str] = {list: "a list", tuple: "a list", dict: "a dictionary"}
