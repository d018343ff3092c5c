# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write users as CSV."""

from __future__ import annotations

DOCUMENTATION = r"""
name: users_csv
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Write users as CSV
description:
  - Returns users in the form that O(convosphere.platform.convosphere_user#module:users_file) reads. A field that a user
    lacks is empty. Groups are separated by semicolons, and preferences are JSON.
positional: _input, fields
options:
  _input:
    description: The users, as M(convosphere.platform.convosphere_user_info) returns them.
    type: list
    elements: dict
    required: true
  fields:
    description: The columns.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Write users to a file on the controller
  ansible.builtin.copy:
    content: "{{ result.users | convosphere.platform.users_csv(['email', 'groups']) }}"
    dest: /tmp/users.csv
    mode: "0600"
  delegate_to: localhost
"""

RETURN = r"""
_value:
  description: The lines, the first of which has the names of the columns.
  type: str
  sample: |-
    email,groups
    "ada@example.com","admins; editors"
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _users_csv


def users_csv(users: Iterable[Mapping[str, Any]], fields: Iterable[str]) -> str:
    """Return the text of a CSV file, without a newline at its end."""
    return _users_csv.write(users, fields)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"users_csv": users_csv}
