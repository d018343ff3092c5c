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
