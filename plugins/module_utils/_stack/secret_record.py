# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Record when each secret of a stack got its value, and a rotation that is not finished.

The record is the file ``secrets.json`` beside ``.env``. A rotation is written there with its new values before anything
uses them, so that a run that is interrupted, or rolled back, is carried on with the same ones. A time counts for the
value with the fingerprint beside it only: after a rollback the previous value has its own time again.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import InputError
from .._core.redaction import Secret
from .._core.timestamps import parse_time
from .._postgres import credentials

FILE = "secrets.json"
AUTHORITY = "POSTGRES_TLS_CA"
#: The secrets that a deploy issues anew, because their new value depends on others: the key has a certificate.
REISSUED = (AUTHORITY, "POSTGRES_TLS_KEY")
#: The next authority and its key, which all hosts trust before it takes the place of the previous one.
NEXT_AUTHORITY = ("POSTGRES_NEXT_TLS_CA", "POSTGRES_NEXT_TLS_CA_KEY")
#: The variables with the previous values of those secrets of which a service accepts two values during a rotation.
PREVIOUS = {"REDIS_PASSWORD": "REDIS_PREVIOUS_PASSWORD", "WEAVIATE_API_KEY": "WEAVIATE_PREVIOUS_API_KEY"}
#: The variables that only a rotation in progress has.
PASSING = {*PREVIOUS.values(), *NEXT_AUTHORITY}
#: How many values of a secret have an age: the one now, those before it, and one that was rolled back.
_KEPT = 3


@dataclass(frozen=True)
class Rotation:
    """A rotation that is not finished: the secrets by name with their new values, when it was started, and by whom.

    ``extra`` are further variables that it writes, and ``login`` is the role of PostgreSQL that gets the new password.
    ``previous`` are the values that services accept beside the new ones, by their variable. Once all containers have
    the new ones, the rotation ``serves``: the next deploy ends the previous ones. ``reissued`` are the fingerprints of
    the values that a deploy replaces by ones that it issues.
    """

    values: Mapping[str, Secret]
    started: str
    by: str = ""
    extra: Mapping[str, Secret] = field(default_factory=dict)
    login: str = ""
    previous: Mapping[str, Secret] = field(default_factory=dict)
    serves: bool = False
    reissued: Mapping[str, str] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """The names of the secrets that are rotated."""
        return sorted({*self.values, *self.reissued})

    def to_reissue(self, variables: Mapping[str, str]) -> list[str]:
        """Return the secrets that no deploy has issued anew yet, by the variables of the stack."""
        return [name for name, mark in self.reissued.items() if fingerprint(name, variables.get(name, "")) == mark]

    @property
    def takes_two(self) -> bool:
        """Whether a first deploy has previous and new values accepted, and a second one ends the previous ones."""
        return bool(self.previous) or AUTHORITY in self.reissued

    def without(self, given: Collection[str]) -> Rotation:
        """Return what is left of it if the inventory gives some secrets by now, or the stack has them no longer."""
        gone = {*given, credentials.PASSWORD} if credentials.URL in given else set(given)
        left = {name: value for name, value in self.values.items() if name not in gone}
        ended = {PREVIOUS.get(name) for name in gone}
        previous = {name: value for name, value in self.previous.items() if name not in ended}
        reissued = {name: mark for name, mark in self.reissued.items() if name not in gone}
        found = replace(self, values=left, previous=previous, reissued=reissued)
        # Without the password, no login role changes.
        return replace(found, extra={}, login="") if credentials.PASSWORD in gone else found

    def describe(self) -> dict[str, Any]:
        """Return what may be shown."""
        return {"names": self.names, "started": self.started, "by": self.by}


@dataclass(frozen=True)
class Age:
    """When a secret got its value; if not ``exact``, it had the value at that time already."""

    at: str
    exact: bool = True


@dataclass(frozen=True)
class Record:
    """The ages of secrets by name and fingerprint, newest last, and the rotation that is not finished."""

    ages: Mapping[str, Mapping[str, Age]] = field(default_factory=dict)
    rotation: Rotation | None = None

    def age(self, name: str, value: str) -> Age | None:
        """Return the age of a value; None if it is not recorded."""
        return self.ages.get(name, {}).get(fingerprint(name, value))

    def dated(self, values: Mapping[str, str], age: Age) -> Record:
        """Return the record with the age of these values, except of those that have one."""
        new = {
            name: dict([*self.ages.get(name, {}).items(), (fingerprint(name, value), age)][-_KEPT:])
            for name, value in values.items()
            if value and self.age(name, value) is None
        }
        return replace(self, ages={**self.ages, **new})


def fingerprint(name: str, value: str) -> str:
    """Return what identifies a value without showing it."""
    return hashlib.sha256(f"{name}={value}".encode()).hexdigest()[:16]


def path(directory: Path) -> Path:
    """Return the path of the record of a stack."""
    return directory / FILE


def read(directory: Path) -> Record:
    """Return the record; an empty one without a file. Raises InputError for an invalid one, or one others can read."""
    files.refuse_readable_by_others(path(directory))
    text = files.read_text(path(directory))
    try:
        return Record() if text is None else _parse(json.loads(text))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path(directory)} is no record of secrets: {type(error).__name__}",
            hint="Restore it from a copy of the host. Without one, move it away and run again: the ages of the secrets"
            " are unknown then, and a rotation that was not finished has to be started anew.",
        ) from error


def previous_values(names: Collection[str], variables: Mapping[str, Secret]) -> dict[str, Secret]:
    """Return the values that services accept beside the new ones of these secrets, by their variable."""
    return {PREVIOUS[name]: variables[name] for name in names if name in PREVIOUS and variables.get(name)}


def of_project(directory: Path | None) -> Record:
    """Return the record of a stack; an empty one without permission to read it."""
    if directory is None or not os.access(path(directory), os.R_OK):
        return Record()
    return read(directory)


def write(directory: Path, record: Record) -> None:
    """Replace the record in one step. Only its owner can read it: it may have values."""
    files.write_text(path(directory), _render(record), "0600")


def _parse(found: Mapping[str, Any]) -> Record:
    ages = {
        str(name): {str(mark): _age(**age) for mark, age in several.items()} for name, several in found["ages"].items()
    }
    rotation = found.get("rotation")
    return Record(ages, _rotation(rotation) if rotation else None)


def _age(at: str, exact: bool) -> Age:
    parse_time(at)
    return Age(at, exact)


def _rotation(found: Mapping[str, Any]) -> Rotation:
    values, extra, previous = (
        {str(name): Secret(value) for name, value in found.get(key, {}).items()}
        for key in ("values", "extra", "previous")
    )
    started, by, login = (str(found[key]) for key in ("started", "by", "login"))
    reissued = {str(name): str(mark) for name, mark in found.get("reissued", {}).items()}
    return Rotation(values, started, by, extra, login, previous, bool(found.get("serves")), reissued)


def _render(record: Record) -> str:
    ages = {name: {mark: asdict(age) for mark, age in record.ages[name].items()} for name in sorted(record.ages)}
    rotation = {"rotation": asdict(record.rotation)} if record.rotation else {}
    return json.dumps({"ages": ages, **rotation}, indent=1) + "\n"
