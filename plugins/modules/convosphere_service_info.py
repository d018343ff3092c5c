#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_service_info
short_description: Read the state, version and resource usage of the services of a Compose project
version_added: 1.0.0
description:
  - Returns for each service of one Compose project its state, health, image, version, published ports, the limits of
    its log, and its usage of processor and memory.
  - A project that does not exist is not an error; it has no services.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.attributes.info
options:
  services:
    description:
      - The services to return.
      - If not given or empty, all services of the project.
    type: list
    elements: str
    aliases: [service, name]
  stats:
    description:
      - Whether to measure processor and memory.
      - Docker Engine needs a second for the measurement. All containers are measured at the same time.
    type: bool
    default: true
  api_url:
    description:
      - The URL at which the managed host reaches the platform, for example V(http://127.0.0.1:18000).
      - If given, the versions of the platform and of further services are read from its report. The tag or label of an
        image is not always the version of the program in it.
      - A platform that does not answer is not an error.
    type: str
  api_service:
    description: The service that answers at O(api_url).
    type: str
    default: backend
  project_src:
    description:
      - The directory of C(compose.yaml) on the managed host, which defines services without a container too.
      - If not given, the directory from which the project's containers were created, if it can be read.
    type: path
seealso:
  - module: convosphere.platform.convosphere_service
  - module: convosphere.platform.convosphere_health_info
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Read the services of dev
  convosphere.platform.convosphere_service_info:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
  register: dev

- name: Show the unhealthy services
  ansible.builtin.debug:
    msg: "{{ dev.services | rejectattr('health', 'in', ['healthy', none]) | map(attribute='name') }}"

- name: Read the version that the backend reports, without measuring its usage
  convosphere.platform.convosphere_service_info:
    project_name: convosphere-dev
    service: backend
    api_url: http://127.0.0.1:18000
    stats: false
"""

RETURN = r"""
exists:
  description: Whether the project has any service.
  returned: success
  type: bool
maintenance:
  description:
    - The maintenance of the edge, which M(convosphere.platform.convosphere_edge_maintenance) began; null without one.
    - A maintenance that ended by itself is returned until it is removed.
  returned: success
  type: dict
  contains:
    active:
      description: Whether it is in effect.
      type: bool
    until:
      description: Its end, in UTC.
      type: str
      sample: "2026-11-29T06:00:00Z"
    reason:
      description: One sentence on the page for users.
      type: str
    operators:
      description: The addresses and networks that are let through.
      type: list
      elements: str
    retry_after:
      description: The number of seconds after which clients try again.
      type: int
overrides:
  description:
    - The overrides of the environment's settings, as M(convosphere.platform.convosphere_config_override) returns them.
    - They are recorded on the database host of the environment. Expired ones are returned until they are removed.
  returned: success
  type: list
  elements: dict
secrets:
  description:
    - The variables in C(.env) that have a value, by name, as M(convosphere.platform.convosphere_config_info) returns
      them; empty without permission to read that file.
  returned: success
  type: dict
  sample: {SECRET_KEY: {since: "2026-11-01T08:00:00Z", unchanged_since: "2026-11-01T08:00:00Z"}}
rotation:
  description: A rotation of secrets that is not finished, with the C(names), when it was C(started), and C(by) whom.
  returned: success
  type: dict
services:
  description:
    - The services by name.
    - If a service has several containers, its image, image_id, digest, version and sandbox are those of the first one.
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
    image:
      description: The image's reference.
      type: str
      sample: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
    image_id:
      description: The image's id, which differs for every build.
      type: str
    digest:
      description: The digest of the image in its registry; null for an image that was built or loaded on the host.
      type: str
      sample: postgres@sha256:4f53e227f4c1
    version:
      description:
        - The version that the platform reports at O(api_url).
        - If it reports none, the image's label C(org.opencontainers.image.version), or else its tag.
      type: str
      sample: 0.1.2-beta
    sandbox:
      description: Whether the image is a stand-in image, built by the role P(convosphere.platform.sandbox#role).
      type: bool
    started_at:
      description: The time of the last start of its first container, in UTC; null if it was never started.
      type: str
      sample: "2026-01-31T12:00:00Z"
    restarts:
      description: The number of restarts of its containers by Docker Engine itself.
      type: int
      sample: 0
    ports:
      description: The ports that it publishes on the host.
      type: list
      elements: dict
      contains:
        host_ip:
          description: The address on the host.
          type: str
          sample: 127.0.0.1
        host_port:
          description: The port on the host.
          type: int
          sample: 18000
        container_port:
          description: The port in the container.
          type: int
          sample: 8000
        protocol:
          description: The protocol.
          type: str
          sample: tcp
    log:
      description: How Docker Engine limits the log of its first container; null without a container.
      type: dict
      contains:
        driver:
          description: The log driver.
          type: str
          sample: json-file
        max_size:
          description: The size at which a file is rotated; null without a limit.
          type: str
          sample: 10m
        max_file:
          description: The number of files; null without a limit.
          type: int
          sample: 3
        limited:
          description: Whether the size is limited; null for a driver that stores the log outside of the engine.
          type: bool
    cpu_percent:
      description: Its processor usage, where 100 is one core; null if it does not run or was not measured.
      type: float
      sample: 1.5
    memory_bytes:
      description: Its memory without the file cache, in bytes; null if it does not run or was not measured.
      type: int
      sample: 47343616
    memory_limit_bytes:
      description: The total memory limit of its containers, in bytes; null without a limit.
      type: int
      sample: 1073741824
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

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._stack import service_report


class ServiceInfoModule(InfoModule):
    """Report the services of one Compose project."""

    argument_spec = {
        **engine_client.PROJECT_OPTIONS,
        "services": {"type": "list", "elements": "str", "aliases": ["service", "name"]},
        "stats": {"type": "bool", "default": True},
        "api_url": {"type": "str"},
        "api_service": {"type": "str", "default": "backend"},
        "project_src": {"type": "path"},
    }

    def report(self) -> dict[str, Any]:
        """Return each service with its image, ports and measured usage."""
        connect = engine_client.connect_if_there if self.check_mode else engine_client.connect
        client = connect(self.params["docker_host"], self.params["timeout"])
        return service_report.ABSENT if client is None else service_report.report(client, self.params)


def main() -> None:
    ServiceInfoModule.main()


if __name__ == "__main__":
    main()
