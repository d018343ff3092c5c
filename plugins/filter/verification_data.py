# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Return the facts of a verification of a backup, for the results of a maintenance run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: verification_data
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return the facts of a verification of a backup
description:
  - Returns the level, the newest verified backup, and the measured times of its last boot in seconds.
positional: _input, level
options:
  _input:
    description: What M(convosphere.platform.convosphere_db_backup_verify) returned.
    type: dict
    required: true
  level:
    description: The level of the verification.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show the times of a verification
  ansible.builtin.debug:
    # => {"level": "boot", "backup": "convosphere-20261123T150102Z", "rto_seconds": 38.2, ...}
    msg: "{{ verified | convosphere.platform.verification_data('boot') }}"
  vars:
    verified:
      backups:
        - id: convosphere-20261123T150102Z
          proof: {result: passed, rto_seconds: 38.2, rpo_seconds: 86400.0}
"""

RETURN = r"""
_value:
  description: The level, backup, rto_seconds, rpo_seconds, and boot (V(passed), V(failed) or V(not_asked)).
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _recovery


def verification_data(result: Mapping[str, Any], level: str) -> dict[str, Any]:
    """Return the facts of the newest verified backup."""
    return _recovery.verification_data(result, level)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"verification_data": verification_data}
