#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_retention_rule
short_description: Manage the retention rules of ConvoSphere's audit
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Creates, changes and removes retention rules of the audit in the platform's tables, one or a list. A list is one
    plan and one transaction. Only rows that differ are written, and options that are not given do not change a field.
    An empty value, V("") or V([]), clears it.
  - In version 0.1.2-beta of the platform, no code reads these rows, and every REST route of them fails. A rule deletes
    nothing by itself; what deletes records of the platform is documented in docs/maintenance.md of the collection.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.entity
  - convosphere.platform.attributes
options:
  name: &name
    description: The name of the rule, which identifies it, 1 to 255 characters.
    type: str
  description: &description
    description: A text about the rule.
    type: str
  event_types: &event_types
    description: Types of events, as the audit log has them, for example V(USER_LOGIN).
    type: list
    elements: str
  event_categories: &event_categories
    description: Categories of events, for example V(AUTHENTICATION).
    type: list
    elements: str
  severity_levels: &severity_levels
    description: Severities of events, for example V(WARNING).
    type: list
    elements: str
  compliance_frameworks: &compliance_frameworks
    description: >-
      The frameworks of compliance that this is about, of V(gdpr), V(sox), V(iso27001), V(hipaa), V(pci_dss),
      V(soc2), V(ccpa) and V(lgpd).
    type: list
    elements: str
  data_classification: &data_classification
    description: The class of data, for example V(confidential); the labels are those of the platform.
    type: str
  retention_days: &retention_days
    description: For how many days rows are kept, 1 to 3650. A new rule needs it.
    type: int
  archive_days: &archive_days
    description: After how many days rows are archived, 1 to 365.
    type: int
  legal_hold: &legal_hold
    description: Whether rows of the rule are kept for a court. They are not by a new rule.
    type: bool
  action_on_expiry: &action_on_expiry
    description: What happens to an expired row, V(delete), V(archive) or V(anonymize). A new rule deletes.
    type: str
  notify_before_expiry: &notify_before_expiry
    description: How many days before the expiry a notification is due, 1 to 30.
    type: int
  enabled: &enabled
    description: Whether the rule is in force. A new one is.
    type: bool
  id: &id
    description: The UUID of an existing retention rule. Together with it, O(name) is the new name.
    type: str
  state:
    description: Whether the retention rule exists.
    type: str
    choices: [present, absent]
    default: present
  retention_rules:
    description: A list of retention rules. The options of one retention rule are those of the task.
    type: list
    elements: dict
    suboptions:
      name: *name
      description: *description
      event_types: *event_types
      event_categories: *event_categories
      severity_levels: *severity_levels
      compliance_frameworks: *compliance_frameworks
      data_classification: *data_classification
      retention_days: *retention_days
      archive_days: *archive_days
      legal_hold: *legal_hold
      action_on_expiry: *action_on_expiry
      notify_before_expiry: *notify_before_expiry
      enabled: *enabled
      id: *id
      state:
        description: The same as O(state) for this retention rule, and its default.
        type: str
        choices: [present, absent]
  retention_rules_file:
    description:
      - A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of retention rules, or a dictionary with that list under C(retention_rules). A file that is encrypted with
        Ansible Vault is decrypted.
    type: path
seealso:
  - module: convosphere.platform.convosphere_audit_policy
"""

EXAMPLES = r"""
- name: Keep logins for a year, and anonymize them afterwards
  convosphere.platform.convosphere_retention_rule:
    login_env_file: /opt/convosphere/prod/.env
    name: logins
    event_types: [USER_LOGIN]
    retention_days: 365
    action_on_expiry: anonymize
"""

RETURN = r"""
created:
  description: The names of the retention rules that were created, in the order of the list.
  returned: success
  type: list
  elements: str
  sample: [logins]
updated:
  description: The changed fields, by name.
  returned: success
  type: dict
  sample: {logins: [description]}
deleted:
  description: The names of the retention rules that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The names of the retention rules that did not change.
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
    - The names of the rules that would be created or renamed, by id, for O(planned) of a later task.
    - The id of a new one is provisional.
  returned: in check mode
  type: dict
pruned:
  description: Those of RV(deleted) that O(prune) removed.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the retention rules of the list that exist afterwards, by name; in check mode no new ones.
  returned: success
  type: dict
  sample: {logins: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.audit_rules import RETENTION_RULE
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork


class RetentionRuleModule(ConvosphereModule):
    """Retention rules of one platform."""

    argument_spec = entity_options.argument_spec(RETENTION_RULE)
    rules = entity_options.rules(RETENTION_RULE)
    unlisted = entity_options.unlisted(RETENTION_RULE)

    def build(self) -> Work:
        """Return the work on the retention rules."""
        return EntityWork(self.invocation, RETENTION_RULE)


def main() -> None:
    RetentionRuleModule.main()


if __name__ == "__main__":
    main()
