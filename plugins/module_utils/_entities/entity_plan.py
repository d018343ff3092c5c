# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare desired objects of an entity with the current rows: identify them, and plan what changes.

Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

from .._core.plan import UPDATE, Change, compare
from .._postgres.catalog import Column
from .desired import Desired, Task
from .entity import Entity
from .list_problems import Problems
from .names import Names

#: The number of objects that a message names.
_NAMED = 5
Key = tuple[Any, ...]


class Index:
    """All rows of the table by key. ``keys`` maps the id of each row to the options of its key, normalised."""

    def __init__(self, entity: Entity, keys: Mapping[str, Mapping[str, Any]]) -> None:
        self.entity = entity
        self.keys = keys
        self.by_key: list[dict[Key, list[str]]] = [{} for _key in entity.keys]
        titles: dict[str, list[str]] = {}
        for identifier, values in keys.items():
            for found, options in zip(self.by_key, entity.keys):
                found.setdefault(tuple(values.get(option) for option in options), []).append(identifier)
            titles.setdefault(entity.title_of(values), []).append(identifier)
        #: How results name each row: by its title, or by its id if several rows have that title.
        self.titles = {
            identifier: title if len(ids) == 1 or (entity.singleton and identifier == ids[0]) else identifier
            for title, ids in titles.items()
            for identifier in ids
        }

    def find(self, values: Mapping[str, Any]) -> list[str]:
        """Return the ids of the rows with the key that is given by ``values``."""
        if self.entity.singleton:
            return list(self.keys)[:1]
        for found, options in zip(self.by_key, self.entity.keys):
            if all(option in self.entity.optional_key or values.get(option) is not None for option in options):
                return found.get(tuple(values.get(option) for option in options), [])
        return []


def identify(entity: Entity, desired: Iterable[Desired], index: Index, problems: Problems) -> None:
    """Set the row of each desired object: an existing one, or the id of a new one."""
    seen: dict[str, Desired] = {}
    new: dict[Key, Desired] = {}
    for one in desired:
        ids = _matches(entity, one, index, problems)
        one.exists = bool(ids)
        one.row = ids[0] if ids else str(uuid.uuid4())
        key = _new_key(entity, one)
        other = seen.setdefault(one.row, one) if one.exists else new.setdefault(key, one)
        if other is not one:
            problems.append(f"{other.label} and {one.label} are the same {entity.noun} in the list")


def _matches(entity: Entity, one: Desired, index: Index, problems: Problems) -> list[str]:
    if one.id is not None:
        if one.id not in index.keys and not one.absent:
            problems.add(one.label, f"there is no {entity.noun} with the id {one.id}")
        return [one.id] if one.id in index.keys else []
    found = index.find(one.fields)
    renamed = [new for new in entity.renames if one.fields.get(new) is not None]
    if renamed:
        after = index.find({**one.fields, **{entity.renames[new]: one.fields[new] for new in renamed}})
        if found and after and found != after:
            problems.add(one.label, f"{', '.join(renamed)}: there is such a {entity.noun} already, {', '.join(after)}")
        found = found or after
    if len(found) > 1:
        problems.add(
            one.label, f"there are several {entity.nouns} with this key: give the id of one, {', '.join(sorted(found))}"
        )
    return found


def _new_key(entity: Entity, one: Desired) -> Key:
    return (one.id, *(one.fields.get(option) for option in entity.key_options))


def fields_of(entity: Entity, one: Desired, *, new: bool) -> dict[str, Any]:
    """Return the desired fields of an object: the given ones, and for a new one the defaults, without empty ones."""
    fields = values_of(entity, one)
    if not new:
        return fields
    return {name: value for name, value in {**entity.defaults, **fields}.items() if value is not None}


def values_of(entity: Entity, one: Desired) -> dict[str, Any]:
    """Return the given fields of an object with state present, after its renames."""
    fields = {name: value for name, value in one.fields.items() if name not in entity.renames}
    for new, option in entity.renames.items():
        if one.fields.get(new) is not None:
            fields[option] = one.fields[new]
    return fields


def title_of(entity: Entity, one: Desired, index: Index) -> str:
    """Return how results name an object."""
    if one.exists:
        return index.titles[one.row]
    return one.id or entity.title_of(values_of(entity, one))


def change_of(entity: Entity, one: Desired, title: str, row: Mapping[str, Any] | None) -> Change | None:
    """Return the change of an object with state present; None if nothing differs. ``row`` is None if it is new."""
    return compare(title, fields_of(entity, one, new=row is None), row)


def refuse_incomplete(
    entity: Entity, desired: Iterable[Desired], columns: Mapping[str, Column], problems: Problems
) -> None:
    """Add a problem for each new object without an option that it needs."""
    needed = [
        name
        for name, field in entity.fields.items()
        if field.default is None and (field.required or not columns[entity.column(name)].nullable)
    ]
    needed += [name for name in entity.references if not columns[entity.column(name)].nullable]
    for one in desired:
        if not one.absent and not one.exists:
            missing = [name for name in needed if name not in one.fields]  # an empty one is a problem already
            if missing:
                problems.add(one.label, f"{', '.join(missing)} must be given, because the {entity.noun} is new")


def refuse_taken_keys(entity: Entity, desired: Iterable[Desired], index: Index, problems: Problems) -> None:
    """Add a problem for each object that would get the key of another row, which the platform may allow."""
    if not entity.unique:
        return
    desired = list(desired)
    leaving = {one.row for one in desired if one.absent}
    for one in desired:
        if one.absent or not one.exists:
            continue
        after = {**index.keys[one.row], **values_of(entity, one)}
        if all(after.get(option) == index.keys[one.row].get(option) for option in entity.key_options):
            continue
        others = [identifier for identifier in index.find(after) if identifier not in leaving | {one.row}]
        if others:
            problems.add(one.label, f"another {entity.noun} has this key already, {', '.join(others)}")


