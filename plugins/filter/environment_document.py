# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Join the documents of the hosts of an environment into one, for plan.yml and drift.yml."""

from __future__ import annotations

DOCUMENTATION = r"""
name: environment_document
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Join the documents of the hosts of an environment into one, for plan.yml and drift.yml
description:
  - Joins what P(convosphere.platform.deploy_document#filter) returned for each host.
  - The addresses to which the edge sends requests are among the changes if an app host gets new containers, or if the
    edge names others than those that serve.
  - For an environment of one host, it is the document of this host.
positional: _input, verb, environment, groups
extends_documentation_fragment:
  - convosphere.platform.placements
options:
  _input:
    description: The documents by host.
    type: dict
    required: true
  verb:
    description: The playbook.
    type: str
    choices: [plan, drift]
    required: true
"""

EXAMPLES = r"""
document: "{{ {'dev-local': of_host} | convosphere.platform.environment_document('drift', 'dev', groups) }}"
"""

RETURN = r"""
_value:
  description:
    - The document, as P(convosphere.platform.deploy_document#filter) returns it.
    - On several hosts each change names its C(host), C(services) is by host, and C(host) is null beside the list
      C(hosts). C(left_out) are the hosts that a limited run does not have.
  type: dict
  sample: {"environment": "prod", "host": null, "hosts": ["db-1", "app-1"], "changes": [], "origins": []}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _environment_document
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology

VERBS = ("plan", "drift")


def environment_document(
    documents: Mapping[str, Mapping[str, Any]],
    verb: str,
    environment: str,
    groups: Mapping[str, Sequence[str]],
) -> dict[str, Any]:
    """Return the document. Raises AnsibleFilterError for another verb."""
    if verb not in VERBS:
        raise AnsibleFilterError(f"environment_document has no verb '{verb}'. Allowed: {', '.join(VERBS)}.")
    return _environment_document.join(documents, verb, Topology.of(environment, groups))


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"environment_document": environment_document}
