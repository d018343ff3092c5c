#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_config_override
short_description: Record settings of an environment that hold for a time
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes the record of the overrides of an environment, C(overrides.json) in the directory of its stack on the
    database host, readable by its owner only. Each override has a value, a reason, who set it and when, and its end.
  - A deploy of the role C(stack) writes active overrides over the settings of the inventory. This module deploys
    nothing. P(convosphere.platform.stack_overrides#filter) checks the settings before.
  - Each run removes the overrides that have expired.
extends_documentation_fragment:
  - convosphere.platform.ownership
  - convosphere.platform.attributes
options:
  project_src:
    description: The directory of the stack on the host.
    type: path
    required: true
  set:
    description:
      - The values by the names of environment variables. Never give a secret.
      - An override with the same value and O(reason) is unchanged if its end differs by less than a twentieth of the
        period.
    type: dict
    default: {}
  unset:
    description: The names of overrides to remove. A name without an override is no change.
    type: list
    elements: str
    default: []
  reason:
    description: One sentence for the operators who read the status. Required with O(set).
    type: str
    default: ""
  expires:
    description: The period after which the overrides of O(set) end, such as V(90m), V(4h) or V(2d), at most 30 days.
    type: str
    default: ""
  set_by:
    description: Who sets it.
    type: str
    default: ""
  phase:
    description:
      - V(whole) changes the record at once, and removes expired overrides.
      - V(begin) does so before a deploy of the new overrides, and keeps the previous ones in the record.
      - V(complete) follows a deploy that succeeded. It removes only what O(unset) names, for example what the deploy
        found expired, so that an override that expired meanwhile is not forgotten while it serves.
      - V(abandon) follows a deploy that failed, and brings the previous overrides back. It does nothing
        without a begun change, and if the deploy failed after the new settings had begun to serve; then the next deploy
        completes the change.
      - A run that is killed in between leaves the begun change. The next deploy carries on with it.
    type: str
    choices: [whole, begin, complete, abandon]
    default: whole
"""

EXAMPLES = r"""
- name: Record that the log is verbose for four hours
  convosphere.platform.convosphere_config_override:
    environment_name: prod
    project_src: /opt/convosphere/prod
    set:
      LOG_LEVEL: DEBUG
    reason: Uploads fail since noon.
    expires: 4h

- name: Remove the override
  convosphere.platform.convosphere_config_override:
    environment_name: prod
    project_src: /opt/convosphere/prod
    unset: [LOG_LEVEL]

- name: Begin a change, deploy it, and complete it
  convosphere.platform.convosphere_config_override:
    environment_name: prod
    project_src: /opt/convosphere/prod
    set:
      LOG_LEVEL: DEBUG
    reason: Uploads fail since noon.
    expires: 4h
    phase: begin
"""

RETURN = r"""
overrides:
  description: The overrides after the run, by name.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: The environment variable.
      type: str
    value:
      description: Its value.
      type: raw
    reason:
      description: The value of O(reason).
      type: str
    by:
      description: The value of O(set_by).
      type: str
    at:
      description: When it was set, in UTC.
      type: str
    until:
      description: Its end, in UTC.
      type: str
    active:
      description: Whether it has not expired.
      type: bool
  sample:
    - name: LOG_LEVEL
      value: DEBUG
      reason: Uploads fail since noon.
      by: ada
      at: "2026-11-29T12:10:00Z"
      until: "2026-11-29T16:10:00Z"
      active: true
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack.overrides_run import (
    PHASES,
    WHOLE,
    OverridesRun,
)


class ConfigOverrideModule(ConvosphereModule):
    """The overrides of one environment."""

    argument_spec = {
        **ENVIRONMENT_OPTION,
        "project_src": {"type": "path", "required": True},
        "set": {"type": "dict", "default": {}},
        "unset": {"type": "list", "elements": "str", "default": []},
        "reason": {"type": "str", "default": ""},
        "expires": {"type": "str", "default": ""},
        "set_by": {"type": "str", "default": ""},
        "phase": {"type": "str", "choices": list(PHASES), "default": WHOLE},
    }
    may_be_empty = frozenset({"reason", "expires", "set_by"})

    def build(self) -> Work:
        """Return the work."""
        return OverridesRun(self.invocation)


def main() -> None:
    ConfigOverrideModule.main()


if __name__ == "__main__":
    main()
