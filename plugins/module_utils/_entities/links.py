# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep rows of an association with an object: the members of a group, each with what the association says about it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from .._core.display import printable
from .._postgres.catalog import Column
from .._postgres.connection import Database, quoted_identifier
from . import field_types, option_names, references, values
from .desired import Desired, Task
from .entity import Part, Reading, Reference
from .field_types import Field
from .names import Names
from .values import ValueProblem

EXACT = "exact"
APPEND = "append"
#: One row: its name, and the fields of the association.
Link = dict[str, Any]


class Links(Part):
    """A list of names, or with ``fields`` a list of dictionaries: ``[{user: ada, access_level: admin}]``.

    ``table`` is the association, ``owner`` its column with the id of the object, and ``target`` says what is named: its
    ``column`` is that of the association. ``fields`` are options with the names of their columns; a new row gets their
    defaults, and the columns of ``creation``. ``mode`` is the option that is exact or append, ``<option>_mode``.
    """

    def __init__(
        self,
        option: str,
        table: str,
        owner: str,
        target: Reference,
        fields: Mapping[str, Field] | None = None,
        creation: Mapping[str, Any] | None = None,
        mode: str = "",
    ) -> None:
        self.option = option
        self.table = table
        self.owner = owner
        self.target = target
        self.name = target.kind.replace(" ", "_")
        self.fields = fields or {}
        self.creation = creation or {}
        self.mode = mode or f"{option}_mode"
        self.options = {option: {"type": "list", "elements": "dict" if self.fields else "str"}}
        self.choices = {self.mode: (EXACT, APPEND)}
        self.rights = {table: "SELECT, INSERT, UPDATE, DELETE" if self.fields else "SELECT, INSERT, DELETE"}
        self.names = Names(())

    def normalise(self, option: str, value: Any) -> Any:
        """Return the links in the form of the option. Their names and fields are checked when the tables are read."""
        if not self.fields:
            return values.as_list(value)
        found = values.as_json(value) if isinstance(value, str) and value.lstrip().startswith("[") else value
        if isinstance(found, str):
            found = values.as_list(found)
        if not isinstance(found, (list, tuple)):
            raise ValueProblem(f"must be a list of dictionaries, each with {self.name}")
        return [self._link(item) for item in found]

    def _link(self, item: Any) -> Link:
        link = dict(item) if isinstance(item, Mapping) else {self.name: item}
        unknown = option_names.unknown(link, {self.name, *self.fields})
        if unknown:
            raise ValueProblem(f"has an object that is not valid, because {unknown[0]}")
        if not link.get(self.name):
            raise ValueProblem(f"has an object without {self.name}")
        return {**link, self.name: values.as_text(link[self.name])}

    def read(self, reading: Reading) -> dict[str, dict[str, Any]]:
        """Return the current links, and complete those of the desired objects."""
        columns = reading.database.columns(self.table, (self.owner, self.target.column, *self.fields, *self.creation))
        current = self._current(reading.database, reading.ids)
        given = [one for one in reading.desired.values() if one.fields.get(self.option) is not None]
        texts = {link[self.name] for one in given for link in self._links(one.fields[self.option])}
        ids = {link[self.name] for links in current.values() for link in links}
        self.names = references.of(reading.database, self.target, texts, ids, reading.planned)
        found = {identifier: self._labelled(current.get(identifier, [])) for identifier in reading.ids}
        for one in given:
            one.fields[self.option] = self._completed(one, found.get(one.row, []), columns, reading)
        return {identifier: {self.option: self._shown(links)} for identifier, links in found.items()}

    def write(self, database: Database, tasks: Sequence[Task]) -> None:
        """Delete, change and insert the rows that differ."""
        gone, changed, new = [], [], []
        for task in tasks:
            before = {link[self.name]: link for link in self._links((task.change.before or {}).get(self.option))}
            after = {link[self.name]: link for link in self._links(task.after.get(self.option))}
            gone += [self._row(task.id, before[name]) for name in before if name not in after]
            changed += [
                self._row(task.id, after[name]) for name in after if before.get(name, after[name]) != after[name]
            ]
            new += [{**self.creation, **self._row(task.id, after[name])} for name in after if name not in before]
        self._each(database, "DELETE FROM {table} AS old USING {given} WHERE {same}", gone)
        self._each(database, "UPDATE {table} AS old SET {settings} FROM {given} WHERE {same}", changed)
        database.insert(self.table, new, sorted({name for row in new for name in row}))

    def _each(self, database: Database, statement: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        table = quoted_identifier(self.table)
        keys = [quoted_identifier(name) for name in (self.owner, self.target.column)]
        fields = [quoted_identifier(name) for name in self.fields]
        text = statement.format(
            table=table,
            given=f"json_populate_recordset(NULL::{table}, %s) AS given",
            same=" AND ".join(f"old.{key} = given.{key}" for key in keys),
            settings=", ".join(f"{name} = given.{name}" for name in fields),
        )
        database.execute(text, (json.dumps(rows),), step=f"change rows of {self.table}")

    def _current(self, database: Database, ids: Sequence[str]) -> dict[str, list[Link]]:
        """Return the links by the id of the object; their names are still ids."""
        if not ids:
            return {}
        columns = ", ".join(quoted_identifier(name) for name in (self.owner, self.target.column, *self.fields))
        owner = quoted_identifier(self.owner)
        found: dict[str, list[Link]] = {}
        for identifier, target, *more in database.fetch(
            f"SELECT {columns} FROM {quoted_identifier(self.table)} "  # noqa: S608 - names of declarations, quoted
            f"WHERE {owner} = ANY (%s::uuid[])",
            (list(ids),),
        ):
            fields = {name: field_types.of_row(self.fields[name], value) for name, value in zip(self.fields, more)}
            found.setdefault(identifier, []).append({self.name: target, **fields})
        return found

    def _labelled(self, links: Sequence[Link]) -> list[Link]:
        return [{**link, self.name: self.names.labels.get(link[self.name], link[self.name])} for link in links]

    def _completed(
        self, one: Desired, current: Sequence[Link], columns: Mapping[str, Column], reading: Reading
    ) -> list[Any]:
        """Return the desired links with full names and all fields; with append, those that the object has as well."""
        old = {link[self.name]: link for link in current}
        found = dict(old) if one.options.get(self.mode) == APPEND else {}
        seen = set()
        for link in self._links(one.fields[self.option]):
            try:
                name = self.names.find(link[self.name])
                if name in seen and self.fields:
                    raise ValueProblem(f"{printable(name)} is given twice")
                seen.add(name)
                found[name] = {self.name: name, **self._fields(link, old.get(name), columns)}
            except ValueProblem as problem:
                reading.problems.add(one.label, f"{self.option}: {problem}")
        return self._shown(list(found.values()))

    def _fields(self, link: Link, old: Link | None, columns: Mapping[str, Column]) -> dict[str, Any]:
        found = {}
        for name, field in self.fields.items():
            given = link.get(name)
            try:
                found[name] = (
                    field_types.normalise(field, columns[name], given)
                    if given is not None
                    else (old[name] if old else field.default)
                )
            except ValueProblem as problem:
                raise ValueProblem(f"{printable(link[self.name])}: {name} {problem}") from problem
        return found

    def _shown(self, links: Sequence[Link]) -> list[Any]:
        """Return the links sorted by name, in the form of the option."""
        ordered = sorted(links, key=lambda link: str(link[self.name]))
        return ordered if self.fields else [link[self.name] for link in ordered]

    def _links(self, shown: Sequence[Any] | None) -> list[Link]:
        return [link if self.fields else {self.name: link} for link in shown or ()]

    def _row(self, owner: str, link: Link) -> dict[str, Any]:
        fields = {name: field_types.to_row(field, link[name]) for name, field in self.fields.items()}
        return {self.owner: owner, self.target.column: self.names.ids.get(link[self.name]), **fields}
