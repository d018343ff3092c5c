# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a list of desired objects of an entity, and check it against the table's columns and the platform's rules.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from .._core.display import printable
from .._postgres.catalog import Column
from . import entity_options, field_types, option_names, values
from .entity import Desired, Entity, Part
from .list_problems import Problems
from .values import ValueProblem


class EntityReader:
    """Read and check a list of objects. ``problems`` collects everything that is wrong with it.

    ``defaults`` are the options of the task, which say how an object is changed unless it says so itself.
    """

    def __init__(
        self, entity: Entity, columns: Mapping[str, Column], parts: Sequence[Part], defaults: Mapping[str, Any]
    ) -> None:
        self.entity = entity
        self.known = entity_options.known_options(entity)
        self.choices = entity.all_choices
        self.defaults = {name: defaults.get(name) for name in self.choices}
        self.problems = Problems()
        #: How the value of each option is read.
        self.readers: dict[str, Callable[[Any], Any]] = {
            name: partial(field_types.normalise, field, columns[entity.column(name)])
            for name, field in entity.fields.items()
        }
        for name in entity.references:
            self.readers[name] = partial(_name, required=not columns[entity.column(name)].nullable)
        for new, name in entity.renames.items():
            self.readers[new] = self.readers[name]
        self.readers |= {name: partial(part.normalise, name) for part in parts for name in part.options}

    def read(self, entries: Iterable[Any], *, single: bool = False) -> list[Desired]:
        """Return the objects of a list that have a key. Every problem of the list is collected."""
        option = self.entity.list_option
        read = [self._object("" if single else f"{option}[{index}]", entry) for index, entry in enumerate(entries)]
        return [one for one in read if one is not None]

    def _object(self, label: str, entry: Any) -> Desired | None:
        if not isinstance(entry, Mapping):
            self.problems.add(label, f"must be a dictionary of options, not {type(entry).__name__}")
            return None
        missing = self._missing_key(entry)
        if missing:
            self.problems.add(label or f"The {self.entity.noun}", f"{missing} is missing")
            return None
        shown = self._shown(entry)
        desired = Desired(f"{label} ({shown})" if label else f"{self.entity.noun} {shown}".strip())
        for problem in option_names.unknown(entry, self.known):
            self.problems.add(desired.label, problem)
        for option, read in self.readers.items():
            if entry.get(option) is not None:
                desired.fields[option] = self._value(desired, option, read, entry[option])
        if entry.get("id"):
            desired.id = self._value(desired, "id", values.as_uuid, entry["id"])
        for option, choices in self.choices.items():
            desired.options[option] = str(entry.get(option) or self.defaults[option] or choices[0])
            if desired.options[option] not in choices:
                given = printable(desired.options[option])
                self.problems.add(desired.label, f"{option} '{given}' is not one of {', '.join(choices)}")
        return desired

    def _value(self, desired: Desired, option: str, read: Callable[[Any], Any], given: Any) -> Any:
        try:
            return read(given)
        except ValueProblem as problem:
            self.problems.add(desired.label, f"{option} {problem}")
            return None

    def _missing_key(self, entry: Mapping[str, Any]) -> str:
        """Return the options that an object lacks to be found; an empty text if it has a key."""
        if self.entity.singleton or entry.get("id"):
            return ""
        lacking = [
            [option for option in key if option not in self.entity.optional_key and not entry.get(option)]
            for key in self.entity.keys
        ]
        return "" if not all(lacking) else f"{', '.join(lacking[-1])} or id"

    def _shown(self, entry: Mapping[str, Any]) -> str:
        """Return how a message names an object: by what is given of its key."""
        given = [entry[option] for option in self.entity.key_options if entry.get(option)]
        return printable(", ".join(str(one) for one in given) or entry.get("id") or "")


def _name(value: Any, *, required: bool) -> str | None:
    text = values.as_text(value)
    if not text and required:
        raise ValueProblem("cannot be empty")
    return text or None
