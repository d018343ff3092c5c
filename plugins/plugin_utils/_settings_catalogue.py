# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the catalogue of the platform's settings: one file of data for each version of the platform.

``roles/stack/files/settings/<version>.json`` has an entry for each environment variable. Its ``effect`` is *used*;
*unused*, which the platform reads and checks at its start and does nothing with; *ignored*, which it does not read
although its documentation has it; or *runtime*, which Python and its libraries read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "roles/stack/files/settings"
EFFECTS = ("used", "unused", "ignored", "runtime")
TYPES = ("str", "int", "float", "bool", "list", "dict")

_NUMBERS = re.compile(r"\d+")


@dataclass(frozen=True)
class Setting:
    """One setting of the platform. ``dotted`` is its other name: log.level is LOG_LEVEL.

    ``services`` are those that a deploy replaces if the setting changes. ``production`` has the stricter rules for an
    environment that runs with ENVIRONMENT=production.
    """

    name: str
    dotted: str | None
    type: str
    default: Any
    secret: bool
    json: bool
    effect: str
    services: tuple[str, ...]
    choices: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    minimum_length: int = 0
    production: Mapping[str, Any] | None = None
    instead: str | None = None


@dataclass(frozen=True)
class Catalogue:
    """The settings of one version of the platform. ``exact`` is false if another version was asked for."""

    version: str
    exact: bool
    settings: Mapping[str, Setting]

    def find(self, name: str) -> Setting | None:
        """Return the setting of an environment name or a dotted name; None if the catalogue does not know it."""
        return self.settings.get(name) or next((each for each in self if each.dotted == name), None)

    def __iter__(self) -> Iterator[Setting]:
        return iter(self.settings.values())


def load(version: str) -> Catalogue:
    """Return the catalogue of a version of the platform, or the newest one for a version without a catalogue."""
    known = versions()
    chosen = version if version in known else known[-1]
    return Catalogue(chosen, chosen == version, _read(chosen))


def versions() -> list[str]:
    """Return the versions that have a catalogue, the newest last."""
    return sorted((path.stem for path in FOLDER.glob("*.json")), key=_order)


def _order(version: str) -> tuple[list[int], bool, str]:
    numbers, _dash, stage = version.partition("-")
    return [int(each) for each in _NUMBERS.findall(numbers)], not stage, stage  # 1.0-beta is older than 1.0


@cache
def _read(version: str) -> Mapping[str, Setting]:
    entries = json.loads((FOLDER / f"{version}.json").read_text(encoding="utf-8"))
    return {name: _setting(name, fields) for name, fields in entries.items()}


def _setting(name: str, fields: Mapping[str, Any]) -> Setting:
    tuples = {key: tuple(fields[key]) for key in ("services", "choices") if key in fields}
    return Setting(name, **{**fields, **tuples})
