#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_audit_alert
short_description: Manage the audit alerts of ConvoSphere
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Creates, changes and removes audit alerts in the platform's tables, one or a list. A list is one plan and one
    transaction. Only rows that differ are written, and options that are not given do not change a field. An empty
    value, V("") or V([]), clears it.
  - In version 0.1.2-beta of the platform, no code reads these rows, and every REST route of them fails. No alert is
    ever triggered, and no recipient gets a notification. The collection's monitoring has alerts of its own.
  - The platform allows several alerts of one name. If a list names them, the module fails and lists their ids.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.entity
  - convosphere.platform.attributes
options:
  name: &name
    description: The name of the alert, which identifies it, 1 to 255 characters.
    type: str
  description: &description
    description: A text about the alert.
    type: str
  event_types: &event_types
    description: Types of events, as the audit log has them, for example V(USER_LOGIN).
    type: list
    elements: str
  severity_levels: &severity_levels
    description: Severities of events, for example V(WARNING).
    type: list
    elements: str
  threshold_count: &threshold_count
    description: The number of events that triggers the alert, 1 to 1000; V(1) for a new one.
    type: int
  threshold_period: &threshold_period
    description: The period in which they are counted in seconds, 60 to 86400; V(3600) for a new one.
    type: int
  notification_channels: &notification_channels
    description: The ways of a notification, for example V(email).
    type: list
    elements: str
  notification_recipients: &notification_recipients
    description: The recipients of a notification.
    type: list
    elements: str
  escalation_rules: &escalation_rules
    description: How an alert escalates, a dictionary.
    type: dict
  enabled: &enabled
    description: Whether the alert is in force. A new one is.
    type: bool
  id: &id
    description: The UUID of an existing audit alert. Together with it, O(name) is the new name.
    type: str
  state:
    description: Whether the audit alert exists.
    type: str
    choices: [present, absent]
    default: present
  audit_alerts:
    description: A list of audit alerts. The options of one audit alert are those of the task.
    type: list
    elements: dict
    suboptions:
      name: *name
      description: *description
      event_types: *event_types
      severity_levels: *severity_levels
      threshold_count: *threshold_count
      threshold_period: *threshold_period
      notification_channels: *notification_channels
      notification_recipients: *notification_recipients
      escalation_rules: *escalation_rules
      enabled: *enabled
      id: *id
      state:
        description: The same as O(state) for this audit alert, and its default.
        type: str
        choices: [present, absent]
  audit_alerts_file:
    description:
      - A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of audit alerts, or a dictionary with that list under C(audit_alerts). A file that is encrypted with
        Ansible Vault is decrypted.
    type: path
seealso:
  - module: convosphere.platform.convosphere_audit_policy
"""

EXAMPLES = r"""
- name: Declare an alert for failed logins
  convosphere.platform.convosphere_audit_alert:
    login_env_file: /opt/convosphere/prod/.env
    name: failed logins
    event_types: [USER_LOGIN]
    severity_levels: [WARNING]
    threshold_count: 20
    notification_channels: [email]
    notification_recipients: [security@example.com]
"""

RETURN = r"""
created:
  description: The names of the audit alerts that were created, in the order of the list.
  returned: success
  type: list
  elements: str
  sample: [failed logins]
updated:
  description: The changed fields, by name.
  returned: success
  type: dict
  sample: {failed logins: [description]}
deleted:
  description: The names of the audit alerts that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The names of the audit alerts that did not change.
  returned: success
  type: list
  elements: str
deleted_ids:
  description: The ids of RV(deleted), in the same order.
  returned: success
  type: list
  elements: str
new_names:
  description:
    - The names of the alerts that would be created or renamed, by id, for O(planned) of a later task.
    - The id of a new one is provisional.
  returned: in check mode
  type: dict
pruned:
  description: Those of RV(deleted) that O(prune) removed.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the audit alerts of the list that exist afterwards, by name; in check mode no new ones.
  returned: success
  type: dict
  sample: {failed logins: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.audit_rules import AUDIT_ALERT
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork


class AuditAlertModule(ConvosphereModule):
    """Audit alerts of one platform."""

    argument_spec = entity_options.argument_spec(AUDIT_ALERT)
    rules = entity_options.rules(AUDIT_ALERT)
    unlisted = entity_options.unlisted(AUDIT_ALERT)

    def build(self) -> Work:
        """Return the work on the audit alerts."""
        return EntityWork(self.invocation, AUDIT_ALERT)


def main() -> None:
    AuditAlertModule.main()


if __name__ == "__main__":
    main()
