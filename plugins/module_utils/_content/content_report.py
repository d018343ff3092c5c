# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Return the platform's content in the form of lists, for convosphere_content_info.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .._core.errors import InputError
from .._entities import entity_rows
from .._entities.entity import Entity
from .._entities.entity_rows import Row
from .._postgres.connection import Database
from .catalogue import CATALOGUE


def chosen(names: Sequence[str] | None) -> dict[str, Entity]:
    """Return the entities with these names, or all. Raises InputError."""
    unknown = [name for name in names or () if name not in CATALOGUE]
    if unknown:
        raise InputError(f"entities: there is no entity '{unknown[0]}'. Allowed: {', '.join(CATALOGUE)}")
    return {name: entity for name, entity in CATALOGUE.items() if names is None or name in names}


def report(database: Database, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content by entity, its numbers, and the rows that the platform's REST interface cannot return."""
    rows = {
        name: entity_rows.of(database, entity, list_name=params["list_name"])
        for name, entity in chosen(params["entities"]).items()
    }
    with_ids = params["return_ids"]
    return {
        "content": {name: _content(name, found, with_ids=with_ids) for name, found in rows.items()},
        "counts": {
            name: {"total": len(found), "managed": sum(row.list_name is not None for row in found)}
            for name, found in rows.items()
        },
        "unreadable": [
            {"entity": name, "id": row.id, "name": row.title, "reasons": list(row.faults)}
            for name, found in rows.items()
            for row in found
            if row.faults
        ],
    }


def _content(name: str, rows: Sequence[Row], *, with_ids: bool) -> Any:
    if CATALOGUE[name].singleton:
        return dict(rows[0].options) if rows else {}
    return [_shown(row) if with_ids else dict(row.options) for row in rows]


def _shown(row: Row) -> dict[str, Any]:
    return {"id": row.id, **row.options, "managed": row.list_name is not None, "list_name": row.list_name}
