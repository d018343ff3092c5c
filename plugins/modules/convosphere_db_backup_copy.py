#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_backup_copy
short_description: Copy backups to another directory or to S3-compatible storage, and bring them back
version_added: 1.0.0
description:
  - With O(copy_to), brings backups of O(backup_dir) to other places, those that are not there yet.
  - With O(copy_from), brings one backup back into O(backup_dir), for example on a new host, so that
    M(convosphere.platform.convosphere_db_backup_verify) and M(convosphere.platform.convosphere_db_restore) find it. One
    that a verification found damaged is replaced by its copy.
  - Every file is checked against the checksum in its manifest on its way, in both directions.
  - A copy that a verification of its own directory found damaged is sent again as a whole, and called damaged until it
    was.
  - A new backup is copied by M(convosphere.platform.convosphere_db_backup) itself. This module is for backups that were
    made before there was a place to copy to, or while it was out of reach.
extends_documentation_fragment:
  - convosphere.platform.copies
  - convosphere.platform.copies.from
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  backup:
    description:
      - Which backup. An id, a label (the newest with it), V(latest), V(latest_verified), or V(all).
      - V(all) is only for O(copy_to), and means all that are not known to be damaged. It is an error if there is no
        backup in O(backup_dir).
    type: str
    default: latest
  backup_dir:
    description: The directory of the backups on the managed host.
    type: path
    required: true
  refresh:
    description:
      - With O(copy_to), only gives the copies that are there the manifests that their backups have now, for example
        after a verification, and brings no backup that is not there. A copy that was found damaged is left as it is.
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
- name: Bring every backup that is not there yet to a share
  convosphere.platform.convosphere_db_backup_copy:
    environment_name: prod
    backup: all
    backup_dir: /var/backups/convosphere/prod
    copy_to:
      - directory: /mnt/backups/convosphere/prod

- name: Let the copies know which backups were verified since
  convosphere.platform.convosphere_db_backup_copy:
    environment_name: prod
    backup: all
    backup_dir: /var/backups/convosphere/prod
    copy_to:
      - directory: /mnt/backups/convosphere/prod
    refresh: true

- name: Bring the newest verified backup back from a bucket, on a host that has none
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
copies:
  description: What was looked at, each backup at each place.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The backup's id.
      type: str
      sample: convosphere-20261123T150102Z
    place:
      description: The other place.
      type: str
      sample: s3://convosphere-backups/prod at https://minio.example.org:9000
    copied:
      description: The names of the files that were copied, or in check mode would be; the manifest is one of them.
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

from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup import copies as backup_copies
from ansible_collections.convosphere.platform.plugins.module_utils._backup import names as backup_names
from ansible_collections.convosphere.platform.plugins.module_utils._backup import paths, selection
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup, Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._backup.copies import Difference, Place
from ansible_collections.convosphere.platform.plugins.module_utils._backup.selection import ALL
from ansible_collections.convosphere.platform.plugins.module_utils._core import files
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory


class BackupCopyModule(ConvosphereModule):
    """Copies of backups where they shall be."""

    argument_spec = {
        "backup": {"type": "str", "default": "latest"},
        **environment_directory.ENVIRONMENT_OPTION,
        "backup_dir": {"type": "path", "required": True},
        "copy_to": backup_copies.TARGETS_OPTION,
        "copy_from": backup_copies.TARGET_OPTION,
        "refresh": {"type": "bool", "default": False},
    }
    rules = {"mutually_exclusive": [["copy_to", "copy_from"]], "required_one_of": [["copy_to", "copy_from"]]}

    def plan(self) -> Plan:
        """One change for each backup at each place that lacks anything of it."""
        paths.refuse(self.argument_spec, self.params)
        backup_names.refuse_unusable(self.params, "backup")
        if self.params["copy_to"] == []:
            raise InputError("copy_to is an empty list, so that nothing would be copied", hint="Name a place.")
        self.catalogue = Catalogue(Path(self.params["backup_dir"]))
        environment_directory.refuse_foreign_backups(self.catalogue.directory, self.params["environment_name"])
        self.work = self.look_here() if self.params["copy_from"] else self.look_there()
        plan = Plan()
        for there, _backup, lacking in self.work:
            title = str(self.catalogue.directory) if self.params["copy_from"] else there.title
            name = f"{lacking.manifest.id} in {title}"
            present = backup_copies.described(lacking)
            plan += make_plan({name: backup_copies.DONE}, {name: present} if present else {})
        return plan

    def look_there(self) -> list[tuple[Place, Backup, Difference]]:
        """What the other places lack."""
        if self.params["backup"] == ALL:
            backups = [backup for backup in selection.every(self.catalogue) if not backup.manifest.damaged_at]
        else:
            backups = [self.catalogue.find(self.params["backup"])]
            broken = selection.warning(self.catalogue, self.params["backup"], backups[0])
            if broken:
                self.warn(broken)
        found = []
        for there in map(backup_copies.place, self.params["copy_to"]):
            names = there.names()
            found += [(there, backup, backup_copies.difference(backup.manifest, there, names)) for backup in backups]
        # A backup that was never brought there, or that its retention took away, is none of what a refresh is about,
        # nor is a copy that was found damaged, which lacks all files.
        return [item for item in found if not (self.params["refresh"] and item[2].files)]

    def look_here(self) -> list[tuple[Place, Backup, Difference]]:
        """What the backup directory lacks."""
        if self.params["backup"] == ALL:
            raise InputError("copy_from brings one backup back", hint="Give its id as backup, or latest.")
        there = backup_copies.place(self.params["copy_from"])
        manifest = backup_copies.find(there, self.params["backup"])
        lacking = backup_copies.lacking_here(manifest, self.catalogue)
        return [(there, Backup(manifest, self.catalogue.directory), lacking)]

    def apply(self, plan: Plan) -> None:
        """Copy, while no other run may delete what is copied."""
        files.make_private(self.catalogue.directory)
        with self.catalogue.lock():
            for there, backup, lacking in self.work:
                if self.params["copy_from"]:
                    backup_copies.fetch(lacking, there, self.catalogue)
                else:
                    backup_copies.copy(backup, lacking, there)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Each backup at each place."""
        copies = [
            {
                "id": lacking.manifest.id,
                "place": there.title,
                "copied": backup_copies.file_names(lacking),
                "bytes": sum(file.size for file in lacking.files),
            }
            for there, _backup, lacking in self.work
        ]
        brought = {"backup": self.work[0][1].manifest.to_dict()} if self.params["copy_from"] else {}
        return {"copies": copies, **brought}


def main() -> None:
    BackupCopyModule.main()


if __name__ == "__main__":
    main()
