#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_backup_verify
short_description: Verify that backups of the platform can be restored, and that the platform boots from them
version_added: 1.0.0
description:
  - Reads backups and compares them with their manifests, or restores them into a side database beside the live one,
    counts the rows of every table, reads the schema revision, and drops the side database.
  - With O(level=boot) it also starts the backend of the backup's release on the side database, beside a second vector
    store with the restored vectors, on a network of their own without a way out. A probe user logs in and asks for the
    users and conversations of the backup. Everything is removed afterwards.
  - Writes the verdict into the manifest. The verdicts are verified, corrupt and could not tell. If the task fails,
    C(failure.verdict) has one of the last two, or C(failure.verdicts) by id if there are several backups.
  - A backup is corrupt only by evidence about its file. Its bytes are not those that were written, a program that reads
    it without a server reports that it is broken, or its content differs from that counted at the dump. It loses its
    verification, until it is restored by this module or by M(convosphere.platform.convosphere_db_restore), or is
    fetched from a copy. Matching checksums alone do not restore the verification.
  - A key that is missing or wrong, a container that does not run, or an interrupted program says nothing about a
    backup, and is an error of the task alone.
  - If the files are intact and the server rejects their content, the backup does not load here, and the verdict is
    could not tell. The error has SQLSTATE, the server's hint and the next action, the manifest notes it as
    C(not_loaded), and the backup keeps its verification. Retention counts such backups apart, so that no verified
    backup is deleted for them.
  - A backup that was verified by at least O(level), and whose files were not written since, is skipped, unless it is
    due again by O(reverify_after).
  - A dump is loaded as a restore loads it, with owners and privileges. If the server lacks roles, tablespaces,
    extensions or collations that it needs, the task fails and names them, after the other backups were verified. That
    says nothing about the backup, which keeps its verification.
  - A backup that restores and does not boot stays verified by restore, gets a failed proof in its manifest, and the
    task fails with C(failure.verdict) C(does not boot). That, too, needs evidence. The backend ended after it had
    connected to the restored database or answered with an error, the vector store rejected the vectors, or a file of
    a document differs from its row. A missing image, a lack of memory, or a backend that never connected is could not
    tell.
  - The live database is never written to. The next run removes what an interrupted run left.
  - An encrypted backup is never unpacked to a disk, but streamed, which is slower. On the host that created it the
    first verification needs no O(identity_file), see M(convosphere.platform.convosphere_db_backup). Its one-run key is
    destroyed once it was verified by V(restore).
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.postgres_tools
  - convosphere.platform.loading
  - convosphere.platform.attributes
attributes:
  idempotent:
    support: partial
    details: With O(force=true) every run verifies, and reports a change.
options:
  backup_dir:
    description: The directory of the backups on the managed host.
    type: path
    required: true
  backups:
    description:
      - The backups to verify. Each is an id, a label (the newest with it), the name or path of a file in
        O(backup_dir), V(latest), or V(all). The task fails if there is no such backup.
      - The task also fails if a newer backup that V(latest) or the label would match has lost a file, or is cut short.
      - A label and V(latest) only match backups of O(login_db) and O(environment_name). V(all) matches everything in
        the directory.
    type: list
    elements: str
    default: [latest]
    aliases: [backup]
  environment_name:
    description:
      - The environment, for example V(prod). A label and V(latest) match its backups.
      - O(backup_dir) and O(login_container) must belong to it, in check mode too. Otherwise nothing is changed.
    type: str
    required: true
  level:
    description:
      - V(checksum) compares sizes and checksums of all files with the manifest, and reads the table of contents of the
        dump. That of an encrypted dump is read only with O(identity_file).
      - V(restore) also restores the database. It needs as much free space as the database had, and the privileges of a
        restore, which are to create databases and to assign their objects to their owners.
      - V(boot) also serves from what was restored. It needs O(project_name), the privilege to create a role, memory and
        disk for a second backend and vector store, and Docker Engine on this host. The role may use the side database
        alone, and reaches it by a socket, so that the server may also be on another host.
    type: str
    choices: [checksum, restore, boot]
    default: restore
  reverify_after:
    description:
      - After how many days a backup is verified again.
      - Each O(level) counts from its last verification by this or a higher level. V(checksum) does not postpone
        V(restore).
      - By default a backup is not verified again while its files are unchanged.
    type: int
  force:
    description: Verify backups that are verified already.
    type: bool
    default: false
  project_name:
    description:
      - The Compose project of the environment, for O(level=boot). A boot starts the images of its vector store and
        Redis once more, and no service of the project is changed.
    type: str
  project_src:
    description:
      - The directory of the project, for O(level=boot). Its kept releases name the image of the backend, which is that
        of the release that served when the backup was created, or else of the newest release with the same schema.
      - Without a release it is the image of the backend that serves.
    type: path
  image:
    description: The image of the backend for O(level=boot), instead of that of the backup's release.
    type: str
  boot_timeout:
    description: How many seconds the vector store and the backend of a boot each may take until they are ready.
    type: int
    default: 300
  boot_memory:
    description:
      - How many MiB of memory the containers of a boot take together. No boot begins unless the host has 256 MiB more.
      - By default what the backend, the vector store and Redis use now, and a quarter more.
    type: int
  boot_settings:
    description:
      - Further settings of the backend of a boot, if its image needs them to start. They are visible in the container.
      - It gets neither the settings nor the secrets of the environment, and no key of an AI provider.
    type: dict
