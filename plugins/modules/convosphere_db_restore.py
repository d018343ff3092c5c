#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_db_restore
short_description: Restore the platform's database from a backup, and swap it for the live one by rename
version_added: 1.0.0
description:
  - Loads a backup into a side database beside the live one, and compares the number of rows of every table and the
    schema revision with the backup's manifest. Only then it stops the services, ends all connections, and renames the
    two databases in one transaction.
  - Until then the platform uses the previous database. The restored database excludes everything that was written
    after the backup.
  - The previous database is kept, under its name followed by C(_before_) and the time, until O(state=discarded).
  - The restored database gets the owner, privileges, settings, connection limit and comment of the live database. All
    objects in it, with their owners, are those of the backup.
  - If a service ends or restarts repeatedly on the restored database, the module rolls back to the previous database.
    The restored one is dropped then, or kept under its name followed by C(_rejected_) and the time if it was written
    to. Whenever a run is interrupted, either the previous or the restored database is live and complete. The next run
    continues, starts the services and removes leftovers.
  - Uploads and vectors are swapped just before the databases, after a note on how to undo that was written into the
    mark of the restored database. If a run is interrupted in between, the next restore, of any backup and with any
    O(include), first puts the previous content back. Content that was written in between is kept with C(rejected) in
    its name, and O(state=discarded) is refused until then.
  - If the backup is restored already and nothing was written since, nothing changes. The transaction id of each row
    decides that reliably, in the time of counting all rows. Of uploads the files and bytes are compared, of vectors the
    classes and the number of objects.
  - If anything was written since, the same backup is restored again. To discard what a restore has replaced, use
    O(state=discarded), which restores nothing.
  - Persons who were erased by M(convosphere.platform.convosphere_person_erasure) are erased again, after the numbers
    of rows were compared and before the swap. The ledger of the live database and the file C(erasures-ENVIRONMENT.json)
    in O(backup_dir) and beside O(backup) name them by their ids. Their uploads and vectors are deleted too. A backup of
    another environment brings the ledger of that one.
  - Holds that were placed or released since the backup stay so, by the live database and the file
    C(holds-ENVIRONMENT.json) in the same directories.
  - A restore verifies a backup that was not verified by a restore yet.
  - A backup has no roles, tablespaces, extensions and collations of the operating system. Those that the dump needs are
    listed in its manifest, and required on the server before anything is loaded, see O(restore_roles).
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.postgres_tools
  - convosphere.platform.loading
  - convosphere.platform.engine
  - convosphere.platform.ownership.confirm
  - convosphere.platform.signing
  - convosphere.platform.attributes
attributes:
  idempotent:
    support: partial
    details: With O(force=true) every run restores, and reports a change.
