# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options by which modules connect to Docker Engine and name one Compose project."""

from __future__ import annotations


class ModuleDocFragment:
    """The options of the connection to Docker Engine; ``PROJECT`` adds the Compose project.

    ``PROBE`` is for modules that ask an engine without Docker's SDK, and do without one.
    """

    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - The URL of the Docker Engine.
      - If not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
  timeout:
    description: The number of seconds to wait for each response of Docker Engine.
    type: int
    default: 60
notes:
  - C(module_defaults) with C(group/convosphere.platform.engine) sets these options once for all modules that have them.
requirements:
  - Docker SDK for Python >= 5.0.3 (Debian and Ubuntu package python3-docker)
  - Docker Engine >= 20.10
"""

    PROBE = r"""
options:
  docker_host:
    description:
      - The URL of the Docker Engine on this host, V(unix://) or V(tcp://).
      - If not given, the environment variable E(DOCKER_HOST) is used.
    type: str
    default: unix:///var/run/docker.sock
  timeout:
    description: The number of seconds to wait for each response of Docker Engine.
    type: int
    default: 10
"""

    PROJECT = r"""
options:
  project_name:
    description: The name of the Compose project, for example V(convosphere-dev).
    type: str
    required: true
"""
