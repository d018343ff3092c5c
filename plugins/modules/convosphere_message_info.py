#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_message_info
short_description: Search the messages of ConvoSphere
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns the newest messages that match all given filters, oldest first, optionally with those before and after them
    in the same conversation.
  - Texts of messages are personal data. They are returned only if O(text) asks for it.
  - Reads with one query, which the server ends after O(search_timeout), and never creates an index. Without bounds the
    whole table of messages is read, about a second for each 200,000; the module warns if the table is large.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.conversations
  - convosphere.platform.attributes.info
options:
  words:
    description:
      - The messages with all of these words, or parts of words, in any case of letters. An entry may have spaces; then
        it is searched for as it stands.
      - C(%) and C(_) have no special meaning.
    type: list
    elements: str
    default: []
  regex:
    description:
      - The messages in which this regular expression of PostgreSQL is found. It begins with C((?i)) to ignore the case.
      - The server compiles it before any message is read.
    type: str
  roles:
    description: The messages of these roles.
    type: list
    elements: str
    choices: [user, assistant, system, tool]
    aliases: [role]
  limit:
    description: The number of matches to return, from 1 to 10000.
    type: int
    default: 100
  context:
    description: How many messages before and after each match are returned too, at most 100.
    type: int
    default: 0
  text:
    description: Whether to return no text, the part of it around the first match, or all of it.
    type: str
    choices: [none, excerpt, full]
    default: none
  search_timeout:
    description: After how many seconds the server ends the search.
    type: int
    default: 60
seealso:
  - module: convosphere.platform.convosphere_conversation_export
  - module: convosphere.platform.convosphere_usage_info
"""

EXAMPLES = r"""
- name: Find the answers of the last 30 days that speak of an invoice, with the question before
  convosphere.platform.convosphere_message_info:
    login_env_file: /opt/convosphere/prod/.env
    words: [invoice]
    role: assistant
    since: 30d
    context: 1
    text: excerpt

- name: Count the messages of a user with something like the number of a credit card, without their texts
  convosphere.platform.convosphere_message_info:
    login_env_file: /opt/convosphere/prod/.env
    user: ada@example.com
    regex: '\m([0-9]{4}[ -]?){3}[0-9]{4}\M'
    limit: 10000
  register: found
"""

RETURN = r"""
messages:
  description:
    - The messages, oldest first, those of the same time by id. C(hit) is false for those that are there as context.
    - C(text) is there only if O(text) asks for it.
  returned: success
  type: list
  elements: dict
  sample:
    - id: 2c8ff03f-9800-8b4f-1139-cbe585f6e570
      conversation: 606f236f-ddbb-b737-718f-b4c0620de839
      user: ada@example.com
      assistant: Support
      role: user
      model: null
      tokens: 0
      created_at: "2026-11-29T10:14:35Z"
      hit: true
      text: …my invoice of October
hits:
  description: The number of matches among them.
  returned: success
  type: int
  sample: 1
more:
  description: Whether there are older matches than O(limit) allows.
  returned: success
  type: bool
  sample: false
"""

from datetime import datetime, timezone
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._conversations import message_query, selection
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import (
    DATABASE_OPTIONS,
    Database,
)

MOST = {"limit": 10_000, "context": 100}


class MessageInfo(InfoModule):
    """Messages that match."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **selection.CONVERSATION_OPTIONS,
        **selection.MESSAGE_OPTIONS,
        "limit": {"type": "int", "default": 100},
        "context": {"type": "int", "default": 0},
        "text": {"type": "str", "choices": ["none", "excerpt", "full"], "default": "none"},
        "search_timeout": {"type": "int", "default": 60},
    }
    least = {"limit": 1, "search_timeout": 1}

    def report(self) -> dict[str, Any]:
        """Return the matches."""
        over = [f"{name} is {self.params[name]}: give at most {most}" for name, most in MOST.items()
                if self.params[name] > most]  # fmt: skip
        if over:
            raise InputError.of(over)
        database = Database(self.params, read_only=True)
        selection.refuse_other_tables(database)
        chosen = selection.read(database, self.params, datetime.now(timezone.utc))
        warning = message_query.unbounded_warning(database, chosen)
        if warning:
            self.warn(warning)
        options = {name: self.params[name] for name in ("limit", "context", "text")}
        return message_query.search(database, chosen, timeout=self.params["search_timeout"], **options)


def main() -> None:
    MessageInfo.main()


if __name__ == "__main__":
    main()
