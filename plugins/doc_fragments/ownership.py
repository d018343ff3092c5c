# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which modules prove whose what they change is."""

from __future__ import annotations


class ModuleDocFragment:
    """The environment that everything must belong to; ``CONFIRM`` adds its name as a confirmation."""

    DOCUMENTATION = r"""
options:
  environment_name:
    description:
      - The environment that is changed, for example V(prod).
      - Directories, the Compose project and its containers must belong to it, in check mode too, or nothing is changed.
        A directory names its environment in the file C(.convosphere.json), which the role
        P(convosphere.platform.environment#role) writes, or else in the record of its release. A project belongs to the
        directory that all of its containers were created from.
    type: str
    required: true
"""

    CONFIRM = r"""
options:
  confirm:
    description:
      - O(environment_name) once more, as the confirmation that what is there may be destroyed or replaced.
      - Without it the module refuses, and lists what is concerned with its size. It is not needed if there is
        nothing to do, nor in check mode, which only looks and warns that the run itself refuses. Any other name than
        the environment's is refused everywhere.
    type: str
"""
