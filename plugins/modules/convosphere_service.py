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
  - Brings services of one Compose project into a state, all of them or those that are named.
  - Dependencies start before their dependents and stop after them. The order is read from the containers' own labels,
    so that nothing but Docker Engine is needed for services whose containers exist.
  - A service whose container was removed is created again by Docker Compose, from the files in O(project_src).
  - Waits until what it started is healthy, and otherwise fails with the state, exit code, last health probe and last
    log lines of each service that is not.
  - While a deploy or another run changes the same stack, it fails at once before it changes anything.
  - To deploy a new version or a changed configuration use M(convosphere.platform.convosphere_stack); this module
    leaves existing containers as they were created.
extends_documentation_fragment:
  - convosphere.platform.engine
  - convosphere.platform.engine.project
  - convosphere.platform.ownership
  - convosphere.platform.attributes
attributes:
  idempotent:
    support: partial
    details: With O(state=restarted) every run is a change, and says so.
options:
  services:
    description:
      - The services to act on.
      - Not given, or an empty list, means all services of the project.
    type: list
    elements: str
    aliases: [service, name]
  state:
    description:
      - V(started) starts what does not run, and the services it depends on. A container that is created, paused,
        restarting, exited or removed does not run.
      - A job, which ended with 0 and has neither a restart policy nor a health check of its own, has done its work. It
        is run once more only if O(services) names it.
      - V(stopped) stops the services, and not what depends on them. Containers are kept.
      - V(restarted) stops and starts the services, and starts the services they depend on where those do not run.
    type: str
    choices: [started, stopped, restarted]
    default: started
  stop_timeout:
    description:
      - How many seconds a container gets between SIGTERM and SIGKILL. V(0) kills it without delay.
      - Not given means the container's own, C(stop_grace_period) in its Compose file, and 10 where it has none.
      - The backend of ConvoSphere ignores SIGTERM, so that stopping it always takes this long.
    type: int
  wait:
    description:
      - Whether to wait until the services run and, where they have a health check, are healthy; also for services that
        ran already. A dependent is started once its dependencies are.
      - Otherwise services are started in order, one right after the other.
    type: bool
    default: true
  wait_timeout:
    description: How many seconds to wait, for all services together.
    type: int
    default: 240
  project_src:
    description:
      - The directory of C(compose.yaml) on the managed host.
      - Not given means the directory from which the project's containers were created, if it can be read.
      - Needed only for services that have no container.
    type: path
seealso:
  - module: convosphere.platform.convosphere_service_info
  - module: convosphere.platform.convosphere_stack
author:
  - ConvoSphere Platform contributors (@ConvoSphere)
"""

EXAMPLES = r"""
- name: Restart the backend without waiting for a process that ignores SIGTERM
  convosphere.platform.convosphere_service:
    project_name: convosphere-dev
    environment_name: dev
    service: backend
    state: restarted
    stop_timeout: 0

- name: Bring back whatever does not run
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
    - The services that were acted on, dependencies first, as they are afterwards.
    - In check mode RV(services[].state) is what it would be, and all else what it is.
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
        - The state of its containers as Docker Engine says it, several joined by commas where they differ.
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
          description: With what its process ended; null while it runs.
          type: int
        started_at:
          description: When it was last started, in UTC; null if it never was.
          type: str
          sample: "2026-01-31T12:00:00Z"
        restarts:
          description: How many times Docker Engine started it again by itself.
          type: int
          sample: 0
