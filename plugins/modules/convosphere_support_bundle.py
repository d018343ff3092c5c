#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_support_bundle
short_description: Write documents into one archive for support
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes documents, such as those that M(convosphere.platform.convosphere_support_info) returned for several hosts,
    into one archive. Run it on the controller, with C(delegate_to).
  - The archive replaces an older one in one step, and only its owner can read it.
  - It does not look for secrets in the documents.
extends_documentation_fragment:
  - convosphere.platform.attributes
options:
  path:
    description: The path of the archive, which ends with C(.tar.gz), or an existing directory.
    type: path
    required: true
  name:
    description: The name of the directory in the archive, and of the archive in a directory.
    type: str
    required: true
  documents:
    description: The documents, each with its C(path) below the directory in the archive, and its C(content).
    type: list
    elements: dict
    required: true
seealso:
  - module: convosphere.platform.convosphere_support_info
"""

EXAMPLES = r"""
- name: Write the status of an environment into an archive on the controller
  convosphere.platform.convosphere_support_bundle:
    path: /tmp
    name: convosphere-prod
    documents:
      - path: db-1/status.json
        content: "{{ status | to_nice_json }}"
  delegate_to: localhost
  become: false
"""

RETURN = r"""
path:
  description: The path of the archive.
  returned: success
  type: str
  sample: /tmp/convosphere-prod.tar.gz
size_bytes:
  description: Its size.
  returned: success
  type: int
  sample: 40321
sha256:
  description: Its checksum.
  returned: success
  type: str
documents:
  description: The documents in it.
  returned: success
  type: list
  elements: str
  sample: [db-1/status.json]
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._host.support_archive import SupportArchiveWork


class SupportBundleModule(ConvosphereModule):
    """One archive."""

    argument_spec = {
        "path": {"type": "path", "required": True},
        "name": {"type": "str", "required": True},
        "documents": {"type": "list", "elements": "dict", "required": True},
    }
    # They are long: neither logged nor returned.
    unlisted = {"documents": {}}

    def build(self) -> Work:
        """Return the work."""
        return SupportArchiveWork(self.invocation)


def main() -> None:
    SupportBundleModule.main()


if __name__ == "__main__":
    main()
