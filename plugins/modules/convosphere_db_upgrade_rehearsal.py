#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_upgrade_rehearsal
short_description: Rehearse the migrations of another release on a copy of the database
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Loads the newest backup that was verified by a restore into a side database beside the live one, runs the revisions
    of O(image) that it lacks there, as M(convosphere.platform.convosphere_db_migration) would run them on the live
    database, and drops the side database.
  - Measures how many seconds the revisions take, for how long each table is locked for readers or writers, and which
    tables are rewritten, with their size. A lock that is held for less than 0.05 seconds may not be seen.
  - If a revision fails, the task fails with the revision, the statement and the database's message. Then, too, the copy
    is removed. A revision that is refused without O(accept) or O(assume) is refused in the same way.
  - The live database is never written to. The next run of this module, of a verification by restore or of a restore
    removes what an interrupted run left.
  - The result of the last rehearsal is kept in the file C(.upgrade-rehearsal.json) in O(backup_dir), with mode 0600.
    The same image on the same backup is not rehearsed again, and the recorded result is returned. A failed rehearsal is
    repeated.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.postgres_tools
  - convosphere.platform.loading
  - convosphere.platform.engine
  - convosphere.platform.revisions
  - convosphere.platform.attributes
attributes:
  idempotent:
    support: partial
    details: With O(force=true) every run rehearses, and reports a change.
options:
  image:
    description:
      - The image of the backend of the release to rehearse, which must be on the host.
      - In check mode it need not be there yet.
    type: str
    required: true
  project_name:
    description:
      - The name of the Compose project, for the backend's settings, and for the code that created the tables if the
        backup has no record of revisions.
    type: str
  project_src:
    description:
      - The directory of the stack on the host. The backend's settings are read from its Compose files.
      - If not given, the settings are those of the container of O(service).
    type: path
  environment_name:
    description:
      - The environment, for example V(prod), of which the newest verified backup is taken.
      - O(backup_dir), O(login_container) and the containers of O(project_name) must belong to it, in check mode too.
        Otherwise nothing is changed.
    type: str
    required: true
  backup_dir:
    description: The directory of the backups on the managed host.
    type: path
    required: true
  force:
    description: Rehearse again although the last rehearsal was the same and succeeded.
    type: bool
    default: false
seealso:
  - module: convosphere.platform.convosphere_db_migration
  - module: convosphere.platform.convosphere_db_backup_verify
notes:
  - The disk of PostgreSQL must have room for twice the size of the backed-up database. A table that is rewritten exists
    twice for a time.
  - The side database is analyzed before the revisions run, so that PostgreSQL plans their statements as on a live one.
  - The live database works meanwhile. So the seconds include the load that its users make, and the users notice the
    load of the rehearsal.
  - A revision whose code reaches other services than the database would reach those of the environment.
"""

EXAMPLES = r"""
- name: Rehearse the upgrade to the next version
  convosphere.platform.convosphere_db_upgrade_rehearsal:
    environment_name: prod
    image: ghcr.io/convosphere/convosphere/backend:0.2.0
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    backup_dir: /var/backups/convosphere/prod
    login_container: convosphere-prod-postgres-1
    login_env_file: /opt/convosphere/prod/.env
  register: rehearsal

- name: Refuse an upgrade that locks a table for more than a minute
  ansible.builtin.assert:
    that: rehearsal.locks | map(attribute='writers') | max(default=0) < 60
"""

RETURN = r"""
image:
  description: The image.
  returned: success
  type: str
  sample: ghcr.io/convosphere/convosphere/backend:0.2.0
image_id:
  description: Its id; in check mode null if it is not on the host.
  returned: success
  type: str
backup:
  description: The id of the backup.
  returned: success
  type: str
  sample: convosphere-20261123T150102Z
backup_age_hours:
  description: Its age in hours.
  returned: success
  type: float
  sample: 7.5
revisions_before:
  description: The revisions of the backup.
  returned: success
  type: list
  elements: str
  sample: [2025_08_14_add_agents]
missing:
  description: The revisions of the image that the backup lacks, in their order; empty if the image is not on the host.
  returned: success
  type: list
  elements: str
  sample: [2026_01_10_add_themes]
revisions:
  description: The revisions after the rehearsal; in check mode those of the backup, unless the rehearsal is recorded.
  returned: success
  type: list
  elements: str
  sample: [2026_01_10_add_themes]
at:
  description: When it was rehearsed, in UTC; null without a rehearsal.
  returned: success
  type: str
  sample: "2026-11-23T22:10:00Z"
seconds:
  description: How many seconds the migration took, with the start of its container; null without a rehearsal.
  returned: success
  type: float
  sample: 4.2
load_seconds:
  description: How many seconds loading the backup took; null without a rehearsal.
  returned: success
  type: float
  sample: 31.7
steps:
  description: The steps in their order; empty without a rehearsal.
  returned: success
  type: list
  elements: dict
  contains:
    revision:
      description: The id of the revision.
      type: str
      sample: 2026_01_10_add_themes
    action:
      description: V(run) or V(record).
      type: str
      sample: run
    reason:
      description: The reason.
      type: str
      sample: not recorded
    seconds:
      description: How many seconds its code took; null if it was only recorded.
      type: float
      sample: 3.9
locks:
  description: The tables that were locked against readers or writers, those that were locked longest first.
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: The table, with its schema unless that is C(public).
      type: str
      sample: users
    readers:
      description: For how many seconds nothing else could read it.
      type: float
      sample: 3.9
    writers:
      description: For how many seconds nothing else could write to it.
      type: float
      sample: 3.9
    modes:
      description: The modes of the locks, in PostgreSQL's words.
      type: list
      elements: str
      sample: [AccessExclusiveLock]
rewritten:
  description: The tables that were rewritten, or got an index, the largest first. New tables are left out.
  returned: success
  type: list
  elements: dict
  contains:
    table:
      description: The table, with its schema unless that is C(public).
      type: str
      sample: users
    rewritten:
      description: Whether the table itself was rewritten.
      type: bool
      sample: true
    bytes:
      description: The bytes of the rewritten table; 0 if only indexes were built.
      type: int
      sample: 146800640
    index_bytes:
      description: The bytes of the indexes that were built.
      type: int
      sample: 22020096
only_adds:
  description: >-
    Whether all revisions that were run only add to the schema, so that a rollback to the release before needs no
    restore; null without a rehearsal.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.convosphere.platform.plugins.module_utils._backup import paths
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import REVISION_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._migration.upgrade_rehearsal import UpgradeRehearsal
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.client_tools import TOOLS_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._restore.verification import VERIFY_OPTIONS


class UpgradeRehearsalModule(ConvosphereModule):
    """A rehearsal of the migrations of one image."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **TOOLS_OPTIONS,
        **engine_client.ENGINE_OPTIONS,
        **VERIFY_OPTIONS,
        "image": {"type": "str", "required": True},
        "project_name": {"type": "str"},
        "project_src": {"type": "path"},
        **REVISION_OPTIONS,
        **environment_directory.ENVIRONMENT_OPTION,
        "force": {"type": "bool", "default": False},
    }

    def build(self) -> Work:
        """Return the rehearsal."""
        paths.refuse(self.argument_spec, self.params)
        return UpgradeRehearsal(self.invocation)


def main() -> None:
    UpgradeRehearsalModule.main()


if __name__ == "__main__":
    main()
