# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Declare the sections of a content file, in the order in which they are applied.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from dataclasses import dataclass

#: How a value is given by reference: the text of a file beside the content file, and an environment variable.
FROM_FILE, FROM_ENV = "from_file", "from_env"
#: Options whose text may be a file beside the content file. An export writes long ones there.
LONG_TEXTS = ("description", "instructions", "personality", "system_prompt")


@dataclass(frozen=True)
class Section:
    """One key of a content file: the module that applies it, and how its entries are named and written.

    ``label`` are the options that identify an entry, the first of which is required.
    """

    name: str
    module: str
    label: tuple[str, ...] = ("name",)
    #: Options whose value is given by the name of an environment variable.
    secrets: tuple[str, ...] = ()
    #: Whether the section is one dictionary, and not a list of them.
    single: bool = False
    #: Whether this version of the collection applies it.
    applied: bool = True


SECTIONS = (
    Section("tags", "convosphere_tag"),
    Section("ai_models", "convosphere_ai_model", ("model_key", "provider")),
    Section("tools", "convosphere_tool", ("function_name",)),
    Section("assistants", "convosphere_assistant", ("name", "owner")),
    Section("domain_groups", "convosphere_domain_group", ("name", "organization_id", "external_id")),
    Section("knowledge_settings", "convosphere_knowledge_settings", (), single=True),
    Section("documents", "convosphere_document", ("folder", "owner"), applied=False),
    Section("audit_policies", "convosphere_audit_policy"),
    Section("retention_rules", "convosphere_retention_rule"),
    Section("audit_alerts", "convosphere_audit_alert"),
    Section("mcp_servers", "convosphere_mcp_server", ("server_id",), secrets=("server_url",), applied=False),
)
BY_NAME = {section.name: section for section in SECTIONS}
