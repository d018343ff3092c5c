# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value of a role variable that destroys once, if it was given for this run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: one_off
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return a role variable that counts for one run only
description:
  - Returns the value of a role variable that confirms or destroys something, such as C(stack_confirm).
  - It counts if it was given with C(-e), or if the playbook that runs the role contains it, as a variable of the play,
    the role or the task.
  - The run fails if it comes from an inventory, from C(group_vars) or C(host_vars), from C(include_vars) or from
    C(set_fact), because it would count for every later run. A value that does nothing, such as V(false), may
    stand there.
options:
  _terms:
    description: The name of one of these role variables. C(docs/playbooks.md) lists them.
    type: list
    elements: str
    required: true
seealso:
  - plugin: convosphere.platform.parameter
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Remove the stack only if this run confirms it
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    state: absent
  when: lookup('convosphere.platform.one_off', 'stack_confirm') == 'dev'
"""

RETURN = r"""
_raw:
  description: The value of the variable.
  type: list
  elements: raw
  sample: [prod]
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import given_in_run
from ansible_collections.convosphere.platform.plugins.plugin_utils._one_offs import ONE_OFFS, OneOff


class LookupModule(LookupBase):
    """One role variable of this run."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return the variable's value as the only element; raise AnsibleLookupError if an inventory sets it."""
        variables = variables or {}
        self.set_options(var_options=variables, direct=kwargs)
        declared = next((item for item in ONE_OFFS if terms == [item.name]), None)
        if declared is None:
            names = ", ".join(item.name for item in ONE_OFFS)
            raise AnsibleLookupError(f"Give the name of one variable, not {terms}. Allowed: {names}.")
        # hostvars are what the inventory, facts and extra variables say of a host, without the variables of a play.
        host = variables["inventory_hostname"]
        if declared.name not in given_in_run(self._loader) and stands_in(variables["hostvars"][host], declared):
            raise AnsibleLookupError(explain(declared, host))
        return [self._templar.template(variables.get(declared.name, declared.harmless))]


def stands_in(host_variables: Mapping[str, Any], declared: OneOff) -> bool:
    """Whether the variables of a host set `declared` to something that is not harmless."""
    if declared.name not in host_variables:
        return False
    try:
        value = host_variables[declared.name]
        if value is None or not isinstance(declared.harmless, bool):
            return bool(value) and value != declared.harmless
        return bool(boolean(value)) != declared.harmless
    except (AnsibleError, TypeError, ValueError):
        return True  # what cannot be rendered or understood is no harmless value


def explain(declared: OneOff, host: str) -> str:
    """Return why a run stops, a sentence for people with the next action."""
    parameter = declared.parameter or declared.name
    return (
        f"{declared.name} of {host} comes from the inventory, a file of variables or a fact, and would count for"
        f" every run: it {declared.meaning}. Nothing was done. Remove it there, and give it for one run: -e"
        f" {parameter}=..., or as a variable of the play or the role in a playbook of your own."
    )
