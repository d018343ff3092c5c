#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_domain_group
short_description: Manage the domain groups of ConvoSphere
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Creates, changes and removes domain groups in the platform's tables, one or a list. A list is one plan and one
    transaction. Only rows that differ are written, and options that are not given do not change a field. An empty
    value, V("") or V([]), clears it.
  - A group is identified by O(external_id) if that is given, otherwise by O(name) within O(organization_id).
  - In version 0.1.2-beta of the platform, a domain group gives no access to anything. Neither O(members) nor
    O(resources) are read by its code, at any access level. Its REST interface lists the groups, counts
    their resources, and returns 0 for the number of members. All other routes fail.
  - Values that would make the platform's list of groups fail for all users are refused.
  - A group that the platform created at a login by single sign-on belongs to the system, and cannot be removed. Other
    groups are removed with their members, resources, invitations and activities; groups below them lose their parent.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.entity
  - convosphere.platform.attributes
options:
  name: &name
    description: The name of the group, 1 to 200 characters.
    type: str
  organization_id: &organization_id
    description: >-
      The UUID of the organization that the group belongs to. Without it the group belongs to none, also as a part
      of its key.
    type: str
  external_id: &external_id
    description: >-
      The id of the group in another system. The platform's own ones begin with C(saml:), C(oauth:) or C(github:).
    type: str
  display_name: &display_name
    description: The name that is shown.
    type: str
  description: &description
    description: A text about the group.
    type: str
  domain_type: &domain_type
    description: >-
      The type, V(project), V(department), V(team), V(functional_area), V(client), V(product), V(geographic),
      V(temporary) or V(cross_functional). A new group is a V(team).
    type: str
  parent: &parent
    description: >-
      The name of the group above it, also of one in the same list. If several have that name, the id of one. A group
      that is itself below this one is refused.
    type: str
  is_public: &is_public
    description: Whether all users of the organization see the group. They do not see a new one.
    type: bool
  is_active: &is_active
    description: Whether the group is active. A new one is.
    type: bool
  default_access_level: &default_access_level
    description: >-
      The access level of those who join, V(read_only), V(read_write), V(full_access), V(admin) or V(owner). It is
      V(read_write) in a new group.
    type: str
  allow_self_join: &allow_self_join
    description: Whether users may join by themselves. They may not join a new group.
    type: bool
  require_approval: &require_approval
    description: Whether joining needs an approval. It does in a new group.
    type: bool
  tags: &tags
    description: Words about the group.
    type: list
    elements: str
  settings: &settings
    description: Settings of the group, a dictionary.
    type: dict
  permissions: &permissions
    description: Permissions of the group.
    type: list
    elements: str
  expires_at: &expires_at
    description: When the group expires, a timestamp such as V(2027-01-31T12:00:00Z).
    type: str
  members: &members
    description: >-
      The members, dictionaries with C(user), a username or email that exists, C(access_level), V(read_only),
      V(read_write), V(full_access), V(admin) or V(owner), and C(is_active). A new member has V(read_write) and is
      active. Members who join and leave by themselves are brought to this list, see O(members_mode).
    type: list
    elements: dict
  resources: &resources
    description: >-
      What the group shares, dictionaries with C(type), C(name) and C(access_level), V(read_only), V(read_write),
      V(full_access), V(admin) or V(owner); the default is V(read_write). The type is V(assistant), V(tool),
      V(document), V(knowledge_base), V(conversation), V(workspace), V(template) or V(workflow). C(name) is the
      name of the assistant, the function name of the tool, the title of the document, or an id.
    type: list
    elements: dict
  id: &id
    description: The UUID of an existing domain group. Together with it, O(name) is the new name.
    type: str
  members_mode:
    description: V(exact) makes O(members) the only members of the group. V(append) adds them.
    type: str
    choices: [exact, append]
    default: exact
  resources_mode:
    description: V(exact) makes O(resources) the only resources of the group. V(append) adds them.
    type: str
    choices: [exact, append]
    default: exact
  state:
    description: Whether the domain group exists.
    type: str
    choices: [present, absent]
    default: present
  domain_groups:
    description: A list of domain groups. The options of one domain group are those of the task.
    type: list
    elements: dict
    suboptions:
      name: *name
      organization_id: *organization_id
      external_id: *external_id
      display_name: *display_name
      description: *description
      domain_type: *domain_type
      parent: *parent
      is_public: *is_public
      is_active: *is_active
      default_access_level: *default_access_level
      allow_self_join: *allow_self_join
      require_approval: *require_approval
      tags: *tags
      settings: *settings
      permissions: *permissions
      expires_at: *expires_at
      members: *members
      resources: *resources
      id: *id
      members_mode:
        description: The same as O(members_mode) for this group, and its default.
        type: str
        choices: [exact, append]
      resources_mode:
        description: The same as O(resources_mode) for this group, and its default.
        type: str
        choices: [exact, append]
      state:
        description: The same as O(state) for this domain group, and its default.
        type: str
        choices: [present, absent]
  domain_groups_file:
    description:
      - A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of domain groups, or a dictionary with that list under C(domain_groups). A file that is encrypted with
        Ansible Vault is decrypted.
    type: path
seealso:
  - module: convosphere.platform.convosphere_group
"""

EXAMPLES = r"""
- name: Have a group below another one, and share an assistant with its members
  convosphere.platform.convosphere_domain_group:
    login_env_file: /opt/convosphere/prod/.env
    domain_groups:
      - name: Service
        domain_type: department
      - name: Service desk
        parent: Service
        members:
          - user: ada
            access_level: owner
          - user: bob
        resources:
          - type: assistant
            name: Support
            access_level: read_only
"""

RETURN = r"""
created:
  description: The names of the domain groups that were created, in the order of the list.
  returned: success
  type: list
  elements: str
  sample: [Service desk]
updated:
  description: The changed fields, by name.
  returned: success
  type: dict
  sample: {Service desk: [description]}
deleted:
  description: The names of the domain groups that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The names of the domain groups that did not change.
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
    - The names of the groups that would be created or renamed, by id, for O(planned) of a later task.
    - The id of a new one is provisional.
  returned: in check mode
  type: dict
pruned:
  description: Those of RV(deleted) that O(prune) removed.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the domain groups of the list that exist afterwards, by name; in check mode no new ones.
  returned: success
  type: dict
  sample: {Service desk: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.domain_group import DOMAIN_GROUP
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork


class DomainGroupModule(ConvosphereModule):
    """Domain groups of one platform."""

    argument_spec = entity_options.argument_spec(DOMAIN_GROUP)
    rules = entity_options.rules(DOMAIN_GROUP)
    unlisted = entity_options.unlisted(DOMAIN_GROUP)

    def build(self) -> Work:
        """Return the work on the domain groups."""
        return EntityWork(self.invocation, DOMAIN_GROUP)


def main() -> None:
    DomainGroupModule.main()


if __name__ == "__main__":
    main()
