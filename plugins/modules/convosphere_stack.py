#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_stack
short_description: Deploy or remove the Compose project of one environment
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Writes the files and secrets of a stack, has Docker Compose create and start the services that differ, waits until
    all of them are healthy and run the desired images, and records a release.
  - Removes a file of the release that serves if it is no longer desired. A C(compose.override.yaml) that is neither
    desired nor in a release is renamed to C(compose.override.yaml.kept-) with the time at which it was written, because
    Compose merges that file if it finds it.
  - Recreates a service whose containers have other environment variables than new ones would get, even if Compose sees
    no difference. Compose ignores the proxies in the Docker client's C(config.json).
  - Fails before anything is changed if another process uses one of its ports, or if the host cannot provide the
    processors or the memory.
  - Restarts a service that mounts a file of the stack, or a folder of such files, if it started before the file was
    written. Compose does not see that the content of a file has changed. The O(edge) reloads its files instead.
  - If a step fails after the first change, rolls back to the previous files, secrets and images and starts them again.
  - Replaces the services O(beside) without a failed request. A new container is created beside the one that serves, and
    asked directly until it is healthy and runs the desired image. The commit point is one link that the
    O(edge) reads. It names the containers for all services at once, and needs no reload. The
    old container is removed once it has no connection any more. Until the commit point the old one serves, so that a
    failure costs no request.
  - Registers the MCP servers that M(convosphere.platform.convosphere_mcp_server) has recorded in O(project_src) on each
    new container of the backend before it serves. One that cannot be registered is a warning, unless it is required.
  - Does not pull or build images. M(convosphere.platform.convosphere_image) brings them to the host first.
options:
  project_src:
    description: The directory of the stack on the host. With O(state=present) it must exist.
    type: path
    required: true
  state:
    description:
      - V(present) deploys the stack, and requires O(files) or O(release).
      - V(absent) removes its containers and networks. Its volumes, files and secrets are kept, unless
        O(remove_volumes=true).
        What an interrupted boot of a backup left is removed in any case, its volume too, because that is a copy.
    type: str
    choices: [present, absent]
    default: present
  environment_name:
    description:
      - The environment, for example V(prod). The release is recorded for it.
      - O(project_src) and the containers of O(project_name) must belong to this environment, in check mode too.
        Otherwise nothing is changed. An unused directory is marked as this environment's.
    type: str
    required: true
  release:
    description:
      - The id of a kept release to deploy again instead of O(files), which is a rollback.
      - Its files are those that it recorded. Its images are used by their ids, also if their tags mean other images by
        now, and must be on the host. The secrets are the current ones.
      - A rollback never downgrades the schema of the database. It is refused unless the database is at the revisions
        that the release needs, or those that came later only add to the schema.
      - It is recorded as a new release with C(restored_from) and C(rolled_back_from). If the release serves already,
        nothing is changed.
    type: str
  replace:
    description:
      - The services whose containers are replaced although nothing differs, by the same steps as for a new image. A
        completed job is not run again.
      - With it a run is never without a change.
    type: list
    elements: str
    default: []
  api_url:
    description:
      - The URL at which the host reaches the backend. The deploy is complete when C(/api/v1/health/detailed) reports
        healthy, or shows that the platform serves and is busy.
      - A rollback does not ask it, because the previous release may have another URL.
      - If not given, only the containers' own health checks count.
    type: str
  api_service:
    description:
      - The service that answers at O(api_url).
      - If its health check fails only because the platform is busy, the deploy does not wait for it. The platform is
        busy if all its connections to the database are in use, or if it reports itself healthy and takes more than five
        seconds to do so.
    type: str
    default: backend
  wait_timeout:
    description: The number of seconds to wait until all services are healthy.
    type: int
    default: 240
  drain_timeout:
    description:
      - With O(beside), the number of seconds to wait until an old container has no connection any more. It is removed
        after that time in any case.
    type: int
    default: 30
  phase:
    description:
      - The part of a deploy to run. V(all) is the whole deploy of one host. The other ones are for a play over several
        hosts, which have to be the same deploy.
      - V(beside) runs on each host with services of O(beside). It writes the secrets and files, brings the other
        services up, and creates and gates the new containers. No request reaches them.
      - V(switch) runs on each host of the O(edge), and has it send requests to O(upstreams). It is the commit point.
      - V(finish) runs on every host after that. It drains and removes the old containers, and records the release.
      - V(abandon) ends a deploy that is not finished. The new containers are removed, and the files, secrets and images
        of the previous release come back. On a host of the edge, O(upstreams) are the previous ones.
    type: str
    choices: [all, beside, switch, finish, abandon]
    default: all
  upstreams:
    description:
      - With O(phase=switch) and O(phase=abandon), the addresses C(host:port) of each service of O(beside), a list by
        the name of the service. They are those of RV(upstreams), of all hosts together.
      - Required with O(phase=switch).
    type: dict
  releases_kept:
    description: The number of releases to keep, including the current one; at least 1.
    type: int
    default: 5
  release_id:
    description:
      - The id under which the release is recorded, a time in UTC to the millisecond. A play over several hosts gives
        the same one to each host, so that their releases are one release of the environment.
      - It must not be earlier than the newest release of the host. A host on which nothing changes records no release.
      - If not given, it is the time at which the release is recorded.
    type: str
  released_by:
    description: The name of the operator, for the record of the release.
    type: str
    default: ''
  advice:
    description:
      - A text to show in front of the message if the module fails, for example that the database was migrated for this
        deploy, and how to roll back.
    type: str
    default: ''
  remove_volumes:
    description:
      - With O(state=absent), also removes the volumes, and O(project_src) with its secrets and releases.
      - Other files in that directory are kept, and the directory with them.
      - This deletes the database.
    type: bool
    default: false
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.database.published
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.ownership.confirm
  - convosphere.platform.stack
  - convosphere.platform.attributes
