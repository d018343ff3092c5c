#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_timer
short_description: Run playbooks at given times, by systemd or cron
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Brings the timers of one environment to the declared list, on the machine from which playbooks are run. Timers of
    the environment that the list does not name are removed.
  - With systemd each timer is two units, C(convosphere-<environment>-<name>.timer) and C(.service). Both name their
    environment. A unit of another environment, or of another origin, is never changed.
  - With cron all timers of an environment are one file, C(convosphere-<environment>).
  - A timer that misses its time because the machine is down starts once afterwards, with systemd. With other times than
    before it waits for the next of them.
  - A run that is going on when its timer is changed or removed continues to its end.
extends_documentation_fragment:
  - convosphere.platform.attributes
options:
  environment_name:
    description: The environment whose timers these are, for example V(prod).
    type: str
    required: true
  timers:
    description: All timers of the environment.
    type: list
    elements: dict
    suboptions:
      name:
        description: The name, unique in the environment.
        type: str
        required: true
      description:
        description: One line that says what it does.
        type: str
        default: A playbook of ConvoSphere
      calendar:
        description: The times for O(method=systemd), as C(OnCalendar) reads them, with a time zone.
        type: str
        default: ''
      cron:
        description: The times for O(method=cron), as minute, hour, day of the month, month and weekday.
        type: str
        default: ''
      command:
        description: The program and its arguments. No shell reads them.
        type: list
        elements: str
        required: true
  method:
    description: Whether systemd or cron starts the playbooks.
    type: str
    choices: [systemd, cron]
    default: systemd
  user:
    description:
      - The user as whom the playbooks run, who has the inventory and the SSH key.
      - Required with O(state=present).
    type: str
  working_directory:
    description: The directory in which they run, whose C(ansible.cfg) counts. Required with O(state=present).
    type: path
  timeout:
    description: The seconds after which systemd ends a run.
    type: int
    default: 43200
  randomized_delay:
    description: By how many seconds at most systemd delays a run at random, so that several do not begin together.
    type: int
    default: 0
  on_failure:
    description:
      - A unit that systemd starts after a run that failed, for example to notify the person on call. Specifiers such as
        C(%n) are those of systemd.
    type: str
  directory:
    description:
      - The directory of the units, or of the file of cron. The default is C(/etc/systemd/system), or C(/etc/cron.d).
    type: path
  state:
    description: V(absent) removes all timers of the environment.
    type: str
    choices: [present, absent]
    default: present
"""

EXAMPLES = r"""
- name: Maintain prod every night
  convosphere.platform.convosphere_timer:
    environment_name: prod
    user: ansible
    working_directory: /srv/convosphere/playbooks
    timers:
      - name: nightly
        calendar: "*-*-* 01:30:00 Europe/Berlin"
        command: [/srv/convosphere/.venv/bin/ansible-playbook, maintenance.yml, --extra-vars, env=prod]
  delegate_to: localhost
  become: true

- name: Remove all timers of prod
  convosphere.platform.convosphere_timer:
    environment_name: prod
    state: absent
  delegate_to: localhost
  become: true
"""

RETURN = r"""
timers:
  description: The names of the timers of the environment.
  returned: success
  type: list
  elements: str
  sample: [nightly]
removed:
  description: The units, or the file of cron, that were removed.
  returned: success
  type: list
  elements: str
  sample: [convosphere-prod-weekly]
next_runs:
  description: When each timer runs next, as systemd writes it, by name. Empty with O(method=cron).
  returned: success
  type: dict
  sample: {"nightly": "Tue 2026-12-01 00:30:00 UTC"}
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._host import timer_run

TIMER = {
    "name": {"type": "str", "required": True},
    "description": {"type": "str", "default": "A playbook of ConvoSphere"},
    "calendar": {"type": "str", "default": ""},
    "cron": {"type": "str", "default": ""},
    "command": {"type": "list", "elements": "str", "required": True},
}


class TimerModule(ConvosphereModule):
    """The timers of one environment."""

    argument_spec = {
        "environment_name": {"type": "str", "required": True},
        "timers": {"type": "list", "elements": "dict", "options": TIMER},
        "method": {"type": "str", "choices": ["systemd", "cron"], "default": "systemd"},
        "user": {"type": "str"},
        "working_directory": {"type": "path"},
        "timeout": {"type": "int", "default": 43200},
        "randomized_delay": {"type": "int", "default": 0},
        "on_failure": {"type": "str"},
        "directory": {"type": "path"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    rules = {"required_if": [("state", "present", ("timers", "user", "working_directory"))]}
    may_be_empty = frozenset({"timers.calendar", "timers.cron", "on_failure", "directory"})

    def build(self) -> Work:
        """Return the work."""
        return timer_run.work(self.invocation)


def main() -> None:
    TimerModule.main()


if __name__ == "__main__":
    main()
