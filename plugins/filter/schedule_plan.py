# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan the schedules of an environment."""

from __future__ import annotations

DOCUMENTATION = r"""
name: schedule_plan
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Plan the schedules of an environment
description:
  - Returns the schedules with their times as systemd, cron and AWX read them, their command lines, and what is wrong
    with the declaration.
positional: _input, env, backend, program, arguments, user
options:
  _input:
    description: The declared schedules, as the variable C(scheduler_schedules) of the role C(scheduler) has them.
    type: raw
    required: true
  env:
    description: The environment.
    type: str
    required: true
  backend:
    description: What starts the playbooks, V(awx), V(systemd) or V(cron).
    type: str
    required: true
  program:
    description: The path of C(ansible-playbook).
    type: str
    default: ansible-playbook
  arguments:
    description: More arguments of the command line.
    type: list
    elements: str
    default: []
  user:
    description: The user as whom playbooks run. Required with V(systemd) and V(cron).
    type: str
    default: ''
"""

EXAMPLES = r"""
- name: Show when systemd would start the nightly run
  ansible.builtin.debug:
    # => "*-*-* 01:30:00 Europe/Berlin"
    msg: "{{ (declared | convosphere.platform.schedule_plan('prod', 'systemd', user='ada')).schedules[0].calendar }}"
  vars:
    declared:
      - {name: nightly, verb: maintenance, every: day, at: "01:30", timezone: Europe/Berlin}
"""

RETURN = r"""
_value:
  description: The plan.
  type: dict
  contains:
    schedules:
      description: Each schedule with C(name), C(verb), C(calendar), C(cron), C(rule), C(command) and C(variables).
      type: list
      elements: dict
      sample: []
    timers:
      description: The schedules as the module C(convosphere_timer) takes them.
      type: list
      elements: dict
      sample: []
    problems:
      description: What is wrong, a sentence each; empty if the schedules can be applied.
      type: list
      elements: str
      sample: []
    notes:
      description: Days on which a schedule is skipped because the clocks are changed, a sentence each.
      type: list
      elements: str
      sample: []
"""

from collections.abc import Callable, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _schedule_plan


def schedule_plan(
    declared: Any,
    env: str,
    backend: str,
    program: str = "ansible-playbook",
    arguments: Sequence[str] = (),
    user: str = "",
) -> dict[str, Any]:
    """Return ``{schedules, timers, problems, notes}``."""
    return _schedule_plan.plan(declared, _schedule_plan.Run(env, backend, program, tuple(arguments), user))


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by name."""
        return {"schedule_plan": schedule_plan}
