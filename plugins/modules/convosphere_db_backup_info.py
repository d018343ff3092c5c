#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_backup_info
short_description: List the backups of the platform
version_added: 1.0.0
description:
  - Lists the backups in a directory, oldest first, each with its manifest, its age, and whether it is verified.
  - What a policy of retention would keep and delete is told beside it, and nothing is deleted.
  - What is broken, or no backup at all, is listed with the reason, and never taken for one.
  - No database is needed. A directory that is not there has no backups.
extends_documentation_fragment:
  - convosphere.platform.attributes.info
options:
  backup_dir:
    description: The directory of the backups on the managed host.
    type: path
    required: true
  backup:
    description:
      - Only this backup, by its id, its label (the newest with it), a file's name or path, V(latest) or
        V(latest_verified). It is an error if there is none.
      - One that a verification found damaged is only taken by its id or file, or where all are.
      - Not given means all.
    type: str
  environment_name:
    description:
      - Only backups of this environment. Not given means of all.
      - With O(backup) it is where a label, V(latest) and V(latest_verified) are looked for. An id or a file means that
        backup, whatever it is of.
    type: str
  database:
    description:
      - Only backups of the database with this name. Not given means of all.
      - With O(backup) it is where that is looked for, as O(environment_name) is.
    type: str
  retention:
    description:
      - A policy as in M(convosphere.platform.convosphere_db_backup), of which is told what it would do now. It counts
        the backups of each environment and database apart, and of those each kind of what they include.
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
seealso:
  - module: convosphere.platform.convosphere_db_backup
  - module: convosphere.platform.convosphere_db_backup_verify
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Read what backups there are, and what a policy would do
  convosphere.platform.convosphere_db_backup_info:
    backup_dir: /var/backups/convosphere/prod
    retention:
      keep_daily: 7
      keep_weekly: 5
  register: found

- name: Show what would be deleted
  ansible.builtin.debug:
    msg: "{{ found.backups | rejectattr('keep') | map(attribute='id') }}"

- name: Fail where the newest verified backup is older than two days
  ansible.builtin.assert:
    that: found.backups | selectattr('verified') | selectattr('age_hours', 'lt', 48) | length > 0
"""

RETURN = r"""
backups:
  description: The backups, oldest first. Each has all that its manifest has, and the last four.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: Its id, which all its files begin with.
      type: str
      sample: convosphere-20261123T150102Z
    environment:
      description: The environment it is of.
      type: str
      sample: prod
    label:
      description: Its label, null for none.
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
        - C(requires) is what else a server must have to load the dump; null in an older manifest.
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
      description: Null, or the level, at, duration and host of its verification.
      type: dict
    checked_at:
      description:
        - When all its files were last read and had the right checksums, in UTC; null where they were not, or differed.
        - It may be later than the proof in RV(backups[].verified).
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
    age_hours:
      description: How many hours ago that moment was; negative for one that a wrong clock dated into the future.
      type: float
      sample: 13.5
    bytes:
      description: The size of all its files.
      type: int
      sample: 104857600
    file:
      description: The path of its first file, the dump of the database where it includes that.
      type: str
      sample: /var/backups/convosphere/prod/convosphere-20261123T150102Z.dump.zst
    keep:
      description:
        - Why O(retention) keeps it, V(last), V(daily), V(weekly), V(monthly), V(within), V(pinned), V(newest),
          V(last verified), V(last restored) or V(dated into the future). Empty for one that would be deleted.
        - Null without O(retention).
      type: list
      elements: str
      sample: [daily, last verified]
foreign:
  description: What else is in the directory, the path and the reason of each.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Its path.
      type: str
      sample: /var/backups/convosphere/prod/notes.txt
    reason:
      description: Why it is no backup.
      type: str
      sample: it is not a file of a backup
in_progress:
  description: How far a backup is that is under way; null if none is.
  returned: success
  type: dict
  contains:
    backup:
      description: The id it will have.
      type: str
      sample: convosphere-20261123T150102Z
    started_at:
      description: When it began, in UTC.
      type: str
      sample: "2026-11-23T15:01:02Z"
    updated_at:
      description: When this was written, at most once a second.
      type: str
      sample: "2026-11-23T15:01:12Z"
    step:
      description: What is being written.
      type: str
      sample: database
    bytes:
      description: How many bytes of it are written.
      type: int
      sample: 52428800
    expected_bytes:
      description: How many it may be, measured on the last backup; the size of the database where there is none.
      type: int
      sample: 104857600
    tables_counted:
      description: How many tables have had their rows counted.
      type: int
      sample: 12
    tables:
      description: How many tables there are.
      type: int
      sample: 31
bytes:
  description: The size of all backups that are listed.
  returned: success
  type: int
  sample: 734003200
bytes_free:
  description: How much more would fit; null where the directory is not there.
  returned: success
  type: int
  sample: 21474836480
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup.listing import Listing
from ansible_collections.convosphere.platform.plugins.module_utils._backup.retention import RETENTION_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule


class BackupInfoModule(InfoModule):
    """List the backups in a directory."""

    argument_spec = {
        "backup_dir": {"type": "path", "required": True},
        "backup": {"type": "str"},
        "environment_name": {"type": "str"},
        "database": {"type": "str"},
        "retention": {"type": "dict", "options": RETENTION_OPTIONS},
    }

    def report(self) -> dict[str, Any]:
        """Return the backups and what a policy would keep."""
        return Listing(self.argument_spec, self.invocation).report()


def main() -> None:
    BackupInfoModule.main()


if __name__ == "__main__":
    main()
