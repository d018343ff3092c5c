#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_edge_maintenance
short_description: Have the edge of an environment answer 503 during maintenance
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes or removes the file C(edge/state/maintenance.caddy) in the directory of a stack, and reloads the edge without
    a restart. During maintenance the edge answers every request with the status 503, C(Retry-After) and a page.
  - Requests from O(operators), and those for the health of the platform (C(/health), C(/api/v1/health) and below), are
    answered as without maintenance. The API on the loopback address of the host is not concerned.
  - The maintenance ends by itself. The edge compares the time of each request with the end; nothing has to run then.
  - The file is not part of a release, so that a deploy does not change it.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
  state:
    description: V(present) begins or changes the maintenance, V(absent) ends it.
    type: str
    choices: [present, absent]
    default: present
  minutes:
    description:
      - The number of minutes from now until the maintenance ends by itself, at most seven days.
      - An end that differs from the present one by less than a minute is no change.
    type: int
    default: 60
  until:
    description: The end of the maintenance in UTC, such as V(2026-11-29T06:00:00Z), instead of O(minutes).
    type: str
  reason:
    description: One sentence for the page, and for the operators who read the status. Anyone can read it.
    type: str
    default: ""
  keep_others:
    description:
      - Whether to leave a maintenance that is in effect with another O(reason) as it is, with V(present) and with
        V(absent). For a run that needs a maintenance of its own, such as a restore, and must not end that of an
        operator.
    type: bool
    default: false
  operators:
    description:
      - The addresses and networks of clients that are let through.
      - The edge sees the address of Docker's bridge for clients on the host itself, and for those that come over IPv6
        if Docker does not route IPv6 to the container.
    type: list
    elements: str
    default: []
  retry_after:
    description: The number of seconds in C(Retry-After), after which clients try again.
    type: int
    default: 300
  edge:
    description: The name of the service that is the edge.
    type: str
    default: edge
"""

EXAMPLES = r"""
- name: Begin maintenance for half an hour
  convosphere.platform.convosphere_edge_maintenance:
    environment_name: prod
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    minutes: 30
    reason: We move to a larger disk.
    operators: [10.0.0.0/8]

- name: End it
  convosphere.platform.convosphere_edge_maintenance:
    environment_name: prod
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    state: absent

- name: End the maintenance of a restore, and not one that an operator began
  convosphere.platform.convosphere_edge_maintenance:
    environment_name: prod
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    state: absent
    reason: A backup is being restored.
    keep_others: true
"""

RETURN = r"""
maintenance:
  description: The maintenance after the run; null without one.
  type: dict
  returned: success
  contains:
    active:
      description: Whether it is in effect, which ends by itself.
      type: bool
    until:
      description: Its end, in UTC.
      type: str
    reason:
      description: The value of O(reason).
      type: str
    operators:
      description: The value of O(operators).
      type: list
      elements: str
    retry_after:
      description: The value of O(retry_after).
      type: int
  sample:
    active: true
    until: "2026-11-29T06:00:00Z"
    reason: We move to a larger disk.
    operators: [10.0.0.0/8]
    retry_after: 300
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import PROJECT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack.edge_maintenance_run import (
    EdgeMaintenanceRun,
)


class EdgeMaintenanceModule(ConvosphereModule):
    """The maintenance of one environment's edge."""

    argument_spec = {
        **PROJECT_OPTIONS,
        **ENVIRONMENT_OPTION,
        "project_src": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "minutes": {"type": "int", "default": 60},
        "until": {"type": "str"},
        "reason": {"type": "str", "default": ""},
        "keep_others": {"type": "bool", "default": False},
        "operators": {"type": "list", "elements": "str", "default": []},
        "retry_after": {"type": "int", "default": 300},
        "edge": {"type": "str", "default": "edge"},
    }
    least = {"minutes": 1, "retry_after": 1}

    def build(self) -> Work:
        """Return the run."""
        return EdgeMaintenanceRun(self.invocation)


def main() -> None:
    EdgeMaintenanceModule.main()


if __name__ == "__main__":
    main()
