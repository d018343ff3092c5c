# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arrange the documents of a support bundle."""

from __future__ import annotations

DOCUMENTATION = r"""
name: support_documents
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Arrange the documents of a support bundle
description:
  - Returns what M(convosphere.platform.convosphere_support_info) returned for each host as the documents of one
    archive, with the logs of all hosts in the order of time, and a list of what is missing.
positional: _input, environment, groups, project, context
extends_documentation_fragment:
  - convosphere.platform.placements
options:
  _input:
    description: What the module returned, by host. A host that could not be reached may be left out.
    type: dict
    required: true
  project:
    description: The name of the Compose project.
    type: str
    required: true
  context:
    description: The C(time) and the C(operator) that the list names.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Write what the hosts returned into one archive
  convosphere.platform.convosphere_support_bundle:
    path: /tmp
    name: convosphere-prod
    documents: "{{ bundle.documents }}"
  vars:
    by_host: "{{ dict(ansible_play_hosts | zip(ansible_play_hosts | map('extract', hostvars, 'found'))) }}"
    bundle: "{{ by_host | convosphere.platform.support_documents('prod', groups, 'convosphere-prod', collected) }}"
    collected: {time: "2026-11-29T10:00:00Z", operator: alice}
  delegate_to: localhost
  run_once: true
"""

RETURN = r"""
_value:
  description: The C(documents), each with its C(path) and C(content), and what is C(missing), a sentence each.
  type: dict
  sample: {"documents": [{"path": "README.txt", "content": "..."}], "missing": []}
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _support_documents
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology


def support_documents(
    by_host: Mapping[str, Mapping[str, Any]],
    environment: str,
    groups: Mapping[str, Sequence[str]],
    project: str,
    context: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the documents, and what is missing."""
    return _support_documents.arrange(by_host, project, Topology.of(environment, groups), context)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"support_documents": support_documents}
