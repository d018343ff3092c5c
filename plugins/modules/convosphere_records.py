#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_records
short_description: Remove ConvoSphere's expired records by a policy
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Removes reset tokens of passwords that have expired, and search queries and rows of the audit log that are older
    than a number of days. The platform itself never removes them.
  - Only what the options name is removed. Without an option for it, a kind of records is not even read.
  - The oldest rows are first, in batches, each in its own transaction, so that a killed run keeps what it has done and
    the next one carries on. Rows that another session has locked stay for the next run.
  - Check mode returns the exact numbers. Only a backup still has the rows afterwards.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes
options:
  expired_reset_tokens:
    description:
      - Whether to clear the tokens of users who asked for a new password, after the platform refuses them anyway.
    type: bool
    default: false
  search_queries_days:
    description: >-
      The number of days after which a row of C(search_queries) is deleted. If not given, none is. Version 0.1.2-beta
      has no reachable code that writes such rows.
    type: int
  audit_logs_days:
    description:
      - The number of days after which a row of C(audit_logs) is deleted. If not given, none is.
      - These rows are the trail of logins and of the changes of this collection. C(extended_audit_logs) is not read.
    type: int
  limit:
    description: How many rows of each kind one run removes. The others are RV(remaining) for the next run.
    type: int
    default: 50000
  max_deletions:
    description:
      - If more rows than this have expired in all, the module fails and deletes nothing, because the policy may be a
        mistake.
    type: int
    default: 500000
  lock_timeout:
    description: The number of seconds to wait for another run of this module.
    type: int
    default: 60
seealso:
  - module: convosphere.platform.convosphere_db_backup
"""

EXAMPLES = r"""
- name: Clear expired reset tokens, and keep the audit log for a year
  convosphere.platform.convosphere_records:
    login_env_file: /opt/convosphere/prod/.env
    expired_reset_tokens: true
    audit_logs_days: 365

- name: Delete at most 1000 search queries of the year before last
  convosphere.platform.convosphere_records:
    login_env_file: /opt/convosphere/prod/.env
    search_queries_days: 365
    limit: 1000
"""

RETURN = r"""
rows:
  description: The rows that were removed, or would be in check mode, by kind. Kinds without a policy are left out.
  returned: success
  type: dict
  sample: {"password_reset_tokens": 3, "audit_logs": 1200}
remaining:
  description: The expired rows that remain for the next run, by kind.
  returned: success
  type: dict
  sample: {"password_reset_tokens": 0, "audit_logs": 0}
limit:
  description: The value of O(limit).
  returned: success
  type: int
  sample: 50000
"""

from ansible_collections.convosphere.platform.plugins.module_utils._app.records_run import RecordsWork
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class RecordsModule(ConvosphereModule):
    """The expired records of one database."""

    argument_spec = {
        **DATABASE_OPTIONS,
        "expired_reset_tokens": {"type": "bool", "default": False, "no_log": False},
        "search_queries_days": {"type": "int"},
        "audit_logs_days": {"type": "int"},
        "limit": {"type": "int", "default": 50_000},
        "max_deletions": {"type": "int", "default": 500_000},
        "lock_timeout": {"type": "int", "default": 60},
    }
    least = {"search_queries_days": 1, "audit_logs_days": 1, "limit": 1, "lock_timeout": 1}

    def build(self) -> Work:
        """Return the work on the records."""
        return RecordsWork(self.invocation)


def main() -> None:
    RecordsModule.main()


if __name__ == "__main__":
    main()
