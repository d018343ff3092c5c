# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the attributes that the collection's modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """The attributes of modules; ``INFO`` replaces them for modules that only read."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Predicts in C(check_mode) what a run would change, without touching the target.
    support: full
  diff_mode:
    description: Returns what has changed, or in C(check_mode) would change, when in diff mode.
    support: full
  idempotent:
    description: A second run with the same arguments changes nothing, and reports no change.
    support: full
  action_group:
    description: Use C(group/convosphere.platform.convosphere) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - convosphere.platform.convosphere
"""

    INFO = r"""
options: {}
attributes:
  check_mode:
    description: Predicts in C(check_mode) what a run would change, without touching the target.
    support: full
    details: This module does not change anything.
  diff_mode:
    description: Returns what has changed, or in C(check_mode) would change, when in diff mode.
    support: N/A
    details: This module does not change anything.
  idempotent:
    description: A second run with the same arguments changes nothing, and reports no change.
    support: full
    details: This module does not change anything.
  action_group:
    description: Use C(group/convosphere.platform.convosphere) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - convosphere.platform.convosphere
"""
