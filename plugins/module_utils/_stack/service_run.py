# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start, stop or restart services of one Compose project in the order of their dependencies.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import ExitStack
from functools import cached_property
from typing import Any

from .._core import dotenv, locks
from .._core.errors import InputError
from .._core.plan import CREATE, Plan, make_plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._engine import compose_cli, health_waiter
from .._engine import project as engine_project
from . import beside, database_volume, mcp_record, project_owner, secrets, service_restart
from .mcp_registration import McpRegistration


class ServiceRun(Work):
    """One run of convosphere_service."""

    def __init__(self, invocation: Invocation) -> None:
        self.invocation = invocation
        self.params = invocation.params
        self.project = engine_project.Project(self.params["project_name"], {}, None)
        #: The services that are acted on: those that ``services`` chooses, and for a start all they depend on, in the
        #: order in which they start.
        self.chosen: list[str] = []
        self.levels: list[list[str]] = []
        self.held = ExitStack()

    @cached_property
    def client(self) -> Any:
        """The engine, connected when it is first asked."""
        return engine_client.connect(self.params["docker_host"], self.params["timeout"])

    @cached_property
    def waiter(self) -> health_waiter.Waiter:
        """The waiter, created when the first service is waited for: wait_timeout does not count the time to stop."""
        return health_waiter.Waiter(self._read, self.params["wait_timeout"])

    @property
    def names(self) -> list[str]:
        """The services that are acted on, dependencies first."""
        return [name for level in self.levels for name in level]

    def plan(self) -> Plan:
        """Compare the services, and once more under the lock of the stack if there is something to change."""
        project_owner.refuse_foreign_project_of(self.client, self.params)
        plan = self._compare()
        if plan.changed and not self.invocation.check_mode and self._lock():
            plan = self._compare()  # another run may have changed it before the lock was taken
        return plan

    def apply(self, plan: Plan) -> None:
        """Stop dependents first, then start dependencies first."""
        changing = {change.name for change in plan}
        if self.params["state"] == "restarted" and self._restart_beside(sorted(changing)):
            return
        if self.params["state"] != "started":
            for level in reversed(self.levels):
                self._stop([name for name in level if name in changing and name in self.chosen])
        if self.params["state"] != "stopped":
            for level in self.levels:
                self._start([name for name in level if name in changing])

    def verify(self, plan: Plan) -> None:
        """Wait for all services, also for those that were running already."""
        if self.params["wait"] and self.params["state"] != "stopped":
            self.project = self.waiter.wait(self.names, None if plan.changed else self.project)
            self._registration().attempt({name: self.project.services[name].containers for name in self.names})
        elif plan.changed:
            self.project = self._read()

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the services as they are, or in check mode as they would be."""
        services = [engine_project.describe(self.project.services[name]) for name in self.names]
        if self.invocation.check_mode:
            for service in services:
                service["state"] = self._desired(service["name"]).replace("restarted", engine_project.RUNNING)
        return {"services": services}

    def close(self) -> None:
        """Release the lock of the stack."""
        self.held.close()

    def _lock(self) -> bool:
        """Exclude deploys and other runs if the stack has a lock. A project that no deploy created has none."""
        path = self.project.source / locks.LOCK if self.project.source else None
        if path is None or not os.access(path, os.R_OK | os.W_OK):
            return False
        self.held.enter_context(locks.locked(path, f"the stack {self.project.name}"))
        return True

    def _read(self) -> engine_project.Project:
        return engine_project.read_project(self.client, self.params["project_name"], self.params["project_src"])

    def _compare(self) -> Plan:
        """Read the project and return one change for each service whose state differs, dependencies first."""
        self.project = self._read()
        if not self.project.services:
            raise InputError(
                f"There is no Compose project {self.params['project_name']}",
                hint=f"Projects on this engine: {', '.join(engine_client.project_names(self.client)) or 'none'}.",
            )
        self.chosen = self.project.chosen(self.params["services"])
        self.levels = self.project.levels(self.chosen)
        if self.params["state"] == "stopped":
            self.levels = [[name for name in level if name in self.chosen] for level in self.levels]
        absent = engine_project.ABSENT
        current = {name: self.project.services[name].state for name in self.names}
        desired = {name: self._desired(name) for name in self.names}
        plan = make_plan(
            {name: {"state": state} if state != absent else None for name, state in desired.items()},
            {name: {"state": state} for name, state in current.items() if state != absent},
        )
        if plan.of(CREATE) and not self.project.source:
            raise InputError.of(
                [f"Service {name} has no container, and its compose.yaml is not known" for name in plan.names(CREATE)],
                hint="Give the directory of compose.yaml as project_src.",
            )
        return plan

    def _desired(self, name: str) -> str:
        """Return the state of one service after this run, as the diff shows it."""
        service = self.project.services[name]
        if self.params["state"] == "stopped":
            return service.state_once_stopped
        if self.params["state"] == "restarted" and name in self.chosen and service.containers:
            return "restarted"
        unchanged = self.project.is_running(name) or self._is_completed(name)
        return service.state if unchanged else engine_project.RUNNING

    def _is_completed(self, name: str) -> bool:
        """Return whether a job has completed. A job that is named is run once more."""
        containers = self.project.services[name].containers
        named = name in (self.params["services"] or ())
        return bool(containers) and not named and all(map(engine_project.is_done, containers))

    def _restart_beside(self, names: Sequence[str]) -> bool:
        """Replace the containers of the services, if the edge can switch all of them. Return whether it was done."""
        if not self.params["wait"] or not set(names) <= beside.of(self.params).keys():
            return False
        stack = service_restart.prepare(self.client, self.project, self.params)
        target = service_restart.target_of(self.client, stack, names) if stack else None
        if stack is None or target is None:
            return False
        self.invocation.hide(*dotenv.maskable(secrets.variables_in(stack.directory)))
        hooks = (self.waiter.wait, self.invocation.warn, self.params["wait_timeout"])
        service_restart.restart(self.client, stack, target, names, hooks, self._registration().require)
        return True

    def _registration(self) -> McpRegistration:
        """Return the registration of the MCP servers that the stack records, which its backend forgets."""
        source = self.project.source
        readable = source is not None and os.access(source / mcp_record.FILE, os.R_OK)
        return McpRegistration(source if readable else None, self.invocation)

    def _stop(self, names: Sequence[str]) -> None:
        """Stop all containers of some services at the same time."""
        containers = [item for name in names for item in self.project.services[name].containers]
        engine_client.in_parallel(
            lambda item: engine_client.stop_container(item, self.params["stop_timeout"]), containers
        )

    def _start(self, names: Sequence[str]) -> None:
        """Start all containers of some services at the same time, once their dependencies are healthy."""
        services = [self.project.services[name] for name in names]
        if self.params["wait"]:
            self.waiter.wait({other for service in services for other in service.depends_on or {}} & set(self.names))
        missing = [service.name for service in services if not service.containers]
        if missing:
            self._create(missing)
        containers = [item for service in services for item in service.containers]
        engine_client.in_parallel(
            lambda item: engine_client.start_container(item, self.params["stop_timeout"]), containers
        )

    def _create(self, names: Sequence[str]) -> None:
        """Have Compose create and start services without a container, from images that are on the host."""
        source = self.project.source
        if source is None:  # which plan() refuses
            raise InputError(f"There is no compose.yaml to create {', '.join(names)} from")
        if database_volume.SERVICE in names:
            database_volume.adapt_file(source, self.project.name, self.client)
        variables = secrets.variables_in(source)
        self.invocation.hide(*dotenv.maskable(variables))
        literal = dotenv.literal(variables)
        compose_cli.Compose(self.project.name, source, self.params["docker_host"], literal).create(names)
