# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan what happens to rows that a list removes: a deletion, a change instead, or a refusal.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .._core.plan import Change, compare
from .._postgres.connection import Database
from . import entity_plan
from .entity import Entity
from .list_problems import Problems


@dataclass(frozen=True)
class Leaving:
    """A row to remove. ``label`` is for messages, ``title`` for results; ``options`` say how it is removed."""

    id: str
    label: str
    title: str
    options: Mapping[str, Any]


def plan(
    database: Database,
    entity: Entity,
    leaving: Sequence[Leaving],
    rows: Mapping[str, Mapping[str, Any]],
    owns: Mapping[str, Mapping[str, int]],
    problems: Problems,
) -> dict[str, Change | None]:
    """Return the change of each row to remove, by id; None if nothing is left to do.

    ``rows`` are the current ones, and ``owns`` the numbers of rows that need each of them, by id and by table.
    """
    if not leaving:
        return {}
    ids = [one.id for one in leaving]
    more = entity.departure.describe(database, owns, ids)
    blocked = entity.departure.blocked(database, ids)
    found = {}
    for one in leaving:
        row = {**rows[one.id], **more.get(one.id, {})}
        found[one.id] = change_of(entity, one, row, owns.get(one.id, {}), problems)
        if one.id in blocked and _deletes(found[one.id]):
            _refuse(one, blocked[one.id], problems)
    return found


def _refuse(leaving: Leaving, reason: str, problems: Problems) -> None:
    sentence = reason.replace("{label}", leaving.label).replace("{title}", leaving.title)
    if sentence == reason:
        problems.add(leaving.label, reason)
    else:
        problems.append(sentence)


def _deletes(change: Change | None) -> bool:
    return change is not None and change.after is None


def change_of(
    entity: Entity, leaving: Leaving, row: Mapping[str, Any], owns: Mapping[str, int], problems: Problems
) -> Change | None:
    """Return the change of one row to remove."""
    instead = entity.departure.instead(leaving.options, owns)
    if instead is not None:
        return entity_plan.update_of(leaving.title, instead, row)
    refused = entity.departure.refuse(row, leaving.options, owns)
    if refused:
        _refuse(leaving, refused, problems)
    return compare(leaving.title, None, {name: row[name] for name in row if name not in entity.also_read})
