# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Vacuum, analyze or freeze the tables that need it, each for a bounded time.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import Any

from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from . import connection as postgres_connection
from . import table_statistics, vacuum_plan
from .statement_runner import StatementRunner
from .table_statistics import Table
from .vacuum_plan import VACUUM, Thresholds

_FAILURE = "tables could not be vacuumed or analyzed"


class VacuumWork(Work):
    """The work of convosphere_db_vacuum."""

    def __init__(self, call: Invocation) -> None:
        self.call = call
        self.params = call.params
        names = ("dead_ratio", "min_dead_rows", "max_age", "freeze_age", "analyze")
        self.thresholds = Thresholds(**{name: call.params[name] for name in names})
        #: The chosen tables, the most urgent first, and what each of them needs, by its full name.
        self.tables: list[Table] = []
        self.needs: dict[str, dict[str, str]] = {}
        self.postponed: list[str] = []

    def plan(self) -> Plan:
        """Read the statistics and compare them with the thresholds."""
        if not 0 <= self.params["dead_ratio"] <= 1:
            raise InputError(f"The option dead_ratio is {self.params['dead_ratio']:g}: give a number from 0 to 1")
        tables = vacuum_plan.chosen(self._read(), self.params["tables"])
        self.needs = {table.full_name: vacuum_plan.needs(table, self.thresholds) for table in tables}
        self.tables = vacuum_plan.by_urgency(tables, self.needs)
        current = {table.full_name: {"needs": self.needs[table.full_name]} for table in self.tables}
        return make_plan({name: {"needs": {}} for name in current}, current)

    def apply(self, plan: Plan) -> None:
        """Run the statement of one table after the other, and warn about postponed tables and remaining dead rows."""
        connection = postgres_connection.connect(self.params)
        connection.autocommit = True
        seconds, each, lock_seconds = (self.params[name] for name in ("total_timeout", "table_timeout", "lock_timeout"))
        runner = StatementRunner(connection, seconds, each, lock_seconds, _FAILURE, "table_timeout")
        runner.run(self._statements())
        self.postponed = runner.postponed
        if self.postponed:
            self.call.warn(
                f"total_timeout left no time for {', '.join(self.postponed)}: the next run starts with them."
            )
        remaining = [
            f"{table.full_name} ({table.dead})"
            for table in self._read()
            if table.full_name in runner.done and VACUUM in vacuum_plan.needs(table, self.thresholds)
        ]
        if remaining:
            self.call.warn(
                f"Dead rows remain in {', '.join(remaining)}: an open transaction may still see them. "
                "convosphere_db_info returns the longest transaction."
            )

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the statements and their reasons, and the postponed and unchanged tables."""
        return {
            "tables": [
                {"name": name, "statement": statement, "needs": self.needs[name]}
                for name, statement in self._statements().items()
            ],
            "postponed": self.postponed,
            "unchanged": list(plan.unchanged),
        }

    def _read(self) -> list[Table]:
        """Read the statistics of all tables. Raises InputError for a server that cannot be written to."""
        database = postgres_connection.Database(self.params, read_only=True)
        [(standby,)] = database.fetch("SELECT pg_is_in_recovery()")
        if standby:
            raise InputError("The server is a standby, which replays its primary", hint="Vacuum the primary.")
        tables = table_statistics.read(database)
        database.close()
        return tables

    def _statements(self) -> dict[str, str]:
        """Return the statement of each table that needs one, the most urgent first."""
        return {
            table.full_name: vacuum_plan.statement(table, self.needs[table.full_name], analyze=self.thresholds.analyze)
            for table in self.tables
            if self.needs[table.full_name]
        }
