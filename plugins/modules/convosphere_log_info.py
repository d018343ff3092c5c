#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_log_info
short_description: Read the newest log records of a Compose project
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Reads what the containers of one Compose project wrote, and returns the newest records by time.
  - A traceback is one record, with all of its lines. A record that the platform wrote to standard error and to standard
    output is returned once.
  - Reads the text of loguru, uvicorn, PostgreSQL, Redis and nginx, and lines of JSON. A line of another format is a
    record without a level.
  - The secrets of the stack are masked, also those with which older containers still run, in base64, in URLs and in a
    traceback. So are JSON Web Tokens, private keys, passwords in URLs, and values of names such as C(api_key).
  - Needs the same memory for a log of any size. Lines of more than 16384 characters are cut, and so is the middle of a
    record of more than 400 lines.
  - A project that does not exist is not an error; it has no records.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.attributes.info
options:
  services:
    description:
      - The services to read.
      - If not given or empty, all services of the project.
    type: list
    elements: str
    aliases: [service, name]
  strict:
    description:
      - Whether the module fails if the project does not have one of O(services).
      - If V(false), such a service is returned in RV(unknown).
    type: bool
    default: true
  project_src:
    description:
      - The directory of the stack, whose file C(.env) has the secrets to mask.
      - If not given, the directory from which the containers were created.
    type: path
  tail:
    description: The number of records to return, the newest of all containers.
    type: int
    default: 100
  max_bytes:
    description: The size of the returned records, of which the newest are returned.
    type: int
    default: 1048576
  level:
    description:
      - The least severe level to return.
      - If given, records without a known level are not returned.
    type: str
    choices: [debug, info, warning, error, critical]
  since:
    description: The begin of the period to read, as a period such as V(30m), V(2h) or V(7d), or as a time in UTC.
    type: str
  pattern:
    description:
      - A regular expression of Python, in any case of letters. Only records in which it is found are returned.
      - It is searched in the first 16384 characters of the source and the message, after secrets are masked.
      - The module fails if one search takes more than two seconds.
    type: str
seealso:
  - module: convosphere.platform.convosphere_service_info
"""

EXAMPLES = r"""
- name: Read the errors of the last hour of the backend
  convosphere.platform.convosphere_log_info:
    project_name: convosphere-dev
    service: backend
    level: error
    since: 1h
  register: logs

- name: Show the last line of each, which names the error
  ansible.builtin.debug:
    msg: "{{ logs.records | map(attribute='message') | map('split', '\n') | map('last') }}"

- name: Read the newest records of all services about a user
  convosphere.platform.convosphere_log_info:
    project_name: convosphere-dev
    tail: 20
    pattern: 'user (created|deleted)'
"""

RETURN = r"""
exists:
  description: Whether the project has any service.
  returned: success
  type: bool
records:
  description: The records, oldest first.
  returned: success
  type: list
  elements: dict
  contains:
    time:
      description: When Docker Engine received its first line, in UTC.
      type: str
      sample: "2026-11-29T10:00:00.123456789Z"
    service:
      description: The service.
      type: str
      sample: backend
    container:
      description: The container. During a deploy a service has the old and the new one.
      type: str
      sample: convosphere-dev-backend-1
    stream:
      description: The stream, V(stdout) or V(stderr).
      type: str
      sample: stderr
    level:
      description: The level, V(debug), V(info), V(warning), V(error) or V(critical); null if unknown.
      type: str
      sample: error
    source:
      description: What wrote it in the program; null if unknown.
      type: str
      sample: app.main:serve:12
    message:
      description: The text; of a traceback all lines.
      type: str
    fields:
      description: Further values of a line of JSON.
      returned: if there are any
      type: dict
truncated:
  description: Whether older records were left out because of O(tail) or O(max_bytes).
  returned: success
  type: bool
containers:
  description: The containers that were read.
  returned: success
  type: list
  elements: str
  sample: [convosphere-dev-backend-1]
unknown:
  description: Those of O(services) that the project does not have.
  returned: success
  type: list
  elements: str
  sample: []
unreadable:
  description: Why the log of a container could not be read, by the name of the container.
  returned: success
  type: dict
  sample: {}
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._app.log_heads import LEVELS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._stack.log_report import LogReport


class LogInfoModule(InfoModule):
    """The log records of one Compose project."""

    argument_spec = {
        **engine_client.PROJECT_OPTIONS,
        "services": {"type": "list", "elements": "str", "aliases": ["service", "name"]},
        "strict": {"type": "bool", "default": True},
        "project_src": {"type": "path"},
        "tail": {"type": "int", "default": 100},
        "max_bytes": {"type": "int", "default": 2**20},
        "level": {"type": "str", "choices": list(LEVELS)},
        "since": {"type": "str"},
        "pattern": {"type": "str"},
    }

    def report(self) -> dict[str, Any]:
        """Return the records."""
        client = engine_client.connect(self.params["docker_host"], self.params["timeout"])
        return LogReport(client, self.params).report(self.hide)


def main() -> None:
    LogInfoModule.main()


if __name__ == "__main__":
    main()
