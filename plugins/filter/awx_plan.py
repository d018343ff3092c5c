# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the objects of an environment in AWX."""

from __future__ import annotations

DOCUMENTATION = r"""
name: awx_plan
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Plan the objects of an environment in AWX
description:
  - Compares what M(convosphere.platform.convosphere_awx_info) returned with the declared schedules, and returns what
    has to be created, changed and removed.
positional: _input, schedules, env, settings, state
options:
  _input:
    description: What the module returned.
    type: dict
    required: true
  schedules:
    description: The schedules that P(convosphere.platform.schedule_plan#filter) returned.
    type: list
    elements: dict
    required: true
  env:
    description: The environment.
    type: str
    required: true
  settings:
    description: The variables C(scheduler_awx_*) of the role, without their prefix.
    type: dict
    required: true
  state:
    description: V(absent) plans the removal of all objects of the environment.
    type: str
    default: present
"""

EXAMPLES = r"""
- name: Show what the role would change in AWX
  ansible.builtin.debug:
    # => ["create schedule ConvoSphere prod nightly"]
    msg: "{{ (read | convosphere.platform.awx_plan(plan.schedules, 'prod', settings)).changes }}"
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    changes:
      description: One line for each change.
      type: list
      elements: str
      sample: [create schedule ConvoSphere prod nightly]
    apply:
      description: The objects to create or change, by kind, with all their fields.
      type: dict
      sample: {"schedules": []}
    remove:
      description: The objects to remove, by kind.
      type: dict
      sample: {"schedules": []}
    problems:
      description: What is wrong, a sentence each.
      type: list
      elements: str
      sample: []
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _awx_objects, _awx_plan, _awx_secrets


def awx_plan(
    read: Mapping[str, Any],
    schedules: Sequence[Mapping[str, Any]],
    env: str,
    settings: Mapping[str, Any],
    state: str = "present",
) -> dict[str, Any]:
    """Return ``{changes, apply, remove, problems}``."""
    if state == "absent":
        return _awx_plan.removal(read["objects"], env)
    declared = _awx_objects.Settings.of(env, settings)
    problems = [*declared.problems(), *_awx_objects.variable_problems(schedules)]
    unreadable = any(_awx_secrets.problems(declared.own()))
    found = _awx_plan.removal({}, env)  # nothing
    if not unreadable:
        objects = _awx_objects.desired(declared, schedules)
        found = _awx_plan.plan(read["objects"], objects, read["previews"], env)
    return {**found, "problems": [*problems, *found["problems"]]}


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"awx_plan": awx_plan}
