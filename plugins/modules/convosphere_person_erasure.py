#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_person_erasure
short_description: Erase a person from ConvoSphere
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Erases everything of one user. Conversations with their messages, documents with their files, chunks and vectors,
    search queries, dashboards, memberships, invitations and the account are deleted. The rows of the audit trail
    stay, without the person. All foreign keys of the platform are known. If the database has another one that refers to
    what would be deleted, the module fails with its name, and changes nothing.
  - Check mode returns the counts of the real run, by table.
  - The account is disabled first. Large tables follow in batches, each in its own transaction, and the rest in one. A
    run that was interrupted is completed by the next one with the same options.
  - Indexes that a large deletion needs exist only meanwhile. The names begin with C(convosphere_temporary_). One that
    an interrupted run has left is dropped by the next one.
  - Afterwards all tables are searched for the id and the e-mail address. Messages and texts of other people that name
    the person are RV(leftovers). They are listed, and not changed.
  - The erasure is recorded in the table C(erasures) of the schema C(convosphere_platform), and in the file
    C(erasures-ENVIRONMENT.json) in O(backup_dir) and in every place of O(copy_to), with the id of the user and a hash
    of the address. M(convosphere.platform.convosphere_db_restore) erases the persons of this ledger again before it
    makes a restored database live.
  - A hold of M(convosphere.platform.convosphere_hold) on the user, a conversation of the user or an assistant that
    would be deleted is an error, also if only a file of holds has it, and so is the last active administrator.
  - Logs of containers, and backups that exist already, are not changed. RV(backups) are those that still have the
    person.
extends_documentation_fragment:
  - convosphere.platform.ownership
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.copies
  - convosphere.platform.signing
  - convosphere.platform.signing.writing
  - convosphere.platform.attributes
options:
  user:
    description: The e-mail address of the person, in any case of its letters, or the id.
    type: str
    required: true
  confirm:
    description:
      - The value of O(user) once more, to confirm that everything of the person is to be deleted.
      - Without it the module refuses, and lists the numbers of rows. It is not required if the person is erased
        already, nor in check mode, which only warns that the real run refuses.
    type: str
  mode:
    description:
      - V(delete) deletes the row of the user and all conversations.
      - V(anonymise) keeps the row of the user and those of conversations and messages for figures of usage, without the
        name, the address and all that was written. Rows of C(extended_audit_logs) on legal hold stay unchanged.
    type: str
    choices: [delete, anonymise]
    default: delete
  assistants_to:
    description:
      - The e-mail address or the id of an active user who takes over the assistants and tools.
      - Required if conversations of others use assistants of the person. Without it the assistants are deleted, and
        the tools have no owner.
    type: str
  documents:
    description: Whether documents are deleted with their files and vectors, or handed over to O(assistants_to).
    type: str
    choices: [delete, hand_over]
    default: delete
  project_name:
    description:
      - The name of the Compose project with the uploaded files and the vector store, for example V(convosphere-prod).
      - Without it neither is reached. The paths of files that stay are RV(unreachable_files).
    type: str
  docker_host:
    description: The URL of the Docker Engine.
    type: str
    default: unix:///var/run/docker.sock
  image:
    description: An image of the backend, for a host without a container of it, on which files are deleted in MinIO.
    type: str
  weaviate_api_key:
    description: The API key of the vector store, if it requires one. If not given, the first one that it allows.
    type: str
  backup_dir:
    description: The directory of the environment's backups.
    type: path
    required: true
  retention:
    description: >-
      The policy of M(convosphere.platform.convosphere_db_backup), to report for how long backups have the person.
    type: dict
    suboptions:
      keep_last:
        description: Number of the newest backups that are kept.
        type: int
      keep_daily:
        description: Number of days of which the last backup is kept.
        type: int
      keep_weekly:
        description: Number of weeks of which the last backup is kept.
        type: int
      keep_monthly:
        description: Number of months of which the last backup is kept.
        type: int
      keep_within:
        description: A period, such as V(30d), of which all backups are kept.
        type: str
  batch_size:
    description: The number of rows in one transaction.
    type: int
    default: 5000
  lock_timeout:
    description: The number of seconds to wait for another erasure.
    type: int
    default: 60
