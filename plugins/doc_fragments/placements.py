# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options that tell a filter the placements of an environment's hosts."""

from __future__ import annotations


class ModuleDocFragment:
    """The environment and its groups, for filters that join what its hosts returned."""

    DOCUMENTATION = r"""
options:
  environment:
    description: The environment.
    type: str
    required: true
  groups:
    description: The variable C(groups), which has the placements of the hosts.
    type: dict
    required: true
"""
