# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the settings of an inventory with what a host has, for config.yml."""

from __future__ import annotations

DOCUMENTATION = r"""
name: config_document
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Join the settings of an inventory with what a host has
description:
  - Returns every setting of the platform with its value and its source, and every secret with whether it is set.
    Values of secrets are never in it.
  - With O(other), returns instead in what the settings that the inventories of two environments render differ.
positional: _input, found, environment
options:
  _input:
    description:
      - What the role C(stack) renders, C(version), C(derived), C(settings), C(extra), the names of
        C(declared) secrets, and of C(given) ones the sources by name.
    type: dict
    required: true
  found:
    description: What M(convosphere.platform.convosphere_config_info) returned; empty for the inventory alone.
    type: dict
    required: true
  environment:
    description: The environment.
    type: str
    required: true
  other:
    description: What the role renders for another environment, as in the input.
    type: dict
  other_environment:
    description: The name of that environment.
    type: str
"""

EXAMPLES = r"""
document: "{{ rendered | convosphere.platform.config_document(found, 'prod') }}"
"""

RETURN = r"""
_value:
  description:
    - The document, with C(settings), each with its C(name), C(dotted) name, C(value), C(source) and C(effect);
      C(secrets), each with its C(source), whether it is C(set), and C(unchanged_since); and the C(overrides).
    - That of a comparison has the C(settings) and C(secrets) that differ, with their values by environment.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _config_document


def config_document(
    rendered: Mapping[str, Any],
    found: Mapping[str, Any],
    environment: str,
    other: Mapping[str, Any] | None = None,
    other_environment: str = "",
) -> dict[str, Any]:
    """Return the document of an environment, or the comparison of two."""
    if not other:
        return _config_document.document(rendered, found, environment)
    one = _config_document.document(rendered, {}, environment)
    return _config_document.comparison(one, _config_document.document(other, {}, other_environment))


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"config_document": config_document}
