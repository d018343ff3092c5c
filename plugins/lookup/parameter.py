# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The value of a playbook's parameter, if it was given for this run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: parameter
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return the value of a parameter that was given for this run
description:
  - Returns the value of a parameter of the collection's playbooks in its own type, or its default.
  - Only extra variables count, those of C(-e name=value), of C(-e @file), and of a template, a survey or a launch in
    AWX.
    A variable of the same name in an inventory, in C(group_vars), in a play or in facts does not.
  - In AWX the variables of a job template cannot be distinguished from those of a launch, so that a parameter in the
    template holds for every launch.
options:
  _terms:
    description: The name of one parameter. C(docs/playbooks.md) and C(help.yml) list them.
    type: list
    elements: str
    required: true
  verb:
    description: The playbook. It is required for a parameter that has other values in other playbooks, as C(state) has.
    type: str
    default: ""
seealso:
  - plugin: convosphere.platform.hosts
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Report whether this run was asked to remove the data as well
  ansible.builtin.debug:
    msg: "{{ lookup('convosphere.platform.parameter', 'volumes') }}"
"""

RETURN = r"""
_raw:
  description: The value in the type of the parameter; a list is one element.
  type: list
  elements: raw
  sample: [true]
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import (
    ParameterError,
    convert,
    given_in_run,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import PARAMETERS, find_parameter


class LookupModule(LookupBase):
    """One parameter of this run."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[Any]:
        """Return the value of the parameter as the only element; raise AnsibleLookupError if it is not allowed."""
        self.set_options(var_options=variables, direct=kwargs)
        parameter = find_parameter(terms[0], self.get_option("verb")) if len(terms) == 1 else None
        if parameter is None:
            names = ", ".join(dict.fromkeys(item.name for item in PARAMETERS))
            raise AnsibleLookupError(
                f"Give the name of one parameter, not {terms}; for state, verb too. Allowed: {names}."
            )
        value = given_in_run(self._loader).get(parameter.name)
        try:
            return [convert(parameter, self._templar.template(value))]
        except ParameterError as error:
            raise AnsibleLookupError(str(error)) from None
