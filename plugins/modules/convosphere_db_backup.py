#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_backup
short_description: Back up the platform's database, and delete old backups by a retention policy
version_added: 1.0.0
description:
  - Streams C(pg_dump) of the server's own version through multi-threaded C(zstd), and through C(age) if there are
    O(recipients), into a file under a temporary name. When the file is on the disk, the manifest is written beside it,
    and both get their final names. If the run is interrupted at any time, there is a complete backup or none, and the
    next run removes the remaining files.
  - The manifest, C(<id>.manifest.json), contains the checksum, the versions, the schema revisions and the number of
    rows of every table in the snapshot that was dumped, so that a restore can be compared with it.
  - The platform keeps running. Only statements that alter, truncate or drop a table wait until the backup is complete.
  - Old backups are deleted by O(retention) after the new one is complete.
  - If a place of O(copy_to) cannot be reached, the task fails at its end, when all else is done. Then C(failure.backup)
    is the id of the backup, which is complete in O(backup_dir), C(failure.deleted) are the ids of the backups that
    O(retention) has deleted there, and C(failure.places) are those places.
  - While the module runs, C(.progress.json) in O(backup_dir) shows the progress, for operators (C(watch cat)) and for
    M(convosphere.platform.convosphere_db_backup_info).
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.postgres_tools
  - convosphere.platform.parts
  - convosphere.platform.copies
  - convosphere.platform.attributes
attributes:
  idempotent:
    support: partial
    details:
      - Every run creates another backup, and is changed, unless O(backup) names an existing one, or there is one that
        is recent enough for O(max_age).
