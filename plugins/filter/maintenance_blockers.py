# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the failed steps that keep a maintenance step from running."""

from __future__ import annotations

DOCUMENTATION = r"""
name: maintenance_blockers
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: List the failed steps that keep a maintenance step from running
description:
  - Returns those of the needed steps that failed or were skipped.
  - A verification that failed only because a whole backup does not load on this server does not block, nor one that
    missed a target of the recovery.
positional: _input, needs
options:
  _input:
    description: The results of the steps so far, each with C(step) and C(status).
    type: list
    elements: dict
    required: true
  needs:
    description: The steps that have to succeed first.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show why retention would not run
  ansible.builtin.debug:
    # => ["verify"]
    msg: "{{ results | convosphere.platform.maintenance_blockers(['backup', 'verify']) }}"
  vars:
    results:
      - {step: backup, status: changed}
      - {step: verify, status: failed}
"""

RETURN = r"""
_value:
  description: The names of the steps; empty if the step may run.
  type: list
  elements: str
  sample: [verify]
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _maintenance


def maintenance_blockers(results: Iterable[Mapping[str, Any]], needs: Iterable[str]) -> list[str]:
    """Return the names of the steps that are in the way."""
    return _maintenance.blockers(results, needs)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"maintenance_blockers": maintenance_blockers}
