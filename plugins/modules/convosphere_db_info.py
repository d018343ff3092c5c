#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_info
short_description: Read how the database of ConvoSphere is
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns version and size of the platform's PostgreSQL, its tables with rows, bytes and dead rows, the revision of
    its schema, where its tables differ from those of the platform's version, connections, the longest transaction,
    replication, and how far transaction numbers are used up.
  - A database that cannot be reached is a result, RV(reachable=false) with the reason, unless O(fail_unreachable).
  - Everything is read through one connection, in one transaction that cannot write. With O(rows=estimate) no table is
    read or locked, whatever its size. A table that somebody holds for himself is told as RV(tables[].locked), and not
    waited for.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes.info
options:
  rows:
    description:
      - Whether the rows of the tables are estimated, out of what the server knows, or counted, which reads all of them.
      - RV(tables[].rows_from) tells of each number where it is from.
    type: str
    choices: [estimate, exact]
    default: estimate
  layout:
    description:
      - The tables as the version of the platform has them, to compare with. The role
        P(convosphere.platform.database#role) ships a file for each version, C(files/layouts/<version>.json).
      - Such a file for another version is RV(layout) of a database that this version made.
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
      - It takes a second or two, in a container of its own that has no network and is gone afterwards.
    type: str
  docker_host:
    description:
      - The URL of the Docker Engine that has O(image).
      - Where it is not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
  fail_unreachable:
    description: Whether it is an error when the database cannot be reached.
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

- name: Stop where its tables are not those of this version
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
  description: Why the database cannot be reached, and what to do; null where it can.
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
      description: How many rows it has; null where that is not known.
      type: int
    rows_from:
      description:
        - Where that number is from. V(count) is exact, which an empty table always is.
        - V(statistics) are kept with every transaction, and begin at zero after a crash of the server.
        - V(planner) is what the last vacuum or analyze found.
      type: str
      sample: statistics
    bytes:
      description: What the table takes with all that belongs to it; null where it is locked.
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
      description: Whether somebody holds the table for himself, so that nobody can read it.
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
        - By how much the rows take more than they need, estimated from the average row at the last analysis. Indexes
          and long values that lie apart are not looked at.
        - Of use for a large table only, and off by a tenth easily. Null where the table was never analyzed.
      type: int
    last_vacuum:
      description: When it was last vacuumed, by whomever, in UTC; null if it never was.
      type: str
      sample: "2026-01-31T12:00:00Z"
    last_analyze:
      description: When it was last analyzed, by whomever, in UTC; null if it never was.
      type: str
      sample: "2026-01-31T12:00:00Z"
    changed_since_analyze:
      description: How many rows were changed since then.
      type: int
    age:
      description: How many transactions ago its rows were last frozen.
      type: int
revisions:
  description: The revisions that the schema is stamped with; none where the backend made the tables by itself.
  returned: when reachable
  type: list
  elements: str
heads:
  description: The same as O(heads), or those of O(image); null where neither was given.
  returned: when reachable
  type: list
  elements: str
at_heads:
  description: Whether these are the same; null where the heads are not known.
  returned: when reachable
  type: bool
drift:
  description: Where the tables are not as O(layout) has them; null where it was not given.
  returned: when reachable
  type: list
  elements: dict
  contains:
    kind:
      description: V(missing), V(extra), V(different), or V(unknown) for a table that is locked.
      type: str
      sample: different
    object:
      description: What it is about, a table, column, index, reference (foreign key) or enum.
      type: str
      sample: column users.email
    expected:
      description: What it should be; null for a table, and where there should be none.
      type: raw
      sample: character varying(255) not null
    found:
      description: What it is; null for a table, and where there is none.
      type: raw
      sample: text
layout:
  description: The layout of the tables that are there.
  returned: when reachable, with O(return_layout=true)
  type: dict
connections:
  description: The connections of clients, without the one of this module.
  returned: when reachable
  type: dict
  contains:
    total:
      description: How many this database has.
      type: int
    by_state:
      description: The same by state, in the server's words; V(unknown) are those that the role may not look at.
      type: dict
      sample: {active: 1, idle: 4}
    server_total:
      description: How many the whole server has.
      type: int
    max:
      description: How many it allows.
      type: int
      sample: 100
    reserved:
      description: How many of those are kept back for superusers.
      type: int
      sample: 3
longest_transaction:
  description: The oldest transaction that is still open in this database; null where there is none.
  returned: when reachable
  type: dict
  contains:
    pid:
      description: The process on the server.
      type: int
    age:
      description: For how many seconds it is open.
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
      description: What the client calls itself.
      type: str
    user:
      description: The role that it is connected as.
      type: str
    waits_for:
      description: The kind of thing that it waits for; null where it does not.
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
      description: The standbys that are connected, with name, address, state, sync, lag_bytes and lag_seconds.
      type: list
      elements: dict
    slots:
      description: The slots, with name, type, active, retained_bytes (of the log, kept for it) and wal_status.
      type: list
      elements: dict
    lag_seconds:
      description: How long ago the last transaction that was replayed was committed, on a standby; null elsewhere.
      type: float
wraparound:
  description: How far the numbers of transactions are used up.
  returned: when reachable
  type: dict
  contains:
    age:
      description: The age of the oldest transaction number in the database.
      type: int
    multixact_age:
      description: The same of the numbers of shared row locks.
      type: int
    freeze_max_age:
      description: At which age the server vacuums a table by force.
      type: int
      sample: 200000000
    used_percent:
      description: How near that is to the number at which the server stops writing.
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
    """How one database is."""

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
        """All of it, or why there is nothing to tell."""
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
        """The heads of the code, None where nothing says them."""
        image = self.params["image"]
        return Alembic(image, self.params["docker_host"]).heads() if image else self.params["heads"]


def main() -> None:
    DatabaseInfoModule.main()


if __name__ == "__main__":
    main()
