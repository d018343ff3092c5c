# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combine declared secrets with given values."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_secrets
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Combine declared secrets with given values
description:
  - Returns the secrets in the form of the option O(convosphere.platform.convosphere_stack#module:secrets).
  - A declared secret gets the given value of its name. Given values of other names are added at the end.
positional: _input, given
options:
  _input:
    description: The declared secrets, each with C(name), and C(length) or C(derive).
    type: list
    elements: dict
    required: true
  given:
    description: The given values, by name.
    type: dict
    required: true
"""

EXAMPLES = r"""
# => [{"name": "SECRET_KEY", "length": 64}, {"name": "OPENAI_API_KEY", "value": "..."}]
secrets: "{{ [{'name': 'SECRET_KEY', 'length': 64}] | convosphere.platform.stack_secrets({'OPENAI_API_KEY': key}) }}"
"""

RETURN = r"""
_value:
  description: The secrets.
  type: list
  elements: dict
  sample: [{"name": "SECRET_KEY", "length": 64}]
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _stack_deployment


def stack_secrets(declared: Iterable[Mapping[str, Any]], given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the declared secrets, then the others."""
    return _stack_deployment.secrets(declared, given)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"stack_secrets": stack_secrets}
