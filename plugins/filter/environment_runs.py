# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Merge the records of runs of the hosts of an environment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: environment_runs
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Merge the records of runs of the hosts of an environment
description:
  - Joins what M(convosphere.platform.convosphere_run_info) returned for each host, in the order of the runs' ends.
positional: _input, environment, groups
extends_documentation_fragment:
  - convosphere.platform.placements
options:
  _input:
    description: What the module returned, by host.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the runs of all hosts
  ansible.builtin.debug:
    msg: "{{ by_host | convosphere.platform.environment_runs('prod', groups) }}"
  vars:
    by_host: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'found'))) }}"
"""

RETURN = r"""
_value:
  description:
    - The C(runs), each with the C(host) that has its record; C(other_changes) of runs without a record; and the
      C(problems) with the database.
  type: dict
  sample: {"environment": "prod", "hosts": ["db-1"], "runs": [], "other_changes": [], "problems": []}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _environment_runs
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology


def environment_runs(
    by_host: Mapping[str, Mapping[str, Any]], environment: str, groups: Mapping[str, Sequence[str]]
) -> dict[str, Any]:
    """Return the runs of all hosts."""
    return _environment_runs.join(by_host, Topology.of(environment, groups))


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"environment_runs": environment_runs}
