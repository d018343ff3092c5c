# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide which tables to vacuum, analyze or freeze, from their statistics. Pure: no input or output.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .._core.errors import InputError
from .connection import quoted_identifier
from .table_statistics import Table

VACUUM, ANALYZE, FREEZE = "vacuum", "analyze", "freeze"


@dataclass(frozen=True)
class Thresholds:
    """The limits from which on a table needs a statement. ``max_age`` is in seconds, ``freeze_age`` in transactions."""

    dead_ratio: float
    min_dead_rows: int
    max_age: int
    freeze_age: int
    analyze: bool


def needs(table: Table, limits: Thresholds) -> dict[str, str]:
    """Return what a table needs, and why: ``{vacuum|analyze|freeze: reason}``.

    A statement is not needed again once it was run, unless the table was written to since, or an open transaction still
    sees the dead rows.
    """
    needed = {}
    if table.age >= limits.freeze_age:
        needed[FREEZE] = f"its rows were last frozen {table.age} transactions ago"
    if table.dead >= limits.min_dead_rows and table.dead >= limits.dead_ratio * (table.live + table.dead):
        needed[VACUUM] = f"{table.dead} of {table.live + table.dead} rows are dead"
    elif table.dead and (table.since_vacuum is None or table.since_vacuum >= limits.max_age):
        needed[VACUUM] = f"{table.dead} rows are dead, and it was last vacuumed {table.vacuumed_at or 'never'}"
    if limits.analyze and table.changed >= max(limits.min_dead_rows, limits.dead_ratio * table.live):
        needed[ANALYZE] = f"{table.changed} rows changed since it was last analyzed"
    elif limits.analyze and table.analyzed_at is None and table.live:
        needed[ANALYZE] = "it was never analyzed"
    return needed


def chosen(tables: Sequence[Table], names: Sequence[str] | None) -> list[Table]:
    """Return the tables of ``names``, or all that the role may vacuum. Raises InputError."""
    if names is None:
        return [table for table in tables if table.may_vacuum]
    known = {table.full_name: table for table in tables}
    known.update({table.name: table for table in tables if table.is_default_schema and table.name not in known})
    problems = [f"There is no table {name}" for name in names if name not in known]
    problems += [
        f"The database role may not vacuum {name}, which belongs to another role"
        for name in names
        if name in known and not known[name].may_vacuum
    ]
    if problems:
        raise InputError.of(problems, hint="Nothing was changed.")
    return list({known[name].full_name: known[name] for name in names}.values())


def by_urgency(tables: Iterable[Table], needed: Mapping[str, Mapping[str, str]]) -> list[Table]:
    """Sort tables: first those that need a freeze, then those with the most dead rows."""
    return sorted(tables, key=lambda table: (FREEZE not in needed[table.full_name], -table.dead, table.full_name))


def statement(table: Table, needed: Iterable[str], *, analyze: bool) -> str:
    """Return the one statement that a table needs. Never VACUUM FULL, which would lock the table exclusively."""
    name = f"{quoted_identifier(table.schema)}.{quoted_identifier(table.name)}"
    if not {VACUUM, FREEZE} & set(needed):
        return f"ANALYZE {name}"
    options = [*(["FREEZE"] if FREEZE in needed else []), *(["ANALYZE"] if analyze else [])]
    return f"VACUUM ({', '.join(options)}) {name}" if options else f"VACUUM {name}"
