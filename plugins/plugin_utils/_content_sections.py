# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the sections of a content file, in the order in which they are applied.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._content.catalogue import CATALOGUE
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_spec import DOCUMENT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_options
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity import Entity
from ansible_collections.convosphere.platform.plugins.module_utils._stack.mcp_server_run import SERVER

#: How a value is given by reference: the text of a file beside the content file, and an environment variable.
FROM_FILE, FROM_ENV = "from_file", "from_env"
#: Options whose text may be a file beside the content file. An export writes long ones there.
LONG_TEXTS = ("description", "instructions", "personality", "system_prompt")


@dataclass(frozen=True)
class Section:
    """One key of a content file: what an entry is, and how it is named and written.

    ``label`` are the options that identify an entry, the first of which is required.
    """

    name: str
    singular: str
    label: tuple[str, ...] = ("name",)
    #: Options whose value is given by the name of an environment variable.
    secrets: tuple[str, ...] = ()
    #: Whether the section is one dictionary, and not a list of them.
    single: bool = False
    #: Options with the path of a folder beside the content file.
    beside: tuple[str, ...] = ()
    #: Options with a path on the database host.
    on_host: tuple[str, ...] = ()
    #: The options of an entry, if they are not those of an entity.
    options: Mapping[str, Any] | None = None

    @property
    def entity(self) -> Entity | None:
        """The entity of the rows; None if they are of another kind."""
        return CATALOGUE.get(self.name)

    @property
    def spec(self) -> Mapping[str, Any] | None:
        """The options of an entry, as Ansible's argument spec; None if they are not known here."""
        if self.entity is None:
            return self.options
        return {**entity_options.object_options(self.entity), **entity_options.choice_options(self.entity)}

    def title_of(self, row: Mapping[str, Any]) -> str:
        """Return how the results of the module name a row."""
        return self.entity.title_of(row) if self.entity else str(row.get(self.label[0]))


SECTIONS = (
    Section("tags", "tag"),
    Section("ai_models", "model", label=("model_key", "provider")),
    Section("tools", "tool", label=("function_name",)),
    Section("assistants", "assistant", label=("name", "owner")),
    Section("knowledge_settings", "knowledge settings", label=(), single=True),
    Section(
        "documents",
        "document",
        label=("source", "owner"),
        secrets=("weaviate_api_key",),
        beside=("src",),
        on_host=("folder",),
        options=DOCUMENT_OPTIONS,
    ),
    Section("domain_groups", "domain group", label=("name", "organization_id", "external_id")),
    Section("audit_policies", "audit policy"),
    Section("retention_rules", "retention rule"),
    Section("audit_alerts", "audit alert"),
    Section("mcp_servers", "MCP server", label=("server_id",), secrets=("server_url",), options=SERVER),
)
BY_NAME = {section.name: section for section in SECTIONS}
