#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_backup_copy
short_description: Copy backups to another directory or to S3-compatible storage, and fetch them from there
version_added: 1.0.0
description:
  - With O(copy_to), copies the backups in O(backup_dir) that other places do not have yet.
  - With O(copy_from), fetches one backup into O(backup_dir), for example on a new host, so that
    M(convosphere.platform.convosphere_db_backup_verify) and M(convosphere.platform.convosphere_db_restore) find it. A
    backup that a verification found corrupt is replaced by its copy.
  - Every file is compared with the checksum in its manifest while it is copied, in both directions.
  - A copy that a verification of its directory found corrupt is copied again completely, and is reported as corrupt
    until then.
  - The ledger of erased persons, C(erasures-ENVIRONMENT.json), and the list of holds, C(holds-ENVIRONMENT.json),
    accompany backups in both directions. Without them a restore could take erased persons back, and lose holds.
  - In a place with the backups of several environments, O(backup) means one of O(environment_name) if there is any.
  - M(convosphere.platform.convosphere_db_backup) copies new backups itself. This module is for backups that were
    created before a place was configured, or while it could not be reached.
extends_documentation_fragment:
  - convosphere.platform.copies
  - convosphere.platform.copies.from
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  backup:
    description:
      - The backup to copy or fetch, by its id, its label (the newest with it), V(latest), V(latest_verified) or V(all).
      - V(all) is for O(copy_to) only, and means all backups that were not found corrupt. The module fails if there is
        no backup in O(backup_dir).
    type: str
    default: latest
  backup_dir:
    description: The directory of the backups on the managed host.
    type: path
    required: true
  recipients:
    description:
      - Public keys of C(age) or SSH. Backups in O(backup_dir) that are encrypted to other keys are encrypted for these,
        before they are copied. Backups that are not encrypted are not changed.
      - A backup is decrypted with O(identity_file) and encrypted into files beside its current ones. They are decrypted
        again and compared with it. Then its manifest changes in one step, and the former files are removed, in
        O(backup_dir) and, once a copy is complete, in each place of O(copy_to). If anything fails or the run is
        interrupted, the backup can be read with the key that it had before or with the new ones, at any time.
      - New backups are encrypted to the keys in the O(recipients) of M(convosphere.platform.convosphere_db_backup).
    type: list
    elements: str
  identity_file:
    description:
      - The file of the private key on the host that decrypts the backups, for O(recipients). It must be readable by its
        owner only. Remove it from the host afterwards.
    type: path
  refresh:
    description:
      - With O(copy_to), only update the manifests of existing copies, for example after a verification. Backups that
        have no copy yet, and copies that were found corrupt, are skipped.
    type: bool
    default: false
seealso:
  - module: convosphere.platform.convosphere_db_backup
  - module: convosphere.platform.convosphere_db_backup_info
  - module: convosphere.platform.convosphere_db_restore
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Copy every backup that the share does not have yet
  convosphere.platform.convosphere_db_backup_copy:
    environment_name: prod
    backup: all
    backup_dir: /var/backups/convosphere/prod
    copy_to:
      - directory: /mnt/backups/convosphere/prod

- name: Update the manifests of the copies after a verification
  convosphere.platform.convosphere_db_backup_copy:
    environment_name: prod
    backup: all
    backup_dir: /var/backups/convosphere/prod
    copy_to:
      - directory: /mnt/backups/convosphere/prod
    refresh: true

- name: Encrypt all backups and their copies for a new key, because the former one is no longer to read them
  convosphere.platform.convosphere_db_backup_copy:
    environment_name: prod
    backup: all
    backup_dir: /var/backups/convosphere/prod
    recipients:
      - age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
    identity_file: /run/former-key.txt
    copy_to:
      - directory: /mnt/backups/convosphere/prod

- name: Fetch the newest verified backup from a bucket to a new host
  convosphere.platform.convosphere_db_backup_copy:
    environment_name: prod
    backup: latest_verified
    backup_dir: /var/backups/convosphere/prod
    copy_from:
      bucket: convosphere-backups
      prefix: prod
      endpoint_url: https://minio.example.org:9000
      ca_cert: /etc/ssl/certs/example-ca.pem
      access_key: "{{ vault_backup_access_key }}"
      secret_key: "{{ vault_backup_secret_key }}"
"""

RETURN = r"""
encrypted:
  description: The ids of the backups that were encrypted for O(recipients), or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [convosphere-20261123T150102Z]
copies:
  description: The state of each backup at each place.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The backup's id.
      type: str
      sample: convosphere-20261123T150102Z
    place:
      description: The place that the backup is copied to or fetched from.
      type: str
      sample: s3://convosphere-backups/prod at https://minio.example.org:9000
    copied:
      description: The names of the files that were copied, or in check mode would be, with the manifest.
      type: list
      elements: str
    bytes:
      description: The bytes that were copied, or in check mode would be, without the manifest.
      type: int
      sample: 104857600
backup:
  description: The manifest of the backup that is in O(backup_dir) now, or in check mode would be.
  returned: with O(copy_from)
  type: dict
"""

from ansible_collections.convosphere.platform.plugins.module_utils._backup.copies import TARGET_OPTION, TARGETS_OPTION
from ansible_collections.convosphere.platform.plugins.module_utils._backup.copy_run import CopyRun
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import ENVIRONMENT_OPTION


class BackupCopyModule(ConvosphereModule):
    """Copy backups to other places, or fetch one from there."""

    argument_spec = {
        "backup": {"type": "str", "default": "latest"},
        **ENVIRONMENT_OPTION,
        "backup_dir": {"type": "path", "required": True},
        "copy_to": TARGETS_OPTION,
        "copy_from": TARGET_OPTION,
        "refresh": {"type": "bool", "default": False},
        "recipients": {"type": "list", "elements": "str"},
        "identity_file": {"type": "path"},
    }
    rules = {
        "mutually_exclusive": [["copy_to", "copy_from"], ["recipients", "copy_from"]],
        "required_one_of": [["copy_to", "copy_from", "recipients"]],
        "required_by": {"recipients": ["identity_file"]},
    }

    def build(self) -> Work:
        """Return the run."""
        return CopyRun(self.argument_spec, self.invocation)


def main() -> None:
    BackupCopyModule.main()


if __name__ == "__main__":
    main()
