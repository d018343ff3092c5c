# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Combine the deny list of the edge with the site's own entries and exceptions."""

from __future__ import annotations

DOCUMENTATION = r"""
name: edge_rules
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Combine the deny list of the edge with additions and exceptions
description:
  - Returns the routes that the edge of the role C(convosphere.platform.stack) answers with 403, each with its reason,
    in the form that the template of the Caddyfile needs.
  - An entry is a path, V(/path), or methods and a path, V(POST,PUT /path). V(/path/*) is that path and all below it,
    and elsewhere C(*) stands for one segment.
options:
  _input:
    description: Routes to deny beside those of the collection's own deny list.
    type: list
    elements: str
    required: true
  allowed:
    description: Routes to let through although the deny list has them.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Show what the edge denies
  ansible.builtin.debug:
    msg: "{{ [] | convosphere.platform.edge_rules(allowed=['GET /api/v1/monitoring/*']) }}"
"""

RETURN = r"""
_value:
  description: The entries of the deny list.
  type: list
  elements: dict
  contains:
    number:
      description: The position in the list, from 1 on.
      type: int
      sample: 1
    reason:
      description: What the platform allows on these routes.
      type: str
      sample: "Without a login, anyone creates a super_admin."
    matchers:
      description: The routes, each as C(methods) and C(paths); no methods are all methods.
      type: list
      elements: dict
      sample: [{"methods": ["POST"], "paths": ["/api/v1/users", "/api/v1/users/"]}]
    exceptions:
      description: The routes of O(allowed) that this entry covers, in the same form.
      type: list
      elements: dict
      sample: []
"""

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _edge_routes


def edge_rules(denied: Any, allowed: Any = ()) -> list[dict[str, Any]]:
    """Return the deny list. Raises AnsibleFilterError for an entry that cannot be read."""
    try:
        return _edge_routes.rules(denied, allowed)
    except ValueError as error:
        raise AnsibleFilterError(f"edge_rules cannot read an entry: {error}") from error


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"edge_rules": edge_rules}