requirements:
  - Docker Compose >= 2.20 as a plugin of the docker client
  - PyYAML
seealso:
  - module: convosphere.platform.convosphere_image
  - module: convosphere.platform.convosphere_service
"""

EXAMPLES = r"""
- name: Deploy a stack
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    api_url: http://127.0.0.1:18000
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
    secrets:
      - name: POSTGRES_PASSWORD
      - name: DATABASE_URL
        derive: postgresql://convosphere:{POSTGRES_PASSWORD}@postgres:5432/convosphere

- name: Deploy a stack after its proxy has accepted its settings
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
      - path: edge/Caddyfile
        content: "{{ lookup('ansible.builtin.template', 'Caddyfile.j2') }}"
        mode: '0644'
        validate:
          service: edge
          command: [caddy, validate, --adapter, caddyfile, --config, '%s']
    edge:
      service: edge
      config: edge/Caddyfile

- name: Deploy it if the database is known to be at the revisions that the backend needs
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
    schema_image: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
    login_port: 18032
    login_env_file: /opt/convosphere/dev/.env
  register: stack

- name: Otherwise migrate the database to the revisions that the backend needs
  convosphere.platform.convosphere_db_migration:
    project_name: convosphere-dev
    image: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
    login_port: 18032
    login_env_file: /opt/convosphere/dev/.env
    backup_dir: /var/backups/convosphere/dev
  register: migration
  when: not stack.schema_known

- name: Deploy the stack after the migration
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"
    schema: "{{ migration.schema }}"
  when: not stack.schema_known

- name: Roll back to a kept release
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    release: 20261123T114500123Z
    login_service: postgres
    login_env_file: /opt/convosphere/dev/.env

- name: Deploy a part of the stack on each host of an environment, as one release
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    release_id: "{{ now(utc=true).strftime('%Y%m%dT%H%M%S%f')[:18] }}Z"
    files:
      - path: compose.yaml
        content: "{{ lookup('ansible.builtin.template', 'compose.yaml.j2') }}"

- name: Remove the stack, and keep its data
  convosphere.platform.convosphere_stack:
    project_name: convosphere-dev
    project_src: /opt/convosphere/dev
    environment_name: dev
    state: absent
    confirm: dev
"""

RETURN = r"""
release:
  description: The record of the release that serves; null in check mode before the first deploy, and after V(absent).
  returned: always
  type: dict
  sample:
    id: 20261123T114500123Z
    environment: dev
    released_at: "2026-11-23T11:45:00+00:00"
    released_by: alice
    images: {redis: "redis:7-alpine@0283efa179da"}
    files: {compose.yaml: 3f1c2a9be001}
    modes: {compose.yaml: "0640"}
    secrets: [POSTGRES_PASSWORD]
    restored_from: 20261122T090000456Z
    rolled_back_from: 20261123T101500789Z
    schema_revisions: [2025_08_14_add_agents, 2025_08_16_add_ai_models_and_settings_tables]
