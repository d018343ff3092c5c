#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_backup
short_description: Back up the platform's database, and keep as many backups as a policy says
version_added: 1.0.0
description:
  - Streams C(pg_dump) of the server's own version through multi-threaded C(zstd), and C(age) where there are
    O(recipients), into a file under a temporary name. When it is on the disk, its manifest is written beside it, and
    only then has it a name. Killed at any moment, there is a whole backup or none, and the next run clears the rest
    away.
  - The manifest, C(<id>.manifest.json), has the checksum, the versions, the schema revisions and the rows of every
    table in the very snapshot that was dumped, so that a restore can be compared with it.
  - The platform goes on meanwhile. Only what wants to alter, empty or drop a table waits until the backup is done.
  - Old backups are deleted after the new one is safe, by O(retention).
  - Where a place of O(copy_to) is out of reach the task fails at its end, when all else is done. Then C(failure.backup)
    is the id of the backup, which is whole in O(backup_dir), C(failure.deleted) what O(retention) has deleted there,
    and C(failure.places) are those places.
  - While it works, C(.progress.json) in O(backup_dir) says how far it is, for people (C(watch cat)) and for
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
      - Every run makes another backup, and says so, unless O(backup) names one that is there, or O(max_age) says how
        old the last one may be.
options:
  backup_dir:
    description:
      - The directory of the backups on the managed host. It is made, for its owner alone, if it is not there.
      - It has to be an absolute path, as all paths in the options of this module.
      - Two runs in the same directory exclude each other.
    type: path
    required: true
  environment_name:
    description:
      - The environment, for example V(prod). The manifest says it, so that nobody restores the one into the other.
      - O(retention) counts and deletes backups of this environment and of O(login_db) only.
      - O(backup_dir), O(login_container) and the containers of O(project_name) must belong to it, in check mode too, or
        nothing is changed. A directory without a marker is known by its backups.
    type: str
    required: true
  state:
    description:
      - V(present) makes a backup, or with O(backup) sets O(label) and O(pinned) of one that is there.
      - V(absent) deletes O(backup), or without it only what O(retention) does not keep.
    type: str
    choices: [present, absent]
    default: present
  backup:
    description:
      - A backup that is there, by its id, its label (the newest with it), a file's name or path, V(latest) or
        V(latest_verified). One that a verification found damaged is only taken by its id or file, or where all are.
      - A label, V(latest) and V(latest_verified) are looked for among the backups of O(environment_name) and
        O(login_db) only. One of another environment or database is taken by its id or file, with O(force=true).
      - With O(state=absent) a label means all backups that have it, and V(latest) and V(latest_verified) are refused.
    type: str
  label:
    description:
      - A name for the backup, by which others find it. Several may have the same one, for example V(nightly).
      - It has 1 to 100 printable characters, no slash, no comma and no space at either end. What means other backups is
        refused, V(latest), V(latest_verified), V(all), and what reads like the id or a file of a backup.
    type: str
  pinned:
    description:
      - Whether the backup is kept until somebody says otherwise, whatever O(retention) says.
      - A new one is not, if this is not given.
    type: bool
  max_age:
    description:
      - Makes no new backup where there is one of the same database, with the same O(include) and O(recipients), and of
        the same O(label) if that is given, which is not older than this and was not found damaged since. V(20h)
        suits a run each night, V(30d) and V(12w) are other forms.
      - Not given means to make one in any case.
    type: str
  reuse_unverified:
    description:
      - For a backup that is verified right after it is made, such as the one before a migration, which is tried again
        until it succeeds. A backup of the last hour that was not verified yet then stands for a new one, if it has the
        same O(label), O(include) and O(recipients), is of the schema revisions that the database has now, and can be
        verified on this host without O(recipients)' private key.
      - Otherwise a new one is made. When it is safe, older ones that were never verified, with the same O(label) and of
        the same schema revisions, are deleted, but for the newest of them, so that no try leaves one. One that is
        pinned, or was verified, is not deleted.
    type: bool
    default: false
  include:
    description:
      - What is backed up, all of it of one moment, see O(freeze). V(database) must be among it.
      - V(uploads) are the files that users uploaded, V(vectors) is what the vector store has. They are in containers of
        O(project_name).
    type: list
    elements: str
    choices: [database, uploads, vectors]
    default: [database]
  recipients:
    description:
      - Public keys, of C(age) or SSH, to encrypt to. Who has the private key to any of them can read the backup, and
        the managed host needs none.
      - The backup is also encrypted to a key that is made for it alone, the one-run key, with which
        M(convosphere.platform.convosphere_db_backup_verify) verifies it on this host. It is in memory, below
        C(/run/convosphere/keys), for its owner alone, and destroyed when the backup was verified by a restore, or is a
        day old.
      - Not given, or an empty list, means that it is not encrypted.
    type: list
    elements: str
  retention:
    description:
      - Which backups to keep. Those that no rule keeps are deleted. Backups that include something else are counted
        apart.
      - Never deleted are the newest one, the last verified one, the last one that was proven by a restore, those that
        are pinned, and the one that this task pins, labels or finds young enough.
      - One that a wrong clock dated into the future is neither deleted nor counted. One that a verification found
        corrupt, or that did not load although its file is whole, takes no other one's place.
      - The calendar's days, weeks and months are those of UTC.
      - Not given means to keep all.
    type: dict
    suboptions:
      keep_last:
        description: How many of the newest ones.
        type: int
      keep_daily:
        description: The last one of each day, for so many days that have any.
        type: int
      keep_weekly:
        description: The last one of each week, for so many weeks that have any.
        type: int
      keep_monthly:
        description: The last one of each month, for so many months that have any.
        type: int
      keep_within:
        description:
          - All that are not older than this, for example V(12h), V(30d) or V(8w).
          - Where nothing was backed up for longer than that, this time does not count, once. Neither a long pause nor a
            clock that leaps ahead makes all but the newest one too old.
        type: str
  expected:
    description:
      - What tasks before this one would have done, had they not run in check mode, for O(retention) to count on.
      - Refused outside of check mode.
    type: dict
    suboptions:
      backup:
        description: The id of the backup. Not given means one that would have been made, with this task's O(include).
        type: str
      verified:
        description: By what it would have been verified.
        type: str
        choices: [unverified, checksum, restore]
        required: true
  force:
    description:
      - Whether to delete O(backup) also where it is pinned or the last verified one, and to delete or change one of
        another environment or database.
    type: bool
    default: false
  lock_timeout:
    description: How many seconds to wait for a table that another session has locked, for example in a migration.
    type: int
    default: 60
  compression_level:
    description:
      - The level of C(zstd), from 1, the fastest, to 19. Repetitions are looked for 32 MB back at each of them.
      - V(2) takes a fourth less room than gzip, with a tenth of its work. Levels above 9 take more than 150 MB of
        memory.
    type: int
    choices: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]
    default: 2
  dump_timeout:
    description:
      - How many seconds one file of the backup may take.
      - Not given means as long as it takes.
    type: int
