# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Determine the secrets of a stack: given, derived, kept or generated. Lost secrets of existing data are refused.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import secrets as random_source
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from .._core import dotenv, option_texts
from .._core import files as core_files
from .._core.errors import InputError
from .._core.redaction import SHORTEST, Secret
from .._core.timestamps import format_time
from .._postgres import credentials
from . import secret_record

FILE = ".env"
HEADER = "Secrets of this environment, generated once and kept: Compose reads them by itself. Keep this file 0600."
LENGTH = 40  # of a generated secret, in letters and digits
ALPHABET = string.ascii_letters + string.digits
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TYPES = {bool: "a boolean", int: "a number", float: "a number", list: "a list", dict: "a dictionary"}
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^{}]*))?\}")
#: The placeholder for the login role of PostgreSQL, with the owner of the database as its default.
LOGIN = "POSTGRES_LOGIN"
_OWNER = re.compile(rf"\{{{LOGIN}:-([^{{}}]*)\}}")
#: The password with which the volume of PostgreSQL was created, if a rotation has changed it since.
INITIAL = "POSTGRES_INITIAL_PASSWORD"


@dataclass
class Secrets:
    """The file ``.env`` of a stack in ``directory``, and the secrets that it must contain.

    ``entries`` is the option ``secrets``. ``read`` fills the other fields.
    """

    directory: Path
    entries: Sequence[Mapping[str, Any]]
    text: str | None = None
    current: dict[str, Secret] = field(default_factory=dict)
    desired: dict[str, Secret] = field(default_factory=dict)
    record: secret_record.Record = field(default_factory=secret_record.Record)
    #: What this deploy writes of a rotation that is not finished, or that check mode predicts.
    rotation: secret_record.Rotation | None = None
    #: Whether a rotation that is not finished is carried on: a kept release is restored with the values of now.
    rotates: bool = True
    #: The names of a rotation that check mode only predicts.
    predicted: Sequence[str] = ()

    @property
    def path(self) -> Path:
        """The file, which Compose reads by itself."""
        return self.directory / FILE

    @property
    def generated(self) -> list[str]:
        """The names of the secrets that are neither given nor in the file."""
        return [
            entry["name"]
            for entry in self.entries
            if entry.get("value") is None and entry.get("derive") is None and not self.current.get(entry["name"])
        ]

    @property
    def previous(self) -> dict[str, Secret]:
        """The desired secrets with the values that they have in the file."""
        return {name: self.current[name] for name in self.desired if name in self.current}

    def read(self) -> None:
        """Read the file and determine the desired secrets. Raises InputError if other users can read it."""
        core_files.refuse_readable_by_others(self.path)
        self.text = core_files.read_text(self.path)
        self.current = dotenv.parse(self.text or "")
        self.record = secret_record.read(self.directory)
        rotation = (self.record.rotation or self._predicted()) if self.rotates else None
        given = [entry["name"] for entry in self.entries if entry.get("value") is not None]
        self.rotation = rotation.without(given) if rotation else None
        # Once the new password is written, the file has the login role: on a new volume it is the owner again.
        written = self.current.get(credentials.PASSWORD)
        if self.rotation and written and self.rotation.values.get(credentials.PASSWORD) == written:
            self.rotation = replace(self.rotation, extra={}, login="")
        self.desired = self._desired((self.rotation and self.rotation.login) or self.login)

    @property
    def owner(self) -> str | None:
        """The owner of the database, as the entries name it; None if they leave it to another host."""
        found = [match for entry in self.entries if (match := _OWNER.search(str(entry.get("derive") or "")))]
        return unquote(found[0][1]) if found else None

    @property
    def login(self) -> str | None:
        """The login role of PostgreSQL that the file names; None if the entries leave it to another host."""
        return credentials.login_of(self.current, self.owner) if self.owner else None

    def _predicted(self) -> secret_record.Rotation | None:
        """Return a rotation with values of its own, by which a plan shows what it would replace."""
        lengths = {each["name"]: each["length"] for each in self.entries if each.get("length")}
        values = {name: Secret(generate(name, lengths[name])) for name in self.predicted if name in lengths}
        takes_login = credentials.PASSWORD in values and self.owner and self.login
        login = credentials.other(str(self.owner), str(self.login)) if takes_login else ""
        extra = {INITIAL: first_password(self.current)} if login else {}
        previous = secret_record.previous_values(values, self.current)
        return secret_record.Rotation(values, "", extra=extra, login=login, previous=previous) if values else None

    def begin_anew(self) -> None:
        """Have the owner of the database log in: its volume will be created with the desired password."""
        if self.owner and INITIAL in {**self.current, **self.desired}:
            self.desired = self._desired(self.owner)
            self.desired[INITIAL] = self.desired[credentials.PASSWORD]

    def _desired(self, login: str | None) -> dict[str, Secret]:
        rotation = self.rotation
        new = {**rotation.values, **rotation.extra} if rotation else {}
        known = {**self.current, **new, **({LOGIN: login} if login else {})}
        return {**desired(self.entries, known), **(rotation.extra if rotation else {}), **self._previous()}

    def _previous(self) -> dict[str, Secret]:
        """Return the values that services accept beside the new ones. An empty one ends that of an earlier deploy."""
        if not self.rotates:
            return {}
        kept = self.rotation.previous if self.rotation and not self.rotation.serves else {}
        ended = {name: Secret("") for name in secret_record.PREVIOUS.values() if self.current.get(name)}
        return {**ended, **kept}

    def write(self) -> None:
        """Write the file if a secret differs, and record since when it has its value."""
        new = {name: value for name, value in self.desired.items() if self.current.get(name) != value}
        if new:
            before = secret_record.Age(changed_at(self.directory), exact=False) if self.text is not None else None
            record = self.record.dated(self.current, before) if before else self.record
            text = core_files.read_text(self.path) or ""
            core_files.write_text(self.path, dotenv.merge(text, self.desired, HEADER), "0600")
            now = format_time(datetime.now(timezone.utc))
            self.record = record.dated(new, secret_record.Age(now))
            secret_record.write(self.directory, self.record)

    def restore(self) -> None:
        """Write the text that was read. Keep generated secrets: a service may have created its data with them."""
        if self.text is None:
            return
        generated = {name: self.desired[name] for name in self.generated}
        text = dotenv.merge(self.text, generated, HEADER) if generated else None
        core_files.write_text(self.path, text or self.text, "0600")

    def write_variables(self, variables: Mapping[str, str]) -> None:
        """Write variables that are no secrets into the file as it is now."""
        text = core_files.read_text(self.path) or ""
        if any(dotenv.parse(text).get(name) != value for name, value in variables.items()):
            core_files.write_text(self.path, dotenv.merge(text, variables, HEADER), "0600")
        self.current.update({name: Secret(value) for name, value in variables.items()})

    def values(self) -> list[str]:
        """Return the values to mask: every secret, old and new.

        Of other variables, such as a port, only long values count: masking short ones would mask half of the output.
        """
        both = [*self.desired.items(), *self.current.items()]
        found = {value for name, value in both if name in self.desired or len(value) >= SHORTEST}
        return sorted(found - {""})


