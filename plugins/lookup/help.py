# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The help of the playbooks."""

from __future__ import annotations

DOCUMENTATION = r"""
name: help
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Return the help of the collection's playbooks
description:
  - Returns what a playbook does, its parameters with types, allowed values and defaults, and an example, as lines of
    text.
options:
  _terms:
    description: The name of one playbook, for example V(restore). Without it, or with an empty one, all of them.
    type: list
    elements: str
seealso:
  - plugin: convosphere.platform.parameter
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show how to restore a backup
  ansible.builtin.debug:
    msg: "{{ query('convosphere.platform.help', 'restore') }}"
"""

RETURN = r"""
_raw:
  description: The lines.
  type: list
  elements: str
  sample: ["restore.yml: Restore a backup."]
"""

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import find_problems, given_in_run
from ansible_collections.convosphere.platform.plugins.plugin_utils._reference import help_lines
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS, find_verb


class LookupModule(LookupBase):
    """The help of one playbook or of all."""

    def run(self, terms: list[str], variables: Mapping[str, Any] | None = None, **kwargs: Any) -> list[str]:
        """Return the lines; raise AnsibleLookupError if there is no such playbook or a parameter is misspelt."""
        self.set_options(var_options=variables, direct=kwargs)
        name = terms[0].removesuffix(".yml") if terms else ""
        verb = find_verb(name)
        problems = find_problems(given_in_run(self._loader), "help")
        if name and verb is None:
            problems.append(f"There is no playbook '{name}'. Allowed: {', '.join(item.name for item in VERBS)}.")
        if problems:
            raise AnsibleLookupError(" ".join(problems))
        return help_lines(verb)
