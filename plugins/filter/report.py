# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe what a module did in lines of text for an operator."""

from __future__ import annotations

DOCUMENTATION = r"""
name: report
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Describe what a module did in lines of text
description:
  - Returns what the playbooks of the collection show at their end, from what a module returned.
positional: _input, subject, context
options:
  _input:
    description:
      - What the module returned. For V(database_status), V(maintenance) and V(users_audit), several results by name.
      - For V(environment) what P(convosphere.platform.environment_status#filter) returned.
      - For V(config) and V(config_comparison) what P(convosphere.platform.config_document#filter) returned.
      - For V(audit) what P(convosphere.platform.environment_runs#filter) returned.
      - For V(logs) what P(convosphere.platform.environment_logs#filter) returned.
      - For V(plan) and V(drift), the document that P(convosphere.platform.deploy_document#filter) returned.
    type: dict
    required: true
  subject:
    description: What is described.
    type: str
    required: true
    choices:
      - audit
      - awx_schedules
      - backup
      - backup_retention
      - backup_verification
      - backups
      - bundle
      - config
      - config_comparison
      - content
      - content_export
      - conversations_export
      - database_status
      - deletions
      - deletions_csv
      - drift
      - edge_maintenance
      - environment
      - health
      - logs
      - maintenance
      - messages
      - migration
      - person
      - plan
      - prune
      - records_retention
      - releases
      - reports
      - restore
      - restore_discard
      - rollback
      - rollback_of_several
      - secret_file
      - secret_rotation
      - secrets
      - stack
      - support_bundle
      - timers
      - upgrade_rehearsal
      - usage
      - users
      - users_audit
      - vacuum
  context:
    description:
      - What the lines name beside the result, such as C(environment), and C(check_mode) for what would have been done.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Report how many users were changed
  ansible.builtin.debug:
    # => ["1 created, 0 updated, 0 deleted, 2 unchanged"]
    msg: "{{ result | convosphere.platform.report('users') }}"
  vars:
    result: {created: [ada@example.com], updated: [], deleted: [], unchanged: [bob@example.com, eve@example.com]}
"""

RETURN = r"""
_value:
  description: The lines.
  type: list
  elements: str
  sample: ["1 created, 0 updated, 0 deleted, 2 unchanged"]
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.plugin_utils._reports import REPORTS


def report(result: Any, subject: str, context: Mapping[str, Any] | None = None) -> list[str]:
    """Return the lines. Raises AnsibleFilterError for an unknown subject and anything but a dictionary."""
    if subject not in REPORTS:
        raise AnsibleFilterError(f"report has no subject '{subject}'. Allowed: {', '.join(REPORTS)}.")
    if not isinstance(result, Mapping):
        raise AnsibleFilterError(f"report takes a dictionary, and not {type(result).__name__}.")
    return REPORTS[subject](result, context or {})


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return the filter by name."""
        return {"report": report}
