#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_conversation_export
short_description: Write conversations of ConvoSphere into a file
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes whole conversations with all of their messages into one file, oldest first, and returns its checksum. With a
    period these are the conversations that begin in it or have a message in it.
  - The file has the mode 0600 and a temporary name until it is complete. If it has the same content already, nothing is
    written.
  - Reads through a cursor of the server, in one transaction, and needs the same memory for any number of messages.
  - Conversations are personal data. Their texts are neither returned nor logged.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.conversations
  - convosphere.platform.attributes
options:
  dest:
    description: The path of the file on the host, in an existing directory.
    type: path
    required: true
  format:
    description:
      - V(jsonl) is JSON Lines for programs, a line for each conversation, with all columns of its messages.
      - V(markdown) and V(html) are for people. No text of a message has an effect in them.
    type: str
    choices: [jsonl, markdown, html]
    default: jsonl
seealso:
  - module: convosphere.platform.convosphere_message_info
"""

EXAMPLES = r"""
- name: Hand the conversations of a user over, as a page
  convosphere.platform.convosphere_conversation_export:
    login_env_file: /opt/convosphere/prod/.env
    user: ada@example.com
    format: html
    dest: /root/ada.html

- name: Export the conversations of November
  convosphere.platform.convosphere_conversation_export:
    login_env_file: /opt/convosphere/prod/.env
    since: "2026-11-01"
    until: "2026-12-01"
    dest: /var/backups/convosphere/2026-11.jsonl
"""

RETURN = r"""
dest:
  description: The path of the file.
  returned: success
  type: str
  sample: /root/ada.html
conversations:
  description: The number of conversations, in check mode too.
  returned: success
  type: int
  sample: 12
messages:
  description: The number of their messages.
  returned: success
  type: int
  sample: 240
users:
  description: The number of users whose conversations they are.
  returned: success
  type: int
  sample: 1
sha256:
  description: The checksum of the file. In check mode it is null if the file does not exist.
  returned: success
  type: str
  sample: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824
size_bytes:
  description: The size of the file. In check mode it is null if the file would change.
  returned: success
  type: int
  sample: 66017
"""

from ansible_collections.convosphere.platform.plugins.module_utils._conversations.export_format import FORMATS
from ansible_collections.convosphere.platform.plugins.module_utils._conversations.export_run import ExportRun
from ansible_collections.convosphere.platform.plugins.module_utils._conversations.selection import CONVERSATION_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS


class ConversationExport(ConvosphereModule):
    """One file of conversations."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **CONVERSATION_OPTIONS,
        "dest": {"type": "path", "required": True},
        "format": {"type": "str", "choices": list(FORMATS), "default": "jsonl"},
    }

    def build(self) -> Work:
        """Return the run."""
        return ExportRun(self.invocation)


def main() -> None:
    ConversationExport.main()


if __name__ == "__main__":
    main()
