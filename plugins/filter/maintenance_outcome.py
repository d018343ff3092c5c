# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Return the outcome of a maintenance step from what its module returned."""

from __future__ import annotations

DOCUMENTATION = r"""
name: maintenance_outcome
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return the outcome of a maintenance step from what its module returned
description:
  - Returns the status and the message of the step, and its facts for reports and metrics. They have no secret.
positional: _input, step, context
options:
  _input:
    description: What the module of the step returned.
    type: dict
    required: true
  step:
    description: The step.
    type: str
    required: true
    choices: [certificates, disk, drift, records, reindex, secrets]
  context:
    description: What the step needs beside the result, such as C(check_mode).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Record the outcome of the step
  ansible.builtin.set_fact:
    # => {"status": "ok", "message": "0 of 0 bloated indexes rebuilt", "data": {...}}
    outcome: "{{ result | convosphere.platform.maintenance_outcome('reindex', {'check_mode': false}) }}"
  vars:
    result: {changed: false, candidates: [], rebuilt: [], left: [], dropped: []}
"""

RETURN = r"""
_value:
  description: The outcome.
  type: dict
  contains:
    status:
      description: V(ok), V(changed) or V(failed).
      type: str
      sample: ok
    message:
      description: One line for the operator.
      type: str
      sample: 0 of 0 bloated indexes rebuilt
    data:
      description: The facts of the step.
      type: dict
      sample: {"candidates": [], "rebuilt": [], "left": []}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _maintenance_outcomes


def maintenance_outcome(result: Mapping[str, Any], step: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``{status, message, data}``."""
    return _maintenance_outcomes.outcome(result, step, context)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"maintenance_outcome": maintenance_outcome}
