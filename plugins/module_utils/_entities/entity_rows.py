# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read rows of an entity with names in the place of ids, for a plan, for information and for an export.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._postgres.connection import Database
from . import field_types, managed_marks, references
from .desired import Desired
from .entity import Entity, Planned, Reading
from .entity_plan import Index
from .entity_repository import EntityRepository
from .list_problems import Problems
from .names import Names
from .values import ValueProblem


class EntityRows:
    """Rows by id. ``names`` has the rows that references name, by option, after they were read.

    ``planned`` are names that count as existing, see ``Reading``.
    """

    def __init__(self, repository: EntityRepository, planned: Planned) -> None:
        self.repository = repository
        self.entity = repository.entity
        self.planned = planned
        self.names: dict[str, Names] = {}

    def name_keys(self, keys: Mapping[str, dict[str, Any]], desired: Sequence[Desired], problems: Problems) -> None:
        """Replace ids in ``keys``, and check the names that the desired objects give for options of a key."""
        options = [option for option in self.entity.references if option in self.entity.key_options]
        self._resolve(options, keys, desired, problems)

    def read(
        self,
        ids: Iterable[str],
        keys: Mapping[str, Mapping[str, Any]],
        desired: Mapping[str, Desired],
        problems: Problems,
    ) -> dict[str, dict[str, Any]]:
        """Return rows with their parts, and check the other names that the desired objects give."""
        ids = list(dict.fromkeys(ids))
        rows = self.repository.rows(ids)
        options = [option for option in self.entity.references if option not in self.entity.key_options]
        self._resolve(options, rows, list(desired.values()), problems)
        for identifier, row in rows.items():
            row.update(keys[identifier])
        for part in self.repository.parts:
            reading = Reading(self.repository.database, ids, desired, self.planned, problems)
            for identifier, found in part.read(reading).items():
                rows[identifier].update(found)
        return rows

    def own_names(self, ids: Iterable[str]) -> dict[str, list[str]]:
        """Return how rows of the entity's own table are named, by the references to that table."""
        ids = list(ids)
        return {
            option: [found.labels[one] for one in ids if one in found.labels]
            for option, found in self.names.items()
            if self.entity.references[option].table == self.entity.table
        }

    def _resolve(
        self,
        options: Iterable[str],
        rows: Mapping[str, dict[str, Any]],
        desired: Sequence[Desired],
        problems: Problems,
    ) -> None:
        for option in options:
            reference = self.entity.references[option]
            given = [option, *(new for new, old in self.entity.renames.items() if old == option)]
            texts = {one.fields[name] for one in desired for name in given if one.fields.get(name) is not None}
            ids = {row[option] for row in rows.values() if row[option] is not None}
            found = self.names[option] = references.of(self.repository.database, reference, texts, ids, self.planned)
            if reference.table == self.entity.table:
                found.add_planned({one.fields.get(reference.shown): one.row for one in desired if not one.exists})
            for row in rows.values():
                row[option] = found.labels.get(row[option])
            for one in desired:
                for name in given:
                    _find(one, name, found, problems)


def _find(one: Desired, option: str, found: Names, problems: Problems) -> None:
    if one.fields.get(option) is None:
        return
    try:
        one.fields[option] = found.find(one.fields[option])
    except ValueProblem as problem:
        if not one.absent:  # what belongs to a missing row does not exist either
            problems.add(one.label, f"{option}: {problem}")
            one.fields[option] = None


@dataclass(frozen=True)
class Row:
    """One row as a list would give it: without empty options. ``title`` is how results name it.

    ``list_name`` is that of the list that has created it, None for a row that is not managed. ``faults`` say why the
    platform cannot return it.
    """

    id: str
    title: str
    options: Mapping[str, Any]
    list_name: str | None
    faults: Sequence[str]


def of(database: Database, entity: Entity, *, list_name: str | None = None) -> list[Row]:
    """Return all rows, sorted by title, or those that the list ``list_name`` has created."""
    repository = EntityRepository(database, entity, [make() for make in entity.parts])
    columns = repository.columns
    reader = EntityRows(repository, {})
    keys = repository.keys()
    problems = Problems()
    reader.name_keys(keys, (), problems)
    index = Index(entity, keys)
    marks = managed_marks.of(database, entity.name)
    chosen = [one for one in keys if list_name is None or marks.get(one) == list_name]
    faults = {
        identifier: [
            f"{option} {fault}"
            for option, field in entity.fields.items()
            if (fault := field_types.fault(field, columns[entity.column(option)], row[option]))
        ]
        for identifier, row in repository.raw_rows(chosen).items()
    }
    found = []
    for identifier, row in reader.read(chosen, keys, {}, problems).items():
        wrong = [*faults[identifier], *(fault for part in repository.parts for fault in part.faults(identifier))]
        title = index.titles[identifier]
        found.append(Row(identifier, title, _given(repository, row), marks.get(identifier), wrong))
    return sorted(found, key=lambda row: (row.title, row.id))


def _given(repository: EntityRepository, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of a row that a list has to give, in the order in which they are documented."""
    entity = repository.entity
    options = (*entity.key_options, *entity.fields, *entity.references)
    values = {name: row[name] for name in dict.fromkeys(options)}
    for part in repository.parts:
        values.update({name: row[name] for name in part.options if name in row})
    return {name: value for name, value in values.items() if value is not None}
