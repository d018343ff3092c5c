# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the targets of a recovery that a verification by a boot has missed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: missed_targets
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: List the targets of a recovery that a verification by a boot has missed
description:
  - Compares the measured times with the targets. A time that was not measured misses no target.
positional: _input, rto_target, rpo_target
options:
  _input:
    description: The facts of a verification, as the filter verification_data returns them.
    type: dict
    required: true
  rto_target:
    description: The seconds that a recovery may take; 0 is no target.
    type: int
    required: true
  rpo_target:
    description: The seconds of writes that may be lost; 0 is no target.
    type: int
    required: true
"""

EXAMPLES = r"""
- name: Show the targets that a verification missed
  ansible.builtin.debug:
    # => ["b1 served 38 s after the restore began, and maintenance_rto_target is 30 s"]
    msg: "{{ data | convosphere.platform.missed_targets(30, 0) }}"
  vars:
    data: {level: boot, backup: b1, rto_seconds: 38.2, rpo_seconds: 86400.0, boot: passed}
"""

RETURN = r"""
_value:
  description: A sentence for each missed target, without its final dot.
  type: list
  elements: str
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _recovery


def missed_targets(data: Mapping[str, Any], rto_target: int, rpo_target: int) -> list[str]:
    """Return a sentence for each missed target."""
    return _recovery.missed_targets(data, int(rto_target), int(rpo_target))


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"missed_targets": missed_targets}
