# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop services while content is swapped below them, and start them again whatever happens.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import locks
from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan, make_plan
from .._engine import client, health_waiter
from .._engine import project as engine_project
from .._stack import project_owner

if TYPE_CHECKING:
    from docker import DockerClient

SERVICE_OPTIONS: dict[str, Any] = {
    "project_name": {"type": "str"},
    "project_src": {"type": "path"},
    "services": {"type": "list", "elements": "str", "default": ["backend"]},
    "stop_timeout": {"type": "int"},
    "wait": {"type": "bool", "default": True},
    "wait_timeout": {"type": "int", "default": health_waiter.WAIT_SECONDS},
    "timeout": client.ENGINE_OPTIONS["timeout"],
}


class ServiceStop:
    """Stop and start the services of SERVICE_OPTIONS; none without ``project_name``. Skip those without a container."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.client: DockerClient | None = None
        self.names: list[str] = []
        self.levels: list[list[str]] = []

    def plan(self, also: Sequence[str] = ()) -> Plan:
        """Return a change for each service that does not run now and will be started, ``also`` those given here."""
        if not self.params["project_name"]:
            return Plan()
        self.client = client.connect(self.params["docker_host"], self.params["timeout"])
        project_owner.refuse_foreign_project_of(self.client, self.params)
        project = self.read()
        if not project.services:
            raise InputError(
                f"There is no Compose project {self.params['project_name']}",
                hint="Nothing was changed. Set project_name to a project of this engine: "
                f"{', '.join(client.project_names(self.client)) or '(no project found)'}.",
            )
        names = list(dict.fromkeys([*self.params["services"], *also]))
        chosen = project.chosen(names) if names else []
        self.names = [name for name in chosen if project.services[name].containers]
        self.levels = [[name for name in level if name in self.names] for level in project.levels(self.names)]
        states = {name: project.services[name].state for name in self.names}
        desired = {name: states[name] if project.is_running(name) else engine_project.RUNNING for name in self.names}
        return make_plan(
            {f"service {name}": {"state": state} for name, state in desired.items()},
            {f"service {name}": {"state": state} for name, state in states.items()},
        )

    def lock(self, held: ExitStack) -> None:
        """Lock the stack, if it has a lock, against deployments and other runs until ``held`` is closed."""
        source = self.read().source if self.client else None
        path: Path | None = source / locks.LOCK if source else None
        if path and os.access(path, os.R_OK | os.W_OK):
            held.enter_context(locks.locked(path, f"the stack {self.params['project_name']}"))

    def read(self) -> engine_project.Project:
        """Return the current state of the project."""
        if self.client is None:
            raise InputError("The services of a restore cannot be read: project_name is not set")
        return engine_project.read_project(self.client, self.params["project_name"], self.params["project_src"])

    def stop(self) -> None:
        """Stop the services, dependents first."""
        if not self.names:
            return
        project = self.read()
        for level in reversed(self.levels):
            containers = [item for name in level for item in project.services[name].containers]
            active = [item for item in containers if item.status in engine_project.ACTIVE]
            client.in_parallel(lambda item: client.stop_container(item, self.params["stop_timeout"]), active)

    def start(self) -> None:
        """Start the services, dependencies first, and wait until they are healthy. Raises UnhealthyError."""
        if not self.names:
            return
        project = self.read()
        waiter = health_waiter.Waiter(self.read, self.params["wait_timeout"])
        for level in self.levels:
            containers = [item for name in level for item in project.services[name].containers]
            stopped = [item for item in containers if item.status != engine_project.RUNNING]
            client.in_parallel(lambda item: client.start_container(item, self.params["stop_timeout"]), stopped)
            if self.params["wait"]:
                waiter.wait(level)

    def start_if_possible(self) -> None:
        """Start the services after a failure, and ignore further errors: the operator has to see the first one."""
        with suppress(ConvosphereError):
            self.start()
