# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the entities that convosphere_content_info returns, in the order in which a list of content is applied.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._entities.entity import Entity
from .ai_model import AI_MODEL
from .assistant import ASSISTANT
from .audit_rules import AUDIT_ALERT, AUDIT_POLICY, RETENTION_RULE
from .domain_group import DOMAIN_GROUP
from .knowledge_settings import KNOWLEDGE_SETTINGS
from .tag import TAG
from .tool import TOOL

#: By the option with a list of them.
CATALOGUE: Mapping[str, Entity] = {
    entity.list_option: entity
    for entity in (
        TAG,
        AI_MODEL,
        TOOL,
        ASSISTANT,
        DOMAIN_GROUP,
        KNOWLEDGE_SETTINGS,
        AUDIT_POLICY,
        RETENTION_RULE,
        AUDIT_ALERT,
    )
}
