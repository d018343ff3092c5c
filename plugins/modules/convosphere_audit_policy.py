#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_audit_policy
short_description: Manage the audit policies of ConvoSphere
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Creates, changes and removes audit policies in the platform's tables, one or a list. A list is one plan and one
    transaction. Only rows that differ are written, and options that are not given do not change a field. An empty
    value, V("") or V([]), clears it.
  - In version 0.1.2-beta of the platform, no code reads these rows, and every REST route of them fails. A policy
    documents what is to be audited; the platform writes the same rows of the audit log with and without it.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.entity
  - convosphere.platform.attributes
options:
  name: &name
    description: The name of the policy, which identifies it, 1 to 255 characters.
    type: str
  description: &description
    description: A text about the policy.
    type: str
  event_types: &event_types
    description: Types of events, as the audit log has them, for example V(USER_LOGIN).
    type: list
    elements: str
  event_categories: &event_categories
    description: Categories of events, for example V(AUTHENTICATION).
    type: list
    elements: str
  resource_types: &resource_types
    description: Types of resources, for example V(assistant).
    type: list
    elements: str
  user_roles: &user_roles
    description: Roles of users, for example V(admin).
    type: list
    elements: str
  enabled: &enabled
    description: Whether the policy is in force. A new one is.
    type: bool
  log_success: &log_success
    description: Whether successful events are logged. They are by a new policy.
    type: bool
  log_failure: &log_failure
    description: Whether failed events are logged. They are by a new policy.
    type: bool
  include_context: &include_context
    description: Whether a row has the context of the event. It has with a new policy.
    type: bool
  include_metadata: &include_metadata
    description: Whether a row has the metadata of the event. It has with a new policy.
    type: bool
  retention_days: &retention_days
    description: For how many days rows are kept, 1 to 3650; V(365) for a new policy.
    type: int
  archive_after_days: &archive_after_days
    description: After how many days rows are archived, 1 to 365; V(90) for a new policy.
    type: int
  legal_hold_retention: &legal_hold_retention
    description: For how many days rows under a legal hold are kept, 1 to 3650; V(2555) for a new policy.
    type: int
  compliance_frameworks: &compliance_frameworks
    description: >-
      The frameworks of compliance that this is about, of V(gdpr), V(sox), V(iso27001), V(hipaa), V(pci_dss),
      V(soc2), V(ccpa) and V(lgpd).
    type: list
    elements: str
  data_classification: &data_classification
    description: The class of data, for example V(confidential); the labels are those of the platform.
    type: str
  id: &id
    description: The UUID of an existing audit policy. Together with it, O(name) is the new name.
    type: str
  state:
    description: Whether the audit policy exists.
    type: str
    choices: [present, absent]
    default: present
  audit_policies:
    description: A list of audit policies. The options of one audit policy are those of the task.
    type: list
    elements: dict
    suboptions:
      name: *name
      description: *description
      event_types: *event_types
      event_categories: *event_categories
      resource_types: *resource_types
      user_roles: *user_roles
      enabled: *enabled
      log_success: *log_success
      log_failure: *log_failure
      include_context: *include_context
      include_metadata: *include_metadata
      retention_days: *retention_days
      archive_after_days: *archive_after_days
      legal_hold_retention: *legal_hold_retention
      compliance_frameworks: *compliance_frameworks
      data_classification: *data_classification
      id: *id
      state:
        description: The same as O(state) for this audit policy, and its default.
        type: str
        choices: [present, absent]
  audit_policies_file:
    description:
      - A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of audit policies, or a dictionary with that list under C(audit_policies). A file that is encrypted with
        Ansible Vault is decrypted.
    type: path
seealso:
  - module: convosphere.platform.convosphere_retention_rule
"""

EXAMPLES = r"""
- name: Have two policies, and remove those that an earlier version of this list created
  convosphere.platform.convosphere_audit_policy:
    login_env_file: /opt/convosphere/prod/.env
    audit_policies:
      - name: logins
        event_types: [USER_LOGIN, USER_LOGOUT]
        retention_days: 180
      - name: personal data
        compliance_frameworks: [gdpr]
        data_classification: confidential
    prune: true
"""

RETURN = r"""
created:
  description: The names of the audit policies that were created, in the order of the list.
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
  description: The names of the audit policies that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The names of the audit policies that did not change.
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
    - The names of the policies that would be created or renamed, by id, for O(planned) of a later task.
    - The id of a new one is provisional.
  returned: in check mode
  type: dict
pruned:
  description: Those of RV(deleted) that O(prune) removed.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the audit policies of the list that exist afterwards, by name; in check mode no new ones.
  returned: success
  type: dict
  sample: {logins: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.audit_rules import AUDIT_POLICY
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork


class AuditPolicyModule(ConvosphereModule):
    """Audit policies of one platform."""

    argument_spec = entity_options.argument_spec(AUDIT_POLICY)
    rules = entity_options.rules(AUDIT_POLICY)
    unlisted = entity_options.unlisted(AUDIT_POLICY)

    def build(self) -> Work:
        """Return the work on the audit policies."""
        return EntityWork(self.invocation, AUDIT_POLICY)


def main() -> None:
    AuditPolicyModule.main()


if __name__ == "__main__":
    main()
