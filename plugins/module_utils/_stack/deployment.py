# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy a stack: write its files, bring it up, gate it on health, and record the release.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._core import files as core_files
from .._core.errors import CommandError, UnhealthyError
from .._engine import client as engine_client
from .._engine import health_waiter
from .._engine import project as engine_project
from .._host import served_release
from . import deploy_plan, releases, state
from .activation import Activation
from .rollback import Rollback

if TYPE_CHECKING:
    from docker import DockerClient


@dataclass(frozen=True)
class Deployment:
    """One deploy of one stack.

    ``wait`` waits until the containers of the services of these names are healthy, or raises; ``ask_platform`` raises
    unless the desired stack itself reports that it is, at its new address.
    """

    stack: state.Stack
    client: DockerClient
    wait: Callable[[Iterable[str]], None]
    ask_platform: Callable[[], None]
    timeout: float  # seconds for Compose to create and start all containers

    @property
    def steps(self) -> Activation:
        """The steps that a rollback has too."""
        return Activation(self.stack, self.client)

    @property
    def rollback(self) -> Rollback:
        """The way to the previous release."""
        return Rollback(self.stack, self.client, self.wait, self.timeout)

    def apply(self) -> None:
        """Bring the desired stack up. If that fails, roll back to the previous release and raise the cause."""
        stack = self.stack
        with self.rollback.on_failure():
            self._write()
            self._up()
            self.steps.give_volumes()
            self.steps.restart_stale(stack.references(), stack.containers, stack.texts, stack.differing_texts())
            self.gate()

    def complete(self) -> None:
        """Gate what an interrupted run had brought up but not recorded. If that fails, roll back as ``apply`` does.

        If the release that serves has these images and files too, there is no other release to roll back to.
        """
        desired, served = deploy_plan.desired_release(self.stack), served_release.current(self.stack.releases) or {}
        if all(served.get(part) == desired[part] for part in ("images", "files")):
            self.gate()
            return
        with self.rollback.on_failure():
            self.steps.give_volumes()
            self.gate()

    def gate(self) -> None:
        """Raise UnhealthyError unless every service is healthy and runs the desired image."""
        self.wait(self.stack.references())
        self.ask_platform()
        running = engine_client.project_containers(self.client, self.stack.name)
        for service, reference in self.stack.references().items():
            desired = self.stack.image_ids[reference]
            for container in running.get(service, []):
                if container.attrs["Image"] != desired:
                    raise UnhealthyError(
                        f"The service {service} runs the image {container.attrs['Image']} instead of {reference} "
                        f"({desired})"
                    )

    def _write(self) -> None:
        """Write the secrets and files that differ, and remove the files that are no longer desired."""
        stack = self.stack
        stack.secrets.write()
        for name in stack.differing_texts():
            text, mode = stack.texts[name]
            core_files.write_text(stack.directory / name, text, mode)
        for name in stack.current_texts.keys() - stack.texts.keys():
            self.steps.remove_file(name)

    def _up(self) -> None:
        stale = [name for name in self.stack.references() if deploy_plan.stale_environment(self.stack, name)]
        try:
            # First, because services that depend on one whose old proxy keeps it unhealthy would wait in vain.
            if stale:
                self.stack.compose.recreate(self.stack.compose_files(), stale, timeout=self.timeout)
            self.stack.compose.up(self.stack.compose_files(), timeout=self.timeout)
        except CommandError as error:
            # If a service waits in vain for the health of another one, Compose names that one and gives no cause.
            project = engine_project.read_project(self.client, self.stack.name)
            ended = "returncode" in error.details  # or else it waited in vain until its time was up
            hopeless = {"unhealthy"} if ended else {"unhealthy", "starting"}
            failed = [
                each for each in project.services.values() if each.health in hopeless or _has_ended(project, each)
            ]
            if not failed:
                raise
            symptoms = health_waiter.unhealthy(failed, "did not come up")
            raise UnhealthyError(f"{error.message}\n{symptoms.message}", **symptoms.details) from error


def _has_ended(project: engine_project.Project, service: engine_project.Service) -> bool:
    states = {container.status for container in service.containers}
    return bool(states & {"exited", "restarting", "dead"}) and not project.is_settled(service.name)


def record_release(stack: state.Stack, *, environment: str, released_by: str, keep: int) -> None:
    """Record the stack that serves as a release, and remove the oldest releases beyond ``keep``."""
    record: dict[str, Any] = {
        "id": releases.new_id(),
        "environment": environment,
        "released_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "released_by": released_by,
        "secrets": sorted(stack.secrets.desired),  # their names, by which a later deploy knows that one was lost
        "schema": stack.schema,  # by which a later deploy knows without a container what the database needs
        **deploy_plan.desired_release(stack),
    }
    releases.save(stack.releases, record, {name: text for name, (text, _mode) in stack.texts.items()})
    releases.prune(stack.releases, keep)
