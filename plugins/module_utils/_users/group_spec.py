# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Define a group: the options of convosphere_group, the columns they are written to, and one desired group.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from .._app import platform_rules
from .._entities.field_types import BOOL, JSON, UUID, Field
from .._entities.values import ValueProblem
from .._postgres.connection import Database

PRESENT = "present"
ABSENT = "absent"

#: The columns of ``user_groups`` that an administrator sets; the options have the same names.
FIELDS: dict[str, Field] = {
    "name": Field(rule=platform_rules.GROUP["name"]),
    "description": Field(rule=platform_rules.GROUP["description"]),
    "organization_id": Field(UUID),
    "is_active": Field(BOOL, default=True),
    "permissions": Field(JSON, rule=platform_rules.GROUP["permissions"]),
    "settings": Field(JSON, rule=platform_rules.GROUP["settings"]),
}
#: Options that are not columns, with their allowed values.
CHOICES: dict[str, tuple[str, ...]] = {"state": (PRESENT, ABSENT), "members_mode": ("exact", "append")}
OPTIONS = {*FIELDS, *CHOICES, "id", "members"}
#: The second half of the advisory lock's key. Users and groups share it: both write the memberships.
MEMBERSHIP_LOCK = 1
COLUMNS = ("id", "is_system", "updated_at", *FIELDS)

#: The options of one group.
GROUP_OPTIONS: dict[str, Any] = {
    "name": {"type": "str"},
    "id": {"type": "str"},
    "description": {"type": "str"},
    "organization_id": {"type": "str"},
    "is_active": {"type": "bool"},
    "permissions": {"type": "raw"},
    "settings": {"type": "raw"},
    "members": {"type": "list", "elements": "str"},
    "members_mode": {"type": "str", "choices": ["exact", "append"], "default": "exact"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
#: The options of a list of groups.
LIST_OPTIONS: dict[str, Any] = {
    "groups": {"type": "list", "elements": "dict"},
    "groups_file": {"type": "path"},
    "remote_src": {"type": "bool", "default": False},
}


@dataclass
class DesiredGroup:
    """One group of the list. ``fields`` are the given ones, normalised; None clears a field."""

    label: str
    id: str | None = None
    fields: dict[str, Any] = field(default_factory=dict)
    members: list[str] | None = None
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the group in the list, or its id."""
        return str(self.fields.get("name") or self.id)

    @property
    def key(self) -> str:
        """The id of the group in the list, or its name."""
        return self.id or self.name

    @property
    def absent(self) -> bool:
        """Whether the group is to be removed."""
        return bool(self.options["state"] == ABSENT)


class GroupNames:
    """All groups by label: the name, or the id if several groups have that name, which the platform allows.

    ``planned`` are names that count as existing, without an id: in check mode an earlier task did not create them.
    """

    def __init__(self, rows: Iterable[tuple[str, str]], planned: Iterable[str] = ()) -> None:
        self.by_name: dict[str, list[str]] = {}
        for identifier, name in rows:
            self.by_name.setdefault(name, []).append(identifier)
        self.labels = {
            identifier: name if len(ids) == 1 else identifier
            for name, ids in self.by_name.items()
            for identifier in ids
        }
        self.ids: Mapping[str, str] = {label: identifier for identifier, label in self.labels.items()}
        self.planned = set(planned)
        self.find = lru_cache(maxsize=None)(self._find)

    @classmethod
    def of(cls, database: Database, planned: Iterable[str] = ()) -> GroupNames:
        """Read the groups of the database."""
        return cls(database.fetch("SELECT id, name FROM user_groups"), planned)

    def _find(self, text: str) -> str:
        """Return the label of the group with the name or id ``text``. Raises ValueProblem."""
        ids = self.by_name.get(text, [])
        if len(ids) > 1:
            raise ValueProblem(f"'{text}' is the name of several groups: give the id of one, {', '.join(sorted(ids))}")
        if ids or text in self.planned:
            return text
        if text.lower() in self.labels:
            return self.labels[text.lower()]
        raise ValueProblem(f"there is no group '{text}'")