"""

import os
from functools import cached_property
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core import dotenv, files
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import ConvosphereModule
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, Plan, make_plan
from ansible_collections.convosphere.platform.plugins.module_utils._engine import (
    client,
    compose_cli,
    health_waiter,
    project,
)
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._stack import project_owner


class ServiceModule(ConvosphereModule):
    """Services of one Compose project in a state."""

    argument_spec = {
        **client.PROJECT_OPTIONS,
        **environment_directory.ENVIRONMENT_OPTION,
        "services": {"type": "list", "elements": "str", "aliases": ["service", "name"]},
        "state": {"type": "str", "choices": ["started", "stopped", "restarted"], "default": "started"},
        "stop_timeout": {"type": "int"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": health_waiter.WAIT_SECONDS},
        "project_src": {"type": "path"},
    }

    def plan(self) -> Plan:
        """Compare, and again under the lock of the stack where there is something to change."""
        self.client = client.connect(self.params["docker_host"], self.params["timeout"])
        project_owner.refuse_foreign_project_of(self.client, self.params)
        plan = self.compare()
        if plan.changed and not self.check_mode and self.lock():
            plan = self.compare()  # another run may have changed it until now
        return plan

    def lock(self) -> bool:
        """Keep a deploy and other runs out, where the stack has a lock; a project of another's making has none."""
        path = self.project.source / files.LOCK if self.project.source else None
        if path is None or not os.access(path, os.R_OK | os.W_OK):
            return False
        self.held.enter_context(files.locked(path, f"the stack {self.project.name}"))
        return True

    def compare(self) -> Plan:
        """One change for each service whose state differs, dependencies first."""
        self.project = self.read()
        if not self.project.services:
            raise InputError(
                f"There is no Compose project {self.params['project_name']}",
                hint=f"Projects on this engine: {', '.join(client.project_names(self.client)) or 'none'}.",
            )
        self.chosen = self.project.chosen(self.params["services"])
        self.levels = self.project.levels(self.chosen)
        if self.params["state"] == "stopped":
            self.levels = [[name for name in level if name in self.chosen] for level in self.levels]
        self.names = [name for level in self.levels for name in level]
        current = {name: self.project.services[name].state for name in self.names}
        desired = {name: self.wanted(name) for name in self.names}
        plan = make_plan(
            {name: {"state": state} if state != project.ABSENT else None for name, state in desired.items()},
            {name: {"state": state} for name, state in current.items() if state != project.ABSENT},
        )
        if plan.of(CREATE) and not self.project.source:
            raise InputError.of(
                [f"Service {name} has no container, nor is its compose.yaml at hand" for name in plan.names(CREATE)],
                hint="Give the directory of compose.yaml as project_src.",
            )
        return plan

    def read(self) -> project.Project:
        """The project as it is now."""
        return project.read_project(self.client, self.params["project_name"], self.params["project_src"])

    def wanted(self, name: str) -> str:
        """The state that one service shall be in after this run, in the words of the diff."""
        service = self.project.services[name]
        if self.params["state"] == "stopped":
            return service.state_once_stopped
        if self.params["state"] == "restarted" and name in self.chosen and service.containers:
            return "restarted"
        return service.state if self.project.is_running(name) or self.is_done(name) else project.RUNNING

    def is_done(self, name: str) -> bool:
        """Return whether a job has done its work. One that is named is run once more."""
        containers = self.project.services[name].containers
        named = name in (self.params["services"] or ())
        return bool(containers) and not named and all(map(project.is_done, containers))

    @cached_property
    def waiter(self) -> health_waiter.Waiter:
        """Made when the first service is waited for, since the time to stop services is not part of wait_timeout."""
        return health_waiter.Waiter(self.read, self.params["wait_timeout"])

    def apply(self, plan: Plan) -> None:
        """Stop dependents first, then start dependencies first."""
        changing = {change.name for change in plan}
        if self.params["state"] != "started":
            for level in reversed(self.levels):
                self.stop([name for name in level if name in changing and name in self.chosen])
        if self.params["state"] != "stopped":
            for level in self.levels:
                self.start([name for name in level if name in changing])

    def stop(self, names: list[str]) -> None:
        """Stop all containers of some services at the same time."""
        containers = [item for name in names for item in self.project.services[name].containers]
        client.in_parallel(lambda item: client.stop_container(item, self.params["stop_timeout"]), containers)

    def start(self, names: list[str]) -> None:
        """Start all containers of some services at the same time, once what they depend on is healthy."""
        services = [self.project.services[name] for name in names]
        if self.params["wait"]:
            self.waiter.wait({other for service in services for other in service.depends_on or {}} & set(self.names))
        missing = [service.name for service in services if not service.containers]
        if missing:
            self.create(missing)
        containers = [item for service in services for item in service.containers]
        client.in_parallel(lambda item: client.start_container(item, self.params["stop_timeout"]), containers)

    def create(self, names: list[str]) -> None:
        """Have Compose create and start services that have no container, from images that are on the host."""
        source = self.project.source
        if source is None:  # which plan() refuses
            raise InputError(f"There is no compose.yaml to create {', '.join(names)} from")
        variables = dotenv.parse(files.read_text(source / ".env") or "")
        self.hide(*dotenv.maskable(variables))
        literal = dotenv.literal(variables)
        compose_cli.Compose(self.project.name, source, self.params["docker_host"], literal).create(names)

    def verify(self, plan: Plan) -> None:
        """Wait for all services, also for those that ran already."""
        if self.params["wait"] and self.params["state"] != "stopped":
            self.project = self.waiter.wait(self.names, None if plan.changed else self.project)
        elif plan.changed:
            self.project = self.read()

    def report(self, plan: Plan) -> dict[str, Any]:
        """The services as they are, or in check mode would be."""
        found = [project.describe(self.project.services[name]) for name in self.names]
        if self.check_mode:
            for service in found:
                service["state"] = self.wanted(service["name"]).replace("restarted", project.RUNNING)
        return {"services": found}


def main() -> None:
    ServiceModule.main()


if __name__ == "__main__":
    main()