schema_known:
  description:
    - Whether the release that serves records the revisions that O(schema_image) needs, and the database is at them.
    - If V(false), nothing was done.
  returned: with O(schema_image) and O(state=present)
  type: bool
upstreams:
  description: The addresses of the containers of this deploy on this host, by service.
  returned: with O(phase=beside)
  type: dict
  sample: {backend: ["10.0.0.11:18001"], frontend: ["10.0.0.11:18101"]}
previous_upstreams:
  description: The addresses of the containers that served before this deploy on this host, by service.
  returned: with O(phase=beside)
  type: dict
  sample: {backend: ["10.0.0.11:18000"], frontend: ["10.0.0.11:18100"]}
mcp_servers:
  description: The recorded MCP servers of which containers of the backend had none.
  returned: if such a server was registered, or failed
  type: dict
  contains:
    registered:
      description: The ids of the servers that were registered.
      type: list
      elements: str
      sample: [search]
    failed_servers:
      description: Why a server is not registered, by its id.
      type: dict
services:
  description: The services; empty in check mode, after V(absent), and if RV(schema_known) is false.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The name of the service.
      type: str
      sample: backend
    state:
      description: The state of its containers.
      type: str
      sample: running
    health:
      description: Its health; null for a service without a health check.
      type: str
      sample: healthy
    version:
      description: The version that the platform reports at O(api_url), or else that of its image.
      type: str
      sample: 0.1.2-beta
    image:
      description: The reference of its image. C(image_id), C(digest) and C(containers) have the details.
      type: str
      sample: ghcr.io/convosphere/convosphere/backend:0.1.2-beta
    sandbox:
      description: Whether the image is one of the collection's own stand-in images.
      type: bool
      sample: false
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Work
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client, confirmation, project
from ansible_collections.convosphere.platform.plugins.module_utils._engine.health_waiter import WAIT_SECONDS
from ansible_collections.convosphere.platform.plugins.module_utils._host.environment_directory import (
    ENVIRONMENT_OPTION,
)
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import DATABASE_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._stack import phases
from ansible_collections.convosphere.platform.plugins.module_utils._stack.deploy_options import STACK_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._stack.deploy_run import DeployRun
from ansible_collections.convosphere.platform.plugins.module_utils._stack.teardown import TeardownRun


class StackModule(ConvosphereModule):
    """Deploy or remove the stack of one environment."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **project.PUBLISHED_OPTIONS,
        **client.PROJECT_OPTIONS,
        "project_src": {"type": "path", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        **ENVIRONMENT_OPTION,
        **confirmation.CONFIRM_OPTION,
        **STACK_OPTIONS,
        "release": {"type": "str"},
        "replace": {"type": "list", "elements": "str", "default": []},
        "api_url": {"type": "str"},
        "api_service": {"type": "str", "default": "backend"},
        "wait_timeout": {"type": "int", "default": WAIT_SECONDS},
        "drain_timeout": {"type": "int", "default": 30},
        "phase": {"type": "str", "choices": list(phases.PHASES), "default": phases.ALL},
        "upstreams": {"type": "dict"},
        "releases_kept": {"type": "int", "default": 5},
        "release_id": {"type": "str"},
        "released_by": {"type": "str", "default": ""},
        "advice": {"type": "str", "default": ""},
        "remove_volumes": {"type": "bool", "default": False},
    }
    rules = {
        "mutually_exclusive": [
            ("schema", "schema_image"),
            *[("release", name) for name in ("files", "secrets", "schema", "schema_image")],
        ],
        "required_if": [("state", "present", ("files", "release"), True), ("phase", "switch", ("upstreams",))],
    }
    may_be_empty = frozenset({"files.content"})
    # Without a wait, every deploy would be given up at once and rolled back. The release that serves is always kept.
    least = {"wait_timeout": 1, "releases_kept": 1, "drain_timeout": 0}

    def build(self) -> Work:
        """Return the deploy or the removal."""
        return (TeardownRun if self.params["state"] == "absent" else DeployRun)(self.invocation)

    def _fail(self, message: str, details: Mapping[str, Any]) -> NoReturn:
        # In front of every error, refusals too: the operator has to know of earlier changes before its cause.
        super()._fail(f"{self.params['advice']}\n{message}".lstrip(), details)


def main() -> None:
    StackModule.main()


if __name__ == "__main__":
    main()
