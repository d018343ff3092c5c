# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a list of desired objects of an entity, and check it against the table's columns and the platform's rules.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from .._core.display import printable
from .._postgres.catalog import Column
from . import entity_options, field_types, option_names, values
from .desired import Desired
from .entity import Entity, Part
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
        self.known = dict.fromkeys(entity_options.known_options(entity))
        self.choices = entity.all_choices
        self.defaults = {name: defaults.get(name) or next(iter(known), "") for name, known in self.choices.items()}
        self.problems = Problems()
        self._options: dict[tuple[str, ...], Mapping[str, str]] = {}
        self.words = {option: word for part in parts for option, word in part.words.items()}
        #: The options of each key that have to be given.
        self.needed = [[option for option in key if option not in entity.optional_key] for key in entity.keys]
        #: How the value of each option is read, and that of a key if the row is removed or renamed.
        self.readers: dict[str, Callable[[Any], Any]] = {}
        self.old: dict[str, Callable[[Any], Any]] = {}
        for readers, fields in ((self.readers, entity.fields), (self.old, entity.old_keys)):
            for name, field in fields.items():
                readers[name] = partial(field_types.normalise, field, columns[entity.column(name)])
        for name in entity.references:
            self.readers[name] = partial(_name, required=not columns[entity.column(name)].nullable)
        for new, name in entity.renames.items():
            self.readers[new] = self.readers[name] if name in entity.references else partial(_new, self.readers[name])
        self.readers |= {name: partial(part.normalise, name) for part in parts for name in part.options}

    def read(self, entries: Iterable[Any], *, single: bool = False) -> list[Desired]:
        """Return the objects of a list that have a key. Every problem of the list is collected.

        A list is emptied, so that a long one is not in memory twice.
        """
        option = self.entity.list_option
        given = _consume(entries) if isinstance(entries, list) else entries
        read = (self._object("" if single else f"{option}[{index}]", entry) for index, entry in enumerate(given))
        return [one for one in read if one is not None]

    def _object(self, label: str, entry: Any) -> Desired | None:
        if not isinstance(entry, Mapping):
            self.problems.add(label, f"must be a dictionary of options, not {type(entry).__name__}")
            return None
        desired = Desired(self._label(label, entry))
        for problem in option_names.unknown(entry, self.known):
            self.problems.add(desired.label, problem)
        missing = self._missing_key(entry)
        if missing:
            self.problems.add(label or f"The {self.entity.noun}", f"{missing} is missing")
            return None
        desired.options = self._choices(desired.label, entry)
        old = self.old if desired.absent or any(entry.get(new) for new in self.entity.renames) else {}
        for option, value in entry.items():
            if value is not None and option in self.readers:
                read = old.get(option) or self.readers[option]
                try:
                    desired.fields[option] = read(value)
                except ValueProblem as problem:
                    desired.fields[option] = None
                    self.problems.add(desired.label, f"{self.words.get(option, option)} {problem}")
        if self.entity.by_id and entry.get("id"):
            desired.id = self._id(desired.label, entry["id"])
        if self.entity.refuse_given:
            for reason in self.entity.refuse_given(desired.fields, desired.options):
                self.problems.add(desired.label, reason)
        return desired

    def _id(self, label: str, given: Any) -> str | None:
        try:
            return values.as_uuid(given)
        except ValueProblem as problem:
            self.problems.add(label, f"id {problem}")
            return None

    def _choices(self, label: str, entry: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the options that say how an object is changed. Objects with equal ones share them."""
        given = tuple(str(entry.get(option) or default) for option, default in self.defaults.items())
        known = self._options.get(given)
        if known is not None:
            return known
        options = dict(zip(self.defaults, given))
        problems = [
            f"{option} '{printable(options[option])}' is not one of {', '.join(choices)}"
            for option, choices in self.choices.items()
            if choices and options[option] not in choices
        ]
        for option in (name for name, choices in self.choices.items() if not choices):
            try:
                values.as_text(entry.get(option) or "")
            except ValueProblem as error:
                problems.append(f"{option} {error}")
        for problem in problems:
            self.problems.add(label, problem)
        if not problems:
            self._options[given] = options
        return options

    def _missing_key(self, entry: Mapping[str, Any]) -> str:
        """Return the options that an object lacks to be found; an empty text if it has a key."""
        if self.entity.singleton or (self.entity.by_id and entry.get("id")):
            return ""
        lacking = [[option for option in key if not entry.get(option)] for key in self.needed]
        return "" if not all(lacking) else f"{', '.join(lacking[-1])}{' or id' if self.entity.by_id else ''}"

    def _label(self, label: str, entry: Mapping[str, Any]) -> str:
        """Return how a message names an object: by its place in the list, and what is given of its key."""
        given = [entry[option] for option in self.entity.key_options if entry.get(option)]
        shown = printable(", ".join(str(one) for one in given) or entry.get("id") or "")
        if not label:
            return self.entity.label.format(noun=self.entity.noun, key=shown).strip()
        return f"{label} ({shown})" if shown else label


def _consume(entries: list[Any]) -> Iterator[Any]:
    for index, entry in enumerate(entries):
        entries[index] = None
        yield entry


def _new(read: Callable[[Any], Any], value: Any) -> Any:
    return None if value == "" else read(value)  # a cell of a spreadsheet: the key stays


def _name(value: Any, *, required: bool) -> str | None:
    text = values.as_text(value)
    if not text and required:
        raise ValueProblem("cannot be empty")
    return text or None
