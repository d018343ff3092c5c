# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check overrides of settings before anything is changed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: stack_overrides
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Check overrides of settings before anything is changed
description:
  - Checks overrides as the settings of an inventory are checked, and refuses secrets. No value is in what is returned
    as a problem.
  - A dotted name such as C(log.level) becomes the name of the environment variable.
positional: _input, options, secrets
options:
  _input:
    description: The request, with C(set), C(unset), C(reason) and C(expires).
    type: dict
    required: true
  options:
    description: The options of the role C(stack) by name, with C(stack_version).
    type: dict
    required: true
  secrets:
    description: The names of the secrets of the stack.
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
# => {"set": {"LOG_LEVEL": "DEBUG"}, "unset": [], "problems": []}
checked: "{{ request | convosphere.platform.stack_overrides({'stack_version': '0.1.2-beta'}) }}"
"""

RETURN = r"""
_value:
  description: C(set) and C(unset) with names of environment variables, and C(problems), a sentence each.
  type: dict
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _override_check


def stack_overrides(
    requested: Mapping[str, Any], options: Mapping[str, Any], secrets: Iterable[str] = ()
) -> dict[str, Any]:
    """Return the request with its problems."""
    return _override_check.check(requested, options, list(secrets))


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, Any]]]:
        """Return the filter by name."""
        return {"stack_overrides": stack_overrides}
