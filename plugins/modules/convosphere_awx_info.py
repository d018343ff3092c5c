#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_awx_info
short_description: Read the objects of one environment from AWX
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns the objects of AWX that the role P(convosphere.platform.scheduler#role) manages for one environment, each as
    the fields that are compared with the declaration, with names in the place of ids.
  - Asks AWX for the next times of rules. AWX accepts rules that never run.
  - It needs the REST interface of AWX only, and neither C(awx.awx) nor a library.
extends_documentation_fragment:
  - convosphere.platform.attributes.info
options:
  controller_host:
    description: The address of AWX, with C(https://).
    type: str
    required: true
  controller_username:
    description: The user, if there is no token.
    type: str
    default: ''
  controller_password:
    description: The password of the user.
    type: str
    default: ''
  controller_oauthtoken:
    description: A token, instead of a user and a password.
    type: str
    default: ''
  validate_certs:
    description: Whether the certificate of AWX must be valid.
    type: bool
    default: true
  request_timeout:
    description: The seconds that one request may take.
    type: int
    default: 60
  prefix:
    description: The name of the inventory, with which the names of all other objects of the environment begin.
    type: str
    required: true
  organization:
    description: The organization.
    type: str
    required: true
  project:
    description: The project.
    type: str
    required: true
  execution_environment:
    description: The execution environment.
    type: str
    default: ''
  rules:
    description: The rules whose next times are returned.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Read the schedules of prod
  convosphere.platform.convosphere_awx_info:
    controller_host: https://awx.example.com
    controller_oauthtoken: "{{ lookup('ansible.builtin.env', 'CONTROLLER_OAUTH_TOKEN') }}"
    prefix: ConvoSphere prod
    organization: ConvoSphere
    project: ConvoSphere
    rules:
      - DTSTART;TZID=Europe/Berlin:20260101T013000 RRULE:FREQ=DAILY;INTERVAL=1
  delegate_to: localhost
"""

RETURN = r"""
objects:
  description: The objects, by kind and name, each with its fields.
  returned: success
  type: dict
  sample: {"schedules": {"ConvoSphere prod nightly": {"template": "ConvoSphere prod maintenance", "enabled": true}}}
previews:
  description: For each rule its next times in C(utc), and as C(error) why AWX refuses it, or an empty text.
  returned: success
  type: dict
  sample: {"DTSTART:20260101T013000Z RRULE:FREQ=DAILY;INTERVAL=1": {"utc": ["2026-12-01T01:30:00Z"], "error": ""}}
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._host import awx_reader


class AwxInfoModule(InfoModule):
    """The objects of one environment."""

    argument_spec = {
        "controller_host": {"type": "str", "required": True},
        "controller_username": {"type": "str", "default": ""},
        "controller_password": {"type": "str", "default": "", "no_log": True},
        "controller_oauthtoken": {"type": "str", "default": "", "no_log": True},
        "validate_certs": {"type": "bool", "default": True},
        "request_timeout": {"type": "int", "default": 60},
        "prefix": {"type": "str", "required": True},
        "organization": {"type": "str", "required": True},
        "project": {"type": "str", "required": True},
        "execution_environment": {"type": "str", "default": ""},
        "rules": {"type": "list", "elements": "str", "default": []},
    }
    may_be_empty = frozenset(
        {"controller_username", "controller_password", "controller_oauthtoken", "execution_environment"}
    )

    def report(self) -> dict[str, Any]:
        """Return the objects and the times."""
        client = awx_reader.Client(self.params)
        objects = awx_reader.read(client, self.params)
        return {"objects": objects, "previews": awx_reader.previews(client, self.params["rules"])}


def main() -> None:
    AwxInfoModule.main()


if __name__ == "__main__":
    main()
