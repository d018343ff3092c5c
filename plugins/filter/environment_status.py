# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the services of the hosts of an environment, and find what is missing, broken or left over."""

from __future__ import annotations

DOCUMENTATION = r"""
name: environment_status
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Join the services of the hosts of an environment
description:
  - Joins what M(convosphere.platform.convosphere_service_info) returned for each host, and names what is missing,
    stopped or unhealthy, and containers on a host whose placements do not have their service.
positional: _input, services, environment, groups, platform
extends_documentation_fragment:
  - convosphere.platform.placements
options:
  _input:
    description: What the module returned, by host.
    type: dict
    required: true
  services:
    description: The services of the stack.
    type: list
    elements: str
    required: true
  platform:
    description:
      - What M(convosphere.platform.convosphere_health_info) returned on hosts that reach the platform, by host.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show what is wrong
  ansible.builtin.debug:
    msg: "{{ (by_host | convosphere.platform.environment_status(['backend'], 'prod', groups)).problems }}"
  vars:
    by_host: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'found'))) }}"
"""

RETURN = r"""
_value:
  description:
    - C(services), each with its C(host), those that are missing too; C(problems) and C(left_over), a sentence each; the
      C(maintenance) of the edge by host; the C(overrides); and the C(hosts) that were asked beside those that were
      C(left_out).
  type: dict
  sample: {"exists": true, "problems": ["app-2: backend is missing"], "left_over": []}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._environment_status import Environment
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology


def environment_status(
    by_host: Mapping[str, Mapping[str, Any]],
    services: Sequence[str],
    environment: str,
    groups: Mapping[str, Sequence[str]],
    platform: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Return the services of all hosts and their problems."""
    return Environment(Topology.of(environment, groups), services, by_host, platform or {}).describe()


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"environment_status": environment_status}
