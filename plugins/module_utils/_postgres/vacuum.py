# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tables have to be vacuumed or analyzed, and doing it, each for a bounded time.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .._core.errors import DatabaseError, InputError
from . import server_errors
from .connection import quoted
from .table_statistics import Table

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

VACUUM, ANALYZE, FREEZE = "vacuum", "analyze", "freeze"
#: What a table's statement is stopped with: too long a wait for its lock, too long itself.
_LOCKED, _CANCELED = "55P03", "57014"


@dataclass(frozen=True)
class Thresholds:
    """From when on a table needs it. ``max_age`` is in seconds, ``freeze_age`` in transactions."""

    dead_ratio: float
    min_dead_rows: int
    max_age: int
    freeze_age: int
    analyze: bool


def needs(table: Table, limits: Thresholds) -> dict[str, str]:
    """What a table needs, and why: ``{vacuum|analyze|freeze: reason}``, empty for nothing.

    Nothing is needed again once it was done, unless the table was written to since, or an open transaction still sees
    the dead rows.
    """
    found = {}
    if table.age >= limits.freeze_age:
        found[FREEZE] = f"its rows were last frozen {table.age} transactions ago"
    if table.dead >= limits.min_dead_rows and table.dead >= limits.dead_ratio * (table.live + table.dead):
        found[VACUUM] = f"{table.dead} of {table.live + table.dead} rows are dead"
    elif table.dead and (table.since_vacuum is None or table.since_vacuum >= limits.max_age):
        found[VACUUM] = f"{table.dead} rows are dead, and it was last vacuumed {table.vacuumed_at or 'never'}"
    if limits.analyze and table.changed >= max(limits.min_dead_rows, limits.dead_ratio * table.live):
        found[ANALYZE] = f"{table.changed} rows changed since it was last analyzed"
    elif limits.analyze and table.analyzed_at is None and table.live:
        found[ANALYZE] = "it was never analyzed"
    return found


def chosen(tables: Sequence[Table], names: Sequence[str] | None) -> list[Table]:
    """The tables that are meant: all that the role may vacuum, or those of ``names``. Raises InputError."""
    if names is None:
        return [table for table in tables if table.may_vacuum]
    known = {table.full_name: table for table in tables}
    known.update({table.name: table for table in tables if table.is_default_schema and table.name not in known})
    problems = [f"There is no table {name}" for name in names if name not in known]
    problems += [
        f"The database role may not vacuum {name}, which belongs to another one"
        for name in names
        if name in known and not known[name].may_vacuum
    ]
    if problems:
        raise InputError.of(problems, hint="Nothing was done.")
    return list({known[name].full_name: known[name] for name in names}.values())


def by_urgency(tables: Iterable[Table], found: Mapping[str, Mapping[str, str]]) -> list[Table]:
    """Before the time is up: first what nears the end of the transaction numbers, then what has most dead rows."""
    return sorted(tables, key=lambda table: (FREEZE not in found[table.full_name], -table.dead, table.full_name))


def statement(table: Table, needed: Iterable[str], *, analyze: bool) -> str:
    """The one statement that gives a table what it needs. Never VACUUM FULL, which would lock everybody out."""
    name = f"{quoted(table.schema)}.{quoted(table.name)}"
    if not {VACUUM, FREEZE} & set(needed):
        return f"ANALYZE {name}"
    options = [*(["FREEZE"] if FREEZE in needed else []), *(["ANALYZE"] if analyze else [])]
    return f"VACUUM ({', '.join(options)}) {name}" if options else f"VACUUM {name}"


@dataclass
class Work:
    """Statements run one by one, outside of any transaction. ``seconds`` is for all, ``each`` for one of them."""

    connection: Connection
    seconds: int
    each: int
    lock_seconds: int
    clock: Callable[[], float] = time.monotonic
    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    postponed: list[str] = field(default_factory=list)

    def run(self, statements: Mapping[str, str]) -> None:
        """Run what ``statements`` has for each table. One that fails does not keep the others from being done.

        What the time did not suffice for is in ``postponed``. Raises DatabaseError where the connection is lost, and
        in the end where something failed.
        """
        deadline = self.clock() + self.seconds
        for name, text in statements.items():
            left = deadline - self.clock()
            if left < 1:
                self.postponed.append(name)
                continue
            try:
                self._execute(text, min(left, self.each))
                self.done.append(name)
            except DatabaseError as error:
                if error.details["sqlstate"] == _CANCELED and left < self.each:
                    self.postponed.append(name)
                else:
                    self.failed[name] = error.message
            if self.connection.closed:
                break
        if self.failed:
            told = "; ".join(f"{name}: {reason}" for name, reason in self.failed.items())
            raise DatabaseError(
                f"{len(self.failed)} of {len(statements)} tables could not be vacuumed or analyzed: {told}",
                hint="The others were, as far as the time sufficed. Run it again when nobody locks these tables.",
                done=self.done,
                failed=sorted(self.failed),
                postponed=self.postponed,
            )

    def _execute(self, text: str, seconds: float) -> None:
        import psycopg2

        del self.connection.notices[:]
        try:
            with self.connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = %s", (int(seconds * 1000),))
                cursor.execute("SET lock_timeout = %s", (f"{self.lock_seconds}s",))
                cursor.execute(text)
        except psycopg2.Error as error:
            raise _explained(error, seconds, self.lock_seconds) from error
        skipped = [notice for notice in self.connection.notices if "skipping" in notice]
        if skipped:
            raise DatabaseError(skipped[0].strip().partition(":")[2].strip(), sqlstate=None)


def _explained(error: Any, seconds: float, lock_seconds: int) -> DatabaseError:
    reasons = {
        _LOCKED: f"somebody held a lock on it for more than {lock_seconds} s",
        _CANCELED: f"it took more than {seconds:.0f} s",
    }
    if error.pgcode in reasons:
        return DatabaseError(reasons[error.pgcode], sqlstate=error.pgcode)
    return server_errors.explain(error, "the server said", {}, None)
