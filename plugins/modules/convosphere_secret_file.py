#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_secret_file
short_description: Write secrets into a file that only its owner can read
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes a text into a file with the mode C(0600), in one step, so that no reader sees a part of it.
  - Refuses a file that exists with another mode, a directory that every user may write to, such as C(/tmp), and a
    working tree of Git or of an Ansible collection.
extends_documentation_fragment:
  - convosphere.platform.attributes
options:
  path:
    description: The path of the file, in an existing directory.
    type: path
    required: true
  content:
    description: The text. It is never shown.
    type: str
    required: true
seealso:
  - module: convosphere.platform.convosphere_secret_export_info
"""

EXAMPLES = r"""
- name: Write the secrets on the controller
  convosphere.platform.convosphere_secret_file:
    path: "{{ lookup('ansible.builtin.env', 'HOME') }}/prod.env"
    content: "{{ exported.content }}"
  delegate_to: localhost
  no_log: true
"""

RETURN = r"""
path:
  description: The path of the file.
  returned: success
  type: str
  sample: /home/ada/prod.env
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._host.secret_file import SecretFileWork


class SecretFileModule(ConvosphereModule):
    """One file."""

    argument_spec = {
        "path": {"type": "path", "required": True},
        "content": {"type": "str", "required": True, "no_log": True},
    }

    def build(self) -> Work:
        """Return the work."""
        return SecretFileWork(self.invocation)


def main() -> None:
    SecretFileModule.main()


if __name__ == "__main__":
    main()
