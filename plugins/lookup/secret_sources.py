# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the secrets come from that an inventory gives."""

from __future__ import annotations

DOCUMENTATION = r"""
name: secret_sources
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Find out where the secrets of an inventory come from
description:
  - Returns for each value of a dictionary whether it comes from Ansible Vault, an environment variable of the
    controller that a lookup C(env) reads, or an extra variable of the run. AWX gives what its credentials inject in one
    of the two latter ways.
  - A source counts only if its value is in the secret. What a secret reads from C(hostvars) counts as V(inventory). No
    value is returned.
options:
  _terms:
    description: The name of one variable, a dictionary.
    type: list
    elements: str
    required: true
seealso:
  - plugin: convosphere.platform.vaulted
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show where the secrets come from
  ansible.builtin.debug:
    msg: "{{ lookup('convosphere.platform.secret_sources', 'stack_secrets') }}"
"""

RETURN = r"""
_raw:
  description:
    - The source of each value by its key, V(inventory), V(inventory (vault)), V(inventory (environment variable)),
      V(inventory (extra variable)), or V(extra variables) if the dictionary is an extra variable itself.
  type: list
  elements: dict
  sample: [{"OPENAI_API_KEY": "inventory (vault)"}]
"""

import os
from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import given_in_run
from ansible_collections.convosphere.platform.plugins.plugin_utils._secret_sources import Run


class LookupModule(LookupBase):
    """The sources of the values of a dictionary."""

    def run(
        self, terms: list[str], variables: Mapping[str, Any] | None = None, **_options: Any
    ) -> list[dict[str, str]]:
        """Return them as the only element; raise AnsibleLookupError for a name that no variable has."""
        known = variables or {}
        if len(terms) != 1 or terms[0] not in known:
            raise AnsibleLookupError(f"secret_sources takes the name of one variable, not {terms}.")
        return [Run(known, given_in_run(self._loader), os.environ, self._templar.template).sources(terms[0])]
