# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the option with which a run names its environment."""

from __future__ import annotations


class ModuleDocFragment:
    """The environment of a run, for lookups that work out the hosts of a play."""

    DOCUMENTATION = r"""
options:
  env:
    description: The environment. Given as the extra variable C(env), C(-e env=prod).
    type: str
    vars:
      - name: env
"""
