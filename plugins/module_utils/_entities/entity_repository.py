# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write the rows of an entity, a whole list at a time.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from typing import Any

from .._core.errors import DatabaseError
from .._core.plan import CREATE, DELETE, UPDATE
from .._postgres.catalog import Column
from .._postgres.connection import Database, quoted_identifier
from . import dependents, field_types
from .dependents import Belongings
from .desired import Task
from .entity import Entity, Part
from .field_types import TIME

#: Every entity has it, or the platform's code writes it.
_UPDATED = "updated_at"


class EntityRepository:
    """The table of an entity. ``database`` is connected when it is first asked."""

    def __init__(self, database: Database, entity: Entity, parts: Sequence[Part]) -> None:
        self.database = database
        self.entity = entity
        self.parts = parts
        self.table = quoted_identifier(entity.table)

    @cached_property
    def columns(self) -> dict[str, Column]:
        """The columns of the table. Raises DatabaseError if one that the collection uses is missing."""
        entity = self.entity
        used = [entity.column(option) for option in (*entity.fields, *entity.references)]
        return self.database.columns(entity.table, ("id", *used, *entity.creation, *entity.also_read))

    def lock(self) -> None:
        """Wait until no other run changes entities that share the lock. It ends with the connection."""
        self.database.lock(self.entity.nouns, self.entity.lock)

    def lock_table(self) -> None:
        """Let no other session write the table until the transaction ends; the transaction begins with this."""
        self.database.rollback()
        self.database.execute(
            f"LOCK TABLE {self.table} IN SHARE ROW EXCLUSIVE MODE", step=f"lock the table {self.entity.table}"
        )

    def keys(self) -> dict[str, dict[str, Any]]:
        """Return the options of the keys of all rows by id, the newest row first. References are still ids."""
        options = self.entity.key_options
        columns = ["id", *(self.entity.column(option) for option in options)]
        newest = "coalesce(updated_at, created_at) DESC NULLS LAST, id" if self.entity.singleton else "id"
        rows = self.database.fetch(
            f"SELECT {_selected(columns)} FROM {self.table} ORDER BY {newest}"  # noqa: S608 - quoted names
        )
        return {
            row[0]: {option: self._of_row(option, value) for option, value in zip(options, row[1:])} for row in rows
        }

    def rows(self, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return the options of rows, by id, normalised. References are still ids."""
        return {
            identifier: {name: self._of_row(name, value) for name, value in row.items()}
            for identifier, row in self.raw_rows(ids).items()
        }

    def raw_rows(self, ids: Collection[str]) -> dict[str, dict[str, Any]]:
        """Return the options of rows, by id, as they are stored."""
        if not ids:
            return {}
        self._refuse_unreadable(ids)
        names = (*self.entity.fields, *self.entity.references, *self.entity.also_read)
        columns = ["id", *(self.entity.column(name) for name in names)]
        rows = self.database.fetch(
            f"SELECT {_selected(columns)} FROM {self.table} WHERE id = ANY (%s::uuid[])",  # noqa: S608 - quoted names
            (list(ids),),
        )
        return {row[0]: dict(zip(names, row[1:])) for row in rows}

    def _refuse_unreadable(self, ids: Collection[str]) -> None:
        """Raise DatabaseError that names the first timestamp that Python cannot read or write. Set UTC for reads."""
        for name in (self.entity.column(option) for option, field in self.entity.fields.items() if field.kind == TIME):
            column = quoted_identifier(name)
            self.database.execute("SET LOCAL TIME ZONE 'UTC'")  # elsewhere a last second may be in the year 10000
            found = self.database.fetch(
                f"SELECT id, {column}::text FROM {self.table} WHERE id = ANY (%s::uuid[]) "  # noqa: S608 - quoted names
                f"AND NOT ({column} >= '1000-01-01' AND {column} < '10000-01-01' OR {column} = 'infinity') "
                "ORDER BY id LIMIT 1",
                (list(ids),),
            )
            for identifier, text in found:
                raise DatabaseError(
                    f"Cannot read {name} of the row {identifier} in table {self.entity.table}: it is {text}, and must "
                    "be from the year 1000 to the year 9999",
                    hint=f"Nothing was changed. Set the column {name} of this row with SQL, for example to NULL.",
                )

    def flagged(self, options: Iterable[str]) -> dict[str, list[str]]:
        """Return the ids of the rows with each exclusive flag, by option."""
        return {
            option: [
                row[0]
                for row in self.database.fetch(
                    f"SELECT id FROM {self.table} "  # noqa: S608 - quoted names
                    f"WHERE {quoted_identifier(self.entity.column(option))} ORDER BY id"
                )
            ]
            for option in options
        }

    def above(self, option: str) -> dict[str, str]:
        """Return the row that each row names by a reference to the table itself, by id."""
        column = quoted_identifier(self.entity.column(option))
        rows = self.database.fetch(f"SELECT id, {column} FROM {self.table} WHERE {column} IS NOT NULL")  # noqa: S608 - quoted names
        return dict(rows)

    def belongings(self) -> Belongings:
        """Return the references to rows of the table, from the catalog."""
        return dependents.classify(self.database.references(self.entity.table), removed=self.entity.departure.removes)

    def missing_rights(self, tasks: Sequence[Task]) -> list[str]:
        """Return a problem for each privilege that the database role lacks for the tasks."""
        rights = {self.entity.table: "SELECT, INSERT, UPDATE, DELETE", "audit_logs": "INSERT"}
        changed = {option for task in tasks for option in task.after}
        for part in self.parts:
            rights.update(part.rights if changed & part.options.keys() else {})
        if any(task.change.action == DELETE for task in tasks):
            rights.update(self.entity.departure.rights)
        return self.database.missing_rights(rights)

    def write(self, tasks: Sequence[Task], belongings: Belongings) -> None:
        """Delete, update and insert rows, and then what their parts keep elsewhere."""
        # A column without a time zone holds UTC.
        self.database.execute("SET LOCAL TIME ZONE 'UTC'")
        leaving = [task for task in tasks if task.change.action == DELETE]
        if leaving:
            self.entity.departure.release(self.database, belongings, leaving)
            self.database.execute(
                f"DELETE FROM {self.table} WHERE id = ANY (%s::uuid[])",  # noqa: S608 - a quoted name
                ([task.id for task in leaving],),
                step=f"delete {self.entity.nouns}",
            )
        self._exchange([task for task in tasks if task.change.action == UPDATE])
        for action, write in ((UPDATE, self.database.update), (CREATE, self.database.insert)):
            chosen = [task for task in tasks if task.change.action == action]
            names = {name for task in chosen for name in self._row(task)} - ({"id"} if action == UPDATE else set())
            if names:
                # Rows are made as they are written: many of them take much memory.
                write(self.entity.table, (self._row(task) for task in chosen), sorted(names))
        for part in self.parts:
            concerned = [task for task in tasks if part.options.keys() & task.after.keys()]
            if concerned:
                part.write(self.database, concerned)

    def _exchange(self, tasks: Sequence[Task]) -> None:
        """Let rows exchange unique texts: a unique index is checked row by row, not at the end of a statement."""
        for option in self.entity.exchanged:
            changing = [task for task in tasks if option in task.after]
            before = {(task.change.before or {})[option] for task in changing}
            if any(task.after[option] in before for task in changing):
                column = quoted_identifier(self.entity.column(option))
                self.database.execute(
                    f"UPDATE {self.table} SET {column} = id::text WHERE id = ANY (%s::uuid[])",  # noqa: S608 - quoted names
                    ([task.id for task in changing],),
                    step=f"exchange the {option}s of {self.entity.nouns}",
                )

    def _row(self, task: Task) -> dict[str, Any]:
        """Return the columns to write for one object; ``after`` has ids in the place of names."""
        entity = self.entity
        row: dict[str, Any] = {"id": task.id}
        for option, value in task.after.items():
            if option in entity.references:
                row[entity.column(option)] = value
            elif option in entity.fields:
                row[entity.column(option)] = field_types.to_row(entity.fields[option], value)
        for part in self.parts:
            row.update(part.columns(task))
        if task.change.action == CREATE:
            return {**entity.creation, **row}
        return {**row, **({_UPDATED: "now"} if _UPDATED in self.columns else {})}

    def _of_row(self, option: str, value: Any) -> Any:
        field = self.entity.fields.get(option)
        return field_types.of_row(field, value) if field else value


def _selected(columns: Iterable[str]) -> str:
    return ", ".join(quoted_identifier(name) for name in columns)
