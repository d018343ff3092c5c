# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Normalise the values of users and groups, and check them against the table's columns and the platform's rules.

Lists come from a playbook, YAML, JSON or CSV. They are checked here rather than by Ansible, so that all problems of a
list are reported together, and a list of thousands is checked quickly.

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

#: Common headers and keys that are not a spelling of an option's name.
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
    """A value is invalid; the message continues a sentence that begins with the field's name."""


@dataclass(frozen=True)
class Field:
    """One field of an object. ``default`` is the value of a new object; ``check`` raises ValueProblem.

    ``rule`` is the platform's rule for the field: without it the platform cannot return the object.
    """

    kind: str = TEXT
    default: Any = None
    check: Callable[[str], None] | None = None
    rule: Rule | None = None


def normalise(field: Field, column: Column, value: Any) -> Any:
    """Return the value in the form that is compared and shown; None for an explicit empty one.

    Labels are lower case, as in the platform's REST interface; UUIDs are texts; JSON is a structure.
    """
    if value == "" or (field.kind == JSON and value in ({}, [])):
        if not column.nullable:
            raise ValueProblem("cannot be empty")
        return None
    found = _READERS[field.kind](field, column, value)
    problem = platform_rules.problem(field.rule, found) if field.rule and found is not None else None
    if problem:
        raise ValueProblem(f"{problem}: the platform could not return it, nor any list that contains it")
    return found


def of_row(field: Field, value: Any) -> Any:
    """Return a value of the database in the form of ``normalise``."""
    if field.kind == LABEL:
        return None if value is None else sys.intern(value.lower())
    # An empty text or structure equals an explicit empty one: it is not written.
    return None if value in ("", {}, []) else value


def to_row(field: Field, value: Any) -> Any:
    """Return a normalised value as the database stores it."""
    return value.upper() if field.kind == LABEL and value is not None else value


def unknown(names: Mapping[Any, Any], known: Collection[str]) -> list[str]:
    """Return a problem for each name that is not an option."""
    return [f"there is no option '{printable(name)}'{suggestion(name, known)}" for name in names if name not in known]


def same_name(name: str, known: Collection[str]) -> str | None:
    """Return the option that equals a name but for case, spaces, hyphens and underscores."""
    if name in known:
        return name
    plain = _plain(name)
    return next((option for option in known if _plain(option) == plain), None)


def suggestion(name: Any, known: Collection[str]) -> str:
    """Return `` (is 'email' meant?)``, or an empty text if no option is similar."""
    from difflib import get_close_matches

    text = str(name)
    near = same_name(text, known) or _USUAL_NAMES.get(_plain(text))
    if near not in known:
        near = next(iter(get_close_matches(text.strip().lower(), list(known), 1)), None)
    return f" (is '{near}' meant?)" if near else ""


def _plain(name: str) -> str:
    return "".join(one for one in name.lower() if one.isalnum())


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
    # Every empty value clears the field.
    return None if found in ({}, [], None, "") else found


_KINDS: dict[type, str] = {list: "a list", tuple: "a list", dict: "a dictionary"}
_READERS: dict[str, Callable[[Field, Column, Any], Any]] = {
    TEXT: _text,
    LABEL: _label,
    UUID: lambda _field, _column, value: as_uuid(value),
    JSON: _json,
    BOOL: lambda _field, _column, value: as_bool(value),
}
