#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_migration
short_description: Bring the schema of ConvoSphere's database to a revision
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Compares the revisions in the backend's image with the database, and runs those that are missing, by the image's own
    alembic, in a container of its own that is gone afterwards.
  - The platform makes its tables itself, at every start, without a word to alembic. So a revision is run only if what
    it makes is not there, and recorded as done where all of it is. A database that alembic knows nothing of is recorded
    to be where the code is that made it, unless a column is missing, which the backend never adds to a table.
  - That code is what the container of O(service) runs. Revisions that only the wanted image has are run, or recorded
    where what they make is there. Without such a container the revisions of the platform's first release count as made,
    and a later one is refused where nothing in the database tells whether it was done.
  - An empty database has nothing to migrate. The backend makes its tables when it first starts; afterwards this module
    records that.
  - Where revisions change more than alembic's record, there must be a backup of the database as it is, proven and
    young. Without one the module fails, and says what to do.
  - Revisions that are known to destroy data, or to fail on PostgreSQL, are refused unless they are named in O(accept)
    or O(assume). So is a database that is newer than the code, and a revision of which one half is there.
  - A migration that fails restores nothing by itself. The error says where the database stands, what alembic said, and
    which backup to go back to.
  - One migration of a database runs at a time. What a killed one left is ended and undone by the next.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.published
  - convosphere.platform.engine
  - convosphere.platform.attributes
options:
  state:
    description: V(latest) is the end of every branch of revisions that the image has. O(revision) asks for another one.
    type: str
    choices: [latest]
    default: latest
  revision:
    description:
      - The revision to bring the database to, with all that it needs. Other branches are left where they are.
      - One that the database has passed is gone back to, which loses the data of the later ones. It must be named in
        O(accept) too.
    type: str
  image:
    description:
      - The image of the backend whose revisions count, which must be on the host, for example that of the next version.
      - Not given, it is the image of the container of O(service).
    type: str
  project_name:
    description:
      - The name of the Compose project, to find O(image) and the backend's settings.
      - Needed where O(image) is not given. Where it is, the container of O(service) tells which code made the tables.
    type: str
  service:
    description: The service of the project that is the backend.
    type: str
    default: backend
  database_service:
    description: The service of the project that is PostgreSQL, if any is, to tell a stopped one from one out of reach.
    type: str
    default: postgres
  project_src:
    description:
      - The directory of the stack on the host. The backend's settings are taken from its Compose files, and what the
        release that serves knows of its image's revisions from C(releases), which spares a container.
      - Not given, the settings are those of the container of O(service).
    type: path
  alembic_directory:
    description: Where C(alembic.ini) is in the image.
    type: str
    default: /app/backend
  accept:
    description: Revisions that may be run, or gone back to, although that is known to destroy data or to fail.
    type: list
    elements: str
    default: []
  assume:
    description: Revisions that are recorded as done where they are missing, and not run.
    type: list
    elements: str
    default: []
  environment_name:
    description:
      - The environment, for example V(prod). The backup must be of it.
      - The directory and the containers of O(project_name) must belong to it, in check mode too, or nothing is changed.
    type: str
    required: true
  backup_dir:
    description: The directory of the backups on the host.
    type: path
  backup_max_age:
    description: How many hours old the backup may be.
    type: float
    default: 24
  skip_backup_gate:
    description: Whether to migrate without a backup.
    type: bool
    default: false
  migration_timeout:
    description: For how many seconds the revisions may run, all of them together.
    type: int
    default: 3600
  lock_timeout:
    description:
      - For how many seconds to wait for another migration, and each statement for a table that others use. A statement
        that waits for a table has everybody else wait behind it.
    type: int
    default: 10
  idle_transaction_timeout:
    description:
      - A session that holds a lock which a revision waits for is ended where it has done nothing in its transaction for
        longer than so many seconds. With C(CREATE_DEFAULT_ADMIN) the platform leaves one such session at each start,
        with a lock on C(users).
      - V(0) ends none; then the revision fails after O(lock_timeout).
    type: int
    default: 30
