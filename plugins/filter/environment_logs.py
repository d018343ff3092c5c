# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge the log records of the hosts of an environment by time."""

from __future__ import annotations

DOCUMENTATION = r"""
name: environment_logs
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Merge the log records of the hosts of an environment by time
description:
  - Joins what M(convosphere.platform.convosphere_log_info) returned for each host, in the order of time, and keeps the
    newest records, of at most a mebibyte.
  - The times are those of the hosts. Clocks that differ change the order of records of different hosts.
positional: _input, environment, groups, project, tail
extends_documentation_fragment:
  - convosphere.platform.placements
options:
  _input:
    description: What the module returned, by host.
    type: dict
    required: true
  project:
    description: The name of the Compose project, which is left out at the begin of the names of containers.
    type: str
    required: true
  tail:
    description: The number of records to keep.
    type: int
    default: 100
"""

EXAMPLES = r"""
- name: Show the newest records of all hosts
  ansible.builtin.debug:
    msg: "{{ by_host | convosphere.platform.environment_logs('prod', groups, 'convosphere-prod', tail=20) }}"
  vars:
    by_host: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'logs'))) }}"
"""

RETURN = r"""
_value:
  description:
    - C(records), each with its C(host) and the C(short) name of its container; whether there are older ones,
      C(truncated); the C(hosts) that were asked beside those that were C(left_out); and what is C(unreadable).
  type: dict
  sample: {"environment": "prod", "hosts": ["db-1"], "left_out": [], "records": [], "truncated": false}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _environment_logs
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology


def environment_logs(
    by_host: Mapping[str, Mapping[str, Any]],
    environment: str,
    groups: Mapping[str, Sequence[str]],
    project: str,
    tail: Any = 100,
) -> dict[str, Any]:
    """Return the newest records of all hosts. Raises AnsibleFilterError for a service that no host has."""
    unknown = _environment_logs.find_unknown(by_host)
    if unknown:
        raise AnsibleFilterError(
            f"{environment} has no service {', '.join(unknown)}. status.yml -e env={environment} lists its services."
        )
    return _environment_logs.join(by_host, int(tail), project, Topology.of(environment, groups))


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"environment_logs": environment_logs}
