#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_assistant
short_description: Manage ConvoSphere's assistants
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - >-
    Creates, changes and removes assistants in the platform's tables, one assistant or a list. A list is one plan and
    one transaction. Only assistants that differ are written, and options that are not given do not change a field. An
    empty value clears it.
  - >-
    In version 0.1.2-beta of the platform, REST shows the rows, and no answer is made with them: prompt, model,
    temperature and tools have no effect yet. A user's list has the assistants that the user owns; a public and active
    one of another user is reached by its id only, or as default assistant.
  - >-
    The platform's default assistant, which REST returns also without a login, with its whole prompt, is the first
    public and active row of the table. Every write to that row moves the default to another one. That is why a row that
    does not differ is not written. Set O(default_for) if the default matters.
  - >-
    Values that REST cannot return are refused: one such row makes the whole list of its owner fail. Numbers are stored
    as the platform stores them, as texts, and are compared as numbers.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.entity
  - convosphere.platform.attributes
options:
  name: &name
    description:
      - >-
        The name. Together with O(owner) it identifies the assistant.
    type: str
  owner: &owner
    description:
      - >-
        The username or email of the user whose assistant it is.
    type: str
  new_owner: &new_owner
    description:
      - >-
        The username or email of the user who gets the assistant. If that user has it already, nothing is changed.
    type: str
  description: &description
    description:
      - >-
        A text about the assistant.
    type: str
  personality: &personality
    description:
      - >-
        How the assistant behaves.
    type: str
  system_prompt: &system_prompt
    description:
      - >-
        The prompt. A new assistant needs it.
    type: str
  instructions: &instructions
    description:
      - >-
        Further instructions.
    type: str
  model: &model
    description:
      - >-
        The name of the model, such as O(convosphere.platform.convosphere_ai_model#module:model_key). A new assistant
        needs it. The platform does not check it.
    type: str
  temperature: &temperature
    description:
      - >-
        The temperature, from 0 to 2. A new assistant gets V(0.7).
    type: float
  max_tokens: &max_tokens
    description:
      - >-
        The greatest number of tokens, at least 1. A new assistant gets V(4096).
    type: int
  status: &status
    description:
      - >-
        V(active), V(inactive), V(draft) or V(maintenance). A new assistant is a draft.
    type: str
  is_public: &is_public
    description:
      - >-
        Whether other users may read the assistant by its id. A new assistant is not public.
    type: bool
  is_template: &is_template
    description:
      - >-
        Whether the assistant is a template. A new one is not.
    type: bool
  tools_enabled: &tools_enabled
    description:
      - >-
        Whether the assistant uses tools. A new one does.
    type: bool
  tools: &tools
    description:
      - >-
        The function names of the assistant's only tools, which must exist. Other data of a tool that stays is kept.
        The id of a tool that was deleted may stay too.
    type: list
    elements: str
  category: &category
    description:
      - >-
        A category, at most 100 characters long.
    type: str
  tags: &tags
    description:
      - >-
        Words about the assistant. They are not those of M(convosphere.platform.convosphere_tag).
    type: list
    elements: str
  metadata: &metadata
    description:
      - >-
        Further data of the assistant, a dictionary. REST does not return it.
    type: dict
  version: &version
    description:
      - >-
        The version. A new assistant gets V(0.1.2-beta), as in the platform.
    type: str
  default_for: &default_for
    description:
      - >-
        The usernames or emails of the users whose default assistant it is, in their preferences; V([all]) for all
        users. Other users are not changed.
    type: list
    elements: str
  id: &id
    description:
      - >-
        The UUID of an existing assistant. Together with it, O(name) and O(owner) are new values.
    type: str
  state:
    description:
      - >-
        Whether the assistant exists. With V(absent) it is also removed from the preferences of users and from shared
        resources. Assistants and conversations on hold are not deleted.
    type: str
    choices: [present, absent]
    default: present
  on_conversations:
    description:
      - >-
        What O(state=absent) and O(prune) do with an assistant that has conversations.
      - >-
        V(refuse) changes nothing. V(keep) keeps the assistant, which becomes inactive and not public. V(delete) deletes
        the conversations and their messages too. For many conversations this takes minutes, because the platform's
        tables have no index for it.
    type: str
    choices: [refuse, keep, delete]
    default: refuse
  assistants:
    description: A list of assistants. The options of one assistant are those of the task.
    type: list
    elements: dict
    suboptions:
      name: *name
      owner: *owner
      new_owner: *new_owner
      description: *description
      personality: *personality
      system_prompt: *system_prompt
      instructions: *instructions
      model: *model
      temperature: *temperature
      max_tokens: *max_tokens
      status: *status
      is_public: *is_public
      is_template: *is_template
      tools_enabled: *tools_enabled
      tools: *tools
      category: *category
      tags: *tags
      metadata: *metadata
      version: *version
      default_for: *default_for
      id: *id
      state:
        description: The same as O(state) for this assistant, and its default.
        type: str
        choices: [present, absent]
      on_conversations:
        description: The same as O(on_conversations) for this assistant, and its default.
        type: str
        choices: [refuse, keep, delete]
  assistants_file:
    description:
      - >-
        A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of assistants, or a dictionary with that list under C(assistants). A file that is encrypted with Ansible
        Vault is decrypted.
    type: path
seealso:
  - module: convosphere.platform.convosphere_tool
  - module: convosphere.platform.convosphere_ai_model
  - module: convosphere.platform.convosphere_content_info
"""

EXAMPLES = r"""
- name: Have an assistant that every user gets first
  convosphere.platform.convosphere_assistant:
    login_env_file: /opt/convosphere/prod/.env
    name: Help desk
    owner: ada
    system_prompt: "{{ lookup('ansible.builtin.file', 'prompts/help-desk.md') }}"
    model: gpt-4o
    temperature: 0.3
    status: active
    is_public: true
    tools: [search_wiki]
    default_for: [all]

- name: Have the assistants of a file, and put those out of use that an earlier version of it created
  convosphere.platform.convosphere_assistant:
    login_env_file: /opt/convosphere/prod/.env
    assistants_file: content/assistants.yml
    prune: true
    on_conversations: keep

- name: Give an assistant to another user
  convosphere.platform.convosphere_assistant:
    login_env_file: /opt/convosphere/prod/.env
    name: Help desk
    owner: ada
    new_owner: bob
"""

RETURN = r"""
created:
  description:
    - The assistants that were created, as C(name (owner)), or the id if several have that name, in the list's order.
  returned: success
  type: list
  elements: str
  sample: [Help desk (ada)]
updated:
  description: The changed fields, by name and owner before the change.
  returned: success
  type: dict
  sample: {Help desk (ada): [status]}
deleted:
  description: The names of the assistants that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The names of the assistants that did not change.
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
    - The names of the assistants that would be created or renamed, by id, for O(planned) of a later task.
    - The id of a new one is provisional.
  returned: in check mode
  type: dict
pruned:
  description: Those of RV(deleted) that O(prune) removed.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the assistants of the list that exist afterwards, by name; in check mode without new ones.
  returned: success
  type: dict
  sample: {Help desk (ada): 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.assistant import ASSISTANT, respecting
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork
from ansible_collections.convosphere.platform.plugins.module_utils._people import holds


class AssistantModule(ConvosphereModule):
    """Assistants of one platform."""

    argument_spec = entity_options.argument_spec(ASSISTANT)
    rules = entity_options.rules(ASSISTANT)
    unlisted = entity_options.unlisted(ASSISTANT)

    def build(self) -> Work:
        """Return the work on the assistants."""
        return EntityWork(self.invocation, respecting(holds.held))


def main() -> None:
    AssistantModule.main()


if __name__ == "__main__":
    main()
