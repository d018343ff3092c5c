# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read a list of desired groups and check it against the table's columns and the platform's rules.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from .._core.display import printable
from .._entities import field_types, option_names, values
from .._entities.list_problems import Problems
from .._entities.values import ValueProblem
from .._postgres.catalog import Column
from .group_spec import CHOICES, FIELDS, OPTIONS, DesiredGroup


class GroupReader:
    """Read and check a list of groups. ``problems`` collects everything that is wrong with it."""

    def __init__(self, columns: Mapping[str, Column], defaults: Mapping[str, Any]) -> None:
        self.columns = columns
        self.defaults = {name: defaults[name] for name in CHOICES}
        self.problems = Problems()

    def read(self, entries: Iterable[Any], *, single: bool = False) -> list[DesiredGroup]:
        """Return the groups of a list that have a name or an id. Every problem of the list is collected."""
        read = [self._group("" if single else f"groups[{index}]", entry) for index, entry in enumerate(entries)]
        groups = [group for group in read if group is not None]
        self._refuse_duplicates(groups)
        return groups

    def _group(self, label: str, entry: Any) -> DesiredGroup | None:
        if not isinstance(entry, Mapping):
            self.problems.add(label, f"must be a dictionary of options, not {type(entry).__name__}")
            return None
        name = entry.get("name") or entry.get("id")
        if not name:
            self.problems.add(label or "The group", "name or id is missing")
            return None
        given = printable(name)
        group = DesiredGroup(f"{label} ({given})" if label else f"group {given}")
        for problem in option_names.unknown(entry, OPTIONS):
            self.problems.add(group.label, problem)
        for option, kind in FIELDS.items():
            if entry.get(option) is not None:
                normalise = partial(field_types.normalise, kind, self.columns[option])
                group.fields[option] = self._value(group, option, normalise, entry[option])
        if entry.get("id"):
            group.id = self._value(group, "id", values.as_uuid, entry["id"])
        if entry.get("members") is not None:
            group.members = self._value(group, "members", values.as_list, entry["members"])
        for option, choices in CHOICES.items():
            group.options[option] = entry.get(option) or self.defaults[option]
            if group.options[option] not in choices:
                self.problems.add(group.label, f"{option} is not one of {', '.join(choices)}")
        return group

    def _value(self, group: DesiredGroup, option: str, read: Callable[[Any], Any], given: Any) -> Any:
        try:
            return read(given)
        except ValueProblem as problem:
            self.problems.add(group.label, f"{option} {problem}")
            return None

    def _refuse_duplicates(self, groups: Iterable[DesiredGroup]) -> None:
        seen: dict[str, DesiredGroup] = {}
        for group in groups:
            other = seen.setdefault(group.key, group)
            if other is not group:
                self.problems.append(f"{other.label} and {group.label} are the same group in the list")
