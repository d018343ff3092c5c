#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_info
short_description: Read the status of ConvoSphere's database
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns version and size of the platform's PostgreSQL, its tables with rows, bytes and dead rows, the revision of
    its schema, the differences of its tables from those of the platform's version, connections, the longest
    transaction, replication, and the used part of the transaction ids.
  - A database that cannot be reached is a result, RV(reachable=false) with the reason, unless O(fail_unreachable).
  - Everything is read through one connection, in one read-only transaction. With O(rows=estimate) no table is read or
    locked, whatever its size. A table that another session has locked exclusively is returned with
    RV(tables[].locked=true), without waiting for it.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes.info
options:
  rows:
    description:
      - Whether the rows of the tables are estimated from the server's statistics, or counted, which reads all tables.
      - RV(tables[].rows_from) is the source of each number.
    type: str
    choices: [estimate, exact]
    default: estimate
  layout:
    description:
      - The tables of the platform's version, to compare with. The role
        P(convosphere.platform.database#role) ships a file for each version, C(files/layouts/<version>.json).
      - Such a file for another version is RV(layout) of a database that this version created.
    type: dict
  return_layout:
    description: Whether to return RV(layout).
    type: bool
    default: false
  heads:
    description: The head revisions of the migrations of the platform's version, to compare with RV(revisions).
    type: list
    elements: str
  image:
    description:
      - The image of the backend, on the host, to read the heads from, instead of O(heads).
      - They are read in about two seconds, in a container without a network that is removed afterwards.
    type: str
  docker_host:
    description:
      - The URL of the Docker Engine that has O(image).
      - If not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
  fail_unreachable:
    description: Whether the module fails if the database cannot be reached.
    type: bool
    default: false
  query_timeout:
    description: How many seconds each of the few queries may take.
    type: int
    default: 60
seealso:
  - module: convosphere.platform.convosphere_db_vacuum
  - module: convosphere.platform.convosphere_health_info
"""

EXAMPLES = r"""
- name: Read how the database of prod is
  convosphere.platform.convosphere_db_info:
    login_env_file: /opt/convosphere/prod/.env
    layout: "{{ lookup('ansible.builtin.file', 'layouts/0.1.2-beta.json') | from_json }}"
    image: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
  register: database

- name: Stop if the tables are not those of this version
  ansible.builtin.assert:
    that: database.drift | length == 0
    fail_msg: "{{ database.drift }}"

- name: Write the layout of a new version, from a database that it made
  ansible.builtin.copy:
    content: "{{ made.layout | to_nice_json }}"
    dest: layouts/0.2.0.json
    mode: "0644"
  delegate_to: localhost
"""

RETURN = r"""
reachable:
  description: Whether the database answered. Without it nothing is returned but RV(reason).
  returned: success
  type: bool
reason:
  description: Why the database cannot be reached, and the next action; null if it can be reached.
  returned: success
  type: str
server:
  description: The server.
  returned: when reachable
  type: dict
  contains:
    version:
      description: Its version.
      type: str
      sample: "15.8"
    version_number:
      description: The same as a number that can be compared.
      type: int
      sample: 150008
    started_at:
      description: When it was started, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    standby:
      description: Whether it is a standby, which cannot be written to.
      type: bool
    autovacuum:
      description: Whether it vacuums by itself.
      type: bool
size_bytes:
  description: The size of the database on the disk, the server's own tables among it.
  returned: when reachable
  type: int
encoding:
  description: The encoding of the database.
  returned: when reachable
  type: str
  sample: UTF8
collate:
  description: The order in which its texts are sorted.
  returned: when reachable
  type: str
  sample: C.UTF-8
ctype:
  description: What counts as a letter in it.
  returned: when reachable
  type: str
  sample: C.UTF-8
tables:
  description: Its tables and materialized views, sorted by name.
  returned: when reachable
  type: list
  elements: dict
  contains:
    name:
      description: The schema and the name of the table.
      type: str
      sample: public.messages
    rows:
      description: The number of its rows; null if unknown.
      type: int
    rows_from:
      description:
        - The source of that number. V(count) is exact, which an empty table always is.
        - V(statistics) are kept with every transaction, and begin at zero after a crash of the server.
        - V(planner) is what the last vacuum or analyze found.
      type: str
      sample: statistics
    bytes:
      description: The bytes of the table with its indexes and long values; null if it is locked.
      type: int
    heap_bytes:
      description: What its rows take of that.
      type: int
    index_bytes:
      description: What its indexes take of that.
      type: int
    toast_bytes:
      description: What long values take of that, which lie apart from the rows.
      type: int
    locked:
      description: Whether another session has locked the table exclusively, so that it cannot be read.
      type: bool
    dead_rows:
      description: How many rows are dead and not removed yet.
      type: int
    dead_ratio:
      description: Which part of all its rows that is, from 0 to 1.
      type: float
      sample: 0.08
    bloat_bytes:
      description:
        - The estimated bytes that the rows do not need, from the average row at the last analyze. Indexes and long
          values that are stored separately are ignored.
        - Useful for large tables only; the error is often a tenth. Null if the table was never analyzed.
      type: int
    last_vacuum:
      description: The timestamp of the last vacuum, manual or automatic, in UTC; null if it was never vacuumed.
      type: str
      sample: "2026-01-31T12:00:00Z"
    last_analyze:
      description: The timestamp of the last analyze, manual or automatic, in UTC; null if it was never analyzed.
      type: str
      sample: "2026-01-31T12:00:00Z"
    changed_since_analyze:
      description: The number of rows that have changed since then.
      type: int
    age:
      description: The number of transactions since its rows were last frozen.
      type: int
revisions:
  description: The recorded revisions of the schema; empty if the backend created the tables itself.
  returned: when reachable
  type: list
  elements: str
heads:
  description: O(heads), or those of O(image); null if neither is given.
  returned: when reachable
  type: list
  elements: str
at_heads:
  description: Whether RV(revisions) and RV(heads) are the same; null if the heads are not known.
  returned: when reachable
  type: bool
drift:
  description: The differences of the tables from O(layout); null if it is not given.
  returned: when reachable
  type: list
  elements: dict
  contains:
    kind:
      description: V(missing), V(extra), V(different), or V(unknown) for a table that is locked.
      type: str
      sample: different
    object:
      description: >-
        The object: a table, column, index, reference (foreign key) or enum.
      type: str
      sample: column users.email
    expected:
      description: The expected definition; null for a table, and for an extra object.
      type: raw
      sample: character varying(255) not null
    found:
      description: The current definition; null for a table, and for a missing object.
      type: raw
      sample: text
layout:
  description: The layout of the current tables.
  returned: when reachable, with O(return_layout=true)
  type: dict
connections:
  description: The connections of clients, without that of this module.
  returned: when reachable
  type: dict
  contains:
    total:
      description: The number of connections to this database.
      type: int
    by_state:
      description: The same by state, in the server's words; V(unknown) if the role may not see the state.
      type: dict
      sample: {active: 1, idle: 4}
    server_total:
      description: The number of connections to the server.
      type: int
    max:
      description: The greatest number of connections.
      type: int
      sample: 100
    reserved:
      description: The number of those that are reserved for superusers.
      type: int
      sample: 3
longest_transaction:
  description: The oldest open transaction in this database; null if there is no open transaction.
  returned: when reachable
  type: dict
  contains:
    pid:
      description: The process on the server.
      type: int
    age:
      description: The number of seconds since it began.
      type: float
    started_at:
      description: When it began, in UTC.
      type: str
      sample: "2026-01-31T12:00:00Z"
    state:
      description: The state of its connection.
      type: str
      sample: idle in transaction
    application:
      description: The application name of the client.
      type: str
    user:
      description: The database role.
      type: str
    waits_for:
      description: The type of event for which it waits; null if it does not wait.
      type: str
      sample: Lock
    query:
      description: Its last statement, shortened, with V(?) for every value.
      type: str
      sample: UPDATE users SET status = ? WHERE id = ?
replication:
  description: The replication of the server.
  returned: when reachable
  type: dict
  contains:
    standbys:
      description: The connected standbys, with name, address, state, sync, lag_bytes and lag_seconds.
      type: list
      elements: dict
    slots:
      description: The slots, with name, type, active, retained_bytes (of the write-ahead log) and wal_status.
      type: list
      elements: dict
    lag_seconds:
      description: On a standby, the seconds since the last replayed transaction was committed; otherwise null.
      type: float
wraparound:
  description: The use of transaction ids.
  returned: when reachable
  type: dict
  contains:
    age:
      description: The age of the oldest transaction id in the database.
      type: int
    multixact_age:
      description: The age of the oldest multixact id.
      type: int
    freeze_max_age:
      description: The age at which the server forces a vacuum of a table.
      type: int
      sample: 200000000
    used_percent:
      description: The used percentage of the ids, at 100 % of which the server stops writing.
      type: float
      sample: 9.3
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import Alembic
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import schema_drift, status
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import (
    DATABASE_OPTIONS,
    Database,
)


class DatabaseInfoModule(InfoModule):
    """The status of one database."""

    argument_spec = {
        **DATABASE_OPTIONS,
        "rows": {"type": "str", "choices": ["estimate", "exact"], "default": "estimate"},
        "layout": {"type": "dict"},
        "return_layout": {"type": "bool", "default": False},
        "heads": {"type": "list", "elements": "str"},
        "image": {"type": "str"},
        "docker_host": client.ENGINE_OPTIONS["docker_host"],
        "fail_unreachable": {"type": "bool", "default": False},
        "query_timeout": {"type": "int", "default": 60},
    }
    rules = {"mutually_exclusive": [("heads", "image")]}
    least = {"query_timeout": 1}

    def report(self) -> dict[str, Any]:
        """Return the status, or the reason why the database cannot be reached."""
        expected = None if self.params["layout"] is None else schema_drift.checked(self.params["layout"])
        try:
            database = Database(self.params, read_only=True).open()
        except ConvosphereError as error:
            if self.params["fail_unreachable"]:
                raise
            return {"reachable": False, "reason": str(error)}
        found = status.read(database, exact=self.params["rows"] == "exact", seconds=self.params["query_timeout"])
        layout = schema_drift.read(database) if expected or self.params["return_layout"] else None
        heads = self.heads()
        return {
            "reachable": True,
            "reason": None,
            **found,
            "heads": heads,
            "at_heads": status.at_heads(found["revisions"], heads),
            "drift": None if expected is None or layout is None else schema_drift.drift(expected, layout),
            **({"layout": layout} if self.params["return_layout"] else {}),
        }

    def heads(self) -> list[str] | None:
        """Return the heads of the code; None if they are not known."""
        image = self.params["image"]
        return Alembic(image, self.params["docker_host"]).heads() if image else self.params["heads"]


def main() -> None:
    DatabaseInfoModule.main()


if __name__ == "__main__":
    main()