options:
  backup_dir:
    description:
      - The directory of the backups on the managed host. If it does not exist, it is created and is accessible to its
        owner only.
      - It must be an absolute path, as all paths in the options of this module.
      - A lock prevents two runs in the same directory at the same time.
    type: path
    required: true
  environment_name:
    description:
      - The environment, for example V(prod). It is recorded in the manifest, so that a backup is not restored into
        another environment by mistake.
      - O(retention) counts and deletes backups of this environment and of O(login_db) only.
      - O(backup_dir), O(login_container) and the containers of O(project_name) must belong to it, also in check mode;
        otherwise nothing is changed. A directory without a marker is identified by its backups.
    type: str
    required: true
  state:
    description:
      - V(present) creates a backup, or with O(backup) sets O(label) and O(pinned) of an existing one.
      - V(absent) deletes O(backup), or without it only the backups that O(retention) does not keep.
    type: str
    choices: [present, absent]
    default: present
  backup:
    description:
      - An existing backup, by its id, its label (the newest with it), a file's name or path, V(latest) or
        V(latest_verified). A backup that a verification found corrupt is selected by its id or file only, unless all
        are corrupt.
      - A label, V(latest) and V(latest_verified) are looked up among the backups of O(environment_name) and
        O(login_db) only. A backup of another environment or database needs its id or file, and O(force=true).
      - With O(state=absent), a label means all backups with it, and V(latest) and V(latest_verified) are refused.
    type: str
  label:
    description:
      - A name by which the backup can be selected. Several backups may have the same one, for example V(nightly).
      - It must have 1 to 100 printable characters, without slash, comma, or space at either end. The keywords
        V(latest), V(latest_verified) and V(all), and names that look like the id or a file of a backup, are refused.
    type: str
  pinned:
    description:
      - Whether to exempt the backup from O(retention).
      - If not set, a new backup is not pinned.
    type: bool
  max_age:
    description:
      - Skip the creation if there is a backup that is not older than this period and was not found corrupt. It must
        be of the same environment and database and have the same O(include) and O(recipients), and the same O(label)
        if that is set.
      - V(20h) is suitable for nightly runs; other examples are V(30d) and V(12w).
      - If not set, a backup is created in any case.
    type: str
  reuse_unverified:
    description:
      - For a backup that is verified right after its creation, such as the one before a migration, and whose task is
        repeated until it succeeds. A backup of the last hour that is not verified yet is reused instead of creating a
        new one, if it has the same O(label), O(include) and O(recipients) and the current schema revisions of the
        database, and can be verified on this host without the private key of O(recipients).
      - Otherwise a backup is created. When it is complete, older backups that were never verified, with the same
        O(label) and schema revisions, are deleted except the newest of them, so that repeated tries do not fill the
        disk. Pinned and verified backups are not deleted.
    type: bool
    default: false
  include:
    description:
      - The components to back up in one consistent snapshot, see O(freeze). V(database) must be one of them.
      - V(uploads) are the files that users uploaded, V(vectors) is the content of the vector store. Both are in
        containers of O(project_name).
      - Uploads are read from the volume of the backend or, if its setting C(STORAGE_PROVIDER) is C(minio), from that of
        MinIO, with all buckets. On a host without a backend they are those of C(minio), if the project has it.
    type: list
    elements: str
    choices: [database, uploads, vectors]
    default: [database]
  recipients:
    description:
      - Public keys of C(age) or SSH to encrypt to. The private key of any of them decrypts the backup; the managed host
        needs none of them.
      - The backup is also encrypted to a key that is generated for it alone, the one-run key, with which
        M(convosphere.platform.convosphere_db_backup_verify) verifies it on this host. The key is in memory, below
        C(/run/convosphere/keys), readable by its owner only. It is destroyed when the backup is verified by restore,
        or after a day.
      - If not set or empty, the backup is not encrypted.
    type: list
    elements: str
  retention:
    description:
      - The backups to keep. All others are deleted. Backups with different components are counted separately.
      - Never deleted are the newest backup, the last one verified by each level or a higher one, pinned ones, and the
        one that this task pins, labels or finds recent enough.
      - A backup that a wrong clock dated into the future is neither deleted nor counted. A backup that a verification
        found corrupt, or that failed to load although its files are intact, never replaces an intact backup.
      - Days, weeks and months are those of UTC.
      - If not set, all backups are kept.
    type: dict
    suboptions:
      keep_last:
        description: Number of the newest backups to keep.
        type: int
      keep_daily:
        description: Number of days with a backup for which to keep the last backup of the day.
        type: int
      keep_weekly:
        description: Number of weeks with a backup for which to keep the last backup of the week.
        type: int
      keep_monthly:
        description: Number of months with a backup for which to keep the last backup of the month.
        type: int
      keep_within:
        description:
          - Keep all backups that are not older than this period, for example V(12h), V(30d) or V(8w).
          - The most recent interval without a backup that is longer than this period is not counted, so that neither a
            long pause nor a clock that leaps ahead makes all backups but the newest too old.
        type: str
  expected:
    description:
      - The results that earlier tasks would have had outside of check mode, for O(retention) to count on.
      - It is refused outside of check mode.
    type: dict
    suboptions:
      backup:
        description: The id of the backup. If not set, a backup with this task's O(include) would have been created.
        type: str
      verified:
        description: The level of the verification that the backup would have.
        type: str
        choices: [unverified, checksum, restore, boot]
        required: true
  force:
    description:
      - Whether to delete O(backup) even if it is pinned or the last verified one, and to delete or change a backup of
        another environment or database.
    type: bool
    default: false
  lock_timeout:
    description: Seconds to wait for a table that another session has locked, for example in a migration.
    type: int
    default: 60
  compression_level:
    description:
      - The compression level of C(zstd), from 1, the fastest, to 19. The window is 32 MB at every level.
      - V(2) needs a quarter less space than gzip and a tenth of its processor time. Levels above 9 need more than
        150 MB of memory.
    type: int
    choices: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    default: 2
  dump_timeout:
    description:
      - Maximum seconds for each file of the backup.
      - If not set, there is no limit.
    type: int
