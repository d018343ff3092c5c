#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_group
short_description: Manage groups of users of ConvoSphere
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Creates, changes and removes groups in the platform's tables, one group or a list. A list is one plan and one
    transaction, so that either all of its changes are made or none.
  - Options that are not given do not change a field. An empty value, V(""), V([]) or V({}), clears it.
  - All problems of a list are reported together, before anything is changed. Text options accept texts only, see
    M(convosphere.platform.convosphere_user), and values that the platform's REST interface cannot return are refused.
  - Names are not unique in the platform. If several groups have a name, the module fails and lists their ids; O(id)
    chooses one.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.attributes
options:
  name:
    description: The name of the group. Together with O(id) it is the new name of that group.
    type: str
  id:
    description: The UUID of an existing group.
    type: str
  description:
    description: The description of the group, at most 1000 characters long.
    type: str
  organization_id:
    description: The UUID of the organization that the group belongs to.
    type: str
  is_active:
    description: Whether the group is active. A new group is.
    type: bool
  permissions:
    description: >-
      The permissions of the group: a list of texts, or JSON with such a list.
    type: raw
  settings:
    description: >-
      The settings of the group: a dictionary, or JSON with an object.
    type: raw
  members:
    description: The emails of the group's members, who must exist. The case is ignored.
    type: list
    elements: str
  members_mode:
    description: V(exact) makes O(members) the only members of the group. V(append) adds them.
    type: str
    choices: [exact, append]
    default: exact
  state:
    description:
      - Whether the group exists.
      - Memberships are deleted with the group. A system group cannot be deleted.
    type: str
    choices: [present, absent]
    default: present
  groups:
    description: A list of groups. The options of one group are those of the task.
    type: list
    elements: dict
    suboptions:
      name:
        description: See O(name).
        type: str
      id:
        description: See O(id).
        type: str
      description:
        description: See O(description).
        type: str
      organization_id:
        description: See O(organization_id).
        type: str
      is_active:
        description: See O(is_active).
        type: bool
      permissions:
        description: See O(permissions).
        type: raw
      settings:
        description: See O(settings).
        type: raw
      members:
        description: See O(members).
        type: list
        elements: str
      members_mode:
        description: The same as O(members_mode) for this group, and its default.
        type: str
        choices: [exact, append]
      state:
        description: The same as O(state) for this group, and its default.
        type: str
        choices: [present, absent]
  groups_file:
    description:
      - A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of groups, or a dictionary with that list under C(groups).
      - Files that are encrypted with Ansible Vault are decrypted.
    type: path
  remote_src:
    description: Whether O(groups_file) is on the managed host.
    type: bool
    default: false
seealso:
  - module: convosphere.platform.convosphere_user
"""

EXAMPLES = r"""
- name: Create or update two groups
  convosphere.platform.convosphere_group:
    login_env_file: /opt/convosphere/prod/.env
    groups:
      - name: engineering
        description: Everyone who builds
        permissions: [assistants.create]
      - name: sales
        members: [ada@example.com]
        members_mode: append

- name: Remove one of two groups with the same name
  convosphere.platform.convosphere_group:
    login_env_file: /opt/convosphere/prod/.env
    id: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11
    state: absent
"""

RETURN = r"""
groups:
  description: The ids of the groups that exist afterwards, by name; in check mode without new groups.
  returned: success
  type: dict
  sample: {engineering: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
created:
  description: The names of the groups that were created.
  returned: success
  type: list
  elements: str
updated:
  description: The changed fields, by the name before the change.
  returned: success
  type: dict
  sample: {engineering: [description]}
deleted:
  description: The names of the groups that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The names of the groups that did not change.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.convosphere.platform.plugins.module_utils._app.audit_log import AUDIT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._users.group import GROUP_OPTIONS, GroupWork


class GroupModule(ConvosphereModule):
    """Groups of one platform."""

    argument_spec = {**DATABASE_OPTIONS, **AUDIT_OPTIONS, **GROUP_OPTIONS}
    rules = {
        "mutually_exclusive": [("name", "groups", "groups_file"), ("id", "groups", "groups_file")],
        "required_one_of": [("name", "id", "groups", "groups_file")],
    }

    def build(self) -> Work:
        """Return the work on the groups."""
        return GroupWork(self.invocation)


def main() -> None:
    GroupModule.main()


if __name__ == "__main__":
    main()
