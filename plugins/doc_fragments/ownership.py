# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options that prove to which environment the changed objects belong."""

from __future__ import annotations


class ModuleDocFragment:
    """The environment to which everything must belong; ``CONFIRM`` adds its name as a confirmation."""

    DOCUMENTATION = r"""
options:
  environment_name:
    description:
      - The environment to change, for example V(prod).
      - Directories, the Compose project and its containers must belong to it, in check mode too. Otherwise nothing is
        changed. A directory names its environment in the file C(.convosphere.json), which the role
        P(convosphere.platform.environment#role) writes, or else in the record of its release. A project belongs to the
        directory from which all of its containers were created.
    type: str
    required: true
"""

    CONFIRM = r"""
options:
  confirm:
    description:
      - The value of O(environment_name) once more, to confirm that the current objects may be destroyed or replaced.
      - Without it the module refuses, and lists the objects with their sizes. It is not required if there is nothing to
        change, nor in check mode, which only warns that the real run refuses. Any other name is always refused.
    type: str
"""