requirements:
  - zstd, and age for O(recipients), on the managed host
notes:
  - The role O(login_user) has to be allowed to read all tables, for example by C(pg_read_all_data).
  - As root on the host of the database's container, C(pg_dump) hands its output over by a named pipe, which is several
    times faster than C(docker exec); without, or where the engine is elsewhere, it goes through that.
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
- name: Back up each night, and keep a week of days, a month of weeks and a year of months
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

- name: Back up all of the platform, and copy it to a share and to a bucket
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

- name: Make one before an upgrade that stays until somebody removes it
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    login_container: convosphere-prod-postgres-1
    backup_dir: /var/backups/convosphere/prod
    label: before-2.0
    pinned: true

- name: Let go of it
  convosphere.platform.convosphere_db_backup:
    environment_name: prod
    backup_dir: /var/backups/convosphere/prod
    backup: before-2.0
    pinned: false

- name: Only delete what need not be kept
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
    - The manifest of the backup that was made or changed, or that is young enough. In check mode that of a new one has
      just what is known of it.
  returned: with O(state=present)
  type: dict
  contains:
    id:
      description: Its id. All its files begin with it.
      type: str
      sample: convosphere-20261123T150102Z
    environment:
      description: The environment it is of.
      type: str
      sample: prod
    label:
      description: Its label.
      type: str
      sample: nightly
    pinned:
      description: Whether it is kept until somebody says otherwise.
      type: bool
    created_at:
      description: The moment that it is of, in UTC.
      type: str
      sample: "2026-11-23T15:01:02Z"
    duration:
      description: How many seconds it took.
      type: float
      sample: 12.3
    include:
      description: What it includes.
      type: list
      elements: str
      sample: [database]
    database:
      description:
        - Name, server_version, dump_version, size in bytes, encoding, collate, ctype, extensions, schema_revisions, and
          tables with their numbers of rows.
        - C(requires) is what else a server must have to load the dump, roles, tablespaces and collations, and the
          locale_provider and locale that text is sorted by; its subscriptions are not restored.
      type: dict
    uploads:
      description: How many files and bytes the uploads have; null where it does not include them.
      type: dict
    vectors:
      description:
        - The name of the vector store's own backup, and its classes; null where it does not include them.
      type: dict
    write_freeze:
      description: From when to when, and how, the platform was kept from writing; null where it was not.
      type: dict
      sample: {from: "2026-11-23T15:01:02Z", how: paused convosphere-prod-backend-1, to: "2026-11-23T15:01:09Z"}
    files:
      description: The kind, name, size in bytes and sha256 of each file.
      type: list
      elements: dict
    recipients:
      description: The public keys it is encrypted to.
      type: list
      elements: str
    verified:
      description: Null, or level, at, duration and host of its verification.
      type: dict
    checked_at:
      description:
        - When all its files were last read and had the right checksums, in UTC; null where they were not, or differed.
        - It may be later than the proof in RV(backup.verified).
      type: str
    damaged_at:
      description: When a verification found that it is corrupt, in UTC; null where none did.
      type: str
    not_loaded:
      description:
        - The time, host and reason of a server that did not load it, although its file is whole; null where none did,
          and once one has loaded it.
      type: dict
    collection_version:
      description: The version of this collection that made it.
      type: str
      sample: 1.0.0
    manifest_version:
      description: The version of the manifest's format.
      type: int
      sample: 1
file:
  description: The file with the database's dump.
  returned: with O(state=present), except where check mode did not make it
  type: str
  sample: /var/backups/convosphere/prod/convosphere-20261123T150102Z.dump.zst.age
created:
  description: The id of the backup that was made, V(new backup) in check mode; null if none was.
  returned: success
  type: str
copies:
  description: The places of O(copy_to), all of which have a copy of it now, or in check mode would have.
  returned: success
  type: list
  elements: str
  sample: [s3://convosphere-backups/prod]
deleted_copies:
  description: The C(id) and C(place) of the copies that were deleted by O(retention), or in check mode would be.
  returned: success
  type: list
  elements: dict
deleted:
  description: The ids of the backups that were deleted, or in check mode would be, those of O(retention) among them.
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
