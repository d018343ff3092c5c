#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_hold
short_description: Keep a user, a conversation or an assistant of ConvoSphere from being erased
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Places and releases holds. Neither M(convosphere.platform.convosphere_person_erasure) nor the retention of records
    deletes what is on hold. A hold on a user covers everything of that user.
  - The platform itself does not know of holds. It still deletes what its users delete.
  - Holds are rows of the table C(holds) in the schema C(convosphere_platform), which backups contain. They are also in
    the file C(holds-ENVIRONMENT.json), of mode 0600, in O(backup_dir) and in every place of O(copy_to), with the reason
    in plain text. M(convosphere.platform.convosphere_db_restore) brings them into the restored database.
  - A release is recorded too, without the reason, so that no older backup or file undoes it.
  - What only one of the files or the database knows is brought to all of them. A run that was interrupted is completed
    by the next one with the same options.
extends_documentation_fragment:
  - convosphere.platform.ownership
  - convosphere.platform.copies
  - convosphere.platform.signing
  - convosphere.platform.signing.writing
  - convosphere.platform.database
  - convosphere.platform.attributes
options:
  user:
    description: The e-mail address or the id of the user to hold.
    type: str
  conversation:
    description: The id of the conversation to hold.
    type: str
  assistant:
    description: The id of the assistant to hold.
    type: str
  reason:
    description:
      - Why, for those who read it later, for example the number of a case. Required with O(state=present).
      - Another reason replaces that of an existing hold, of which the time stays.
    type: str
  held_by:
    description: Who placed the hold. If not given, the user and the host that run the module.
    type: str
  backup_dir:
    description: The directory of the environment's backups.
    type: path
    required: true
  state:
    description: Whether the subject is on hold.
    type: str
    choices: [present, absent]
    default: present
seealso:
  - module: convosphere.platform.convosphere_person_erasure
"""

EXAMPLES = r"""
- name: Hold everything of a user
  convosphere.platform.convosphere_hold:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    backup_dir: /var/backups/convosphere/prod
    user: ada@example.com
    reason: Case 4711

- name: Release the hold on a conversation
  convosphere.platform.convosphere_hold:
    environment_name: prod
    login_env_file: /opt/convosphere/prod/.env
    backup_dir: /var/backups/convosphere/prod
    conversation: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11
    state: absent
"""

RETURN = r"""
kind:
  description: What is, or was, on hold, V(user), V(conversation) or V(assistant).
  returned: success
  type: str
  sample: user
id:
  description: Its id.
  returned: success
  type: str
  sample: 6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11
holds:
  description: All holds of the platform. In check mode the current ones.
  returned: success
  type: list
  elements: dict
  contains:
    kind:
      description: V(user), V(conversation) or V(assistant).
      type: str
    id:
      description: The id of the subject.
      type: str
    reason:
      description: Why.
      type: str
    held_by:
      description: Who placed it.
      type: str
    since:
      description: Since when, in UTC.
      type: str
      sample: "2026-11-30T10:00:05Z"
file:
  description: The file of holds beside the backups.
  returned: success
  type: str
  sample: /var/backups/convosphere/prod/holds-prod.json
file_copies:
  description: The places of O(copy_to), each of which has the file too.
  returned: success
  type: list
  elements: str
unsigned:
  description: With O(public_key), the text that has to be signed, by the name V(holds). Empty if nothing has to be.
  returned: success
  type: dict
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._operations.hold_run import HOLD_OPTIONS, HoldWork
from ansible_collections.convosphere.platform.plugins.module_utils._people.signatures import KEYS


class HoldModule(ConvosphereModule):
    """One hold."""

    argument_spec = HOLD_OPTIONS
    rules = {
        "mutually_exclusive": [("user", "conversation", "assistant"), KEYS],
        "required_one_of": [("user", "conversation", "assistant")],
        "required_if": [("state", "present", ("reason",))],
    }

    def build(self) -> Work:
        """Return the work on the hold."""
        return HoldWork(self.invocation)


def main() -> None:
    HoldModule.main()


if __name__ == "__main__":
    main()