seealso:
  - module: convosphere.platform.convosphere_stack
notes:
  - The password of the database and the backend's settings go to the container by its standard input. They are on no
    command line, on no disk and in nothing that Docker Engine tells of the container.
  - The container uses the host's network, so that O(login_host) means the same to it.
  - In check mode nothing of all this is needed. RV(situation) is V(stopped) or V(absent) where no database runs, and
    V(unknown) if the image is not on the host yet and the stack was deployed before.
"""

EXAMPLES = r"""
- name: Bring the database to what the backend wants
  convosphere.platform.convosphere_db_migration:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    login_port: 15432
    login_env_file: /opt/convosphere/dev/.env
    environment_name: dev
    backup_dir: /var/backups/convosphere/dev

- name: See which revisions the next version brings, with their SQL
  convosphere.platform.convosphere_db_migration:
    environment_name: dev
    image: ghcr.io/convosphere/convosphere/backend:0.2.0
    login_port: 15432
    login_env_file: /opt/convosphere/dev/.env
  check_mode: true
  diff: true

- name: Record as done what must not be run
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
    - How the database was found. V(current) has nothing to do; V(behind) lacks revisions; V(ahead) has more than
      O(revision); V(unstamped) has tables and no record of a revision; V(empty) has no tables.
    - In check mode also V(absent), V(stopped) and V(unknown).
  returned: success
  type: str
  sample: unstamped
revisions_before:
  description: What alembic's record held.
  returned: success
  type: list
  elements: str
  sample: []
revisions:
  description: What it holds; in check mode what it would.
  returned: success
  type: list
  elements: str
  sample: [2025_08_14_add_agents, 2025_08_16_add_ai_models_and_settings_tables]
released:
  description: The revisions that the release which serves needs; none where that is not known.
  returned: success
  type: list
  elements: str
  sample: [2025_08_14_add_agents, 2025_08_16_add_ai_models_and_settings_tables]
heads:
  description: The ends of the image's branches of revisions.
  returned: success
  type: list
  elements: str
  sample: [2025_08_14_add_agents, 2025_08_16_add_ai_models_and_settings_tables]
steps:
  description: What was done about which revision, in this order; in check mode what would be.
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
      description: Why.
      type: str
      sample: the backend made its tables, but for table agents
ended_sessions:
  description: The sessions that were ended because of O(idle_transaction_timeout).
  returned: success
  type: list
  elements: dict
  contains:
    process:
      description: The number of the server's process.
      type: int
      sample: 351
    user:
      description: The database role.
      type: str
      sample: convosphere
    application:
      description: What it called itself.
      type: str
      sample: ""
    state:
      description: What it did.
      type: str
      sample: idle in transaction
    seconds:
      description: For how many seconds.
      type: int
      sample: 272
backup:
  description: The id of the backup to go back to; none where nothing but alembic's record is changed.
  returned: success
  type: str
backup_missing:
  description: In check mode, why no backup will do where one is needed.
  returned: success
  type: str
schema:
  description: The image's id and its revisions, for M(convosphere.platform.convosphere_stack) to keep in the release.
  returned: success
  type: dict
login_port:
  description: The port at which the database is reached, that of the container of O(login_service) where there is one.
  returned: success
  type: int
  sample: 15432
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._engine import project as engine_project
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import DIRECTORY
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
        "service": {"type": "str", "default": "backend"},
        "database_service": {"type": "str", "default": "postgres"},
        "project_src": {"type": "path"},
        "alembic_directory": {"type": "str", "default": DIRECTORY},
        "accept": {"type": "list", "elements": "str", "default": []},
        "assume": {"type": "list", "elements": "str", "default": []},
        **environment_directory.ENVIRONMENT_OPTION,
        "backup_dir": {"type": "path"},
        "backup_max_age": {"type": "float", "default": 24},
        "skip_backup_gate": {"type": "bool", "default": False},
        "migration_timeout": {"type": "int", "default": 3600},
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