seealso:
  - module: convosphere.platform.convosphere_db_backup
  - module: convosphere.platform.convosphere_db_restore
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Verify the latest backup by a restore
  convosphere.platform.convosphere_db_backup_verify:
    environment_name: prod
    backup_dir: /var/backups/convosphere/prod
    login_container: convosphere-prod-postgres-1
    login_env_file: /opt/convosphere/prod/.env

- name: Verify that the platform boots from the latest backup
  convosphere.platform.convosphere_db_backup_verify:
    environment_name: prod
    backup_dir: /var/backups/convosphere/prod
    login_container: convosphere-prod-postgres-1
    login_env_file: /opt/convosphere/prod/.env
    level: boot
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod

- name: Verify once a month that the files of all backups are unchanged
  convosphere.platform.convosphere_db_backup_verify:
    environment_name: prod
    backup_dir: /var/backups/convosphere/prod
    login_container: convosphere-prod-postgres-1
    backups: [all]
    level: checksum
    reverify_after: 30
"""

RETURN = r"""
backups:
  description:
    - The chosen backups, oldest first.
    - In check mode RV(backups[].verified) is the current value.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The backup's id.
      type: str
      sample: convosphere-20261123T150102Z
    label:
      description: Its label; null without one.
      type: str
    action:
      description: V(verified) if this run has verified it, or in check mode would; V(none) if it was skipped.
      type: str
      sample: verified
    verified:
      description: Its verification, or null.
      type: dict
      contains:
        level:
          description: The level.
          type: str
          sample: restore
        at:
          description: When, in UTC. A later verification by a lower level does not change it.
          type: str
          sample: "2026-11-23T15:04:05Z"
        duration:
          description: How many seconds it took.
          type: float
        host:
          description: The host that verified it.
          type: str
    proof:
      description:
        - The newest of its verifications by O(level) or a higher one, in the form of C(proofs) of
          M(convosphere.platform.convosphere_db_backup_info); null without one.
      type: dict
    boot:
      description:
        - What the boot of this run found, by C(documents), C(vectors), C(login), C(users) and C(conversations).
          C(nothing to read) if the backup has none. Null without a boot.
      type: dict
      sample:
        documents: nothing to read
        vectors: 2 classes restored
        login: answered
        users: answered
        conversations: answered
    tables:
      description: The number of its tables.
      type: int
      sample: 31
    rows:
      description: The number of rows in all its tables.
      type: int
      sample: 120034
"""

from ansible_collections.convosphere.platform.plugins.module_utils._backup import names, paths
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._restore.verification_run import (
    VERIFICATION_OPTIONS,
    VerificationRun,
)


class VerifyModule(ConvosphereModule):
    """Verify backups."""

    argument_spec = VERIFICATION_OPTIONS

    def build(self) -> Work:
        """Return the verification."""
        paths.refuse(self.argument_spec, self.params)
        names.refuse_unusable(self.params, "backups")
        return VerificationRun(self.invocation)


def main() -> None:
    VerifyModule.main()


if __name__ == "__main__":
    main()
