#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_content_info
short_description: Return the content of ConvoSphere as lists
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns the rows of the platform's content in the form of the options of their modules, with names in the place of
    ids. Each list is a valid list for the module of its entity.
  - Also returns the rows that the platform's REST interface cannot return. The platform validates its answers, and one
    such row makes every list fail that contains it.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.attributes.info
options:
  entities:
    description:
      - The entities to return, each by the name of its module's option with a list, for example V(tags) for
        M(convosphere.platform.convosphere_tag). If not given, all of them.
    type: list
    elements: str
  list_name:
    description:
      - Return only the rows that a list with this name has created. An empty text stands for lists without a name.
      - If not given, all rows.
    type: str
  return_ids:
    description: Whether to return also the id of each row, whether it is managed, and by which list.
    type: bool
    default: false
seealso:
  - module: convosphere.platform.convosphere_tag
  - module: convosphere.platform.convosphere_ai_model
"""

EXAMPLES = r"""
- name: Read the models, and which rows REST cannot return
  convosphere.platform.convosphere_content_info:
    login_env_file: /opt/convosphere/prod/.env
    entities: [ai_models]
  register: found

- name: Show them
  ansible.builtin.debug:
    var: found.content.ai_models
"""

RETURN = r"""
content:
  description: The rows by entity, sorted by name. Options without a value are left out.
  returned: success
  type: dict
  sample:
    tags:
      - name: legal
        color: "#aa3300"
counts:
  description: The number of rows that are returned, and how many of them a list has created, by entity.
  returned: success
  type: dict
  sample: {tags: {total: 12, managed: 4}}
unreadable:
  description: The returned rows that the platform's REST interface cannot return, and the reasons.
  returned: success
  type: list
  elements: dict
  sample:
    - entity: assistants
      id: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11
      name: helper (ada)
      reasons: [tags must not be NULL]
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._content import content_report
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import (
    DATABASE_OPTIONS,
    Database,
)


class ContentInfo(InfoModule):
    """The content of one platform."""

    argument_spec = {
        **DATABASE_OPTIONS,
        "entities": {"type": "list", "elements": "str"},
        "list_name": {"type": "str"},
        "return_ids": {"type": "bool", "default": False},
    }

    def report(self) -> dict[str, Any]:
        """Read the content in one read-only transaction."""
        return content_report.report(Database(self.params, read_only=True), self.params)


def main() -> None:
    ContentInfo.main()


if __name__ == "__main__":
    main()
