# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options by which modules reach Docker Engine and one Compose project."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of the Docker Engine connection; ``PROJECT`` adds the Compose project."""

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - The URL of the Docker Engine to talk to.
      - Where it is not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
  timeout:
    description: How many seconds to wait for each answer of Docker Engine.
    type: int
    default: 60
notes:
  - C(module_defaults) with C(group/convosphere.platform.engine) gives these once, to all modules that have them.
requirements:
  - Docker SDK for Python >= 5.0.3 (Debian and Ubuntu package python3-docker)
  - Docker Engine >= 20.10
"""

    PROJECT = r"""
options:
  project_name:
    description: The name of the Compose project, for example V(convosphere-dev).
    type: str
    required: true
"""
