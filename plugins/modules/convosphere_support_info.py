#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_support_info
short_description: Collect what support needs of one host, without secrets
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Collects the logs, the state of the services, the health, versions, the kept releases, the configuration, the files
    of the stack, and the last runs of playbooks.
  - A part that cannot be read is returned in RV(missing) with the reason, and the other parts are returned. Therefore
    the module does not fail without an engine, or without a stack.
  - Masks what M(convosphere.platform.convosphere_log_info) masks. Variables in C(.env) are returned as set or empty.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.attributes.info
options:
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
  api_url:
    description: The URL at which the host reaches the platform. If not given, its health is not asked for.
    type: str
  runs_file:
    description: The file with the records of runs that M(convosphere.platform.convosphere_run_lock) writes.
    type: path
  tail:
    description: The number of log records, the newest of all containers.
    type: int
    default: 2000
  max_bytes:
    description: The size of the log records, of which the newest are returned.
    type: int
    default: 4194304
  since:
    description: The begin of the period of the logs, as a period such as V(2h) or a time in UTC.
    type: str
seealso:
  - module: convosphere.platform.convosphere_log_info
  - module: convosphere.platform.convosphere_support_bundle
"""

EXAMPLES = r"""
- name: Collect what support needs
  convosphere.platform.convosphere_support_info:
    project_name: convosphere-prod
    project_src: /opt/convosphere/prod
    api_url: http://127.0.0.1:18000
  register: found

- name: Show what is missing
  ansible.builtin.debug:
    msg: "{{ found.missing }}"
"""

RETURN = r"""
parts:
  description: The documents, by their names.
  returned: success
  type: dict
  sample: {"files/compose.yaml": "services: {}"}
missing:
  description: Why a part is missing, by its name.
  returned: success
  type: dict
  sample: {"health.json": "http://127.0.0.1:18000/health cannot be reached"}
logs:
  description: What M(convosphere.platform.convosphere_log_info) returns; null if the logs cannot be read.
  returned: success
  type: dict
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._stack.support_report import SupportReport


class SupportInfoModule(InfoModule):
    """The documents of one host."""

    argument_spec = {
        **engine_client.PROJECT_OPTIONS,
        "project_src": {"type": "path", "required": True},
        "api_url": {"type": "str"},
        "runs_file": {"type": "path"},
        "tail": {"type": "int", "default": 2000},
        "max_bytes": {"type": "int", "default": 4 * 2**20},
        "since": {"type": "str"},
    }

    def report(self) -> dict[str, Any]:
        """Return the documents, and what is missing."""
        return SupportReport(self.params).report(self.hide)


def main() -> None:
    SupportInfoModule.main()


if __name__ == "__main__":
    main()
