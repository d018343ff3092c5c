#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_ai_model
short_description: Manage the AI models of ConvoSphere and their prices
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Creates, changes and removes models in the platform's tables, one model or a list. A list is one plan and one
    transaction. Only models that differ are written, and options that are not given do not change a field. An empty
    value clears it.
  - >-
    In version 0.1.2-beta of the platform, the rows are a registry that REST lists, with inactive models too. No answer
    is made with them: the platform's code uses models and prices of its own. Its page of models stays empty, because
    it sends no login.
  - The prices are those of the reports of this collection about usage. A price applies to the past as well; the
    platform keeps no history.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.entity
  - convosphere.platform.attributes
options:
  provider: &provider
    description: The provider, for example V(openai). Together with O(model_key) it identifies the model.
    type: str
  model_key: &model_key
    description: The provider's name of the model, for example V(gpt-4o), as messages name it.
    type: str
  name: &name
    description: The name. A new model needs it.
    type: str
  display_name: &display_name
    description: The displayed name, by which REST sorts. A new model needs it.
    type: str
  description: &description
    description: A text about the model, at most 500 characters long.
    type: str
  max_tokens: &max_tokens
    description: The greatest number of tokens, at least 1.
    type: int
  cost_per_1k_tokens: &cost_per_1k_tokens
    description: The price of 1,000 tokens, at least 0 and without a currency. Input and output have the same price.
    type: float
  is_active: &is_active
    description: Whether the model is active. A new model is.
    type: bool
  is_default: &is_default
    description:
      - Whether the model is the default. V(true) also takes it from every other model, in the same transaction, while
        no other session can write the table.
    type: bool
  is_favorite: &is_favorite
    description: Whether the model is a favorite.
    type: bool
  capabilities: &capabilities
    description: What the model can do, for example V([chat, vision]).
    type: list
    elements: str
  id: &id
    description: The UUID of an existing model. Together with it, O(provider) and O(model_key) are new values.
    type: str
  state:
    description: Whether the model exists. Messages that name a removed model are not changed.
    type: str
    choices: [present, absent]
    default: present
  ai_models:
    description: A list of models. The options of one model are those of the task.
    type: list
    elements: dict
    suboptions:
      provider: *provider
      model_key: *model_key
      name: *name
      display_name: *display_name
      description: *description
      max_tokens: *max_tokens
      cost_per_1k_tokens: *cost_per_1k_tokens
      is_active: *is_active
      is_default: *is_default
      is_favorite: *is_favorite
      capabilities: *capabilities
      id: *id
      state:
        description: The same as O(state) for this model, and its default.
        type: str
        choices: [present, absent]
  ai_models_file:
    description:
      - A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of models, or a dictionary with that list under C(ai_models). A file that is encrypted with Ansible Vault
        is decrypted.
    type: path
seealso:
  - module: convosphere.platform.convosphere_content_info
"""

EXAMPLES = r"""
- name: Have the models of a price list, one of which is the default
  convosphere.platform.convosphere_ai_model:
    login_env_file: /opt/convosphere/prod/.env
    ai_models:
      - provider: openai
        model_key: gpt-4o
        name: gpt-4o
        display_name: GPT-4o
        cost_per_1k_tokens: 0.01
        is_default: true
      - provider: anthropic
        model_key: claude-sonnet
        name: claude-sonnet
        display_name: Claude Sonnet
        cost_per_1k_tokens: 0.009
        capabilities: [chat, vision]

- name: Change a price
  convosphere.platform.convosphere_ai_model:
    login_env_file: /opt/convosphere/prod/.env
    provider: openai
    model_key: gpt-4o
    cost_per_1k_tokens: 0.008
"""

RETURN = r"""
created:
  description: The names, as C(provider/model_key), of the models that were created, in the order of the list.
  returned: success
  type: list
  elements: str
  sample: [openai/gpt-4o]
updated:
  description: The changed fields, by name.
  returned: success
  type: dict
  sample: {openai/gpt-4o: [cost_per_1k_tokens]}
deleted:
  description: The names of the models that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The names of the models that did not change.
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
    - The names of the models that would be created or renamed, by id, for O(planned) of a later task.
    - The id of a new one is provisional.
  returned: in check mode
  type: dict
pruned:
  description: Those of RV(deleted) that O(prune) removed.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the models of the list that exist afterwards, by name; in check mode without new ones.
  returned: success
  type: dict
  sample: {openai/gpt-4o: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.ai_model import AI_MODEL
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork


class AiModelModule(ConvosphereModule):
    """AI models of one platform."""

    argument_spec = entity_options.argument_spec(AI_MODEL)
    rules = entity_options.rules(AI_MODEL)
    unlisted = entity_options.unlisted(AI_MODEL)

    def build(self) -> Work:
        """Return the work on the models."""
        return EntityWork(self.invocation, AI_MODEL)


def main() -> None:
    AiModelModule.main()


if __name__ == "__main__":
    main()
