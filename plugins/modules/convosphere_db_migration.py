#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_migration
short_description: Migrate the schema of ConvoSphere's database to a revision
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Compares the revisions of the backend's image with the database, and runs missing ones with the image's alembic, in
    a container of its own that is removed afterwards.
  - The platform creates its tables itself, at every start, without alembic's record. So a revision is run only if its
    tables and columns do not exist, and recorded if all of them do. A database without a record is recorded at the
    revisions of the code that created it, unless a column is missing, which the backend never adds to a table.
  - That code is the one in the container of O(service). Revisions that only the desired image has are run, or recorded
    if their tables and columns exist. Without such a container the revisions of the platform's first release count as
    created, and a later one is refused if the database does not show whether it was run.
  - An empty database has nothing to migrate. The backend creates its tables when it first starts; afterwards this
    module records the revisions.
  - If revisions change more than alembic's record, a recent, verified backup of the unchanged database is required.
    Without it the module fails, with the commands that create one.
  - Revisions that are known to destroy data, or to fail on PostgreSQL, are refused unless they are in O(accept) or
    O(assume). A partly applied revision is refused in the same way, and so is a database that is newer than the code.
  - A failed migration restores nothing by itself. The error has the revisions of the database, alembic's message, and
    the backup to restore.
  - One migration of a database runs at a time. The next one terminates and rolls back an interrupted one.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.published
  - convosphere.platform.engine
  - convosphere.platform.revisions
  - convosphere.platform.attributes
options:
  state:
    description: V(latest) is the head of every branch of the image's revisions. O(revision) chooses another one.
    type: str
    choices: [latest]
    default: latest
  revision:
    description:
      - The desired revision, with all revisions that it needs. Other branches are not changed.
      - If the database has later revisions, it is downgraded, which deletes their data. The revision must be in
        O(accept) too.
    type: str
  image:
    description:
      - The image of the backend with the desired revisions, which must be on the host, for example that of the next
        version.
      - If not given, the image of the container of O(service).
    type: str
  project_name:
    description:
      - The name of the Compose project, to find O(image) and the backend's settings.
      - Required if O(image) is not given. Otherwise the container of O(service) shows which code created the tables.
    type: str
  project_src:
    description:
      - The directory of the stack on the host. The backend's settings are read from its Compose files, and the
        revisions of the current release's image from C(releases), which saves a container.
      - If not given, the settings are those of the container of O(service).
    type: path
  environment_name:
    description:
      - The environment, for example V(prod), to which the backup must belong.
      - The directory and the containers of O(project_name) must belong to it, in check mode too, or nothing is changed.
    type: str
    required: true
  backup_dir:
    description: The directory of the backups on the host.
    type: path
  backup_max_age:
    description: The greatest age of the backup, in hours.
    type: float
    default: 24
  skip_backup_gate:
    description: Whether to migrate without a backup.
    type: bool
    default: false
  lock_timeout:
    description:
      - The number of seconds to wait for another migration, and of each statement for a locked table. While a statement
        waits for a table, all other sessions wait behind it.
    type: int
    default: 10
  idle_transaction_timeout:
    description:
      - A session that holds a lock which a revision waits for is terminated if it is idle in its transaction for longer
        than this number of seconds. With C(CREATE_DEFAULT_ADMIN) the platform leaves one such session at each start,
        with a lock on C(users).
      - V(0) terminates no session; then the revision fails after O(lock_timeout).
    type: int
    default: 30
seealso:
  - module: convosphere.platform.convosphere_stack
notes:
  - The container gets the password of the database and the backend's settings by its standard input. They are on no
    command line, on no disk and not in Docker Engine's description of the container.
  - The container uses the host's network, so that O(login_host) is the same address.
  - In check mode neither a running database nor the image is required. The container of O(login_service), or of the
    service C(postgres), shows whether a database that cannot be reached is stopped. RV(situation) is V(stopped) or
    V(absent) if no database runs, and V(unknown) if the image is not on the host and the stack was deployed before, or
    if the server is on another host and O(ca_cert) is not on this one yet.
"""

EXAMPLES = r"""
- name: Migrate the database to the backend's revisions
  convosphere.platform.convosphere_db_migration:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    login_port: 15432
    login_env_file: /opt/convosphere/dev/.env
    environment_name: dev
    backup_dir: /var/backups/convosphere/dev

