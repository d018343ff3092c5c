#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_tool
short_description: Manage the tools that ConvoSphere's assistants name
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - >-
    Creates, changes and removes tools in the platform's tables, one tool or a list. A list is one plan and one
    transaction. Only tools that differ are written, and options that are not given do not change a field. An empty
    value clears it.
  - >-
    In version 0.1.2-beta of the platform, the rows are a registry that REST lists. No answer runs a tool, and nothing
    reads O(is_enabled), O(required_permissions) and O(rate_limit). Values that REST cannot return are refused: one such
    row makes the list of tools fail for every user.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.entity
  - convosphere.platform.attributes
options:
  function_name: &function_name
    description:
      - >-
        The name of the function, unique in the platform, which identifies the tool.
    type: str
  name: &name
    description:
      - >-
        The displayed name. A new tool needs it.
    type: str
  description: &description
    description:
      - >-
        A text about the tool.
    type: str
  category: &category
    description:
      - >-
        The category: V(search), V(file), V(api), V(database), V(custom), V(analysis), V(communication) or
        V(automation). A new tool needs it.
    type: str
  version: &version
    description:
      - >-
        The version. A new tool gets V(0.1.2-beta), as in the platform.
    type: str
  parameters_schema: &parameters_schema
    description:
      - >-
        The JSON schema of the parameters.
    type: dict
  implementation_path: &implementation_path
    description:
      - >-
        The path of code that implements the tool. The module warns if it sets it: this version of the platform does not
        load it, and a later one may run that code with the rights of the backend.
    type: str
  is_builtin: &is_builtin
    description:
      - >-
        Whether the tool belongs to the platform. A new tool does not.
    type: bool
  is_enabled: &is_enabled
    description:
      - >-
        Whether the tool is enabled. A new tool is. Disabled tools are listed too.
    type: bool
  requires_auth: &requires_auth
    description:
      - >-
        Whether a login is needed. A new tool needs none. With V(true), REST shows the tool as usable for users with the
        role V(admin) only, not for a V(super_admin).
    type: bool
  required_permissions: &required_permissions
    description:
      - >-
        The permissions that a user needs.
    type: list
    elements: str
  rate_limit: &rate_limit
    description:
      - >-
        The greatest rate, as a text of at most 50 characters.
    type: str
  tags: &tags
    description:
      - >-
        Words about the tool. They are not those of M(convosphere.platform.convosphere_tag).
    type: list
    elements: str
  metadata: &metadata
    description:
      - >-
        Further data of the tool.
    type: dict
  owner: &owner
    description:
      - >-
        The username or email of the user whose tool it is. An empty text stands for no user.
    type: str
  id: &id
    description:
      - >-
        The UUID of an existing tool. Together with it, O(function_name) is the new name.
    type: str
  state:
    description:
      - >-
        Whether the tool exists. With V(absent) it is also removed from
        O(convosphere.platform.convosphere_assistant#module:tools) of the assistants that have it; the diff names them.
    type: str
    choices: [present, absent]
    default: present
  tools:
    description: A list of tools. The options of one tool are those of the task.
    type: list
    elements: dict
    suboptions:
      function_name: *function_name
      name: *name
      description: *description
      category: *category
      version: *version
      parameters_schema: *parameters_schema
      implementation_path: *implementation_path
      is_builtin: *is_builtin
      is_enabled: *is_enabled
      requires_auth: *requires_auth
      required_permissions: *required_permissions
      rate_limit: *rate_limit
      tags: *tags
      metadata: *metadata
      owner: *owner
      id: *id
      state:
        description: The same as O(state) for this tool, and its default.
        type: str
        choices: [present, absent]
  tools_file:
    description:
      - >-
        A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of tools, or a dictionary with that list under C(tools). A file that is encrypted with Ansible Vault is
        decrypted.
    type: path
seealso:
  - module: convosphere.platform.convosphere_assistant
  - module: convosphere.platform.convosphere_content_info
"""

EXAMPLES = r"""
- name: Have two tools from a file, and remove those that an earlier version of it created
  convosphere.platform.convosphere_tool:
    login_env_file: /opt/convosphere/prod/.env
    tools_file: content/tools.yml
    prune: true

- name: Have one tool
  convosphere.platform.convosphere_tool:
    login_env_file: /opt/convosphere/prod/.env
    function_name: search_wiki
    name: Search the wiki
    category: search
    parameters_schema:
      type: object
      properties:
        query: {type: string}
"""

RETURN = r"""
created:
  description: The function names of the tools that were created, in the order of the list.
  returned: success
  type: list
  elements: str
  sample: [search_wiki]
updated:
  description: The changed fields, by function name.
  returned: success
  type: dict
  sample: {search_wiki: [description]}
deleted:
  description: The function names of the tools that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The function names of the tools that did not change.
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
    - The names of the tools that would be created or renamed, by id, for O(planned) of a later task.
    - The id of a new one is provisional.
  returned: in check mode
  type: dict
pruned:
  description: Those of RV(deleted) that O(prune) removed.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the tools of the list that exist afterwards, by function name; in check mode without new ones.
  returned: success
  type: dict
  sample: {search_wiki: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.tool import TOOL
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork


class ToolModule(ConvosphereModule):
    """Tools of one platform."""

    argument_spec = entity_options.argument_spec(TOOL)
    rules = entity_options.rules(TOOL)
    unlisted = entity_options.unlisted(TOOL)

    def build(self) -> Work:
        """Return the work on the tools."""
        return EntityWork(self.invocation, TOOL)


def main() -> None:
    ToolModule.main()


if __name__ == "__main__":
    main()
