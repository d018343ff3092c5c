#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_tag
short_description: Manage the tags of ConvoSphere's documents
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Creates, changes and removes tags in the platform's tables, one tag or a list. A list is one plan and one
    transaction. Only tags that differ are written, and options that are not given do not change a field. An empty
    text clears it.
  - In version 0.1.2-beta of the platform, every REST route of tags and documents fails, and no page shows a tag. The
    rows are there for reports, and for later versions.
  - A tag that is removed is also removed from the documents that have it.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.entity
  - convosphere.platform.attributes
options:
  name: &name
    description: The name of the tag, which identifies it. Like the platform, the module stores it in lower case.
    type: str
  description: &description
    description: A text about the tag.
    type: str
  color: &color
    description: The color, as V(#1a2b3c).
    type: str
  id: &id
    description: The UUID of an existing tag. Together with it, O(name) is the new name.
    type: str
  state:
    description: Whether the tag exists.
    type: str
    choices: [present, absent]
    default: present
  tags:
    description: A list of tags. The options of one tag are those of the task.
    type: list
    elements: dict
    suboptions:
      name: *name
      description: *description
      color: *color
      id: *id
      state:
        description: The same as O(state) for this tag, and its default.
        type: str
        choices: [present, absent]
  tags_file:
    description:
      - A file with the list, on the controller, with the extension C(.yml), C(.yaml), C(.json) or C(.csv). It holds a
        list of tags, or a dictionary with that list under C(tags). A file that is encrypted with Ansible Vault is
        decrypted.
    type: path
seealso:
  - module: convosphere.platform.convosphere_content_info
"""

EXAMPLES = r"""
- name: Have two tags, and remove those that an earlier version of this list created
  convosphere.platform.convosphere_tag:
    login_env_file: /opt/convosphere/prod/.env
    tags:
      - name: legal
        color: "#aa3300"
      - name: hr
        description: Rules for the staff
    prune: true

- name: Rename a tag
  convosphere.platform.convosphere_tag:
    login_env_file: /opt/convosphere/prod/.env
    id: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11
    name: staff
"""

RETURN = r"""
created:
  description: The names of the tags that were created, in the order of the list.
  returned: success
  type: list
  elements: str
  sample: [legal]
updated:
  description: The changed fields, by name.
  returned: success
  type: dict
  sample: {hr: [description]}
deleted:
  description: The names of the tags that were deleted.
  returned: success
  type: list
  elements: str
unchanged:
  description: The names of the tags that did not change.
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
    - The names of the tags that would be created or renamed, by id, for O(planned) of a later task.
    - The id of a new one is provisional.
  returned: in check mode
  type: dict
pruned:
  description: Those of RV(deleted) that O(prune) removed.
  returned: success
  type: list
  elements: str
ids:
  description: The ids of the tags of the list that exist afterwards, by name; in check mode without new ones.
  returned: success
  type: dict
  sample: {legal: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.tag import TAG
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork


class TagModule(ConvosphereModule):
    """Tags of one platform."""

    argument_spec = entity_options.argument_spec(TAG)
    rules = entity_options.rules(TAG)
    unlisted = entity_options.unlisted(TAG)

    def build(self) -> Work:
        """Return the work on the tags."""
        return EntityWork(self.invocation, TAG)


def main() -> None:
    TagModule.main()


if __name__ == "__main__":
    main()
