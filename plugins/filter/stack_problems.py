# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: stack_problems
short_description: Check the options of the role stack before anything is changed
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Checks what the argument spec of the role C(stack) cannot check, such as ports, sizes, durations, names, images and
    texts, and options that do not go together. Nothing is asked or changed.
  - C(stack_settings) and C(stack_secrets) are checked against the catalogue of the settings of C(stack_version). What
    is doubtful, but can be deployed, is a warning.
  - Values of C(stack_secrets), and others that may be secrets, are never in what is returned.
positional: _input
options:
  _input:
    description: The options by name, for example C(stack_http_port). Only those that are given are checked.
    type: dict
    required: true
"""

EXAMPLES = r"""
# => ["stack_http_port and stack_api_port are both 8000: each needs a port of its own"]
problems: "{{ {'stack_http_port': 8000, 'stack_api_port': 8000} | convosphere.platform.stack_problems }}"
"""

RETURN = r"""
_value:
  description: What is wrong, a sentence each without its final dot; empty if the options can be deployed.
  type: list
  elements: str
  sample:
    - "stack_pids_limit is 0: give a whole number of at least 1"
"""

from collections.abc import Callable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.utils.display import Display
from ansible_collections.convosphere.platform.plugins.plugin_utils import _settings_check, _stack_options


def stack_problems(options: Any) -> list[str]:
    """Return what is wrong with the options. Raises AnsibleFilterError for anything but a dictionary."""
    if not isinstance(options, Mapping):
        raise AnsibleFilterError(f"stack_problems takes a dictionary of options, and not {type(options).__name__}")
    found = _stack_options.problems(options)
    if not found:
        for text in _settings_check.warnings(options):
            Display().warning(text)
    return found


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[[Any], list[str]]]:
        """Return the filter by name."""
        return {"stack_problems": stack_problems}
