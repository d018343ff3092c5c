#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_knowledge_settings
short_description: Manage the settings of ConvoSphere's knowledge base
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Sets the one row of settings that the platform's page of the knowledge base shows and writes. Options that are not
    given do not change a setting.
  - If there is no row, it is created with the platform's defaults for all other settings. If there are several, the
    newest is kept, and the others are deleted, because it is by chance which of several the platform reads.
  - In version 0.1.2-beta of the platform, every user may change these settings through its REST interface, and no code
    that stores or splits documents reads them.
  - Values outside of the ranges below make the platform's page fail, and are refused.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.audit
  - convosphere.platform.attributes
options:
  chunk_size:
    description: The length of a chunk in tokens, 100 to 2000.
    type: int
  chunk_overlap:
    description: The number of tokens that neighbouring chunks share, 0 to 500, and less than O(chunk_size).
    type: int
  embedding_model:
    description: The model that computes the vectors.
    type: str
  index_type:
    description: The type of the index, for example V(hybrid). The platform accepts any text.
    type: str
  metadata_extraction:
    description: Whether metadata is extracted from documents.
    type: bool
  auto_tagging:
    description: Whether documents get tags by themselves.
    type: bool
  search_algorithm:
    description: How documents are searched, for example V(hybrid). The platform accepts any text.
    type: str
  max_file_size:
    description: The largest document in bytes, 1048576 to 104857600.
    type: int
  supported_file_types:
    description: The media types of documents that are accepted.
    type: list
    elements: str
  processing_timeout:
    description: The number of seconds after which the processing of a document fails, 60 to 3600.
    type: int
  batch_size:
    description: The number of documents that are processed together, 1 to 100.
    type: int
  enable_cache:
    description: Whether results of searches are cached.
    type: bool
  cache_expiry:
    description: The number of seconds after which a cached result expires, 60 to 86400.
    type: int
"""

EXAMPLES = r"""
- name: Split documents into longer chunks
  convosphere.platform.convosphere_knowledge_settings:
    login_env_file: /opt/convosphere/prod/.env
    chunk_size: 800
    chunk_overlap: 100
    supported_file_types: [application/pdf, text/markdown]
"""

RETURN = r"""
created:
  description: V(knowledge_settings) if the row was created.
  returned: success
  type: list
  elements: str
updated:
  description: The changed settings under V(knowledge_settings).
  returned: success
  type: dict
  sample: {knowledge_settings: [chunk_size]}
deleted:
  description: The further rows that were deleted, as V(knowledge_settings) with their id.
  returned: success
  type: list
  elements: str
deleted_ids:
  description: The ids of RV(deleted), in the same order.
  returned: success
  type: list
  elements: str
unchanged:
  description: V(knowledge_settings) if the row did not change.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.convosphere.platform.plugins.module_utils._content.knowledge_settings import KNOWLEDGE_SETTINGS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_run import EntityWork


class KnowledgeSettingsModule(ConvosphereModule):
    """The settings of one platform's knowledge base."""

    argument_spec = entity_options.argument_spec(KNOWLEDGE_SETTINGS)

    def build(self) -> Work:
        """Return the work on the settings."""
        return EntityWork(self.invocation, KNOWLEDGE_SETTINGS)


def main() -> None:
    KnowledgeSettingsModule.main()


if __name__ == "__main__":
    main()
