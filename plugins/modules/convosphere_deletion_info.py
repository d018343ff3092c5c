#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_deletion_info
short_description: List what ConvoSphere's rules of retention have deleted
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns the records of deletions that M(convosphere.platform.convosphere_records) wrote into the table
    C(convosphere_platform.deletions), newest first. Without the table nothing was deleted.
  - The files of the records, and their signatures, are on the host. This module does not verify them.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes.info
options:
  since:
    description: >-
      The begin of the period: a period such as V(30d), or a time in UTC such as V(2026-11-29T06:00:00Z). If not given,
      it is the first deletion.
    type: str
  limit:
    description: How many are returned.
    type: int
    default: 100
seealso:
  - module: convosphere.platform.convosphere_records
"""

EXAMPLES = r"""
- name: List the deletions of the last year
  convosphere.platform.convosphere_deletion_info:
    login_env_file: /opt/convosphere/prod/.env
    since: 365d
"""

RETURN = r"""
deletions:
  description: The deletions, newest first. Each is one rule of one run.
  returned: success
  type: list
  elements: dict
  contains:
    id:
      description: The id of the record.
      type: str
    run:
      description: The run.
      type: str
    rule:
      description: The name of the rule.
      type: str
    records:
      description: What the rule is about.
      type: str
    action:
      description: V(delete), V(anonymize), or V(archive) for rows that went into files.
      type: str
    definition:
      description: The rule of that run, with ages in days.
      type: dict
    tables:
      description: The rows that were deleted or anonymised, by table.
      type: dict
    files:
      description: The files with archived rows, each with C(name), C(rows) and C(sha256).
      type: list
      elements: dict
    first_at:
      description: When the row was used that was not used for longest.
      type: str
    last_at:
      description: When the row was used that was used last.
      type: str
    deleted_at:
      description: When they were deleted.
      type: str
    signed:
      description: Whether the record has a signature.
      type: bool
  sample:
    - id: b908efcc-5d76-4f2d-9c39-2afefa4ea06f
      run: 20261201T020000Z
      rule: conversations
      records: conversations
      action: delete
      definition: {name: conversations, records: conversations, action: delete, older_than: 365}
      tables: {conversations: 30, messages: 600}
      files: []
      first_at: "2025-11-25T22:48:00Z"
      last_at: "2025-11-30T22:48:00Z"
      deleted_at: "2026-12-01T02:00:46Z"
      signed: true
total:
  description: The number of deletions in the period, also if O(limit) is smaller.
  returned: success
  type: int
  sample: 1
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._people import deletion_records
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class DeletionInfoModule(InfoModule):
    """The records of deletions of one database."""

    argument_spec = {
        **DATABASE_OPTIONS,
        "since": {"type": "str"},
        "limit": {"type": "int", "default": 100},
    }
    least = {"limit": 1}

    def report(self) -> dict[str, Any]:
        """Return the deletions."""
        return deletion_records.report(self.params)


def main() -> None:
    DeletionInfoModule.main()


if __name__ == "__main__":
    main()