requirements:
  - zstd, and age for O(recipients), on the managed host
notes:
  - The role O(login_user) needs the privilege to read all tables, for example through C(pg_read_all_data).
  - If the module runs as root on the host of the database's container, C(pg_dump) writes to a named pipe, which is
    several times faster than C(docker exec). Otherwise the output goes through C(docker exec).
  - C(zstd) runs at low priority, so that the database comes first.
seealso:
  - module: convosphere.platform.convosphere_db_backup_info
  - module: convosphere.platform.convosphere_db_backup_verify
  - module: convosphere.platform.convosphere_db_backup_copy
  - module: convosphere.platform.convosphere_db_restore
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Back up each night, and keep 7 daily, 5 weekly and 12 monthly backups
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    login_container: convosphere-prod-postgres-1
    backup_dir: /var/backups/convosphere/prod
    label: nightly
    max_age: 20h
    recipients:
      - age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
    retention:
      keep_daily: 7
      keep_weekly: 5
      keep_monthly: 12

- name: Back up all components, and copy the backup to a share and to a bucket
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    login_container: convosphere-prod-postgres-1
    backup_dir: /var/backups/convosphere/prod
    include: [database, uploads, vectors]
    project_name: convosphere-prod
    copy_to:
      - directory: /mnt/backups/convosphere/prod
      - bucket: convosphere-backups
        prefix: prod
        endpoint_url: https://minio.example.org:9000
        access_key: "{{ vault_backup_access_key }}"
        secret_key: "{{ vault_backup_secret_key }}"

- name: Create a backup before an upgrade, exempt from retention
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    login_container: convosphere-prod-postgres-1
    backup_dir: /var/backups/convosphere/prod
    label: before-2.0
    pinned: true

- name: Unpin that backup
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    backup_dir: /var/backups/convosphere/prod
    backup: before-2.0
    pinned: false

- name: Delete the backups that the policy does not keep
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    backup_dir: /var/backups/convosphere/prod
    state: absent
    retention:
      keep_last: 3
      keep_within: 30d
"""

RETURN = r"""
backup:
  description:
    - The manifest of the backup that was created, changed or found recent enough. In check mode a new one has only the
      fields that are known in advance.
  returned: with O(state=present)
  type: dict
  contains:
    id:
      description: Its id, with which the names of all its files begin.
      type: str
      sample: convosphere-20261123T150102Z
    environment:
      description: Its environment.
      type: str
      sample: prod
    label:
      description: Its label, or null.
      type: str
      sample: nightly
    pinned:
      description: Whether it is exempt from retention.
      type: bool
    created_at:
      description: The time of its snapshot in UTC.
      type: str
      sample: "2026-11-23T15:01:02Z"
    duration:
      description: Seconds that its creation took.
      type: float
      sample: 12.3
    include:
      description: Its components.
      type: list
      elements: str
      sample: [database]
    database:
      description:
        - Name, server_version, dump_version, size in bytes, encoding, collate, ctype, extensions, schema_revisions, and
          tables with their numbers of rows.
        - C(requires) lists the other objects that a server needs to load the dump, roles, tablespaces and collations,
          and the locale_provider and locale of the database; its subscriptions are not restored.
      type: dict
    uploads:
      description:
        - The number of files and bytes of the uploads, and their C(store), C(files) of the backend or C(minio); null if
          it does not include them.
      type: dict
    vectors:
      description:
        - The name of the vector store's own backup, and its classes; null if it does not include them.
      type: dict
    write_freeze:
      description: When and how writes to the platform were paused; null if they were not.
      type: dict
      sample: {from: "2026-11-23T15:01:02Z", how: paused convosphere-prod-backend-1, to: "2026-11-23T15:01:09Z"}
    files:
      description: The kind, name, size in bytes and sha256 of each file.
      type: list
      elements: dict
    recipients:
      description: The public keys that it is encrypted to.
      type: list
      elements: str
    verified:
      description: The level, at, duration and host of its verification, or null.
      type: dict
    checked_at:
      description:
        - The last time in UTC at which all its files had the right checksums; null if they differed or were never read.
        - It may be later than RV(backup.verified).
      type: str
    damaged_at:
      description: When a verification found it corrupt, in UTC; null if it was not found corrupt.
      type: str
    not_loaded:
      description:
        - The time, host and reason of a server that failed to load it although its files are intact; null if this did
          not happen, or if a server has loaded it since.
      type: dict
    proofs:
      description: >-
        Its last 30 verifications by restore and by boot, oldest first, as
        M(convosphere.platform.convosphere_db_backup_info) returns them. A new backup has none.
      type: list
      elements: dict
    collection_version:
      description: The version of the collection that created it.
      type: str
      sample: 1.0.0
    manifest_version:
      description: The version of the manifest's format.
      type: int
      sample: 1
