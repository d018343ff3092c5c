# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is wanted and what is there to what must be done: pure, no input or output, no AnsibleModule.

``changed`` and ``diff`` of every module come from the same :class:`Plan`, so they cannot disagree, and check mode
and the real run make the same one.

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
    """One object that will be created, updated or deleted.

    ``before`` is None for a creation and ``after`` None for a deletion. For an update both hold just the fields
    that differ.
    """

    # A run may hold 100,000 of them: without a dictionary each, they take a good deal less memory.
    __slots__ = ("action", "after", "before", "name")

    name: str
    action: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True)
class Plan:
    """What a run does: the changes in the order of the desired objects, and the names of those left as they are."""

    changes: tuple[Change, ...] = ()
    unchanged: tuple[str, ...] = ()

    @property
    def changed(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.changes)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.changes)

    def of(self, action: str) -> list[Change]:
        """The changes of one kind: CREATE, UPDATE or DELETE."""
        return [change for change in self.changes if change.action == action]

    def names(self, action: str) -> list[str]:
        """The names of the objects that ``action`` is done to."""
        return [change.name for change in self.of(action)]

    def __add__(self, other: Plan) -> Plan:
        return Plan(self.changes + other.changes, self.unchanged + other.unchanged)

    def diff(self) -> dict[str, Any]:
        """Ansible's diff, ``{"before": {name: fields}, "after": ...}``: changed objects only, secrets hidden.

        A secret that changes shows as asterisks on the one side and ``******** (changed)`` on the other, so that the
        change is seen while the value is not.
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

    ``desired`` maps each object's name to the fields it shall have; None for the whole object means absent, and a
    field that is not in it is left alone. ``current`` maps the names that exist to their present fields. An object
    of ``current`` that ``desired`` does not name is left alone too.
    """
    changes: list[Change] = []
    unchanged: list[str] = []
    for name, wanted in desired.items():
        change = compare(name, wanted, current.get(name))
        if change is None:
            unchanged.append(name)
        else:
            changes.append(change)
    return Plan(tuple(changes), tuple(unchanged))


def compare(name: str, wanted: Mapping[str, Any] | None, present: Mapping[str, Any] | None) -> Change | None:
    """What must be done to one object, None for nothing: the rules of make_plan, for objects that come one by one."""
    if wanted is None:
        return Change(name, DELETE, present, None) if present is not None else None
    if present is None:
        return Change(name, CREATE, None, wanted)
    differing = [field for field, value in wanted.items() if present.get(field) != value]
    if not differing:
        return None
    return Change(
        name,
        UPDATE,
        {field: present.get(field) for field in differing},
        {field: wanted[field] for field in differing},
    )
