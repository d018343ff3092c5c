#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_disk_info
short_description: Measure the disks of a ConvoSphere environment, and estimate when they are full
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Measures the file systems of directories on the host, and of the Docker Engine, whose volumes have the data.
    An engine that does not answer is not measured.
  - The growth is that of the last 30 days, from the records of runs in O(runs_file). C(maintenance.yml) adds one every
    night. Without records that are 20 hours apart it is null.
  - Requires Python only. Nothing is written.
extends_documentation_fragment:
  - convosphere.platform.attributes.info
  - convosphere.platform.engine.probe
options:
  paths:
    description: >-
      Directories whose file systems are measured. For one that does not exist yet, its nearest parent counts.
    type: list
    elements: path
    required: true
  runs_file:
    description: The file with the records of runs. If not given, the growth is not known.
    type: path
seealso:
  - module: convosphere.platform.convosphere_host_info
"""

EXAMPLES = r"""
- name: Measure the disks of prod
  convosphere.platform.convosphere_disk_info:
    paths: [/opt/convosphere/prod, /var/backups/convosphere/prod]
    runs_file: /var/log/convosphere/prod.runs.jsonl
  register: disks

- name: Show the file systems that are full within a month
  ansible.builtin.debug:
    msg: "{{ disks.filesystems | selectattr('days_until_full') | selectattr('days_until_full', 'lt', 30) }}"
"""

RETURN = r"""
filesystems:
  description: The file systems, each once.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The directory at which it is mounted.
      type: str
      sample: /
    directories:
      description: The directories of O(paths), and that of Docker Engine, which are on it.
      type: list
      elements: str
      sample: [/opt/convosphere/prod, /var/lib/docker]
    size_bytes:
      description: The bytes that users other than root can have, used or free.
      type: int
      sample: 107374182400
    free_bytes:
      description: The bytes that are free to them.
      type: int
      sample: 53687091200
    growth_bytes_per_day:
      description: By how many bytes a day the used part grows, negative if it shrinks; null if that is not known yet.
      type: int
      sample: 104857600
    days_until_full:
      description: In how many days it is full at that growth; null if it does not grow, or not within ten years.
      type: int
      sample: 512
"""

from datetime import datetime, timezone
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import PROBE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._host import disk_growth


class DiskInfo(InfoModule):
    """The disks of one host."""

    argument_spec = {
        **PROBE_OPTIONS,
        "paths": {"type": "list", "elements": "path", "required": True},
        "runs_file": {"type": "path"},
    }
    least = {"timeout": 1}

    def report(self) -> dict[str, Any]:
        """Measure the disks."""
        return disk_growth.report(self.params, datetime.now(timezone.utc))


def main() -> None:
    DiskInfo.main()


if __name__ == "__main__":
    main()
