# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List why a host must not be changed for an environment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: environment_problems
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: List why a host must not be changed for an environment
description:
  - Checks that the host belongs to the environment of the run and to no other one, that the environment's name is
    allowed, and that inventories that are loaded together set no variables of groups that they share.
  - Checks that an environment of several hosts has the options that they need, and that a play that changes something
    has all hosts that it is for.
  - Checks that the hooks of the environment have valid names and are lists of tasks.
  - Files of variables on the controller are looked for by name and not read.
positional: _input
options:
  _input:
    description: The host and the run.
    type: dict
    required: true
    suboptions:
      name:
        description: The name of the host.
        type: str
        required: true
      env:
        description: The environment that the run names.
        type: str
        required: true
      environment:
        description: The environment that the host's variables are of; empty if they are of none.
        type: str
        required: true
      groups:
        description: The groups of the host.
        type: list
        elements: str
        required: true
      other_groups:
        description: Groups that are no environments.
        type: list
        elements: str
        required: true
      environments:
        description: The environments of all hosts.
        type: list
        elements: str
        required: true
      inventory_sources:
        description: The paths of the inventories.
        type: list
        elements: str
        required: true
      inventory_groups:
        description: The hosts of each group of the inventory.
        type: dict
        default: {}
      private_addresses:
        description: The address of each host at which the others of its environment reach it; empty if it has none.
        type: dict
        default: {}
      managed_databases:
        description: The managed database of each host of the environment; empty for a host that has none.
        type: dict
        default: {}
      domain:
        description: The domain of the edge; empty if it serves plain HTTP.
        type: str
        default: ''
      tls:
        description: The source of the edge's certificate.
        type: str
        default: internal
      minio:
        description: Whether uploads are stored in MinIO.
        type: bool
        default: false
      verb:
        description: The playbook, if it is one of the collection. Only then the hosts of the play are checked.
        type: str
        default: ''
      scope:
        description: The placement that the play is for, if its playbook has several plays.
        type: str
        default: ''
      play_hosts:
        description: The hosts of the play.
        type: list
        elements: str
        default: []
      hooks_dir:
        description: The directory of the hooks on the controller; empty without hooks.
        type: str
        default: ''
      hooks_timeout:
        description: The number of seconds that a task of a hook may take.
        type: int
        default: 300
"""

EXAMPLES = r"""
- name: Show why this host must not be changed
  ansible.builtin.debug:
    msg: "{{ host | convosphere.platform.environment_problems }}"
  vars:
    host:
      name: "{{ inventory_hostname }}"
      env: dev
      environment: "{{ convosphere_environment }}"
      groups: "{{ group_names }}"
      other_groups: []
      environments: [dev]
      inventory_sources: "{{ ansible_inventory_sources }}"
"""

RETURN = r"""
_value:
  description: Sentences, the last of which lists the environments; empty if the host may be changed.
  type: list
  elements: str
  sample: []
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._environment_guard import Host, Options
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Play, Topology


def environment_problems(host: Mapping[str, Any]) -> list[str]:
    """Return the sentences."""
    addresses = host.get("private_addresses", {})
    return Host(
        name=str(host["name"]),
        env=str(host["env"]),
        environment=str(host["environment"] or ""),
        groups=tuple(map(str, host["groups"])),
        other_groups=tuple(map(str, host["other_groups"])),
        environments=tuple(map(str, host["environments"])),
        inventory_sources=tuple(host["inventory_sources"]),
        topology=Topology.of(str(host["env"]), host.get("inventory_groups", {})),
        options=Options(
            private_addresses={name: str(addresses[name] or "") for name in addresses},
            domain=str(host.get("domain") or ""),
            tls=str(host.get("tls") or "internal"),
            minio=bool(host.get("minio")),
            managed_databases=host.get("managed_databases", {}),
        ),
        play=Play(str(host.get("verb") or ""), str(host.get("scope") or ""), tuple(host.get("play_hosts", ()))),
        hooks_dir=str(host.get("hooks_dir") or ""),
        hooks_timeout=int(host.get("hooks_timeout", 300)),
    ).problems()


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"environment_problems": environment_problems}
