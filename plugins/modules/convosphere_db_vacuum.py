#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_vacuum
short_description: Vacuum and analyze those tables of ConvoSphere's database that need it
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Finds out from the server's own statistics, without reading a table, which tables have many dead rows, were written
    to a lot since they were analyzed, or were not frozen for long, and gives each what it needs.
  - Nobody is kept from reading and writing meanwhile. C(VACUUM FULL), which would, is never used.
  - Run again, it finds nothing to do, unless a transaction that is still open keeps the dead rows. Then it warns.
  - Each table and the whole of it may take a bounded time. What that did not suffice for is left to the next run, the
    most urgent tables first.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes
options:
  tables:
    description:
      - The tables to look at, as V(messages) or V(public.messages).
      - Not given means all that the role may vacuum, which are those that belong to it, or to a role that it is in, or
        all where it owns the database.
    type: list
    elements: str
  analyze:
    description: Whether tables are analyzed too, so that the server plans its queries well.
    type: bool
    default: true
  dead_ratio:
    description:
      - A table is vacuumed where at least this part of its rows is dead, from 0 to 1, and at least O(min_dead_rows).
      - It is analyzed where as many rows were changed since the last time, or where it never was.
    type: float
    default: 0.1
  min_dead_rows:
    description: See O(dead_ratio). It spares small tables, for which it makes no difference.
    type: int
    default: 1000
  max_age:
    description: For how many seconds a table that has any dead row may go without a vacuum, whatever O(dead_ratio).
    type: int
    default: 604800
  freeze_age:
    description:
      - From how many transactions on since its rows were last frozen a table is vacuumed with C(FREEZE).
      - The server does so by itself, when it may be least convenient, at C(autovacuum_freeze_max_age), which is 200
        million unless it is set otherwise.
    type: int
    default: 150000000
  lock_timeout:
    description: For how many seconds to wait for each table, while somebody changes its structure or vacuums it.
    type: int
    default: 10
  table_timeout:
    description: How many seconds each table may take. One that takes longer is an error, when the others are done.
    type: int
    default: 1800
  total_timeout:
    description: How many seconds all of them may take. What is left over is no error, but RV(postponed).
    type: int
    default: 7200
seealso:
  - module: convosphere.platform.convosphere_db_info
"""

EXAMPLES = r"""
- name: Vacuum and analyze what needs it, within an hour
  convosphere.platform.convosphere_db_vacuum:
    login_env_file: /opt/convosphere/prod/.env
    total_timeout: 3600

- name: Look at the two largest tables more often
  convosphere.platform.convosphere_db_vacuum:
    login_env_file: /opt/convosphere/prod/.env
    tables: [messages, conversations]
    dead_ratio: 0.02
"""

RETURN = r"""
tables:
  description: The tables that needed something, the most urgent first; in check mode the same.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The schema and the name of the table.
      type: str
      sample: public.messages
    statement:
      description: What it was given.
      type: str
      sample: VACUUM (ANALYZE) "public"."messages"
    needs:
      description: Why, under V(vacuum), V(analyze) or V(freeze).
      type: dict
      sample: {vacuum: 3000 of 10000 rows are dead}
postponed:
  description: Those of them that O(total_timeout) did not suffice for.
  returned: success
  type: list
  elements: str
unchanged:
  description: The tables that needed nothing.
  returned: success
  type: list
  elements: str
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import connection as postgres_connection
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import table_statistics, vacuum

AT_LEAST = {
    "min_dead_rows": 1,
    "max_age": 0,
    "freeze_age": 0,
    "lock_timeout": 1,
    "table_timeout": 1,
    "total_timeout": 1,
}


class VacuumModule(ConvosphereModule):
    """Tables that have what they need."""

    argument_spec = {
        **postgres_connection.DATABASE_OPTIONS,
        "tables": {"type": "list", "elements": "str"},
        "analyze": {"type": "bool", "default": True},
        "dead_ratio": {"type": "float", "default": 0.1},
        "min_dead_rows": {"type": "int", "default": 1000},
        "max_age": {"type": "int", "default": 604800},
        "freeze_age": {"type": "int", "default": 150_000_000},
        "lock_timeout": {"type": "int", "default": 10},
        "table_timeout": {"type": "int", "default": 1800},
        "total_timeout": {"type": "int", "default": 7200},
    }

    def plan(self) -> Plan:
        """Read the statistics and compare them with the thresholds."""
        self.refuse()
        limits = {
            name: self.params[name] for name in ("dead_ratio", "min_dead_rows", "max_age", "freeze_age", "analyze")
        }
        self.limits = vacuum.Thresholds(**limits)
        self.postponed: list[str] = []
        tables = vacuum.chosen(self.read(), self.params["tables"])
        self.needs = {table.full_name: vacuum.needs(table, self.limits) for table in tables}
        self.tables = vacuum.by_urgency(tables, self.needs)
        current = {table.full_name: {"needs": self.needs[table.full_name]} for table in self.tables}
        return make_plan({name: {"needs": {}} for name in current}, current)

    def refuse(self) -> None:
        """Raise InputError for numbers that cannot be."""
        wrong = [name for name, least in AT_LEAST.items() if self.params[name] < least]
        problems = [f"{name} is {self.params[name]}: it must be {AT_LEAST[name]} or more" for name in wrong]
        if not 0 <= self.params["dead_ratio"] <= 1:
            problems.append(f"dead_ratio is {self.params['dead_ratio']}: it must be between 0 and 1")
        if problems:
            raise InputError.of(problems)

    def read(self) -> list[table_statistics.Table]:
        """The statistics of all tables. Raises InputError for a server that cannot be written to."""
        database = postgres_connection.Database(self.params, read_only=True)
        [(standby,)] = database.fetch("SELECT pg_is_in_recovery()")
        if standby:
            raise InputError("The server is a standby, which has what its primary does", hint="Vacuum that one.")
        tables = table_statistics.read(database)
        database.close()
        return tables

    def statements(self) -> dict[str, str]:
        """The statement of each table that needs one, the most urgent first."""
        return {
            table.full_name: vacuum.statement(table, self.needs[table.full_name], analyze=self.limits.analyze)
            for table in self.tables
            if self.needs[table.full_name]
        }

    def apply(self, plan: Plan) -> None:
        """One table after the other, and a warning about what is still as it was."""
        connection = postgres_connection.connect(self.params)
        connection.autocommit = True
        work = vacuum.Work(
            connection, self.params["total_timeout"], self.params["table_timeout"], self.params["lock_timeout"]
        )
        work.run(self.statements())
        self.postponed = work.postponed
        if self.postponed:
            self.warn(f"The time did not suffice for {', '.join(self.postponed)}: the next run goes on with them.")
        kept = [
            f"{table.full_name} ({table.dead})"
            for table in self.read()
            if table.full_name in work.done and vacuum.VACUUM in vacuum.needs(table, self.limits)
        ]
        if kept:
            self.warn(
                f"Dead rows remain in {', '.join(kept)}: a transaction that is still open may see them. "
                "convosphere_db_info tells which one is the longest."
            )

    def report(self, plan: Plan) -> dict[str, Any]:
        """What the tables needed, and were given."""
        return {
            "tables": [
                {"name": name, "statement": statement, "needs": self.needs[name]}
                for name, statement in self.statements().items()
            ],
            "postponed": self.postponed,
            "unchanged": list(plan.unchanged),
        }


def main() -> None:
    VacuumModule.main()


if __name__ == "__main__":
    main()
