# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage what a domain group shares: rows that name assistants, tools and documents by id, without a foreign key.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from .._core.display import printable
from .._entities import references, values
from .._entities.desired import Desired, Task
from .._entities.entity import Part, Reading, Reference
from .._entities.names import Names
from .._entities.values import ValueProblem
from .._postgres.connection import Database

RESOURCES, MODE = "resources", "resources_mode"
ACCESS_LEVELS = ("read_only", "read_write", "full_access", "admin", "owner")
#: Types whose objects are rows with a name. Of the others the id is given.
NAMED = {
    "assistant": Reference("assistants", "name", "resource_id", unique=False),
    "tool": Reference("tools", "function_name", "resource_id"),
    "document": Reference("documents", "title", "resource_id", unique=False),
}
TYPES = (*NAMED, "knowledge_base", "conversation", "workspace", "template", "workflow")
#: The tables with rows that name an object by its type and id.
SHARED = ("domain_resources", "domain_group_resources")
_KEYS = ("type", "name", "access_level")
_ROWS = """
SELECT domain_group_id::text, id::text, resource_type::text, resource_id, access_level::text
FROM domain_resources WHERE domain_group_id = ANY (%s::uuid[]) ORDER BY added_at, id
"""
Resource = Mapping[str, str]


class Resources(Part):
    """The resources of domain groups, in the table that the platform's REST interface counts."""

    options: Mapping[str, Any] = {RESOURCES: {"type": "list", "elements": "dict"}}
    choices: Mapping[str, tuple[str, ...]] = {MODE: ("exact", "append")}
    rights: Mapping[str, str] = {"domain_resources": "SELECT, INSERT, UPDATE, DELETE"}

    def __init__(self) -> None:
        #: The names of the objects of each type.
        self.names: dict[str, Names] = {}
        #: The ids of the rows of each group, by type and id of the object.
        self.rows: dict[str, dict[tuple[str, str], list[str]]] = {}

    def normalise(self, option: str, value: Any) -> list[dict[str, str]]:
        """Return the resources, each with type, name and access level. Raises ValueProblem."""
        if not isinstance(value, (list, tuple)):
            raise ValueProblem("must be a list of resources, each with type and name")
        return [_resource(index, each) for index, each in enumerate(value)]

    def read(self, reading: Reading) -> dict[str, dict[str, Any]]:
        """Return the current resources by group, and replace those of the desired groups by full ones."""
        gone = references.removed(reading.planned)
        found = [row for row in reading.database.fetch(_ROWS, (list(reading.ids),)) if row[3] not in gone]
        wanted = [each for one in reading.desired.values() for each in one.fields.get(RESOURCES) or ()]
        for kind, reference in NAMED.items():
            texts = [each["name"] for each in wanted if each["type"] == kind]
            ids = [row[3] for row in found if row[2].lower() == kind]
            self.names[kind] = references.of(reading.database, reference, texts, ids, reading.planned)
        current: dict[str, dict[str, Any]] = {group: {RESOURCES: []} for group in reading.ids}
        for group, identifier, label, target, level in found:
            kind = label.lower()
            self.rows.setdefault(group, {}).setdefault((kind, target), []).append(identifier)
            current[group][RESOURCES].append(
                {"type": kind, "name": self._label(kind, target), "access_level": level.lower()}
            )
        for each in current.values():
            each[RESOURCES].sort(key=_order)
        for group, one in reading.desired.items():
            if one.fields.get(RESOURCES) is not None:
                present = (current.get(group) or {}).get(RESOURCES, ())
                one.fields[RESOURCES] = self._full(one, present, reading)
        return current

    def _full(self, one: Desired, present: Sequence[Resource], reading: Reading) -> list[Resource]:
        """Return the given resources by the names of their objects, with append after those that the group has."""
        known = {(each["type"], each["name"]): each for each in present}
        full = dict(known) if one.options[MODE] == "append" else {}
        named: set[tuple[str, str]] = set()
        for each in one.fields[RESOURCES]:
            kind, name = each["type"], each["name"]
            try:
                # An object that does not exist any more is named by its id.
                if kind in NAMED and (kind, name) not in known:
                    name = self.names[kind].find(name)
            except ValueProblem as problem:
                reading.problems.add(one.label, f"{RESOURCES}: {problem}")
                continue
            if (kind, name) in named:
                reading.problems.add(one.label, f"{RESOURCES}: the {kind} '{printable(name)}' is listed twice")
            named.add((kind, name))
            full[kind, name] = {**each, "name": name}
        return sorted(full.values(), key=_order)

    def write(self, database: Database, tasks: Sequence[Task]) -> None:
        """Insert, update and delete the rows of the groups; only those that differ."""
        new: list[dict[str, Any]] = []
        changed: list[dict[str, Any]] = []
        gone: list[str] = []
        for task in tasks:
            before = {(each["type"], each["name"]): each for each in (task.change.before or {}).get(RESOURCES) or ()}
            rows = dict(self.rows.get(task.id, {}))
            for each in task.after[RESOURCES] or ():
                key = (each["type"], self._target(each))
                ids = rows.pop(key, [])
                gone += ids[1:]
                if not ids:
                    new.append(_row(task.id, each, key[1]))
                elif before.get((each["type"], each["name"])) != each:
                    changed.append({"id": ids[0], "access_level": each["access_level"].upper(), "updated_at": "now"})
            gone += [identifier for ids in rows.values() for identifier in ids]
        if gone:
            database.execute("DELETE FROM domain_resources WHERE id = ANY (%s::uuid[])", (gone,))
        if changed:
            database.update("domain_resources", changed, ("access_level", "updated_at"))
        if new:
            database.insert("domain_resources", new, list(new[0]))

    def _label(self, kind: str, target: str) -> str:
        return self.names[kind].labels.get(target, target) if kind in NAMED else target

    def _target(self, resource: Resource) -> str:
        """Return what the row names an object by: its id, also that of an object that does not exist any more."""
        name = resource["name"]
        return self.names[resource["type"]].ids.get(name, name) if resource["type"] in NAMED else name


