# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who runs Ansible, for records of what was done."""

from __future__ import annotations

DOCUMENTATION = r"""
name: operator
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return the name of the user who runs Ansible
description:
  - Returns the user who started the job in AWX, from the variable C(awx_user_name) or C(tower_user_name). For a job
    that a schedule started, C(schedule) and its name.
  - Otherwise the login of the user on the controller. With C(sudo) it is the user who called it. It is C(root) only if
    nothing shows another name.
options:
  _terms:
    description: Nothing.
    type: list
    elements: str
"""

EXAMPLES = r"""
- name: Deploy a stack, and record who did it
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    released_by: "{{ lookup('convosphere.platform.operator') }}"
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
"""

RETURN = r"""
_raw:
  description: The name.
  type: list
  elements: str
  sample: [alice]
"""

from collections.abc import Mapping
from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils import _operator


class LookupModule(LookupBase):
    """The user who runs Ansible."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **_options: Any) -> list[str]:
        """Return the name as the only element."""
        known = variables or {}
        names = [each for each in _operator.AWX_VARIABLES if each in known]
        return [_operator.name({each: self._templar.template(known[each]) for each in names})]
