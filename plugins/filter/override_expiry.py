# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Decide whether the nightly maintenance removes expired overrides."""

from __future__ import annotations

DOCUMENTATION = r"""
name: override_expiry
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Decide whether the nightly maintenance removes expired overrides
description:
  - An override ends by a deploy, which also deploys what else the inventory has. Returns whether a deploy would change
    only the expired overrides.
positional: _input, plan, environment, several, check_mode
options:
  _input:
    description: What M(convosphere.platform.convosphere_config_info) returned.
    type: dict
    required: true
  plan:
    description:
      - What M(convosphere.platform.convosphere_stack_plan_info) returned for the inventory with all overrides.
    type: dict
    required: true
  environment:
    description: The environment.
    type: str
    required: true
  several:
    description: Whether it has several hosts.
    type: bool
    required: true
  check_mode:
    description: Whether the run only reports.
    type: bool
    required: true
"""

EXAMPLES = r"""
# => {"status": "ok", "message": "no overrides"}
outcome: "{{ {'overrides': [], 'expired': []} | convosphere.platform.override_expiry({}, 'prod', false, false) }}"
"""

RETURN = r"""
_value:
  description: C(status), V(ok), V(changed) or V(skipped), and the C(message) of the step.
  type: dict
  sample: {"status": "ok", "message": "no overrides"}
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _override_expiry


def override_expiry(
    found: Mapping[str, Any], plan: Mapping[str, Any], environment: str, several: bool, check_mode: bool
) -> dict[str, str]:
    """Return the outcome of the step."""
    return _override_expiry.outcome(found, plan, environment, several=several, check_mode=check_mode)


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, str]]]:
        """Return the filter by name."""
        return {"override_expiry": override_expiry}