def exclusive_holders(entity: Entity, desired: Sequence[Desired], problems: Problems) -> dict[str, str]:
    """Return the row that gets each exclusive flag, by option. Adds a problem if several objects ask for one."""
    holders = {}
    for option in entity.exclusive:
        asking = [one for one in desired if not one.absent and one.fields.get(option)]
        if len(asking) > 1:
            labels = " and ".join(one.label for one in asking[:_NAMED])
            problems.append(f"{labels}: only one {entity.noun} can have {option}")
        if asking:
            holders[option] = asking[0].row
    return holders


def clear_others(
    desired: Sequence[Desired], holders: Mapping[str, str], flagged: Mapping[str, Collection[str]]
) -> dict[str, dict[str, Any]]:
    """Take each exclusive flag from its other rows. ``flagged`` has the ids of rows that have it, by option.

    An object of the list loses it in its fields; the fields of other rows are returned, by id.
    """
    listed = {one.row: one for one in desired}
    others: dict[str, dict[str, Any]] = {}
    for option, holder in holders.items():
        for identifier in flagged.get(option, ()):
            if identifier == holder:
                continue
            one = listed.get(identifier)
            if one is None:
                others.setdefault(identifier, {})[option] = False
            elif not one.absent:
                one.fields[option] = False
    return others


def update_of(title: str, fields: Mapping[str, Any], row: Mapping[str, Any]) -> Change | None:
    """Return the change of a row that the list does not name; None if nothing differs."""
    change = compare(title, fields, row)
    return change if change and change.action == UPDATE else None


def choose_pruned(
    entity: Entity, desired: Sequence[Desired], marks: Mapping[str, str], index: Index, params: Mapping[str, Any]
) -> tuple[list[str], list[str]]:
    """Return the ids of the rows to prune, and the problems. ``marks`` are those of managed rows."""
    if not params.get("prune"):
        return [], []
    if all(one.absent for one in desired):
        return [], [
            f"prune needs a list that has {entity.nouns} with state: present, and this list has none. Is the list "
            f"complete? To remove {entity.nouns} list each of them with state: absent"
        ]
    listed = {one.row for one in desired}
    pruned = [
        identifier
        for identifier, list_name in marks.items()
        if list_name == params["list_name"] and identifier in index.keys and identifier not in listed
    ]
    pruned.sort(key=lambda identifier: (index.titles[identifier], identifier))
    if len(pruned) <= params["prune_limit"]:
        return pruned, []
    named = ", ".join(index.titles[identifier] for identifier in pruned[:_NAMED])
    more = f" and {len(pruned) - _NAMED} more" if len(pruned) > _NAMED else ""
    return pruned, [
        f"prune would remove {len(pruned)} {entity.nouns}, and prune_limit allows {params['prune_limit']}: "
        f"{named}{more}"
    ]


def refuse_leaving_references(
    entity: Entity, desired: Iterable[Desired], titles: Mapping[str, Collection[str]], problems: Problems
) -> None:
    """Add a problem for each object that names a row which the same run removes.

    ``titles`` are the names of these rows, by the option that may name them.
    """
    for one in desired:
        for option, leaving in titles.items():
            if not one.absent and one.fields.get(option) in leaving:
                problems.add(one.label, f"{option}: the {entity.noun} {one.fields[option]} is removed by the same run")


def refuse_values(
    entity: Entity, desired: Iterable[Desired], rows: Mapping[str, Mapping[str, Any]], problems: Problems
) -> None:
    """Add a problem for each object whose values do not fit together, also with those of its row."""
    for one in desired:
        if entity.refuse and not one.absent:
            defaults = {name: field.default for name, field in entity.fields.items()}
            given = values_of(entity, one)
            problem = entity.refuse(given, {**rows.get(one.row, defaults), **given})
            problems += [f"{one.label}: {problem}"] if problem else []


def refuse_cycles(
    option: str, desired: Iterable[Desired], present: Mapping[str, str], found: Names, problems: Problems
) -> None:
    """Add a problem for each object that would be above itself by an option that names a row of the same table.

    ``present`` has the current rows above, by id; ``found`` the rows by name.
    """
    asking = [one for one in desired if not one.absent and option in one.fields]
    above = {**present, **{one.row: found.ids.get(one.fields[option] or "", "") for one in asking}}
    for one in asking:
        seen, current = {""}, above[one.row]
        while current not in seen and current != one.row:
            seen.add(current)
            current = above.get(current, "")
        if current == one.row:
            name = one.fields[option]
            below = f", and '{name}' is below it already" if above[one.row] != one.row else ""
            problems.add(one.label, f"{option}: it would be above itself{below}: give another {option}")


def plan_desired(
    desired: Iterable[Desired],
    departures: Mapping[str, Change | None],
    title_of: Callable[[Desired], str],
    change_of: Callable[[Desired, str], Change | None],
) -> tuple[list[Task], list[str]]:
    """Return the tasks in the order of the list, and the titles of unchanged objects.

    ``departures`` has the changes of the rows that are removed, by id; ``change_of`` returns that of another object.
    """
    tasks: list[Task] = []
    unchanged: list[str] = []
    for one in desired:
        title = title_of(one)
        change = departures.get(one.row) if one.absent else change_of(one, title)
        if change:
            tasks.append(Task(change, one.row, one))
        else:
            unchanged.append(title)
    return tasks, unchanged
