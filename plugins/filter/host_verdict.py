# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Judge all hosts of a play together, before any of them is changed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: host_verdict
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Judge all hosts of a play together, before any of them is changed
description:
  - Returns what hinders the environment on one of the hosts, and what differs between them, from what
    M(convosphere.platform.convosphere_host_info) found on each.
positional: _input
options:
  _input:
    description: What M(convosphere.platform.convosphere_host_info) returned, by host.
    type: dict
    required: true
  now:
    description: The time of the controller after that, in seconds since 1970.
    type: float
    required: true
  tolerance:
    description: The number of seconds by which the clocks of hosts and controller may differ.
    type: float
    default: 10
  backup_age:
    description: The number of hours that the last verified backup may be old; 0 for any age.
    type: float
    default: 0
  beside:
    description:
      - The services of which a deploy creates a second container beside the first one, each with its C(image) and its
        limit of C(memory).
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Refuse hosts that cannot carry the environment
  ansible.builtin.assert:
    that: verdict.problems | length == 0
    fail_msg: "{{ verdict.problems | join('. ') }}"
  run_once: true
  vars:
    probes: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'environment_probe'))) }}"
    verdict: "{{ probes | convosphere.platform.host_verdict(now=now(utc=true).timestamp(), tolerance=5) }}"
"""

RETURN = r"""
_value:
  description: The verdict.
  type: dict
  contains:
    problems:
      description: A sentence for each reason not to change these hosts, which begins with the host.
      type: list
      elements: str
      sample: ["app-2: the clock is 63 s or more behind that of the controller, and 10 s are allowed"]
    warnings:
      description: A sentence for each thing that may hinder a deploy.
      type: list
      elements: str
      sample: []
    report:
      description: One line about hosts without problems.
      type: str
      sample: app-1, data-1 can carry the environment; clocks differ by 0 s; there is no verified backup
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._host_verdict import Verdict


def host_verdict(
    probes: Mapping[str, Mapping[str, Any]],
    now: float,
    tolerance: float = 10,
    backup_age: float = 0,
    beside: Mapping[str, Mapping[str, str]] | None = None,
) -> dict[str, Any]:
    """Return ``{problems, warnings, report}``."""
    verdict = Verdict(probes, float(now), float(tolerance), float(backup_age), beside)
    return {"problems": verdict.problems(), "warnings": verdict.warnings(), "report": verdict.report()}


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"host_verdict": host_verdict}
