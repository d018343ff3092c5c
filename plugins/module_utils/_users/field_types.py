# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values as operators give them, brought into one form and checked against the table's columns and the platform.

Both users and groups are lists of objects that may come from a playbook, YAML, JSON or CSV. They are checked here
rather than by Ansible, so that all problems of a list are reported together, and a list of thousands is quick.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

from .._app import platform_rules
from .._app.platform_rules import Rule
from .._core import option_texts
from .._core.display import printable
from .._postgres.catalog import Column
from . import unquoted_scalars

TEXT = "text"
LABEL = "label"
UUID = "uuid"
JSON = "json"
BOOL = "bool"

#: Headers and keys that people write, in no spelling of an option's name.
_USUAL_NAMES = {
    "mail": "email", "emailaddress": "email", "emailadresse": "email", "mailadresse": "email", "login": "username",
    "user": "username", "benutzername": "username", "benutzer": "username", "vorname": "first_name",
    "givenname": "first_name", "forename": "first_name", "nachname": "last_name", "surname": "last_name",
    "familyname": "last_name", "name": "display_name", "anzeigename": "display_name", "abteilung": "department",
    "position": "job_title", "title": "job_title", "funktion": "job_title", "personalnummer": "employee_id",
    "employeenumber": "employee_id", "telefon": "phone", "telefonnummer": "phone", "phonenumber": "phone",
    "telephone": "phone", "tel": "phone", "mobile": "phone",
    "rolle": "role", "sprache": "language", "locale": "language", "zeitzone": "timezone", "tz": "timezone",
    "passwort": "password", "pwd": "password", "hash": "password_hash", "gruppe": "groups", "gruppen": "groups",
    "beschreibung": "description", "mitglieder": "members", "rechte": "permissions", "avatar": "avatar_url",
    "picture": "avatar_url", "verified": "is_verified", "active": "is_active",
}  # fmt: skip


class ValueProblem(Exception):
    """Why one value cannot be taken, to be continued after the field's name."""


@dataclass(frozen=True)
class Field:
    """One field of an object. ``default`` is what a new one gets; ``check`` raises ValueProblem.

    ``rule`` is what the platform demands, so that it can show the object.
    """

    kind: str = TEXT
    default: Any = None
    check: Callable[[str], None] | None = None
    rule: Rule | None = None


def normalise(field: Field, column: Column, value: Any) -> Any:
    """The value in the form in which the module compares and shows it; None for an explicit empty one.

    Labels are lower case, as in the platform's REST interface; UUIDs are texts; JSON is a structure.
    """
    if value == "" or (field.kind == JSON and value in ({}, [])):
        if not column.nullable:
            raise ValueProblem("cannot be empty")
        return None
    found = _READERS[field.kind](field, column, value)
    problem = platform_rules.problem(field.rule, found) if field.rule and found is not None else None
    if problem:
        raise ValueProblem(f"{problem}: the platform could not show it, nor any page of its list with it")
    return found


def of_row(field: Field, value: Any) -> Any:
    """A value as the database returned it, in the same form."""
    if field.kind == LABEL:
        return None if value is None else sys.intern(value.lower())
    # An empty text or structure is what an explicit empty one clears: no reason to write.
    return None if value in ("", {}, []) else value


def to_row(field: Field, value: Any) -> Any:
    """A value in that form, as the database stores it."""
    return value.upper() if field.kind == LABEL and value is not None else value


def unknown(names: Mapping[Any, Any], known: Collection[str]) -> list[str]:
    """A message for each name that is no option."""
    return [f"there is no option '{printable(name)}'{suggestion(name, known)}" for name in names if name not in known]


def same_name(name: str, known: Collection[str]) -> str | None:
    """The option from which a name differs in nothing but case, spaces, hyphens and underscores."""
    if name in known:
        return name
    plain = _plain(name)
    return next((option for option in known if _plain(option) == plain), None)


def suggestion(name: Any, known: Collection[str]) -> str:
    """`` (is 'email' meant?)``, or nothing if no option comes near."""
    from difflib import get_close_matches

    text = str(name)
    near = same_name(text, known) or _USUAL_NAMES.get(_plain(text))
    if near not in known:
        near = next(iter(get_close_matches(text.strip().lower(), list(known), 1)), None)
    return f" (is '{near}' meant?)" if near else ""


def _plain(name: str) -> str:
    return "".join(one for one in name.lower() if one.isalnum())


def as_bool(value: Any) -> bool:
    """What Ansible takes for true or false."""
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise ValueProblem(f"must be true or false, not {printable(repr(value))}") from error


def as_list(value: Any) -> list[str]:
    """A list of texts; one text is split at semicolons, which is how a CSV cell holds several."""
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
    """A text as it was written. Raises ValueProblem for all else, which does not show a ``secret`` value.

    A number in a variable is refused: what was written, such as 0170, was lost when it was read.
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
        raise ValueProblem(f'must be a text, not the {kind}{shown}: quote it, "...", in the place where it is written')
    raise ValueProblem(f"must be a text, not {_KINDS.get(type(value), type(value).__name__)}")


def as_uuid(value: Any) -> str:
    """A UUID in its usual spelling."""
    text = as_text(value)
    try:
        return str(uuid.UUID(text))
    except ValueError as error:
        raise ValueProblem(f"must be a UUID, not '{printable(text)}'") from error


def as_json(value: Any) -> Any:
    """A structure of JSON, or the one that a text holds, in the form in which the database returns it."""
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
    # Keys that are numbers become texts.
    return json.loads(text)


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
        raise ValueProblem(f"'{printable(text)}' is not one of {', '.join(label.lower() for label in column.labels)}")
    return sys.intern(text.lower())


def _json(_field: Field, _column: Column, value: Any) -> Any:
    found = as_json(value)
    # An empty one clears, whichever it is.
    return None if found in ({}, [], None, "") else found


_KINDS: dict[type, str] = {list: "a list", tuple: "a list", dict: "a dictionary"}
_READERS: dict[str, Callable[[Field, Column, Any], Any]] = {
    TEXT: _text,
    LABEL: _label,
    UUID: lambda _field, _column, value: as_uuid(value),
    JSON: _json,
    BOOL: lambda _field, _column, value: as_bool(value),
}
