#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_records
short_description: Archive, delete and anonymise ConvoSphere's records by rules of retention
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Applies rules to conversations, search queries, rows of both audit logs and expired reset tokens. The platform
    itself never removes them. Without a rule about it, a kind of records is not even read.
  - A row belongs to the first rule of the list that is about it, also if it is too young for it. So a rule for one
    group before the rule for all is an exception from the latter.
  - What is on hold stays, and is counted as C(held). That is the conversations, search queries and audit rows of a
    user, a conversation and the conversations of an assistant on hold, and rows of C(extended_audit_logs) with a
    legal hold.
  - A run that deletes or anonymises requires a verified backup, and refuses to take more than a share of all rows.
    Reset tokens are exempt from both.
  - Rows go in batches, each in its own transaction, those first that were not used for longest. A killed run keeps
    what it has done, and the next one carries on. Rows that another session has locked stay for the next run.
  - Each deletion is recorded in the table C(convosphere_platform.deletions), in the transaction that deletes, and in
    a file.
  - Check mode returns the exact numbers.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes
options:
  environment_name:
    description: The environment, which owns O(backup_dir) and whose name is in the record.
    type: str
    required: true
  rules:
    description:
      - The rules, in the order in which they get rows. The module reports the problems of all of them together.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The name of the rule, by which the record of the deletion names it.
        type: str
        required: true
      records:
        description:
          - What the rule is about. V(reset_tokens) are the tokens of users who asked for a new password, after the
            platform refuses them anyway.
        type: str
        choices: [conversations, search_queries, audit_logs, extended_audit_logs, reset_tokens]
        required: true
      action:
        description:
          - V(archive) marks conversations as archived, as the platform's own route does, but leaves them active. Audit
            rows go into files of JSON Lines in O(record_dir), of which the record has the checksums.
          - V(delete) deletes rows, and the messages of a conversation.
          - V(anonymize) keeps the rows for statistics. Conversations keep their owner, and lose titles, texts, tool
            data and metadata; audit rows lose the user, addresses, descriptions and details. Search queries cannot be
            anonymised.
        type: str
        choices: [archive, delete, anonymize]
        required: true
      older_than:
        description:
          - The age in days, such as V(365d); required but for V(reset_tokens).
          - The age of a conversation counts from its last message; without messages, from its last change.
        type: str
      delete_after:
        description: The days from the archiving of a conversation to its deletion. If not given, it stays archived.
        type: str
      groups:
        description: Only the records of the users in these groups.
        type: list
        elements: str
      assistants:
        description: Only the conversations with these assistants, by name or id. A name that several have is refused.
        type: list
        elements: str
      except_users:
        description:
          - Not the records of these users, by email, username or id. A later rule may be about them.
          - A text that is the email of one user and the username of another means the email, and an email as it is
            written before one in another case. One that several users have is refused. One that is no user, such as
            the email of an erased user, keeps nothing and is a warning.
        type: list
        elements: str
      event_types:
        description: Only audit rows of these types, as the database has them, for example V(USER_LOGIN).
        type: list
        elements: str
  platform_rules:
    description:
      - Whether to apply the enabled rows of the platform's table C(audit_retention_rules) as well, after O(rules).
      - Those with a legal hold come before O(rules), so that no rule gets their rows.
      - A row with a condition or an action that the module does not know is skipped, and returned in RV(skipped_rules).
    type: bool
    default: false
  limit:
    description: How many rows each rule takes in one run. The others are V(remaining) for the next run.
    type: int
    default: 50000
  max_share:
    description:
      - If the rules delete or anonymise more than this percentage of all rows of a kind, and more than 20 of them, the
        module fails and changes nothing, because a rule may be a mistake. Rows beyond O(limit) count as well.
    type: int
    default: 50
  accept_share:
    description: Whether to take more than O(max_share) all the same. Give it for one run, never in an inventory.
    type: bool
    default: false
  backup_dir:
    description: The directory of the backups, of which one must have what is deleted.
    type: path
  backup_max_age:
    description: The number of hours that the backup may be old.
    type: float
    default: 26
  skip_backup_gate:
    description: Whether to delete without such a backup.
    type: bool
    default: false
  record_dir:
    description:
      - The directory for the records of deletions and for archived audit rows, which is created with the mode 0700.
      - Each run that deletes something writes one record of mode 0600. Required together with O(run).
    type: path
  run:
    description: The id of the run, which names the file of the record, with hyphens for slashes.
    type: str
  controller_signing_key:
    description:
      - The path of a private SSH key B(on the controller), without a passphrase. It never leaves the controller. With
        a passphrase, the SSH agent has to have the key, and its public half lies beside it as C(.pub).
      - With a key, each record is signed with C(ssh-keygen -Y sign) in the namespace C(convosphere-deletions), beside
        the file and in the table.
      - At most one of this, O(signing_key) and O(public_key) can be given.
    type: path
  signing_key:
    description:
      - The path of a private SSH key on the managed host, without a passphrase. The administrator of the host can sign
        with it, too.
    type: path
  public_key:
    description: The public key, as the line of a C(.pub) file, of a private key that is at neither place.
    type: str
  signatures:
    description:
      - The signatures of the texts that an earlier run with O(public_key) returned as RV(unsigned), by run.
      - With O(public_key) and without this, deletions are in the table only, until a later run writes the records.
    type: dict
  temporary_index:
    description:
      - Whether more than 36 conversations are deleted with an index on the conversation of a message, which is
        created before and dropped after. The platform has none, so that PostgreSQL reads all messages for each
        conversation.
    type: bool
    default: true
  lock_timeout:
    description: The number of seconds to wait for another run of this module.
    type: int
    default: 60
