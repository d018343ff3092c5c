# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Document the options that select conversations."""

from __future__ import annotations


class ModuleDocFragment:
    """Persons, assistants, conversations and a period."""

    DOCUMENTATION = r"""
options:
  users:
    description: >-
      The conversations of these users, by e-mail, username or UUID. A text that is the e-mail of one user and the
      username of another means the e-mail, and an e-mail as it is written before one in another case.
    type: list
    elements: str
    aliases: [user]
  assistants:
    description: The conversations with these assistants, by name or UUID. A name that several have is refused.
    type: list
    elements: str
    aliases: [assistant]
  conversations:
    description: These conversations, by UUID.
    type: list
    elements: str
    aliases: [conversation]
  since:
    description: >-
      The begin of the period, such as V(7d) for seven days before now, or a time in UTC such as V(2026-11-29).
    type: str
  until:
    description: The end of the period, in the same form. A message at exactly this time is not in the period.
    type: str
"""
