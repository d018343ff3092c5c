#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_vacuum
short_description: Vacuum and analyze the tables of ConvoSphere's database that need it
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Finds from the server's statistics, without reading a table, which tables have many dead rows, have changed much
    since they were analyzed, or have not been frozen for long, and runs the statement that each needs.
  - Other sessions can read and write the tables meanwhile. C(VACUUM FULL), which prevents that, is never used.
  - A second run has nothing to do, unless an open transaction keeps the dead rows. Then the module warns.
  - The time for each table and for all of them is bounded. Tables for which no time is left are postponed to the next
    run. The most urgent tables are first.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes
options:
  tables:
    description:
      - The tables to check, as V(messages) or V(public.messages).
      - >-
        If not given, all tables that the role may vacuum: its own, those of roles that it is a member of, or all tables
        if it owns the database.
    type: list
    elements: str
  analyze:
    description: Whether to analyze tables too, for the server's query planner.
    type: bool
    default: true
  dead_ratio:
    description:
      - A table is vacuumed if at least this share of its rows is dead, from 0 to 1, and at least O(min_dead_rows).
      - It is analyzed if as many rows have changed since the last time, or if it was never analyzed.
    type: float
    default: 0.1
  min_dead_rows:
    description: See O(dead_ratio). It excludes small tables, which do not need it.
    type: int
    default: 1000
  max_age:
    description: The number of seconds after which a table with any dead row is vacuumed, independent of O(dead_ratio).
    type: int
    default: 604800
  freeze_age:
    description:
      - The number of transactions since its rows were last frozen after which a table is vacuumed with C(FREEZE).
      - The server itself forces this at C(autovacuum_freeze_max_age), by default 200 million, at any time of day.
    type: int
    default: 150000000
  lock_timeout:
    description:
      - The number of seconds to wait for the lock of each table, for example while another session alters or vacuums
        it.
    type: int
    default: 10
  table_timeout:
    description:
      - The number of seconds for each table. If one takes longer, the module fails after the other tables are done.
    type: int
    default: 1800
  total_timeout:
    description:
      - The number of seconds for all tables. The remaining ones are returned as RV(postponed), which is not a failure.
    type: int
    default: 7200
seealso:
  - module: convosphere.platform.convosphere_db_info
"""

EXAMPLES = r"""
- name: Vacuum and analyze the tables that need it, within an hour
  convosphere.platform.convosphere_db_vacuum:
    login_env_file: /opt/convosphere/prod/.env
    total_timeout: 3600

- name: Vacuum the two largest tables from a lower share of dead rows on
  convosphere.platform.convosphere_db_vacuum:
    login_env_file: /opt/convosphere/prod/.env
    tables: [messages, conversations]
    dead_ratio: 0.02
"""

RETURN = r"""
tables:
  description: The tables that need a statement, the most urgent first.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The schema and the name of the table.
      type: str
      sample: public.messages
    statement:
      description: The statement for the table.
      type: str
      sample: VACUUM (ANALYZE) "public"."messages"
    needs:
      description: The reasons, under V(vacuum), V(analyze) or V(freeze).
      type: dict
      sample: {vacuum: 3000 of 10000 rows are dead}
postponed:
  description: The tables for which O(total_timeout) left no time.
  returned: success
  type: list
  elements: str
unchanged:
  description: The tables that need no statement.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.vacuum_run import VacuumWork


class VacuumModule(ConvosphereModule):
    """The tables of one database."""

    argument_spec = {
        **DATABASE_OPTIONS,
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
    least = {"min_dead_rows": 1, "lock_timeout": 1, "table_timeout": 1, "total_timeout": 1}

    def build(self) -> Work:
        """Return the work on the tables."""
        return VacuumWork(self.invocation)


def main() -> None:
    VacuumModule.main()


if __name__ == "__main__":
    main()