requirements:
  - Docker SDK for Python >= 5.0.3 with O(project_name) (Debian and Ubuntu package python3-docker)
  - requests, with O(project_name) (Debian and Ubuntu package python3-requests)
seealso:
  - module: convosphere.platform.convosphere_hold
  - module: convosphere.platform.convosphere_person_export
"""

EXAMPLES = r"""
- name: Erase a person, whose assistants others use
  convosphere.platform.convosphere_person_erasure:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    user: ada@example.com
    confirm: ada@example.com
    assistants_to: bob@example.com
    project_name: convosphere-prod
    backup_dir: /var/backups/convosphere/prod

- name: Keep the figures of usage
  convosphere.platform.convosphere_person_erasure:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    user: ada@example.com
    confirm: ada@example.com
    mode: anonymise
    project_name: convosphere-prod
    backup_dir: /var/backups/convosphere/prod
"""

RETURN = r"""
deleted:
  description: The numbers of deleted rows, by table.
  returned: success
  type: dict
  sample: {"messages": 1200, "conversations": 40, "users": 1}
updated:
  description: The numbers of rows that were anonymised, handed over or cleared of a reference, by table.
  returned: success
  type: dict
  sample: {"audit_logs": 311}
files:
  description: The number of deleted files in the uploads.
  returned: success
  type: int
  sample: 12
objects:
  description: The number of deleted objects in the vector store.
  returned: success
  type: int
  sample: 12
unreachable_files:
  description: >-
    The values of C(documents.file_path) that name no place in the uploads, and all of them without O(project_name).
  returned: success
  type: list
  elements: str
leftovers:
  description: The numbers of rows that have the id or the address of the person in their text, by table.
  returned: success
  type: dict
  sample: {"messages": 2}
leftover_rows:
  description: The table and the id of these rows, at most 100 of each table.
  returned: success
  type: list
  elements: dict
  sample: [{"table": "messages", "id": "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"}]
erased_at:
  description: The time of the erasure. Empty in check mode, if the person is not erased yet.
  returned: success
  type: str
  sample: "2026-11-30T10:00:05.120931Z"
mode:
  description: The mode of the erasure.
  returned: success
  type: str
  sample: delete
ledger:
  description: The file of the ledger beside the backups.
  returned: success
  type: str
  sample: /var/backups/convosphere/prod/erasures-prod.json
ledger_copies:
  description: The places of O(copy_to), each of which has the ledger too.
  returned: success
  type: list
  elements: str
unsigned:
  description: With O(public_key), the text that has to be signed, by the name V(erasures). Empty if nothing has to be.
  returned: success
  type: dict
kept_databases:
  description: The databases that restores have kept, which still have the person if they are older than the erasure.
  returned: success
  type: list
  elements: str
  sample: [convosphere_before_20261129T020000Z]
backups:
  description: The backups in O(backup_dir) that still have the person.
  returned: success
  type: dict
  contains:
    ids:
      description: Their ids, oldest first.
      type: list
      elements: str
    pinned:
      description: Those that no retention deletes.
      type: list
      elements: str
    until:
      description: >-
        When O(retention) has deleted all of them, at one backup a day. Empty without O(retention), and if one is
        pinned.
      type: str
      sample: "2027-05-30T02:00:00Z"
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._operations.erasure_run import (
    ERASURE_OPTIONS,
    ErasureRun,
)
from ansible_collections.convosphere.platform.plugins.module_utils._people.signatures import KEYS


class PersonErasureModule(ConvosphereModule):
    """The erasure of one person."""

    argument_spec = ERASURE_OPTIONS
    rules = {"mutually_exclusive": [KEYS]}
    least = {"batch_size": 1, "lock_timeout": 1}

    def build(self) -> Work:
        """Return the erasure."""
        return ErasureRun(self.invocation)


def main() -> None:
    PersonErasureModule.main()


if __name__ == "__main__":
    main()