seealso:
  - module: convosphere.platform.convosphere_db_backup
"""

EXAMPLES = r"""
- name: Archive conversations after a year, delete them 90 days later, and keep those of the lawyers
  convosphere.platform.convosphere_records:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    backup_dir: /var/backups/convosphere/prod
    record_dir: /var/log/convosphere/prod.deletions
    run: 20261201T020000Z
    rules:
      - {name: legal, records: conversations, older_than: 3650d, action: archive, groups: [Legal]}
      - {name: conversations, records: conversations, older_than: 365d, action: archive, delete_after: 90d}

- name: Clear expired reset tokens, and keep logins in the audit log for two years
  convosphere.platform.convosphere_records:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    backup_dir: /var/backups/convosphere/prod
    rules:
      - {name: reset tokens, records: reset_tokens, action: delete}
      - {name: logins, records: audit_logs, older_than: 730d, action: delete, event_types: [USER_LOGIN]}
"""

RETURN = r"""
rules:
  description:
    - What each rule did, or would do in check mode, in the order of the rules. A rule that archives and deletes has two
      entries.
  returned: success
  type: list
  elements: dict
  contains:
    rule:
      description: The name of the rule.
      type: str
    records:
      description: What it is about.
      type: str
    action:
      description: What was done.
      type: str
    rows:
      description: The records that were archived, deleted or anonymised.
      type: int
    remaining:
      description: The expired records that remain for the next run.
      type: int
    held:
      description: The expired records that a hold keeps.
      type: int
    tables:
      description: The rows that were changed, by table.
      type: dict
  sample:
    - rule: conversations
      records: conversations
      action: delete
      rows: 12
      remaining: 0
      held: 1
      tables: {conversations: 12, messages: 480}
skipped_rules:
  description: The rules of the platform that were not applied, each with the reason.
  returned: success
  type: list
  elements: str
  sample: []
limit:
  description: The value of O(limit).
  returned: success
  type: int
  sample: 50000
backup:
  description: The id of the backup that has what is deleted, if one is required.
  returned: success
  type: str
  sample: convosphere-20261201T010000Z
backup_missing:
  description: In check mode, why no backup is good enough.
  returned: success
  type: str
  sample: There is no backup of database convosphere of environment prod
record_files:
  description: The records that were written, also those of interrupted runs.
  returned: success
  type: list
  elements: str
  sample: [/var/log/convosphere/prod.deletions/20261201T020000Z.json]
unsigned:
  description: With O(public_key), the records that have to be signed and were not written, by run.
  returned: success
  type: dict
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import ENVIRONMENT_OPTION
from ansible_collections.convosphere.platform.plugins.module_utils._operations.records_retention import (
    RETENTION_OPTIONS,
    RetentionWork,
)
from ansible_collections.convosphere.platform.plugins.module_utils._people.signatures import KEYS
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class RecordsModule(ConvosphereModule):
    """The rules of retention of one database."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **ENVIRONMENT_OPTION,
        **RETENTION_OPTIONS,
        "backup_dir": {"type": "path"},
        "backup_max_age": {"type": "float", "default": 26},
        "skip_backup_gate": {"type": "bool", "default": False},
        "lock_timeout": {"type": "int", "default": 60},
    }
    rules = {"mutually_exclusive": [KEYS]}
    least = {"limit": 1, "max_share": 1, "lock_timeout": 1}

    def build(self) -> Work:
        """Return the work on the records."""
        return RetentionWork(self.invocation)


def main() -> None:
    RecordsModule.main()


if __name__ == "__main__":
    main()
