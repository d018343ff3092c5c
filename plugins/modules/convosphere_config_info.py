#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_config_info
short_description: Read the overrides of an environment, and which secrets are set
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Reads the record of M(convosphere.platform.convosphere_config_override), and the names of the variables in C(.env)
    of a stack, on the database host. It never returns the value of a secret.
  - The settings of the inventory are known on the controller. P(convosphere.platform.config_document#filter) joins
    both.
extends_documentation_fragment:
  - convosphere.platform.attributes.info
options:
  project_src:
    description: The directory of the stack on the host. It may not exist yet.
    type: path
    required: true
seealso:
  - module: convosphere.platform.convosphere_config_override
"""

EXAMPLES = r"""
- name: Read the overrides of prod
  convosphere.platform.convosphere_config_info:
    project_src: /opt/convosphere/prod
  register: found

- name: Show the settings that hold for a time
  ansible.builtin.debug:
    var: found.active
"""

RETURN = r"""
overrides:
  description: The recorded overrides by name, as M(convosphere.platform.convosphere_config_override) returns them.
  type: list
  elements: dict
  returned: success
  sample:
    - name: LOG_LEVEL
      value: DEBUG
      reason: Uploads fail since noon.
      by: ada
      at: "2026-11-29T12:10:00Z"
      until: "2026-11-29T16:10:00Z"
      active: true
active:
  description: The values of the overrides that have not expired, by name.
  type: dict
  returned: success
  sample: {LOG_LEVEL: DEBUG}
expired:
  description: The names of the overrides that have expired, and that the next deploy removes.
  type: list
  elements: str
  returned: success
  sample: []
in_progress:
  description:
    - Whether a change of the overrides was begun, and its deploy has not succeeded. The next deploy completes it.
  type: bool
  returned: success
  sample: false
secrets:
  description:
    - The variables in C(.env) that have a value, by name. C(since) is the time at which the value was generated,
      rotated or given; null for a value that is older than its record. C(unchanged_since) is the same time, or one at
      which the value was there already.
  type: dict
  returned: success
  sample: {SECRET_KEY: {since: "2026-11-01T08:00:00Z", unchanged_since: "2026-11-01T08:00:00Z"}}
rotation:
  description:
    - A rotation of secrets that is not finished, with the C(names), when it was C(started), and C(by) whom. The next
      deploy issues the secrets in C(reissue) anew. Once all containers accept the previous and the new values, it
      C(serves), and the next deploy ends the previous ones.
  type: dict
  returned: success
  sample: {names: [SECRET_KEY], started: "2026-11-30T15:00:00Z", by: ada, serves: false, reissue: []}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._stack import (
    overrides,
    secret_ages,
    secret_record,
    secrets,
)


class ConfigInfoModule(InfoModule):
    """The overrides and the names of the secrets of one environment."""

    argument_spec = {"project_src": {"type": "path", "required": True}}

    def report(self) -> dict[str, Any]:
        """Return them."""
        directory = Path(self.params["project_src"])
        found = overrides.of_directory(directory)
        rotation, variables = secret_record.read(directory).rotation, secrets.variables_in(directory)
        return {
            "overrides": found,
            "active": {each["name"]: each["value"] for each in found if each["active"]},
            "expired": [each["name"] for each in found if not each["active"]],
            "in_progress": overrides.read(directory).in_progress,
            "secrets": secret_ages.of_directory(directory),
            "rotation": self._described(rotation, variables) if rotation else None,
        }

    def _described(self, rotation: secret_record.Rotation, variables: Mapping[str, str]) -> dict[str, Any]:
        return {**rotation.describe(), "serves": rotation.serves, "reissue": rotation.to_reissue(variables)}


def main() -> None:
    ConfigInfoModule.main()


if __name__ == "__main__":
    main()
