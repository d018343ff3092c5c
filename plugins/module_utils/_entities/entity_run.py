# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Change a list of objects of an entity: read, plan, write, in one transaction.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._app.audit_log import Trail
from .._core.errors import InputError
from .._core.plan import CREATE, DELETE, UPDATE, Change, Plan
from .._core.work import Invocation, Work
from .._postgres.connection import Database
from . import dependents, entity_departures, entity_options, entity_plan, managed_marks
from .dependents import Belongings
from .desired import Desired, Task
from .entity import Entity, Planned
from .entity_departures import Leaving
from .entity_plan import Index
from .entity_reader import EntityReader
from .entity_repository import EntityRepository
from .entity_rows import EntityRows
from .list_problems import Problems


class EntityWork(Work):
    """The work of a module whose entity is declared."""

    def __init__(self, call: Invocation, entity: Entity) -> None:
        self.call = call
        self.params = call.params
        self.entity = entity
        self.parts = [make() for make in entity.parts]
        self.database = Database(call.params, read_only=call.check_mode)
        self.repository = EntityRepository(self.database, entity, self.parts)
        self.trail = Trail(self.database, call.params, entity.name)
        self.desired: list[Desired] = []
        self.problems = Problems()
        self.belongings: Belongings = dependents.classify(())
        self.owns: dict[str, dict[str, int]] = {}
        self.tasks: list[Task] = []
        self.pruned: list[str] = []
        self.rows = EntityRows(self.repository, self._planned)
        self.listed = False
        self.index = Index(entity, {})

    def plan(self) -> Plan:
        """Read the list, then the current rows that it is about, and compare. Raises InputError with all problems."""
        self._read_list()
        return self._plan()

    def _read_list(self) -> None:
        entries = self._entries()
        if not self.call.check_mode:
            self.repository.lock()
        reader = EntityReader(self.entity, self.repository.columns, self.parts, self.params)
        self.trail.check()
        self.desired = reader.read(entries, single=not self.listed)
        self.problems = reader.problems
        if not self.call.check_mode and any(
            one.fields.get(name) for one in self.desired for name in self.entity.exclusive
        ):
            self.repository.lock_table()

    def _plan(self) -> Plan:
        """Read the current rows and compare them with the list, also a second time."""
        self.tasks, unchanged = self._read_and_plan()
        if self.tasks and not self.problems:
            self.problems += self.repository.missing_rights(self.tasks)
            self.problems += managed_marks.refuse_missing_rights(self.database) if self._new_ids() else []
        if self.problems:
            raise InputError.of(list(self.problems), hint="Nothing was changed.")
        if self.entity.warning and (warning := self.entity.warning(self.tasks)):
            self.call.warn(warning)
        return Plan(tuple(task.change for task in self.tasks), tuple(unchanged))

    def apply(self, plan: Plan) -> None:
        """Write all changes, or none."""
        self.repository.write([self._with_ids(task) for task in self.tasks], self.belongings)
        if "list_name" in self.params:
            self._mark()
        self.trail.write((task.change, task.id) for task in self.tasks)
        self.database.commit()

    def _mark(self) -> None:
        source = self.params.get(f"{self.entity.list_option}_file")
        managed_marks.record(
            self.database,
            self.entity.name,
            self._new_ids(),
            self.params["list_name"] or "",
            Path(source).name if source else None,
        )
        gone = [task.id for task in self.tasks if task.change.action == DELETE]
        managed_marks.forget(self.database, self.entity.name, gone)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return what was created, updated, deleted, pruned and unchanged, and the ids of the objects of the list."""
        deleted = [task for task in self.tasks if task.change.action == DELETE]
        kept = {
            entity_plan.title_of(self.entity, one, self.index): one.row
            for one in self.desired
            if not one.absent and (one.exists or not self.call.check_mode)
        }
        return {
            "created": plan.names(CREATE),
            "updated": {change.name: sorted(change.after or {}) for change in plan.of(UPDATE)},
            "deleted": [task.change.name for task in deleted],
            "deleted_ids": [task.id for task in deleted],
            "unchanged": list(plan.unchanged),
            "pruned": [task.change.name for task in deleted if task.id in self.pruned],
            "ids": kept,
            **({"new_names": self._new_names()} if self.call.check_mode and not self.entity.singleton else {}),
        }

    def close(self) -> None:
        """Close the connection."""
        self.database.close()

    def _entries(self) -> list[Any]:
        """Return the given objects, and note whether they are a list."""
        option = self.entity.list_option
        self.listed = True
        if self.params.get(f"{option}_file"):
            from . import list_file

            known = entity_options.known_options(self.entity)
            return list_file.read(Path(self.params[f"{option}_file"]), option, known)
        if self.params.get(option) is not None:
            return list(self.params[option])
        self.listed = False
        # Ansible would have made a text of a number, and not the one that was written.
        known = entity_options.known_options(self.entity)
        return [{name: self.call.given.get(name, self.params[name]) for name in known}]

    def _new_names(self) -> dict[str, str]:
        """Return the names of objects that would be created or renamed, by id. The id of a new one is provisional."""
        name = self.entity.key[0]
        return {task.id: task.after[name] for task in self.tasks if task.change.action != DELETE and name in task.after}

    def _new_ids(self) -> list[str]:
        """Return the ids of the rows that the run marks as managed: those that a list creates, if it may be pruned."""
        marks = self.listed and "list_name" in self.params
        return [task.id for task in self.tasks if task.change.action == CREATE] if marks else []

    @property
    def _planned(self) -> Planned:
        """The names that count as existing: in check mode an earlier task did not create them."""
        return (self.params.get("planned") or {}) if self.call.check_mode else {}

    def _read_and_plan(self) -> tuple[list[Task], list[str]]:
        """Return the tasks, and the titles of unchanged objects."""
        entity, problems = self.entity, self.problems
        keys = self.repository.keys()
        self.rows.name_keys(keys, self.desired, problems)
        self.index = Index(entity, keys)
        entity_plan.identify(entity, self.desired, self.index, problems)
        entity_plan.refuse_incomplete(entity, self.desired, self.repository.columns, problems)
        holders = entity_plan.exclusive_holders(entity, self.desired, problems)
        cleared = entity_plan.clear_others(self.desired, holders, self.repository.flagged(holders))
        self.pruned = self._choose_pruned()
        surplus = [one for one in keys if entity.singleton and one != self.desired[0].row]
        listed = {one.row: one for one in self.desired}
        ids = [*(one.row for one in self.desired if one.exists), *self.pruned, *surplus, *cleared]
        rows = self.rows.read(ids, keys, listed, problems)
        entity_plan.refuse_taken_keys(entity, self.desired, self.index, problems)
        entity_plan.refuse_values(entity, self.desired, rows, problems)
        for option in self.rows.own_names(()):
            if any(one.fields.get(option) for one in self.desired):
                above = self.repository.above(option)
                entity_plan.refuse_cycles(option, self.desired, above, self.rows.names[option], problems)
        departures = self._plan_departures(rows, [*self.pruned, *surplus], self.index.titles)
        leaving = [one for one, change in departures.items() if change and change.after is None]
        own = self.rows.own_names(leaving)
        entity_plan.refuse_leaving_references(entity, self.desired, own, problems)
        tasks, unchanged = entity_plan.plan_desired(
            self.desired,
            departures,
            lambda one: entity_plan.title_of(entity, one, self.index),
            lambda one, title: entity_plan.change_of(entity, one, title, rows.get(one.row)),
        )
        tasks += [Task(change, one, None) for one, change in departures.items() if change and one not in listed]
        for identifier, fields in cleared.items():
            change = entity_plan.update_of(self.index.titles[identifier], fields, rows[identifier])
            tasks += [Task(change, identifier, None)] if change and identifier not in departures else []
        return tasks, unchanged

    def _choose_pruned(self) -> list[str]:
        marks = managed_marks.of(self.database, self.entity.name) if self.params.get("prune") else {}
        pruned, refused = entity_plan.choose_pruned(self.entity, self.desired, marks, self.index, self.params)
        self.problems += refused
        return pruned

    def _plan_departures(
        self, rows: Mapping[str, Mapping[str, Any]], unlisted: Iterable[str], titles: Mapping[str, str]
    ) -> dict[str, Change | None]:
        leaving = [
            Leaving(one.row, one.label, titles[one.row], one.options)
            for one in self.desired
            if one.absent and one.exists
        ]
        leaving += [Leaving(one, f"{titles[one]} (to be pruned)", titles[one], self.params) for one in unlisted]
        self.belongings = self.repository.belongings() if leaving else dependents.classify(())
        self.owns = dependents.count(self.database, self.belongings, [one.id for one in leaving])
        return entity_departures.plan(self.database, self.entity, leaving, rows, self.owns, self.problems)

    def _with_ids(self, task: Task) -> Task:
        """Return a task with ids in the place of the names of references."""
        names = self.rows.names
        named = {option: names[option].ids.get(task.after[option]) for option in names if option in task.after}
        if not named:
            return task
        change = task.change
        return replace(task, change=Change(change.name, change.action, change.before, {**task.after, **named}))
