# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
name: no_proxy
short_description: List the hosts that the services of a stack reach without a proxy
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Services of one Compose project reach each other by name. A proxy, which the inventory or the Docker client's
    configuration may give them, knows nothing of these names.
positional: _input, settings, override
options:
  _input:
    description: The names of the services.
    type: list
    elements: str
    required: true
  settings:
    description: Settings of the platform. The hosts of C(NO_PROXY) and C(no_proxy) are added.
    type: dict
    default: {}
  override:
    description: A Compose file that is merged over the stack, as a dictionary or a text. Its services are added.
    type: raw
    default: {}
"""

EXAMPLES = r"""
# => localhost,127.0.0.1,postgres,redis,.example.com
no_proxy: "{{ ['postgres', 'redis'] | convosphere.platform.no_proxy({'NO_PROXY': '.example.com'}) }}"
"""

RETURN = r"""
_value:
  description: The hosts with commas between them, as the variable C(NO_PROXY) has them.
  type: str
  sample: localhost,127.0.0.1,postgres,redis
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._engine import compose_parser

#: Without ::1, which some HTTP libraries take for a host and a port.
LOCAL = ("localhost", "127.0.0.1")


def no_proxy(services: Iterable[str], settings: Mapping[str, Any] | None = None, override: Any = None) -> str:
    """Return the value of NO_PROXY for these services."""
    given: list[str] = []
    for name in ("NO_PROXY", "no_proxy"):
        hosts = (settings or {}).get(name) or ""
        given += map(str, hosts) if isinstance(hosts, (list, tuple)) else f"{hosts}".split(",")
    found = [*LOCAL, *services, *_services_of(override), *(host.strip() for host in given)]
    return ",".join(host for host in dict.fromkeys(found) if host)


def _services_of(override: Any) -> list[str]:
    if isinstance(override, str):
        return list(compose_parser.parse(override) or {}) if override.strip() else []
    found = override.get("services") if isinstance(override, Mapping) else None
    return list(found) if isinstance(found, Mapping) else []


class FilterModule:
    """Declare the filter."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return the filter by name."""
        return {"no_proxy": no_proxy}
