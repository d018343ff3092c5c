# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and render the record of an environment's overrides: settings that hold for a time, beside the inventory.

The record is the file ``overrides.json`` in the directory of the stack on the database host. From the begin of a change
until its deploy has succeeded it has the previous overrides too.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import InputError
from .._core.timestamps import format_time, parse_time

FILE = "overrides.json"
LONGEST = timedelta(days=30)
LONGEST_REASON = 300
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

_EXPIRES = re.compile(r"([1-9][0-9]{0,5})([mhd])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days"}
#: Two ends that differ by less than a minute, or a twentieth of the period, are the same: a second run with the same
#: parameters changes nothing.
_TOLERANCE = timedelta(seconds=60)
_PART = 20


@dataclass(frozen=True)
class Override:
    """A value for one setting until a timestamp in UTC: who set it, when and why."""

    name: str
    value: Any
    reason: str
    by: str
    at: datetime
    until: datetime

    def fields(self) -> dict[str, Any]:
        """Return what a diff shows, and what the file records."""
        return {
            "value": self.value,
            "reason": self.reason,
            "by": self.by,
            "at": format_time(self.at),
            "until": format_time(self.until),
        }

    def active(self, now: datetime) -> bool:
        """Return whether it has not expired."""
        return now < self.until

    def like(self, other: Override | None) -> bool:
        """Return whether a new one says the same as the one that is recorded, and ends at nearly the same time."""
        if other is None or (self.value, self.reason) != (other.value, other.reason):
            return False
        return abs(self.until - other.until) <= max(_TOLERANCE, (self.until - self.at) / _PART)


def path(directory: Path) -> Path:
    """Return the path of the record of a stack."""
    return directory / FILE


@dataclass(frozen=True)
class Record:
    """The overrides by name, and the previous ones while a change is in progress; None without one."""

    overrides: Mapping[str, Override]
    before: Mapping[str, Override] | None = None

    @property
    def in_progress(self) -> bool:
        """Whether a change of the overrides was begun, and its deploy has not succeeded."""
        return self.before is not None


def read(directory: Path) -> Record:
    """Return the record; an empty one without a file. Raises InputError for an invalid one."""
    text = files.read_text(path(directory))
    try:
        return Record({}) if text is None else parse(text)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{path(directory)} is no record of overrides: {type(error).__name__}",
            hint="Move it away and run again: then no override is in effect.",
        ) from error


def parse(text: str) -> Record:
    """Return what ``render`` wrote. Raises one of several errors for another text."""
    found = json.loads(text)
    before = found.get("before")
    return Record(_overrides(found["overrides"]), None if before is None else _overrides(before))


def _overrides(found: Mapping[str, Any]) -> dict[str, Override]:
    return {str(name): _override(str(name), each) for name, each in found.items()}


def _override(name: str, fields: Mapping[str, Any]) -> Override:
    at, until = parse_time(fields["at"]), parse_time(fields["until"])
    return Override(name, fields["value"], str(fields["reason"]), str(fields["by"]), at, until)


def render(record: Record) -> str:
    """Return the text of the record."""
    content = {"overrides": _rendered(record.overrides)}
    if record.before is not None:
        content["before"] = _rendered(record.before)
    return json.dumps(content, indent=1) + "\n"


def _rendered(overrides: Mapping[str, Override]) -> dict[str, Any]:
    return {name: overrides[name].fields() for name in sorted(overrides)}


def described(overrides: Mapping[str, Override], now: datetime) -> list[dict[str, Any]]:
    """Return the overrides by name, each with whether it is active."""
    return [
        {"name": name, **overrides[name].fields(), "active": overrides[name].active(now)} for name in sorted(overrides)
    ]


def of_project(directory: Path | None) -> list[dict[str, Any]]:
    """Return the overrides of a stack, as they are now; none without permission to read the record."""
    if directory is None or not os.access(path(directory), os.R_OK):
        return []
    return of_directory(directory)


def of_directory(directory: Path) -> list[dict[str, Any]]:
    """Return the overrides of a stack, as they are now."""
    return described(read(directory).overrides, datetime.now(timezone.utc))


def reason_problem(reason: str) -> str | None:
    """Return why a text cannot be the reason of an override, as the end of a sentence, or None."""
    if not reason.strip():
        return "is empty: say why, for those who read the status"
    if len(reason) > LONGEST_REASON or not reason.isprintable():
        return f"has more than {LONGEST_REASON} characters, or a line break: give one sentence"
    return None


def period(expires: str) -> timedelta:
    """Return the period of a text such as 90m, 4h or 2d. Raises InputError for another one, and for a longer one."""
    found = _EXPIRES.fullmatch(expires.strip())
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None
    if length is None or length > LONGEST:
        raise InputError(
            f"expires is {expires!r}: give a number of minutes, hours or days, such as 90m, 4h or 2d, of at most"
            f" {LONGEST.days} days",
            hint="Nothing was changed.",
        )
    return length
