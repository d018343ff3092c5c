# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join what the app hosts said about the pause of their backends during a backup."""

from __future__ import annotations

DOCUMENTATION = r"""
name: write_freezes
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Join what the app hosts said about the pause of their backends during a backup
description:
  - Of the results of M(convosphere.platform.convosphere_write_freeze) on all app hosts it returns whether a backup is
    consistent, and how long the backends were paused.
positional: _input, pausable, paused, resumed
options:
  _input:
    description: The app hosts.
    type: list
    elements: str
    required: true
  pausable:
    description: The results in check mode before the backup began, by host.
    type: dict
    required: true
  paused:
    description: The results with C(state=present), by host.
    type: dict
    required: true
  resumed:
    description: The results with C(state=absent), by host.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Report how long the backends were paused
  ansible.builtin.debug:
    msg: "{{ (['app-1'] | convosphere.platform.write_freezes(asked, paused, resumed)).lines['app-1'] }}"
  vars:
    asked: {app-1: "{{ result_of_check_mode }}"}
    paused: {app-1: "{{ result_of_present }}"}
    resumed: {app-1: "{{ result_of_absent }}"}
"""

RETURN = r"""
_value:
  description:
    - C(unpausable) and C(unpaused) are the hosts that did not answer, C(containers) what was paused, C(problem) why the
      backup is not consistent, an empty text if it is, and C(lines) a sentence by host.
  type: dict
  sample:
    unpausable: []
    unpaused: []
    containers: [convosphere-prod-backend-1 on app-1]
    problem: ""
    lines: {app-1: "Paused on app-1 for 4.2 s: convosphere-prod-backend-1"}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _write_freezes


def write_freezes(
    hosts: Sequence[str],
    pausable: Mapping[str, Mapping[str, Any]],
    paused: Mapping[str, Mapping[str, Any]],
    resumed: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return what became of the pause on all hosts."""
    return _write_freezes.summary(hosts, pausable, paused, resumed)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"write_freezes": write_freezes}
