#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_health_info
short_description: Tell whether a ConvoSphere environment is healthy, and what is wrong with it
version_added: 1.0.0
description:
  - Reads the platform's own report of its components, and with O(edge_url) and O(project_name) asks the edge and Docker
    Engine too. Comes to one verdict and a list of problems in words.
  - Looks at what the report says and never at the status code, which the platform answers whatever its health.
  - Does not fail when the platform is ill, unless O(until=healthy).
extends_documentation_fragment:
  - convosphere.platform.api
  - convosphere.platform.engine
  - convosphere.platform.attributes.info
options:
  edge_url:
    description:
      - The URL under which users reach the platform.
      - When given, a page is asked for through the edge too.
    type: str
  project_name:
    description:
      - The name of the Compose project, for example V(convosphere-dev).
      - When given, the states of its containers count too.
    type: str
  until:
    description:
      - Ask again every second until the verdict is this one, or V(busy), and fail where it does not come within
        O(wait_timeout).
      - Not given means to ask once.
      - In check mode it is asked once and never fails, since whatever would have been started is not there.
    type: str
    choices: [healthy]
  wait_timeout:
    description: How many seconds O(until) waits.
    type: int
    default: 240
seealso:
  - module: convosphere.platform.convosphere_service_info
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Ask how the platform is
  convosphere.platform.convosphere_health_info:
    api_url: http://127.0.0.1:18000
  register: platform

- name: Say what is wrong
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
  description: Whether nothing is wrong.
  returned: success
  type: bool
status:
  description:
    - V(healthy) when nothing is wrong.
    - V(busy) when users are served and all connections of the platform to its database are in use.
    - V(degraded) when the platform works, and something is wrong.
    - V(unhealthy) when the platform says so, its database is gone, or the edge does not answer.
    - V(unreachable) when the platform gives no report.
  returned: success
  type: str
  sample: healthy
problems:
  description: What is wrong, a sentence each.
  returned: success
  type: list
  elements: str
  sample: ["Component cache is unhealthy (Connection refused)"]
latency_ms:
  description: How many milliseconds the platform took for its report; null where it gave none.
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
      description: How many milliseconds the platform took to ask it; null where that is not known.
      type: float
      sample: 3.1
    details:
      description: What else the platform says of it.
      type: dict
versions:
  description: The versions that the report names, C(platform) and those of components.
  returned: success
  type: dict
  sample: {"platform": "0.1.2-beta", "cache": "7.0.15"}
environment:
  description: The kind of environment that the platform was told it is; null where it gave no report.
  returned: success
  type: str
  sample: development
edge:
  description: What came through the edge; null without O(edge_url).
  returned: success
  type: dict
  contains:
    url:
      description: What was asked.
      type: str
    answered:
      description: Whether a page came that is no error.
      type: bool
    status_code:
      description: The HTTP status; null where nothing answered.
      type: int
    latency_ms:
      description: How many milliseconds it took; null where nothing answered.
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
      description: The state of its containers as Docker Engine says it, V(absent) without one.
      type: str
    health:
      description: The worst health of its containers; null without a health check, or when it does not run.
      type: str
"""

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._app import health
from ansible_collections.convosphere.platform.plugins.module_utils._app.api_client import API_OPTIONS, Api
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client, health_waiter


class HealthInfoModule(InfoModule):
    """The verdict on one environment."""

    argument_spec = {
        **API_OPTIONS,
        **client.ENGINE_OPTIONS,
        "edge_url": {"type": "str"},
        "project_name": {"type": "str"},
        "until": {"type": "str", "choices": ["healthy"]},
        "wait_timeout": {"type": "int", "default": health_waiter.WAIT_SECONDS},
    }

    def report(self) -> dict[str, Any]:
        """The verdict now, or once it is healthy."""
        if self.params["until"] and not self.check_mode:
            what = f"The platform at {self.params['api_url']}"
            found = health.until_healthy(self.look, seconds=self.params["wait_timeout"], what=what)
        else:
            found = self.look()
        health.add_latencies(Api.of(self.params), found["components"])
        return found

    def look(self) -> dict[str, Any]:
        """Everything there is to ask, once."""
        platform = health.ask_platform(Api.of(self.params))
        edge = health.ask_edge(Api.of(self.params, self.params["edge_url"])) if self.params["edge_url"] else None
        engine: dict[str, Any] = {"services": [], "problems": []}
        if self.params["project_name"]:
            engine = health.ask_engine(self.params["docker_host"], self.params["timeout"], self.params["project_name"])
        edge_problems = edge.pop("problems") if edge else []
        problems = [*platform["problems"], *edge_problems, *engine["problems"]]
        status = platform["status"]
        if status in (*health.SERVING, health.DEGRADED) and (edge_problems or engine["problems"]):
            status = health.UNHEALTHY if edge_problems else health.DEGRADED
        versions = {name: part["details"].get("version") for name, part in platform["components"].items()}
        return {
            "healthy": status == health.HEALTHY,
            "status": status,
            "problems": problems,
            "latency_ms": platform["latency_ms"],
            "components": platform["components"],
            "versions": {name: text for name, text in {"platform": platform["version"], **versions}.items() if text},
            "environment": platform["environment"],
            "edge": edge,
            "services": engine["services"],
        }


def main() -> None:
    HealthInfoModule.main()


if __name__ == "__main__":
    main()