options:
  state:
    description:
      - With V(restored) the database is that of O(backup).
      - With V(discarded) the databases that all restores have kept are dropped, and with O(include) the kept uploads
        and vectors are deleted. It needs no O(backup), changes neither the live database nor the services, and is
        refused if there is no live database.
    type: str
    choices: [restored, discarded]
    default: restored
  backup:
    description:
      - The backup to restore. It is an id, a label (the newest with it), the name of a file in O(backup_dir),
        V(latest), V(latest_verified), or the path of a file of a backup in any directory.
      - A label, V(latest) and V(latest_verified) only match backups of O(environment_name) and O(login_db). To restore
        one of another environment or database, set its id or file, and O(force=true).
      - Required with O(state=restored), and ignored otherwise.
    type: str
  backup_dir:
    description:
      - The directory of the backups on the managed host.
      - Required with O(state=restored), and ignored otherwise.
    type: path
  environment_name:
    description:
      - The environment to restore, for example V(prod). A backup of another environment, or of another database than
        O(login_db), is refused.
      - O(backup_dir), O(login_container) and the directory and containers of O(project_name) must belong to it, in
        check mode too. Otherwise nothing is changed.
    type: str
    required: true
  include:
    description:
      - The components to restore. The database is required.
      - V(uploads) are unpacked in their volume, and V(vectors) are written to the vector store, beside the current
        content. They are swapped while the services are stopped, and swapped back if the restore fails. If uploads are
        in MinIO, C(minio) is one of these services.
      - Uploads of a backup that were files of the backend are not restored into MinIO, nor the other way round. This is
        refused before anything is changed.
      - The previous content is kept until O(state=discarded). Files are kept in C(/app/uploads), or in C(/data) of
        MinIO, in a directory named C(.convosphere_before_) and the time, which backups exclude, and vectors in a backup
        of the store. Restored content that was rolled back after it was written to is kept with C(rejected) instead of
        C(before).
    type: list
    elements: str
    choices: [database, uploads, vectors]
    default: [database]
  weaviate_api_key:
    description: The API key of the vector store, if it requires one.
    type: str
  vectors_timeout:
    description: How many seconds the vector store may take to back up its content, and to restore.
    type: int
    default: 600
  force:
    description:
      - Restore a backup even if it is of another environment, database or major version of PostgreSQL, if the backend
        does not know its schema revision, or if it seems to be restored already.
    type: bool
    default: false
  restore_roles:
    description:
      - What to do about roles that tables and privileges of the backup name, and the server does not have.
      - V(require) restores nothing if a role is missing, and names it.
      - V(create) creates them, without login, password and memberships, which no backup has.
      - V(skip) gives their objects to the owner of the database, and omits their privileges, and the row security
        policies that are for them alone. RV(skipped) lists each role.
      - V(create) and V(skip) need an O(login_user) that may create roles. Existing roles are used in any case.
    type: str
    choices: [require, create, skip]
    default: require
  known_revisions:
    description:
      - The schema revisions that the backend's code knows.
      - By default those of O(image).
    type: list
    elements: str
  image:
    description:
      - The image of the backend, which must be on the host, to read the known schema revisions from.
      - Without this and O(known_revisions) the schema revision is not checked.
      - Uploads in MinIO are restored with it too, on a host that has no container of the backend. By default that of
        the release in O(project_src) is used.
    type: str
  project_name:
    description:
      - The name of the Compose project whose services use the database, for example V(convosphere-dev).
      - Without it no service is stopped or started. Connections are ended in any case.
    type: str
  project_src:
    description:
      - The directory of C(compose.yaml) on the managed host.
      - By default the directory from which the project's containers were created, if it can be read.
    type: path
  services:
    description:
      - The services to stop before the databases are renamed, and to start afterwards.
      - They are started even if they did not run before. Services without a container are skipped.
      - An empty list stops none, for a database whose services run on other hosts and were stopped before.
    type: list
    elements: str
    default: [backend]
  stop_timeout:
    description:
      - How many seconds a container gets between SIGTERM and SIGKILL.
      - By default the container's own setting. The backend of ConvoSphere ignores SIGTERM, so that this time passes in
        full.
    type: int
  wait:
    description:
      - Wait until the services are healthy, and roll back to the previous database if one of them ends or restarts
        repeatedly. If one runs but is not healthy within O(wait_timeout), only the task fails; the restored database
        stays.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait for the services.
    type: int
    default: 240
  drain_timeout:
    description: How many seconds other connections get to end their current statements and transactions.
    type: int
    default: 10
  analyze_timeout:
    description: How many seconds ANALYZE of the restored tables may take. The rest is left to autovacuum.
    type: int
    default: 600
seealso:
  - module: convosphere.platform.convosphere_db_backup
  - module: convosphere.platform.convosphere_db_backup_verify
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Restore the latest backup that was verified by a restore
  convosphere.platform.convosphere_db_restore:
    backup: latest_verified
    backup_dir: /var/backups/convosphere/prod
    environment_name: prod
    confirm: prod
    login_container: convosphere-prod-postgres-1
    login_env_file: /opt/convosphere/prod/.env
    project_name: convosphere-prod

