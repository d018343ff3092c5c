# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Return the results to record for a maintenance step of which a task failed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: maintenance_failure
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return the results to record for a maintenance step of which a task failed
description:
  - Returns one failed result in general.
  - If the work of the step succeeded on the host and only copies in other places failed, returns the successful result
    of the step, and once in a run a failed result of the step V(copy).
positional: _input, results
options:
  _input:
    description:
      - The failure, as C(step), C(seconds), the name of the C(task), its C(action), C(message) and C(details), the
        C(outcome) that the step reported before the task failed, and C(check_mode).
    type: dict
    required: true
  results:
    description: The results of the steps so far.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Record the failure of a step
  ansible.builtin.set_fact:
    results: "{{ results + (failure | convosphere.platform.maintenance_failure(results)) }}"
  vars:
    results: []
    failure:
      step: vacuum
      seconds: 1.5
      task: Vacuum the tables
      action: convosphere.platform.convosphere_db_vacuum
      message: The database is not reachable.
      details: {}
      outcome: {}
      check_mode: false
"""

RETURN = r"""
_value:
  description: The results to add.
  type: list
  elements: dict
  sample:
    - {"step": "vacuum", "seconds": 1.5, "status": "failed", "task": "Vacuum the tables", "message": "No connection"}
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _maintenance


def maintenance_failure(failure: Mapping[str, Any], results: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the results to add to those of the run."""
    return _maintenance.failure_results(failure, results)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"maintenance_failure": maintenance_failure}