file:
  description: The file with the database's dump.
  returned: with O(state=present), except for a backup that check mode does not create
  type: str
  sample: /var/backups/convosphere/prod/convosphere-20261123T150102Z.dump.zst.age
created:
  description: The id of the backup that was created, V(new backup) in check mode; null if no backup was created.
  returned: success
  type: str
copies:
  description: The places of O(copy_to), which all have a copy of the backup now, or in check mode would have.
  returned: success
  type: list
  elements: str
  sample: [s3://convosphere-backups/prod]
deleted_copies:
  description: The C(id) and C(place) of the copies that O(retention) deleted, or in check mode would delete.
  returned: success
  type: list
  elements: dict
deleted:
  description: The ids of the backups that were deleted, or in check mode would be, also by O(retention).
  returned: success
  type: list
  elements: str
"""

from collections.abc import Iterable

from ansible_collections.convosphere.platform.plugins.module_utils._backup import file_writer, retention
from ansible_collections.convosphere.platform.plugins.module_utils._backup.backup_run import BackupRun
from ansible_collections.convosphere.platform.plugins.module_utils._backup.components import (
    COMPONENT_OPTIONS,
    COMPONENTS,
)
from ansible_collections.convosphere.platform.plugins.module_utils._backup.copies import TARGETS_OPTION
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import ENVIRONMENT_OPTION
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.client_tools import TOOLS_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class BackupModule(ConvosphereModule):
    """Back up an environment, and change, delete and copy its backups."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **TOOLS_OPTIONS,
        "backup_dir": {"type": "path", "required": True},
        **ENVIRONMENT_OPTION,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "backup": {"type": "str"},
        "label": {"type": "str"},
        "pinned": {"type": "bool"},
        "max_age": {"type": "str"},
        "include": {"type": "list", "elements": "str", "choices": list(COMPONENTS), "default": ["database"]},
        **COMPONENT_OPTIONS,
        "copy_to": TARGETS_OPTION,
        "recipients": {"type": "list", "elements": "str"},
        "retention": {"type": "dict", "options": retention.RETENTION_OPTIONS},
        "expected": {"type": "dict", "options": retention.EXPECTED_OPTIONS},
        "reuse_unverified": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "lock_timeout": {"type": "int", "default": 60},
        "compression_level": {"type": "int", "choices": list(range(1, 20)), "default": 2},
        "dump_timeout": {"type": "int"},
    }
    rules = {
        "required_if": [("state", "absent", ("backup", "retention"), True)],
        "mutually_exclusive": [("backup", "max_age")],
    }

    def secrets(self) -> Iterable[str]:
        """Return secret keys that were given in the place of public ones."""
        return [recipient for recipient in self.params["recipients"] or () if file_writer.is_secret(recipient)]

    def build(self) -> Work:
        """Return the run."""
        return BackupRun(self.argument_spec, self.invocation)


def main() -> None:
    BackupModule.main()


if __name__ == "__main__":
    main()
