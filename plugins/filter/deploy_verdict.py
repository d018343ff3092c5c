# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide by the outcomes on all hosts whether a deploy goes on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: deploy_verdict
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Decide by the outcomes on all hosts whether a deploy goes on
description:
  - Takes what each host of a deploy over several hosts recorded so far, and returns whether the deploy goes on.
  - A host that has neither succeeded in a step nor failed counts as failed, because it could not be reached.
positional: _input, step
options:
  _input:
    description:
      - The outcome on each host, empty for one that recorded none.
      - C(done) lists the steps that succeeded, C(failures) those that failed, each with C(step), C(task) and
        C(message). C(upstreams) and C(previous_upstreams) are what M(convosphere.platform.convosphere_stack) returned.
    type: dict
    required: true
  step:
    description: The last step that the hosts have come to.
    type: str
    choices: [images, database, app, edge, finish, abandon]
    required: true
  environment:
    description: The environment.
    type: str
    required: true
  groups:
    description: The hosts of each group of the inventory.
    type: dict
    required: true
"""

EXAMPLES = r"""
# => false
goes_on: "{{ ({'app-1': {'done': ['images']}} | convosphere.platform.deploy_verdict('images', environment='prod',
  groups={'prod': ['app-1', 'db-1'], 'app': ['app-1'], 'database': ['db-1'], 'edge': ['app-1']})).goes_on }}"
"""

RETURN = r"""
_value:
  description:
    - C(goes_on), the C(failed_step), and the C(message) for the operator, empty if nothing failed.
    - C(upstreams) and C(previous_upstreams) of all app hosts, for the edge.
    - C(abandons), the hosts that return to the release before.
  type: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils._deploy_verdict import verdict
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import Topology


def deploy_verdict(
    outcomes: Mapping[str, Mapping[str, Any]], step: str, *, environment: str, groups: Mapping[str, list[str]]
) -> dict[str, Any]:
    """Return whether the deploy goes on after ``step``."""
    return verdict(outcomes, step, Topology.of(environment, groups))


class FilterModule:
    """The filter plugin."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return the filter by its name."""
        return {"deploy_verdict": deploy_verdict}