def forget(database: Database, kind: str, ids: Sequence[str]) -> None:
    """Delete the rows that name objects of a kind, which are deleted next: no foreign key does that."""
    for table in SHARED:
        database.execute(
            f"DELETE FROM {table} WHERE resource_type::text = %s AND resource_id = ANY (%s::text[])",  # noqa: S608 - a text of this file
            (kind.upper(), list(ids)),
        )


def _resource(index: int, given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise ValueProblem(f"[{index}] must be a dictionary of type, name and access_level")
    unknown = sorted(set(map(str, given)) - set(_KEYS))
    if unknown:
        raise ValueProblem(f"[{index}] has no option {', '.join(unknown)}: allowed are {', '.join(_KEYS)}")
    found = {key: values.as_text(given[key]) for key in _KEYS if given.get(key) is not None}
    missing = [key for key in ("type", "name") if not found.get(key)]
    if missing:
        raise ValueProblem(f"[{index}] lacks {' and '.join(missing)}")
    resource = {"access_level": "read_write", **{key: found[key] for key in found}}
    for key, choices in (("type", TYPES), ("access_level", ACCESS_LEVELS)):
        resource[key] = resource[key].lower()
        if resource[key] not in choices:
            raise ValueProblem(f"[{index}] {key} '{printable(resource[key])}' is not one of {', '.join(choices)}")
    return {key: resource[key] for key in _KEYS}


def _order(resource: Resource) -> tuple[str, str]:
    return resource["type"], resource["name"]


def _row(group: str, resource: Resource, target: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "domain_group_id": group,
        "resource_id": target,
        "resource_type": resource["type"].upper(),
        "resource_name": resource["name"][:200],
        "access_level": resource["access_level"].upper(),
        "is_public": False,
        "is_active": True,
        "added_at": "now",
    }