- name: Show the revisions of the next version, with their SQL
  convosphere.platform.convosphere_db_migration:
    environment_name: dev
    image: ghcr.io/convosphere/convosphere/backend:0.2.0
    login_port: 15432
    login_env_file: /opt/convosphere/dev/.env
  check_mode: true
  diff: true

- name: Record a revision that must not be run
  convosphere.platform.convosphere_db_migration:
    environment_name: dev
    project_name: convosphere-dev
    login_port: 15432
    login_env_file: /opt/convosphere/dev/.env
    assume: [2025_08_16_fix_enum_types_and_timestamps]
"""

RETURN = r"""
situation:
  description:
    - The state of the database before. V(current) needs no change; V(behind) lacks revisions; V(ahead) has more than
      O(revision); V(unstamped) has tables and no record of a revision; V(empty) has no tables.
    - In check mode also V(absent), V(stopped) and V(unknown).
  returned: success
  type: str
  sample: unstamped
revisions_before:
  description: The revisions in alembic's record before.
  returned: success
  type: list
  elements: str
  sample: []
revisions:
  description: The revisions in it afterwards; in check mode the predicted ones.
  returned: success
  type: list
  elements: str
  sample: [2025_08_14_add_agents, 2025_08_16_add_ai_models_and_settings_tables]
released:
  description: The revisions of the current release; null if they are not known.
  returned: success
  type: list
  elements: str
  sample: [2025_08_14_add_agents, 2025_08_16_add_ai_models_and_settings_tables]
heads:
  description: The heads of the image's revisions.
  returned: success
  type: list
  elements: str
  sample: [2025_08_14_add_agents, 2025_08_16_add_ai_models_and_settings_tables]
steps:
  description: The steps in their order; in check mode the predicted ones.
  returned: success
  type: list
  elements: dict
  contains:
    revision:
      description: The id of the revision.
      type: str
      sample: 2025_08_14_add_agents
    action:
      description: V(run), V(record) or V(undo).
      type: str
      sample: record
    reason:
      description: The reason.
      type: str
      sample: the backend created its tables, but for table agents
ended_sessions:
  description: The sessions that were terminated because of O(idle_transaction_timeout).
  returned: success
  type: list
  elements: dict
  contains:
    process:
      description: The id of the server's process.
      type: int
      sample: 351
    user:
      description: The database role.
      type: str
      sample: convosphere
    application:
      description: Its application name.
      type: str
      sample: ""
    state:
      description: Its state.
      type: str
      sample: idle in transaction
    seconds:
      description: The number of seconds in this state.
      type: int
      sample: 272
backup:
  description: The id of the backup to restore after a failure; null if only alembic's record changes.
  returned: success
  type: str
backup_missing:
  description: In check mode, why no backup is good enough; null if there is one, or none is required.
  returned: success
  type: str
schema:
  description: The image's id and its revisions, for M(convosphere.platform.convosphere_stack) to keep in the release.
  returned: success
  type: dict
login_port:
  description: >-
    The port of the database: that of the container of O(login_service), if it runs.
  returned: success
  type: int
  sample: 15432
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._engine import project as engine_project
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import REVISION_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._migration.migration_run import MigrationWork
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class MigrationModule(ConvosphereModule):
    """The schema of one database at a revision."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **engine_project.PUBLISHED_OPTIONS,
        **engine_client.ENGINE_OPTIONS,
        "state": {"type": "str", "choices": ["latest"], "default": "latest"},
        "revision": {"type": "str"},
        "image": {"type": "str"},
        "project_name": {"type": "str"},
        "project_src": {"type": "path"},
        **REVISION_OPTIONS,
        **environment_directory.ENVIRONMENT_OPTION,
        "backup_dir": {"type": "path"},
        "backup_max_age": {"type": "float", "default": 24},
        "skip_backup_gate": {"type": "bool", "default": False},
        "lock_timeout": {"type": "int", "default": 10},
        "idle_transaction_timeout": {"type": "int", "default": 30},
    }
    rules = {"required_one_of": [("image", "project_name")]}

    def build(self) -> Work:
        """Return the work on the schema."""
        return MigrationWork(self.invocation)


def main() -> None:
    MigrationModule.main()


if __name__ == "__main__":
    main()
