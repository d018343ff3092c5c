#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_service
short_description: Start, stop and restart services of a Compose project in dependency order
version_added: 1.0.0
description:
  - Starts, stops or restarts all services of one Compose project, or those that are named.
  - Starts dependencies before their dependents, and stops them after their dependents. The order is read from the
    labels of the containers, so that existing containers need Docker Engine only.
  - Has Docker Compose recreate a service whose container was removed, from the files in O(project_src).
  - Waits until the services are healthy. If they do not become healthy, fails with the state, exit code, last health
    probe and last log lines of each unhealthy service.
  - Registers the MCP servers that M(convosphere.platform.convosphere_mcp_server) has recorded on the containers of the
    backend that lack them, if it waits.
  - If a deploy or another run is changing the same stack, fails at once before it changes anything.
  - Recreates existing containers only for O(beside), with the same definition and image. To deploy a new version or a
    changed configuration, use M(convosphere.platform.convosphere_stack).
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.ownership
  - convosphere.platform.attributes
attributes:
  idempotent:
    support: partial
    details: With O(state=restarted) every run is reported as a change.
options:
  services:
    description:
      - The services to act on.
      - If not given or empty, all services of the project.
    type: list
    elements: str
    aliases: [service, name]
  state:
    description:
      - V(started) starts services that are not running, and the services that they depend on. A container that is
        created, paused, restarting, exited or removed is not running.
      - A job that ended with 0, and has neither a restart policy nor a health check of its own, is complete. It is run
        once more only if O(services) names it.
      - V(stopped) stops the services, but not their dependents. Containers are kept.
      - V(restarted) stops and starts the services, and starts the services that they depend on if those are not
        running.
    type: str
    choices: [started, stopped, restarted]
    default: started
  stop_timeout:
    description:
      - The number of seconds between SIGTERM and SIGKILL. V(0) kills a container without delay.
      - If not given, C(stop_grace_period) of its Compose file, or 10 if it has none.
      - The backend of ConvoSphere ignores SIGTERM, so that stopping it always takes this long.
    type: int
  wait:
    description:
      - Whether to wait until the services are running and, if they have a health check, healthy; also for services that
        were running before. A dependent is started once its dependencies are healthy.
      - With V(false) services are started in order, without a wait between them.
    type: bool
    default: true
  wait_timeout:
    description: The number of seconds to wait, for all services together.
    type: int
    default: 240
  project_src:
    description:
      - The directory of C(compose.yaml) on the managed host.
      - If not given, the directory from which the project's containers were created, if it can be read.
      - Required only for services without a container.
    type: path
  beside:
    description:
      - The services that O(state=restarted) restarts without a failed request, if only such services are restarted. A
        new container is created beside the old one, the O(edge) is switched to it, and the old one is drained and
        removed. The number in the name of the container grows.
      - If the edge does not run, or if a file or an image was changed since the last deploy, the containers are
        stopped and started instead.
    type: list
    elements: dict
    default: []
    suboptions:
      service:
        description: The name of the service.
        type: str
        required: true
      port:
        description: The port at which its container answers.
        type: int
        required: true
  edge:
    description: The service through which users reach the platform, see M(convosphere.platform.convosphere_stack).
    type: dict
    suboptions:
      service:
        description: The name of the service.
        type: str
        default: edge
      config:
        description: The path of the Caddyfile below O(project_src).
        type: str
        default: edge/Caddyfile
seealso:
  - module: convosphere.platform.convosphere_service_info
  - module: convosphere.platform.convosphere_stack
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Restart the backend without waiting for its process, which ignores SIGTERM
  convosphere.platform.convosphere_service:
    project_name: convosphere-dev
    environment_name: dev
    service: backend
    state: restarted
    stop_timeout: 0

- name: Restart the backend without a failed request
  convosphere.platform.convosphere_service:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    service: backend
    state: restarted
    edge:
      service: edge
    beside:
      - service: backend
        port: 8000

- name: Start all services that are not running
  convosphere.platform.convosphere_service:
    project_name: convosphere-dev
    environment_name: dev
    state: started

- name: Stop the services that write to the database
  convosphere.platform.convosphere_service:
    project_name: convosphere-dev
    environment_name: dev
    services: [edge, backend]
    state: stopped
"""

RETURN = r"""
services:
  description:
    - The selected services, dependencies first, in their state after the run.
    - In check mode RV(services[].state) is the predicted state; all other values are the current ones.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The service's name.
      type: str
      sample: backend
    state:
      description:
        - The state of its containers as Docker Engine reports it. Different states are joined by commas.
        - V(absent) for a service without a container.
      type: str
      sample: running
    health:
      description:
        - The worst health of its containers, V(healthy), V(starting) or V(unhealthy).
        - Null without a health check, or when it does not run.
      type: str
      sample: healthy
    containers:
      description: Its containers.
      type: list
      elements: dict
      contains:
        id:
          description: The container's id.
          type: str
        name:
          description: The container's name.
          type: str
          sample: convosphere-dev-backend-1
        state:
          description: The container's state.
          type: str
          sample: running
        health:
          description: The container's health; null without a health check, or when it does not run.
          type: str
          sample: healthy
        exit_code:
          description: The exit code of its process; null while it runs.
          type: int
        started_at:
          description: The time of its last start, in UTC; null if it was never started.
          type: str
          sample: "2026-01-31T12:00:00Z"
        restarts:
          description: The number of restarts by Docker Engine itself.
          type: int
          sample: 0
"""

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import PROJECT_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._engine.health_waiter import WAIT_SECONDS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._stack import beside, edge
from ansible_collections.convosphere.platform.plugins.module_utils._stack.service_run import ServiceRun


class ServiceModule(ConvosphereModule):
    """Bring services of one Compose project into a state."""

    argument_spec = {
        **PROJECT_OPTIONS,
        **ENVIRONMENT_OPTION,
        "services": {"type": "list", "elements": "str", "aliases": ["service", "name"]},
        "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "default": "started"},
        "stop_timeout": {"type": "int"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": WAIT_SECONDS},
        "project_src": {"type": "path"},
        "edge": {"type": "dict", "options": edge.OPTIONS},
        "beside": {"type": "list", "elements": "dict", "default": [], "options": beside.OPTIONS},
    }

    def build(self) -> Work:
        """Return the run."""
        return ServiceRun(self.invocation)


def main() -> None:
    ServiceModule.main()


if __name__ == "__main__":
    main()
