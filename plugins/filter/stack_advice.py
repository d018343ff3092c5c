# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe the schema that a failed deploy leaves in the database."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_advice
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Describe the schema that a failed deploy leaves in the database
description:
  - Returns a sentence for the option O(convosphere.platform.convosphere_stack#module:advice), if this deploy or an
    earlier one migrated the database beyond what the running release needs.
positional: _input, migrated
options:
  _input:
    description: What M(convosphere.platform.convosphere_db_migration) returned in check mode, before the deploy.
    type: dict
    required: true
  migrated:
    description: What it returned when it migrated the database.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# => "This deploy migrated the database from a to b, and the schema stays there."
advice: "{{ {} | convosphere.platform.stack_advice({'changed': true, 'revisions_before': ['a'], 'revisions': ['b']}) }}"
"""

RETURN = r"""
_value:
  description: The sentence; empty if there is nothing to know.
  type: str
  sample: This deploy migrated the database from a to b, and the schema stays there.
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _stack_deployment


def stack_advice(schema: Mapping[str, Any], migrated: Mapping[str, Any] | None = None) -> str:
    """Return the sentence, or an empty text."""
    return _stack_deployment.advice(schema, migrated or {})


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"stack_advice": stack_advice}
