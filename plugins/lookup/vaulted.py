# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values from Ansible Vault among options that are written to files which others see."""

from __future__ import annotations

DOCUMENTATION = r"""
name: vaulted
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Find values from Ansible Vault among options
description:
  - Names the values from Ansible Vault that are among some options, or in their texts.
  - These are values that were encrypted by themselves (C(!vault)), and all values of a file that is encrypted.
  - No value is returned, only the names of options and variables.
  - A value that a filter has changed, for example C(b64encode), is not found.
options:
  _terms:
    description: The options, as dictionaries of their names and values.
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Refuse secrets in what a diff shows
  ansible.builtin.assert:
    that: "query('convosphere.platform.vaulted', {'stack_settings': stack_settings}) | length == 0"
"""

RETURN = r"""
_raw:
  description: Which option has which value in it, a sentence each without its final dot.
  type: list
  elements: str
  sample: ["stack_settings has the value of vault_smtp_password in it"]
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils._vaulted import vaulted_in


class LookupModule(LookupBase):
    """Values from Vault among options."""

    def run(self, terms: list[Any], variables: Mapping[str, Any] | None = None, **_options: Any) -> list[str]:
        """Return a sentence for each value. Raise AnsibleLookupError for terms that are no dictionaries."""
        if not all(isinstance(term, Mapping) for term in terms):
            raise AnsibleLookupError(
                "vaulted takes dictionaries of options, such as {'stack_settings': stack_settings}"
            )
        return [sentence for term in terms for sentence in vaulted_in(term, variables or {})]
