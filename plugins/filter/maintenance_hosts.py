# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join what the hosts of a maintenance run did, for its report."""

from __future__ import annotations

DOCUMENTATION = r"""
name: maintenance_hosts
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Join what the hosts of a maintenance run did, for its report
description:
  - Returns the hosts in the form of the option C(hosts) of M(convosphere.platform.convosphere_report).
positional: _input, reached, steps, services
options:
  _input:
    description: The names of the hosts of the run.
    type: list
    elements: str
    required: true
  reached:
    description: Those of them that the run did not lose. The other ones have no result.
    type: list
    elements: str
    required: true
  steps:
    description: The results of the steps of each host, in the order of the names.
    type: list
    elements: list
    required: true
  services:
    description: What M(convosphere.platform.convosphere_service_info) returned for each host, also if it failed.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the hosts of the report
  ansible.builtin.debug:
    # => [{"name": "db-1", "steps": [], "services": [], "problem": "No engine"}, {"name": "app-1", "steps": null, ...}]
    msg: "{{ ['db-1', 'app-1'] | convosphere.platform.maintenance_hosts(['db-1'], [[], []], [failed, {}]) }}"
  vars:
    failed: {failed: true, msg: No engine}
"""

RETURN = r"""
_value:
  description: The hosts, each with C(name), C(steps), C(services) and C(problem).
  type: list
  elements: dict
  sample:
    - {"name": "app-1", "steps": null, "services": [], "problem": ""}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _maintenance


def maintenance_hosts(
    names: Sequence[str],
    reached: Sequence[str],
    steps: Sequence[Sequence[Mapping[str, Any]]],
    services: Sequence[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """Return the hosts of a report."""
    return _maintenance.report_hosts(names, reached, steps, services)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"maintenance_hosts": maintenance_hosts}
