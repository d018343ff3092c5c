# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order the start, stop and restart of services over several hosts by their placements."""

from __future__ import annotations

DOCUMENTATION = r"""
name: service_turns
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Order the start, stop and restart of services over several hosts
description:
  - Divides services among the turns of the placements. The database host starts first and stops last.
positional: _input, state, services, host, environment, groups
extends_documentation_fragment:
  - convosphere.platform.placements
options:
  _input:
    description: The chosen services; an empty list for all of them.
    type: list
    elements: str
    required: true
  state:
    description: The desired state.
    type: str
    choices: [started, stopped, restarted]
    required: true
  services:
    description: All services of the stack.
    type: list
    elements: str
    required: true
  host:
    description: The host.
    type: str
    required: true
"""

EXAMPLES = r"""
turns: "{{ ['backend'] | convosphere.platform.service_turns('stopped', services, 'app-1', 'prod', groups) }}"
"""

RETURN = r"""
_value:
  description:
    - C(turns), one for each placement in its order, with the C(services) of this host and whether it C(acts). An empty
      list of services is all of the host's project.
    - C(beside), the services that every app host replaces beside those that serve.
  type: dict
  sample: {"beside": [], "turns": [{"placement": "app", "acts": true, "services": ["backend"]}]}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology
from ansible_collections.convosphere.platform.plugins.plugin_utils._service_turns import Request


def service_turns(
    chosen: Sequence[str],
    state: str,
    services: Sequence[str],
    host: str,
    environment: str,
    groups: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return the turns of a host, and the services that are replaced beside those that serve."""
    request = Request([name for name in chosen if name], state, services, Topology.of(environment, groups))
    return {"beside": request.beside, "turns": request.turns(host)}


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"service_turns": service_turns}
