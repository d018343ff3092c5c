# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare desired and current objects, and plan the changes. Pure: no input or output, no AnsibleModule.

``changed`` and ``diff`` of every module come from the same :class:`Plan`, so that they cannot disagree, in check mode
and without.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .redaction import HIDDEN, Secret, shown

CREATE = "create"
UPDATE = "update"
DELETE = "delete"


@dataclass(frozen=True)
class Change:
    """One object to create, update or delete.

    ``before`` is None for a creation and ``after`` None for a deletion. For an update both hold just the fields
    that differ.
    """

    # A run may have 100,000 of them: without a dictionary each, they take less memory.
    __slots__ = ("action", "after", "before", "name")

    name: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class Plan:
    """The changes in the order of the desired objects, and the names of unchanged objects."""

    changes: tuple[Change, ...] = ()
    unchanged: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is a change."""
        return bool(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def of(self, action: str) -> list[Change]:
        """Return the changes of one kind: CREATE, UPDATE or DELETE."""
        return [change for change in self.changes if change.action == action]

    def names(self, action: str) -> list[str]:
        """Return the names of the objects with the change ``action``."""
        return [change.name for change in self.of(action)]

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.changes + other.changes, self.unchanged + other.unchanged)

    def diff(self) -> dict[str, Any]:
        """Return Ansible's diff, ``{"before": {name: fields}, "after": ...}``: changed objects only, secrets hidden.

        A secret that changes is shown as asterisks before and ``******** (changed)`` after.
        """
        before = {change.name: shown(change.before) for change in self.changes if change.before is not None}
        after = {
            change.name: _shown_after(change.before, change.after)
            for change in self.changes
            if change.after is not None
        }
        return {"before": before, "after": after}


def _shown_after(before: Any, after: Any) -> Any:
    if isinstance(after, Secret):
        return f"{HIDDEN} (changed)" if isinstance(before, Secret) and before != after else HIDDEN
    if isinstance(after, Mapping):
        known = before if isinstance(before, Mapping) else {}
        return {key: _shown_after(known.get(key), item) for key, item in after.items()}
    if isinstance(after, (list, tuple)):
        items = before if isinstance(before, (list, tuple)) else ()
        return [_shown_after(items[index] if index < len(items) else None, item) for index, item in enumerate(after)]
    return after


def make_plan(
    desired: Mapping[str, Mapping[str, Any] | None],
    current: Mapping[str, Mapping[str, Any]],
) -> Plan:
    """Compare by name, then field by field.

    ``desired`` maps each object's name to its desired fields, or to None if it is to be deleted. Fields that are not in
    it are not changed. ``current`` maps the names of existing objects to their fields. Objects of ``current`` that
    ``desired`` does not name are not changed.
    """
    changes: list[Change] = []
    unchanged: list[str] = []
    for name, fields in desired.items():
        change = compare(name, fields, current.get(name))
        if change is None:
            unchanged.append(name)
        else:
            changes.append(change)
    return Plan(tuple(changes), tuple(unchanged))


def compare(name: str, desired: Mapping[str, Any] | None, current: Mapping[str, Any] | None) -> Change | None:
    """Return the change of one object, by the rules of make_plan; None if nothing differs."""
    if desired is None:
        return Change(name, DELETE, current, None) if current is not None else None
    if current is None:
        return Change(name, CREATE, None, desired)
    differing = [field for field, value in desired.items() if current.get(field) != value]
    if not differing:
        return None
    return Change(
        name,
        UPDATE,
        {field: current.get(field) for field in differing},
        {field: desired[field] for field in differing},
    )