- name: Restore it on a new host, without the roles that only the lost host had
  convosphere.platform.convosphere_db_restore:
    backup: latest_verified
    backup_dir: /var/backups/convosphere/prod
    environment_name: prod
    restore_roles: skip
    login_container: convosphere-prod-postgres-1
    login_env_file: /opt/convosphere/prod/.env
    project_name: convosphere-prod

- name: Discard the previous content, once the restored content is approved
  convosphere.platform.convosphere_db_restore:
    state: discarded
    environment_name: prod
    confirm: prod
    login_env_file: /opt/convosphere/prod/.env
    include: [database, uploads, vectors]
    project_name: convosphere-prod
"""

RETURN = r"""
backup:
  description: The chosen backup; null with O(state=discarded).
  returned: success
  type: dict
  contains:
    id:
      description: Its id.
      type: str
      sample: convosphere-20261123T150102Z
    label:
      description: Its label; null without one.
      type: str
    created_at:
      description: When its snapshot was taken, in UTC.
      type: str
      sample: "2026-11-23T15:01:02Z"
    schema_revisions:
      description: The revisions of its schema.
      type: list
      elements: str
    rows:
      description: The number of rows in all its tables.
      type: int
restored:
  description: Whether this run has restored the backup, or in check mode would.
  returned: success
  type: bool
skipped:
  description:
    - A sentence for each object of the backup that was not restored, or in check mode would not be. Roles with
      O(restore_roles=skip), and subscriptions, which are never restored, because they would start to copy.
  returned: success
  type: list
  elements: str
  sample: ["subscription orders: create it again if it is needed"]
previous:
  description:
    - The name under which the replaced database is kept.
    - Null if no database was replaced, and in check mode.
  returned: success
  type: str
  sample: convosphere_before_20261123T160000Z
kept:
  description:
    - All databases that this and earlier restores have kept, oldest first; in check mode those kept now.
    - With O(include) also C(uploads in) a directory, and C(vectors in) a backup of the vector store.
  returned: success
  type: list
  elements: str
discarded:
  description:
    - The objects that O(state=discarded) has discarded, or in check mode would. They are those that were listed for the
      confirmation.
  returned: success
  type: list
  elements: str
erased_again:
  description:
    - How many persons of the ledger of M(convosphere.platform.convosphere_person_erasure) the backup had. They were
      erased again before the restored database became the live one.
  returned: with O(state=restored), null without a restore
  type: int
  sample: 0
duration:
  description: How many seconds the restore took; null without one.
  returned: success
  type: float
"""

from ansible_collections.convosphere.platform.plugins.module_utils._backup import names, paths
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._migration import alembic_client
from ansible_collections.convosphere.platform.plugins.module_utils._people.signatures import KEYS
from ansible_collections.convosphere.platform.plugins.module_utils._restore.discard_run import DiscardRun
from ansible_collections.convosphere.platform.plugins.module_utils._restore.restore_run import RestoreRun
from ansible_collections.convosphere.platform.plugins.module_utils._restore.restore_work import (
    DISCARDED,
    RESTORE_OPTIONS,
    RESTORED,
)


class RestoreModule(ConvosphereModule):
    """Restore a backup, or discard the content that restores have kept."""

    argument_spec = RESTORE_OPTIONS
    rules = {
        "required_if": [("state", RESTORED, ("backup", "backup_dir"))],
        "mutually_exclusive": [KEYS],
    }

    def build(self) -> Work:
        """Return the restore or the discarding."""
        paths.refuse(self.argument_spec, self.params)
        names.refuse_unusable(self.params, "backup")
        if self.params["state"] == DISCARDED:
            return DiscardRun(self.invocation)
        return RestoreRun(self.invocation, self.known_revisions)

    def known_revisions(self) -> set[str] | None:
        """Return the schema revisions that the backend's code knows, None if nothing reports them."""
        if self.params["known_revisions"] is not None:
            return set(self.params["known_revisions"])
        if not self.params["image"]:
            return None
        code = alembic_client.Alembic(self.params["image"], self.params["docker_host"])
        return {revision.id for revision in code.revisions()}


def main() -> None:
    RestoreModule.main()


if __name__ == "__main__":
    main()
