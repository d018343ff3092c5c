# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The hooks of an environment for one event."""

from __future__ import annotations

DOCUMENTATION = r"""
name: hooks
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: List the hooks of an environment for one event
description:
  - Returns the files of tasks in the directory of the event, below O(convosphere_hooks_dir), in the order of their
    names. The entry point C(hooks) of the role C(convosphere.platform.environment) runs them.
options:
  _terms:
    description:
      - The event, one of V(pre_deploy), V(post_deploy), V(pre_backup), V(post_backup), V(pre_migrate),
        V(post_restore), V(post_maintenance) and V(on_failure).
    type: list
    elements: str
    required: true
  convosphere_hooks_dir:
    description: The directory of the hooks on the controller. Without it there is no hook.
    type: str
    default: ''
    vars:
      - name: convosphere_hooks_dir
  convosphere_hooks_timeout:
    description: The number of seconds that a task of a hook may take, unless it has a C(timeout) of its own.
    type: int
    default: 300
    vars:
      - name: convosphere_hooks_timeout
"""

EXAMPLES = r"""
- name: Show which hooks may veto a deploy
  ansible.builtin.debug:
    msg: "{{ query('convosphere.platform.hooks', 'pre_deploy') | map(attribute='name') }}"
"""

RETURN = r"""
_raw:
  description:
    - The hooks. Each has its C(name), its C(path), the C(seconds) after which it is ended, whether it runs
      C(in_check_mode) too, and the C(consequence) for the run if it fails.
  type: list
  elements: dict
  sample:
    - name: pre_deploy/10-approval.yml
      path: /srv/inventories/prod/hooks/pre_deploy/10-approval.yml
      in_check_mode: false
      seconds: 300
      consequence: The deploy was not begun.
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils import _hooks


class LookupModule(LookupBase):
    """The hooks of one event."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        """Return the hooks, as _hooks.Hook.shown does; raise AnsibleLookupError for one that cannot be used."""
        known = variables or {}
        given = {name: self._templar.template(known[name]) for name in _hooks.VARIABLES if name in known}
        self.set_options(var_options=given, direct=kwargs)
        directory, timeout = (self.get_option(name) for name in _hooks.VARIABLES)
        if len(terms) != 1:
            raise AnsibleLookupError(f"Give one event. Allowed: {', '.join(_hooks.EVENTS)}.")
        try:
            return [hook.shown() for hook in _hooks.find(directory, terms[0], timeout)]
        except _hooks.HookError as error:
            raise AnsibleLookupError(str(error)) from error
