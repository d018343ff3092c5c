# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the tools of assistants in assistants.tools_config: a list of objects with the id of a tool, and other keys.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .._entities import references, values
from .._entities.desired import Desired, Task
from .._entities.entity import Part, Reading, Reference
from .._entities.names import Names
from .._postgres.connection import Database

Config = Sequence[Mapping[str, Any]]

TOOL = Reference("tools", "function_name", "", noun="tool")


class AssistantTools(Part):
    """The option ``tools``: the function names of an assistant's tools. Other keys of an entry are kept."""

    options = {"tools": {"type": "list", "elements": "str"}}

    def __init__(self) -> None:
        self.configs: dict[str, Any] = {}
        self.names = Names(())

    def normalise(self, option: str, value: Any) -> Any:
        """Return the names in order, each once."""
        return sorted(set(values.as_list(value)))

    def read(self, reading: Reading) -> dict[str, dict[str, Any]]:
        """Return the tools of the assistants. An id without a tool is shown as it is stored."""
        self.configs = dict(
            reading.database.fetch(
                "SELECT id, tools_config FROM assistants WHERE id = ANY (%s::uuid[])", (list(reading.ids),)
            )
        )
        gone = references.removed(reading.planned)
        for identifier, config in self.configs.items():
            if gone & set(ids_of(config)):
                self.configs[identifier] = changed(config, [one for one in ids_of(config) if one not in gone])
        given = [one for one in reading.desired.values() if one.fields.get("tools") is not None]
        asked = {name for one in given for name in one.fields["tools"]}
        ids = {identifier for config in self.configs.values() for identifier in ids_of(config)}
        self.names = references.of(reading.database, TOOL, asked, ids, reading.planned)
        for one in given:
            one.fields["tools"] = self._resolved(one, reading)
        return {identifier: {"tools": self._shown(config)} for identifier, config in self.configs.items()}

    def columns(self, task: Task) -> Mapping[str, Any]:
        """Return the column for a task that changes the tools."""
        if "tools" not in task.after:
            return {}
        ids = [self.names.ids.get(name, name) for name in task.after["tools"]]
        return {"tools_config": changed(self.configs.get(task.id), ids)}

    def faults(self, identifier: str) -> Sequence[str]:
        """Return why the platform cannot return an assistant: its column is not a list of objects."""
        return () if is_valid(self.configs.get(identifier)) else ("tools_config must be a list of objects",)

    def _resolved(self, one: Desired, reading: Reading) -> list[str]:
        """Return the full names of the desired tools. An id of no tool may stay: an export names it."""
        labels = self.names.labels
        dead = {identifier for identifier in ids_of(self.configs.get(one.row)) if identifier not in labels}
        staying = [name for name in one.fields["tools"] if name in dead and name not in self.names.by_name]
        one.fields["tools"] = [name for name in one.fields["tools"] if name not in staying]
        return sorted([*references.resolved(self.names, one, "tools", reading.problems), *staying])

    def _shown(self, config: Any) -> list[str] | None:
        if not is_valid(config):
            return None
        return sorted(self.names.labels.get(identifier, identifier) for identifier in ids_of(config))


def is_valid(config: Any) -> bool:
    """Return whether the platform can return it."""
    return isinstance(config, list) and all(isinstance(entry, dict) for entry in config)


def ids_of(config: Any) -> list[str]:
    """Return the ids of the tools of an assistant."""
    entries = config if isinstance(config, list) else ()
    return [str(entry["id"]) for entry in entries if isinstance(entry, dict) and entry.get("id")]


def changed(config: Any, ids: Sequence[str]) -> list[Mapping[str, Any]]:
    """Return the column with these tools: entries that stay keep their place and their other keys."""
    entries = [entry for entry in config or () if isinstance(entry, dict)] if isinstance(config, list) else []
    kept: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    for entry in entries:
        identifier = str(entry.get("id") or "")
        if not identifier or (identifier in ids and identifier not in seen):
            kept.append(entry)
            seen.add(identifier)
    return [*kept, *({"id": identifier} for identifier in ids if identifier not in seen)]


_USED = """
SELECT a.id, a.name || ' (' || u.username || ')', a.tools_config FROM assistants a JOIN users u ON u.id = a.creator_id
WHERE a.tools_config::text LIKE ANY (%s) ORDER BY 2, 1
"""


def users_of(database: Database, ids: Iterable[str]) -> list[tuple[str, str, Any]]:
    """Return id, name and tools_config of each assistant that may have one of the tools."""
    return list(database.fetch(_USED, ([f"%{identifier}%" for identifier in ids],)))


def remove(database: Database, ids: Sequence[str]) -> None:
    """Remove tools from the assistants that have them. Others are not written."""
    rows = []
    for identifier, _name, config in users_of(database, ids):
        staying = [one for one in ids_of(config) if one not in ids]
        if len(staying) < len(ids_of(config)):
            rows.append({"id": identifier, "tools_config": changed(config, staying), "updated_at": "now"})
    if rows:
        database.update("assistants", rows, ["tools_config", "updated_at"])