def changed_at(directory: Path) -> str:
    """Return when the file was last changed: each value in it is at least as old."""
    return format_time(datetime.fromtimestamp((directory / FILE).stat().st_mtime, timezone.utc))


def variables_in(directory: Path) -> dict[str, Secret]:
    """Return all variables in the file ``.env`` of a directory; none if there is no such file."""
    return dotenv.parse(core_files.read_text(directory / FILE) or "")


def desired(entries: Sequence[Mapping[str, Any]], current: Mapping[str, str]) -> dict[str, Secret]:
    """Return the desired secrets by name.

    Each entry has ``name`` and one of: ``value``, which takes precedence; ``derive``, a text in which ``{NAME}`` stands
    for another secret, percent-encoded for a URL; or else ``length``: the current value is kept; without one, a value
    of that many letters and digits is generated. Raises InputError for values that a ``.env`` file cannot hold.
    """
    result: dict[str, Secret] = {}
    for entry in entries:
        if not _NAME.fullmatch(entry["name"]):
            raise InputError(f"'{entry['name']}' cannot be the name of a secret: letters, digits and underscores only")
        result[entry["name"]] = Secret(_value_of(entry, {**current, **result}))
    return result


def first_password(variables: Mapping[str, Secret]) -> Secret:
    """Return the password with which the volume of PostgreSQL was created, by the variables of a stack."""
    return variables.get(INITIAL) or variables[credentials.PASSWORD]


def generate(name: str, length: int) -> str:
    """Return a new value of that many letters and digits. Raises InputError for a length that protects nothing."""
    if length < SHORTEST:
        raise InputError(f"The secret {name} has a length of {length}: it must be {SHORTEST} or more")
    return "".join(random_source.choice(ALPHABET) for _each in range(length))


def _value_of(entry: Mapping[str, Any], known: Mapping[str, str]) -> str:
    name = entry["name"]
    if entry.get("value") is not None:
        return _storable(name, entry["value"])
    if entry.get("derive") is not None:
        pattern = _storable(name, entry["derive"])
        encoded = _PLACEHOLDER.sub(lambda match: _replaced(match, name, known), pattern)
        return _storable(name, encoded)
    if known.get(name):
        return _storable(name, known[name])
    return generate(name, entry["length"])


def _storable(name: str, value: Any) -> str:
    if not isinstance(value, str):  # its text would be another secret: 0123 is 83, and a list has quotes and brackets
        raise InputError(f"The value of the secret {name} is {_TYPES.get(type(value), 'not text')}: put it in quotes")
    problem = option_texts.problem(value)
    if problem:
        raise InputError(f"The secret {name} {problem}")
    return value


def _replaced(match: re.Match[str], name: str, known: Mapping[str, str]) -> str:
    if match[2] is not None and match[1] not in known:
        return match[2]
    return quote(_named(match[1], name, known), safe="")


def _named(reference: str, name: str, known: Mapping[str, str]) -> str:
    if reference not in known:
        raise InputError(f"The secret {name} is derived from {reference}, which is not given before it")
    return known[reference]
