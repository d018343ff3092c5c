#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_secret_export_info
short_description: Read the values of secrets of an environment
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns secrets of C(.env) of a stack, on the database host, for an operator who needs their values. Run it with
    C(no_log=true), unless O(recipient) is given.
  - With O(recipient) they are encrypted on this host by C(age), so that no value leaves it in plain text.
  - M(convosphere.platform.convosphere_config_info) reports which secrets are set, without values.
extends_documentation_fragment:
  - convosphere.platform.attributes.info
options:
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
  names:
    description: The names of the secrets. Each has to be set.
    type: list
    elements: str
    required: true
  recipient:
    description: The public key, C(age1...) or an SSH public key, for which the secrets are encrypted.
    type: str
requirements:
  - age, with O(recipient)
seealso:
  - module: convosphere.platform.convosphere_secret_file
"""

EXAMPLES = r"""
- name: Read a password, encrypted for the operator
  convosphere.platform.convosphere_secret_export_info:
    project_src: /opt/convosphere/prod
    names: [DEFAULT_ADMIN_PASSWORD]
    recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p
  register: exported
"""

RETURN = r"""
content:
  description: The secrets in the form of C(.env); with O(recipient) the encrypted text, which begins with
    C(-----BEGIN AGE ENCRYPTED FILE-----).
  returned: success
  type: str
"""

from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._stack import secret_export


class SecretExportInfoModule(InfoModule):
    """The values of secrets of one environment."""

    argument_spec = {
        "project_src": {"type": "path", "required": True},
        "names": {"type": "list", "elements": "str", "required": True},
        "recipient": {"type": "str"},
    }

    def report(self) -> dict[str, Any]:
        """Return them."""
        directory = Path(self.params["project_src"])
        return {"content": secret_export.export(directory, self.params["names"], self.params["recipient"])}


def main() -> None:
    SecretExportInfoModule.main()


if __name__ == "__main__":
    main()
