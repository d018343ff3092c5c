#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_write_freeze
short_description: Pause the backends of a host while another host takes the snapshot of a backup
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Pauses all running containers of the service C(backend), so that their requests wait, and resumes them.
  - A process on the host, the switch, resumes them after O(freeze_timeout) seconds in any case, also if the run is
    interrupted or the host is cut off. It starts before the first container is paused, and ends when they are resumed.
  - On the host of the database itself, M(convosphere.platform.convosphere_db_backup) does the same.
notes:
  - The switch needs the client C(docker). It outlives the connection, unless C(KillUserProcesses=yes) is set in
    C(logind.conf), which is not the default of the supported distributions.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  project_src:
    description: The directory of the stack on the host. By default that from which the containers were created.
    type: path
  state:
    description:
      - V(present) pauses the containers. Those that an interrupted run has left paused are taken over.
      - V(absent) resumes the containers that V(present) has paused, and no other.
    type: str
    choices: [present, absent]
    default: present
  path:
    description:
      - The file on the host that records the paused containers between two tasks. If it is removed, they are resumed.
      - Use a path below C(/run), which a restart of the host empties.
    type: path
    required: true
  run_id:
    description: The unique id of this run, such as that of P(convosphere.platform.run_id#lookup).
    type: str
    required: true
  freeze_timeout:
    description: How many seconds the containers may be paused.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Pause the backends of this host for at most two minutes
  convosphere.platform.convosphere_write_freeze:
    environment_name: prod
    project_name: convosphere-prod
    path: /run/convosphere/prod.freeze
    run_id: "{{ lookup('convosphere.platform.run_id') }}"
    freeze_timeout: 120

- name: Resume them
  convosphere.platform.convosphere_write_freeze:
    environment_name: prod
    project_name: convosphere-prod
    path: /run/convosphere/prod.freeze
    run_id: "{{ lookup('convosphere.platform.run_id') }}"
    state: absent
"""

RETURN = r"""
containers:
  description: The containers that are or were paused, or in check mode would be.
  returned: success
  type: list
  elements: str
  sample: [convosphere-prod-backend-1]
since:
  description: When they were paused, in UTC; null in check mode.
  returned: success
  type: str
  sample: "2026-11-23T15:01:02Z"
until:
  description: When they are resumed at the latest, in UTC; null in check mode.
  returned: success
  type: str
  sample: "2026-11-23T15:11:02Z"
seconds:
  description: With O(state=absent), how many seconds they were paused; null if they were not.
  returned: success
  type: float
  sample: 4.2
held:
  description: Whether all backends of the host stood still from RV(since) until now. Only then a backup is consistent.
  returned: success
  type: bool
resumed:
  description: The containers that ran before O(state=absent) resumed them, or that are gone.
  returned: success
  type: list
  elements: str
"""

from ansible_collections.convosphere.platform.plugins.module_utils._backup.host_freeze import HostFreeze
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import PROJECT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)


class WriteFreezeModule(ConvosphereModule):
    """The pause of the backends of one host."""

    argument_spec = {
        **PROJECT_OPTIONS,
        **ENVIRONMENT_OPTION,
        "project_src": {"type": "path"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "path": {"type": "path", "required": True},
        "run_id": {"type": "str", "required": True},
        "freeze_timeout": {"type": "int", "default": 600},
    }
    least = {"freeze_timeout": 1}

    def build(self) -> Work:
        """Return the pause, or its end."""
        return HostFreeze(self.invocation)


def main() -> None:
    WriteFreezeModule.main()


if __name__ == "__main__":
    main()
