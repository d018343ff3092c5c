#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_health_info
short_description: Report whether a ConvoSphere environment is healthy, and its problems
version_added: 1.0.0
description:
  - Reads the platform's own report of its components, and with O(edge_url) and O(project_name) asks the edge and Docker
    Engine too. Returns one status and a list of problems.
  - Evaluates the content of the report and ignores the HTTP status, which does not depend on the platform's health.
  - Does not fail if the platform is unhealthy, unless O(until=healthy).
extends_documentation_fragment:
  - convosphere.platform.api
  - convosphere.platform.engine
  - convosphere.platform.attributes.info
options:
  edge_url:
    description:
      - The URL at which users reach the platform.
      - If given, a page is requested through the edge too.
    type: str
  project_name:
    description:
      - The name of the Compose project, for example V(convosphere-dev).
      - If given, the states of its containers count too.
    type: str
  until:
    description:
      - Repeat every second until the status is this one, or V(busy), and fail if it is not reached within
        O(wait_timeout).
      - If not given, the platform is asked once.
      - In check mode it is asked once and the module never fails, because check mode starts no services.
    type: str
    choices: [healthy]
  wait_timeout:
    description: The number of seconds that O(until) waits.
    type: int
    default: 240
seealso:
  - module: convosphere.platform.convosphere_service_info
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Read the health of the platform
  convosphere.platform.convosphere_health_info:
    api_url: http://127.0.0.1:18000
  register: platform

- name: Show the problems
  ansible.builtin.debug:
    var: platform.problems

- name: Wait until the whole environment is healthy
  convosphere.platform.convosphere_health_info:
    api_url: http://127.0.0.1:18000
    edge_url: http://127.0.0.1:8080
    project_name: convosphere-dev
    until: healthy
    wait_timeout: 180
"""

RETURN = r"""
healthy:
  description: Whether there are no problems.
  returned: success
  type: bool
status:
  description:
    - V(healthy) if there are no problems.
    - V(busy) if users are served and all connections of the platform to its database are in use.
    - V(degraded) if the platform works with problems.
    - V(unhealthy) if the platform reports so, its database is not reachable, or the edge does not answer.
    - V(unreachable) if the platform gives no report.
  returned: success
  type: str
  sample: healthy
problems:
  description: A sentence for each problem.
  returned: success
  type: list
  elements: str
  sample: ["Component cache is unhealthy (Connection refused)"]
latency_ms:
  description: The milliseconds that the platform took for its report; null if it gave none.
  returned: success
  type: float
  sample: 12.5
components:
  description: The components that the platform reports, by name, usually C(database), C(cache) and C(vector_db).
  returned: success
  type: dict
  contains:
    status:
      description: V(healthy) or V(unhealthy).
      type: str
      sample: healthy
    latency_ms:
      description: The milliseconds that the platform took to check it; null if that is not known.
      type: float
      sample: 3.1
    details:
      description: Further values of the component in the report.
      type: dict
versions:
  description: The versions in the report, C(platform) and those of components.
  returned: success
  type: dict
  sample: {"platform": "0.1.2-beta", "cache": "7.0.15"}
environment:
  description: The kind of environment in the report; null if there is no report.
  returned: success
  type: str
  sample: development
edge:
  description: The response of the edge; null without O(edge_url).
  returned: success
  type: dict
  contains:
    url:
      description: The requested URL.
      type: str
    answered:
      description: Whether the response is a page and not an error.
      type: bool
    status_code:
      description: The HTTP status; null without a response.
      type: int
    latency_ms:
      description: The milliseconds until the response; null without a response.
      type: float
services:
  description: The services of the Compose project; empty without O(project_name).
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The service's name.
      type: str
    state:
      description: The state of its containers as Docker Engine reports it; V(absent) without containers.
      type: str
    health:
      description: The worst health of its containers; null without a health check, or when it does not run.
      type: str
"""

from functools import partial
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._app import health
from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import API_OPTIONS, Api
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client, health_waiter


class HealthInfoModule(InfoModule):
    """Report the health of one environment."""

    argument_spec = {
        **API_OPTIONS,
        **client.ENGINE_OPTIONS,
        "edge_url": {"type": "str"},
        "project_name": {"type": "str"},
        "until": {"type": "str", "choices": ["healthy"]},
        "wait_timeout": {"type": "int", "default": health_waiter.WAIT_SECONDS},
    }

    def report(self) -> dict[str, Any]:
        """Return the report, at once or when the environment is healthy."""
        if self.params["until"] and not self.check_mode:
            what = f"The platform at {self.params['api_url']}"
            look = partial(health.look, self.params)
            report = health.until_healthy(look, seconds=self.params["wait_timeout"], what=what)
        else:
            report = health.look(self.params)
        health.add_latencies(Api.of(self.params), report["components"])
        return report


def main() -> None:
    HealthInfoModule.main()


if __name__ == "__main__":
    main()
