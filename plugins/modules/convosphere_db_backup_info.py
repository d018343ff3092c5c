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
  - Lists the backups in a directory, oldest first, each with its manifest, its age and its verification.
  - Reports which of them a retention policy would keep. Nothing is deleted.
  - Incomplete backups and other files are listed separately, with the reason.
  - No database is needed. If the directory does not exist, the list is empty.
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
        V(latest_verified). The module fails if it does not exist.
      - A backup that a verification found corrupt is selected by its id or file only, unless all are corrupt.
      - If not set, all backups are listed.
    type: str
  environment_name:
    description:
      - Only backups of this environment. If not set, those of all environments.
      - With O(backup), a label, V(latest) and V(latest_verified) are looked up in this environment. An id or a file
        selects a backup of any environment.
    type: str
  database:
    description:
      - Only backups of the database with this name. If not set, those of all databases.
      - With O(backup), a label, V(latest) and V(latest_verified) are looked up among the backups of this database.
    type: str
  retention:
    description:
      - A policy as in M(convosphere.platform.convosphere_db_backup), to report which backups it would keep now. The
        backups of each environment and database, and those with different components, are counted separately.
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
seealso:
  - module: convosphere.platform.convosphere_db_backup
  - module: convosphere.platform.convosphere_db_backup_verify
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: List the backups, and those that a policy would keep
  convosphere.platform.convosphere_db_backup_info:
    backup_dir: /var/backups/convosphere/prod
    retention:
      keep_daily: 7
      keep_weekly: 5
  register: found

- name: Show the backups that would be deleted
  ansible.builtin.debug:
    msg: "{{ found.backups | rejectattr('keep') | map(attribute='id') }}"

- name: Fail unless a verified backup is less than two days old
  ansible.builtin.assert:
    that: found.backups | selectattr('verified') | selectattr('age_hours', 'lt', 48) | length > 0
"""

RETURN = r"""
backups:
  description: The backups, oldest first. Each has the fields of its manifest, and the last four of this list.
  returned: success
  type: list
  elements: dict
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
        - C(requires) lists the other objects that a server needs to load the dump; null in an older manifest.
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
        - It may be later than RV(backups[].verified).
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
      description:
        - Its last 30 verifications by restore and by boot, oldest first. Each has the time in UTC (C(at)), C(level),
          C(result) (V(passed) or V(failed)), C(host), the C(seconds) that it took, and the C(reason) of a failure.
        - C(rto_seconds) is the time from the beginning of the restore until the booted platform had answered,
          C(rpo_seconds) the longest time without a backup around this one. Both are null without a boot.
      type: list
      elements: dict
      sample:
        - at: "2026-11-23T15:04:05Z"
          level: boot
          result: passed
          host: db-1
          seconds: 41.3
          rto_seconds: 38.2
          rpo_seconds: 86400.0
          reason: null
    collection_version:
      description: The version of the collection that created it.
      type: str
      sample: 1.0.0
    manifest_version:
      description: The version of the manifest's format.
      type: int
      sample: 1
    age_hours:
      description: The age of its snapshot in hours; negative if a wrong clock dated it into the future.
      type: float
      sample: 13.5
    bytes:
      description: The size of all its files.
      type: int
      sample: 104857600
    file:
      description: The path of its first file, the dump of the database.
      type: str
      sample: /var/backups/convosphere/prod/convosphere-20261123T150102Z.dump.zst
    keep:
      description:
        - The reasons why O(retention) keeps it, V(last), V(daily), V(weekly), V(monthly), V(within), V(pinned),
          V(newest), V(last verified), V(last restored), V(last booted) or V(dated into the future). Empty if it would
          be deleted.
        - Null without O(retention).
      type: list
      elements: str
      sample: [daily, last verified]
foreign:
  description: Everything else in the directory.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: Its path.
      type: str
      sample: /var/backups/convosphere/prod/notes.txt
    reason:
      description: Why it is not a backup.
      type: str
      sample: it is not a file of a backup
in_progress:
  description: The progress of the run that is using the directory; null if there is no such run.
  returned: success
  type: dict
  contains:
    backup:
      description: The id of its backup.
      type: str
      sample: convosphere-20261123T150102Z
    started_at:
      description: When the run began, in UTC.
      type: str
      sample: "2026-11-23T15:01:02Z"
    updated_at:
      description: When the progress was written, at most once a second.
      type: str
      sample: "2026-11-23T15:01:12Z"
    step:
      description: The component that is being written, or another step.
      type: str
      sample: database
    bytes:
      description: The bytes of it that are written.
      type: int
      sample: 52428800
    expected_bytes:
      description: The estimated bytes, from the last backup, or else from the size of the database.
      type: int
      sample: 104857600
    tables_counted:
      description: Number of tables whose rows are counted.
      type: int
      sample: 12
    tables:
      description: Number of tables.
      type: int
      sample: 31
bytes:
  description: The size in bytes of all backups that are listed.
  returned: success
  type: int
  sample: 734003200
bytes_free:
  description: The free bytes in the directory; null if it does not exist.
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
