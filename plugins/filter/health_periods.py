# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: health_periods
author: ConvoSphere Platform contributors (@ConvoSphere)
version_added: 1.0.0
short_description: Work out the periods of a health check that costs little once a container is steady
description:
  - Docker starts the check of the stack every two seconds, and the check sleeps before it asks the service, longer
    while the container gets older, so that a steady container is asked once an interval.
  - Docker's own C(start_interval) exists only in Docker Engine 25 and newer.
positional: _input, timeout
options:
  _input:
    description: The interval of a steady container, in Docker's notation, such as V(30s).
    type: str
    required: true
  timeout:
    description: The number of seconds that asking the service may take.
    type: int
    default: 10
"""

EXAMPLES = r"""
# => {"interval": "2s", "sleep": "28", "timeout": "38s"}
periods: "{{ '30s' | convosphere.platform.health_periods }}"
"""

RETURN = r"""
_value:
  description:
    - C(interval) and C(timeout) of a Compose service's health check, and C(sleep), the seconds for which the check
      sleeps at most.
  type: dict
  sample: {"interval": "2s", "sleep": "28", "timeout": "38s"}
"""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _healthcheck


def health_periods(interval: str, timeout: int = 10) -> dict[str, str]:
    """Return the periods. Raises AnsibleFilterError for an interval that is no duration."""
    try:
        return _healthcheck.periods(interval, timeout)
    except ValueError as error:
        raise AnsibleFilterError(f"health_periods cannot use the interval: {error}") from error


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, str]]]:
        """Return the filter by name."""
        return {"health_periods": health_periods}
