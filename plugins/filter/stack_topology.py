# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Divide the services of a stack among the hosts of an environment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_topology
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Divide the services of a stack among the hosts of an environment
description:
  - Returns which services of a stack a host has, and how they reach those of the other hosts.
  - A host that is the only one of its environment has all of them.
positional: _input, groups, environment, host, addresses, ports, local, managed
options:
  _input:
    description: All services of the stack.
    type: list
    elements: str
    required: true
  groups:
    description: The hosts of each group of the inventory.
    type: dict
    required: true
  environment:
    description: The environment.
    type: str
    required: true
  host:
    description: The name of the host.
    type: str
    required: true
  addresses:
    description: The private address of each host.
    type: dict
    required: true
  ports:
    description: The port of each service on the private address of its host.
    type: dict
    required: true
  local:
    description:
      - The other ports that services publish, in this order, those of the edge for HTTP, of the API on the loopback
        address, of PostgreSQL there, and of the edge for HTTPS; V(none) for one that is not published.
    type: list
    elements: int
    default: []
  managed:
    description: The managed database with its C(host) and C(port); empty if the stack has a database of its own.
    type: dict
    default: {}
"""

EXAMPLES = r"""
# => ["backend", "frontend"]
services: "{{ (['postgres', 'backend', 'frontend'] | convosphere.platform.stack_topology(groups, 'prod', 'app-1',
  {'app-1': '10.0.0.11', 'db-1': '10.0.0.21'}, {'postgres': 15432, 'backend': 18000})).services }}"
"""

RETURN = r"""
_value:
  description: The services of the host, and the addresses of those on other hosts.
  type: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology
from ansible_collections.convosphere.platform.plugins.plugin_utils._stack_topology import HostStack, published_ports


def stack_topology(
    services: Iterable[str],
    groups: Mapping[str, list[str]],
    environment: str,
    host: str,
    addresses: Mapping[str, Any],
    ports: Mapping[str, Any],
    local: Iterable[Any] = (),
    managed: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the part of the stack that the host has."""
    model = HostStack(
        host=host,
        topology=Topology.of(str(environment), groups),
        stack=list(services),
        # The only host of an environment has no other one to reach it.
        addresses={name: str(addresses[name] or "") for name in addresses} if len(addresses) > 1 else {},
        ports={name: int(ports[name]) for name in ports},
        managed=managed or {},
    ).describe()
    return {**model, "ports": published_ports(model, local)}


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"stack_topology": stack_topology}
