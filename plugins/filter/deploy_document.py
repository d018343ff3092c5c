# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join what the modules found for plan.yml or drift.yml into one document."""

from __future__ import annotations

DOCUMENTATION = r"""
name: deploy_document
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Join what the modules found for plan.yml or drift.yml into one document
description:
  - Returns the differences between an environment and what is declared for it, as C(plan.yml) and C(drift.yml) report
    them.
positional: _input, verb, context
options:
  _input:
    description:
      - The results of the modules, by C(stack), C(migration), C(database), C(groups), C(users), and C(users_problem).
    type: dict
    required: true
  verb:
    description: The playbook.
    type: str
    choices: [plan, drift]
    required: true
  context:
    description: The C(environment) and the C(host).
    type: dict
    required: true
"""

EXAMPLES = r"""
document: "{{ compared | convosphere.platform.deploy_document('drift', {'environment': 'dev', 'host': 'dev-local'}) }}"
"""

RETURN = r"""
_value:
  description:
    - The document, with C(environment), C(host), C(release), C(changes), C(services), C(origins) and C(verdict).
    - That of a plan has the counts of C(users) too.
  type: dict
  sample: {"environment": "dev", "host": "dev-local", "changes": [], "origins": []}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _deploy_document

VERBS = {"plan": _deploy_document.plan, "drift": _deploy_document.drift}


def deploy_document(compared: Mapping[str, Any], verb: str, context: Mapping[str, Any]) -> dict[str, Any]:
    """Return the document. Raises AnsibleFilterError for another verb."""
    if verb not in VERBS:
        raise AnsibleFilterError(f"deploy_document has no verb '{verb}'. Allowed: {', '.join(VERBS)}.")
    return VERBS[verb](compared, context)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"deploy_document": deploy_document}
