#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_reindex
short_description: Rebuild the bloated indexes of ConvoSphere's database
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Finds the btree indexes that are much larger than their rows need, and rebuilds them with C(REINDEX INDEX
    CONCURRENTLY), while other sessions read and write the tables. It needs PostgreSQL 12 or newer.
  - >-
    The bloat is estimated from the server's statistics, without reading an index. If the extension C(pgstattuple) is
    installed in the database and the role may use it, it measures the bloat of those that the estimate finds, by
    reading them. RV(measured_by) names the source. An index with a column that was never analyzed is not a candidate.
  - The largest bloat is first. One run is limited by number, size, time and free disk; the others are returned as
    RV(left) with the reason, which is not a failure.
  - A rebuild that fails or is killed leaves an invalid index with a name that ends in C(_ccnew) or C(_ccold). The
    module drops it, in the next run if this one was killed. One that a session is building is not touched.
  - Tables, and indexes of other kinds, are never rebuilt.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes
options:
  bloat_ratio:
    description:
      - An index is rebuilt if at least this share of it is bloat, from 0 to 1, and at least O(min_bloat_bytes).
    type: float
    default: 0.4
  min_bloat_bytes:
    description: See O(bloat_ratio). It excludes small indexes, for which the estimate is inexact.
    type: int
    default: 16777216
  skip_indexes:
    description: The indexes never to rebuild, as V(ix_messages_id) or V(public.ix_messages_id).
    type: list
    elements: str
    default: []
  max_indexes:
    description: How many indexes one run may rebuild.
    type: int
    default: 10
  max_bytes:
    description: The bytes that the indexes of one run may have together before they are rebuilt.
    type: int
    default: 10737418240
  min_free_bytes:
    description:
      - >-
        The bytes that stay free on the disk of PostgreSQL. A rebuild needs twice the size of the new index beside it;
        without that the index is left.
    type: int
    default: 1073741824
  data_path:
    description:
      - A directory of the managed host on the disk that PostgreSQL writes to.
      - If not given and O(login_host) is the host itself, the directory of the Docker Engine. The disk of another
        server cannot be seen from here, and RV(free_bytes) is null.
    type: path
  docker_host:
    description:
      - The URL of the Docker Engine that has the data of PostgreSQL.
      - If not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
  lock_timeout:
    description: The number of seconds to wait for each lock, for example while another session alters the table.
    type: int
    default: 10
  index_timeout:
    description: The number of seconds for each index. If one takes longer, the module fails after the others are done.
    type: int
    default: 1800
  total_timeout:
    description: The number of seconds for all indexes. Those for which no time is left are returned as RV(left).
    type: int
    default: 7200
seealso:
  - module: convosphere.platform.convosphere_db_vacuum
"""

EXAMPLES = r"""
- name: Rebuild the bloated indexes, within half an hour
  convosphere.platform.convosphere_db_reindex:
    login_env_file: /opt/convosphere/prod/.env
    total_timeout: 1800

- name: Rebuild at most two indexes, of which half is bloat
  convosphere.platform.convosphere_db_reindex:
    login_env_file: /opt/convosphere/prod/.env
    bloat_ratio: 0.5
    max_indexes: 2
"""

RETURN = r"""
measured_by:
  description: The source of the bloat, V(estimate) or V(pgstattuple); null without a candidate.
  returned: success
  type: str
  sample: estimate
free_bytes:
  description: The bytes that were free on the disk of PostgreSQL; null without a candidate, or if that is unknown.
  returned: success
  type: int
  sample: 53687091200
candidates:
  description: The indexes with more bloat than the limits, the largest bloat first.
  returned: success
  type: list
  elements: dict
  contains:
    index:
      description: The schema and the name of the index.
      type: str
      sample: public.ix_messages_id
    table:
      description: The schema and the name of its table.
      type: str
      sample: public.messages
    bloat_bytes:
      description: The bytes that a rebuilt index would not have.
      type: int
      sample: 73400320
    size_bytes:
      description: The bytes of the index.
      type: int
      sample: 104857600
rebuilt:
  description: The candidates that were rebuilt, or would be in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    index:
      description: The schema and the name of the index.
      type: str
      sample: public.ix_messages_id
    before_bytes:
      description: Its bytes before.
      type: int
      sample: 104857600
    after_bytes:
      description: Its bytes afterwards; null in check mode.
      type: int
      sample: 31457280
    seconds:
      description: How long the rebuild took; null in check mode.
      type: float
      sample: 4.2
left:
  description: The candidates that were not rebuilt.
  returned: success
  type: list
  elements: dict
  contains:
    index:
      description: The schema and the name of the index.
      type: str
      sample: public.ix_documents_title
    reason:
      description: The limit that it would exceed.
      type: str
      sample: max_indexes=10 is reached
dropped:
  description: The invalid indexes of interrupted rebuilds that were dropped.
  returned: success
  type: list
  elements: str
  sample: [public.ix_messages_id_ccnew]
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import ENGINE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.reindex_run import ReindexWork


class ReindexModule(ConvosphereModule):
    """The indexes of one database."""

    argument_spec = {
        **DATABASE_OPTIONS,
        "bloat_ratio": {"type": "float", "default": 0.4},
        "min_bloat_bytes": {"type": "int", "default": 16_777_216},
        "skip_indexes": {"type": "list", "elements": "str", "default": []},
        "max_indexes": {"type": "int", "default": 10},
        "max_bytes": {"type": "int", "default": 10_737_418_240},
        "min_free_bytes": {"type": "int", "default": 1_073_741_824},
        "data_path": {"type": "path"},
        "docker_host": ENGINE_OPTIONS["docker_host"],
        "lock_timeout": {"type": "int", "default": 10},
        "index_timeout": {"type": "int", "default": 1800},
        "total_timeout": {"type": "int", "default": 7200},
    }
    least = {"min_bloat_bytes": 1, "lock_timeout": 1, "index_timeout": 1, "total_timeout": 1}

    def build(self) -> Work:
        """Return the work on the indexes."""
        return ReindexWork(self.invocation)


def main() -> None:
    ReindexModule.main()


if __name__ == "__main__":
    main()
