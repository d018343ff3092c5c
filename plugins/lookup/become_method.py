# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select how a play becomes root: as configured, or without sudo if root runs Ansible under another name."""

from __future__ import annotations

DOCUMENTATION = r"""
name: become_method
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Select how a play becomes root on the hosts of one environment
description:
  - Returns the configured method, of C(--become-method), E(ANSIBLE_BECOME_METHOD) or C(ansible.cfg), in general.
  - Ansible takes the login's name from the variable E(USER) or E(LOGNAME). If root runs it with another name there, it
    asks for C(sudo) on its own machine, which may have none. Then, for hosts with C(ansible_connection=local), the
    method is V(ansible.builtin.su), which root always has.
  - The variable C(ansible_become_method) of a host wins, as everywhere.
extends_documentation_fragment:
  - convosphere.platform.environment
options:
  _terms:
    description: Nothing.
    type: list
    elements: str
seealso:
  - plugin: convosphere.platform.hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Restart the backend of the environment given by -e env=
  hosts: "{{ lookup('convosphere.platform.hosts', 'app') }}"
  become: true
  become_method: "{{ lookup('convosphere.platform.become_method') }}"
  gather_facts: false
  tasks:
    - name: Restart it
      convosphere.platform.convosphere_service:
        project_name: "convosphere-{{ env }}"
        environment_name: "{{ env }}"
        services: [backend]
        state: restarted
"""

RETURN = r"""
_raw:
  description: The name of one become plugin.
  type: list
  elements: str
  sample: [sudo]
"""

import getpass
import os
from collections.abc import Mapping
from typing import Any

from ansible import constants, context
from ansible.plugins.lookup import LookupBase

WITHOUT_SUDO = "ansible.builtin.su"


class LookupModule(LookupBase):
    """The become method of one play."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return ``[method]``; never fails: the lookup ``hosts`` reports what is wrong with the environment."""
        variables = variables or {}
        self.set_options(var_options=variables, direct=kwargs)
        hosts = variables.get("groups", {}).get(self.get_option("env"), [])
        if is_unknown_root() and hosts and all(is_local(variables.get("hostvars", {}), host) for host in hosts):
            return [WITHOUT_SUDO]
        return [str(context.CLIARGS.get("become_method") or constants.DEFAULT_BECOME_METHOD)]


def is_unknown_root() -> bool:
    """Return whether this process is root's, and its environment names another user."""
    return os.geteuid() == 0 and getpass.getuser() != "root"


def is_local(hostvars: Mapping[str, Any], host: str) -> bool:
    """Return whether a host is this machine, reached without a login."""
    found = hostvars.get(host)
    return found is not None and found.get("ansible_connection") in ("local", "ansible.builtin.local")
