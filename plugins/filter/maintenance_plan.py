# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the steps of a maintenance run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: maintenance_plan
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Plan the steps of a maintenance run
description:
  - Returns the selected steps in their order, how many seconds each may take, and what is wrong with the selection.
positional: _input, selected, timeouts, has_database
options:
  _input:
    description:
      - The known steps in their order, each with its C(timeout) in seconds and the steps that it C(needs).
      - Those with C(database) run only on the host of the database.
    type: dict
    required: true
  selected:
    description: The names of the steps to run, as a list or separated by commas.
    type: raw
    required: true
  timeouts:
    description: Other timeouts in seconds, by step.
    type: dict
    default: {}
  has_database:
    description: Whether the host has the database.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Show which steps would run
  ansible.builtin.debug:
    # => {"steps": ["verify"], "timeouts": {"backup": 60, "verify": 600}, "problems": []}
    msg: "{{ known | convosphere.platform.maintenance_plan('verify', {'verify': 600}) }}"
  vars:
    known:
      backup: {timeout: 60, needs: []}
      verify: {timeout: 60, needs: [backup]}
"""

RETURN = r"""
_value:
  description: The plan of the run.
  type: dict
  contains:
    steps:
      description: The selected steps, in the order of the known ones.
      type: list
      elements: str
      sample: [verify]
    timeouts:
      description: The seconds that each known step may take.
      type: dict
      sample: {"backup": 60, "verify": 600}
    problems:
      description: What is wrong, a sentence each without its final dot; empty if the run may start.
      type: list
      elements: str
      sample: []
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _maintenance


def maintenance_plan(
    known: Mapping[str, Any], selected: Any, timeouts: Mapping[str, Any] | None = None, has_database: bool = True
) -> dict[str, Any]:
    """Return ``{steps, timeouts, problems}``."""
    return _maintenance.plan(known, selected, timeouts or {}, has_database=has_database)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"maintenance_plan": maintenance_plan}
