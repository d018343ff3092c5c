# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deploy a stack: write its files, bring it up, gate it on health, and record the release.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._core import files as core_files
from .._core.errors import UnhealthyError
from .._engine import client as engine_client
from .._host import served_release
from . import beside, deploy_plan, journal, releases, secret_record, state
from .activation import Activation
from .mcp_registration import Ready
from .rollback import Rollback
from .rollout import Gate, Rollout, remove
from .target import Target, explaining

if TYPE_CHECKING:
    from docker import DockerClient


def ignore(*_values: Any) -> None:
    """Do nothing."""


@dataclass(frozen=True)
class Deployment:
    """One deploy of one stack.

    ``wait`` waits until the containers of the services of these names are healthy, or raises; ``ask_platform`` raises
    unless the desired stack itself reports that it is, at its new address. ``wait_for`` does both for new containers,
    which are asked directly. ``ready`` completes containers that are healthy before they serve, and may raise;
    ``ready_again`` does the same in a rollback, and does not raise.
    """

    stack: state.Stack
    client: DockerClient
    wait: Callable[[Iterable[str]], None]
    ask_platform: Callable[[], None]
    timeout: float  # seconds for Compose to create and start all containers
    wait_for: Gate = ignore
    warn: Callable[[str], None] = ignore
    drain_timeout: float = 30
    ready: Ready = ignore
    ready_again: Ready = ignore

    @property
    def steps(self) -> Activation:
        """The steps that a rollback has too."""
        return Activation(self.stack, self.client)

    @property
    def target(self) -> Target:
        """The desired stack."""
        stack = self.stack
        return Target(
            compose=stack.compose,
            files=stack.compose_files(),
            services=stack.model["services"],
            hashes={name: stack.hashes_of(name) for name in stack.hashes},
            images={name: stack.image_ids[reference] for name, reference in stack.references().items()},
            is_stale=lambda name, item: deploy_plan.is_stale(stack, name, item),
        )

    @property
    def rollback(self) -> Rollback:
        """The way to the previous release."""
        hooks = (self.wait, self.timeout, self.wait_for, self.warn, self.drain_timeout, self.ready_again)
        return Rollback(self.stack, self.client, *hooks)

    def rollout(self) -> Rollout:
        """Return the replacement of the services beside those that serve."""
        hooks = (self.wait, self.wait_for, self.warn, self.timeout, self.drain_timeout)
        return Rollout(self.stack, self.client, self.target, self.steps, *hooks)

    def apply(self) -> None:
        """Bring the desired stack up. If that fails, roll back to the previous release and raise the cause."""
        stack = self.stack
        if not beside.applies(stack, stack.model["services"], stack.containers):
            self._warn_of_recreation()
            with self.rollback.on_failure():
                self._recreate()
            return
        rollout = self.rollout()
        with self.rollback.on_failure():
            self.bring_beside(rollout)
            self._switch(rollout)
        rollout.finish(deploy_plan.orphans(stack))
        self._remove_unseen()
        self._check_images()

    def prepare(self) -> None:
        """Run the phase ``beside``. If that fails, remove the new containers, and raise the cause."""
        self._begin()
        with self.rollback.on_failure():
            self.bring_beside(self.rollout())

    def switch(self) -> None:
        """Run the phase ``switch``: have the edge of this host send requests to the addresses that were given."""
        rollout = self.rollout()
        self._begin()
        with self.rollback.on_failure():
            self._write(list(self.stack.texts))
            rollout.converge(rollout.others())
            rollout.switch(self.stack.given_upstreams)
            self.wait([name for name in self.target.names() if name not in rollout.ports])
            self.ask_platform()

    def finish(self) -> None:
        """Run the phase ``finish``: remove what does not serve any more."""
        self.rollout().finish(deploy_plan.orphans(self.stack))
        self._remove_unseen()
        self._check_images()

    def _warn_of_recreation(self) -> None:
        stack = self.stack
        problem = beside.obstacle(stack, stack.model["services"], stack.containers)
        if problem and stack.edge and stack.running(stack.edge.service):
            self.warn(f"All services that differ are recreated, and requests fail meanwhile: {problem}.")

    def _begin(self) -> None:
        stack = self.stack
        serving = [item for name in stack.beside for item in stack.containers.get(name, [])]
        journal.begin(stack.directory, stack.secrets.text, serving)

    def bring_beside(self, rollout: Rollout) -> None:
        """Bring up what is not replaced, and the new containers beside those that serve, which nothing reaches yet."""
        stack, others = self.stack, rollout.others()
        self._write([name for name in stack.texts if not self._is_of_edge(name)])
        rollout.converge(others)
        read = [*others, *([stack.edge.service] if stack.edge else [])]
        self.steps.restart_stale(read, stack.containers, stack.texts, stack.differing_texts())
        rollout.create()
        rollout.gate()
        self.ready(rollout.serving)

    def _switch(self, rollout: Rollout) -> None:
        self._write([name for name in self.stack.texts if self._is_of_edge(name)])
        rollout.switch(rollout.upstreams())
        self.wait([name for name in self.target.names() if name not in rollout.ports])
        self.ask_platform()

    def _recreate(self) -> None:
        """Have Compose bring everything up at once: the first deploy, and every one without an edge that can switch."""
        stack = self.stack
        self._write(list(stack.texts))
        self.steps.name_upstreams(self.target, stack.containers)
        self._up()
        self._remove_unseen()
        self.steps.give_volumes()
        self.steps.restart_stale(stack.references(), stack.containers, stack.texts, stack.differing_texts())
        self.steps.reload_edge(stack.containers)
        self.gate()
        self.steps.settle_edge(self.target)

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
        self.ready(self._check_images())

    def _check_images(self) -> beside.Containers:
        """Return the containers by service. Raises UnhealthyError if one runs another image."""
        running = engine_client.project_containers(self.client, self.stack.name)
        for service, reference in self.stack.references().items():
            desired = self.stack.image_ids[reference]
            for container in running.get(service, []):
                if container.attrs["Image"] != desired:
                    raise UnhealthyError(
                        f"The service {service} runs the image {container.attrs['Image']} instead of {reference} "
                        f"({desired})"
                    )
        return running

    def _remove_unseen(self) -> None:
        """Remove the containers that have the labels of the project, and not the one by which Compose finds them."""
        current = engine_client.project_containers(self.client, self.stack.name)
        remove(
            [
                item
                for name in current.keys() - deploy_plan.on_demand(self.stack)
                for item in current[name]
                if not item.labels.get(engine_client.LABEL_CONFIG_HASH)
            ]
        )

    def _is_of_edge(self, name: str) -> bool:
        return self.stack.edge is not None and self.stack.edge.owns(name)

    def _write(self, names: Collection[str]) -> None:
        """Write the secrets and those of the files ``names`` that differ, and remove files that are not desired."""
        stack = self.stack
        stack.secrets.write()
        for name in stack.differing_texts():
            if name in names:
                text, mode = stack.texts[name]
                core_files.write_text(stack.directory / name, text, mode)
        for name in stack.current_texts.keys() - stack.texts.keys():
            self.steps.remove_file(name)

    def _up(self) -> None:
        stale = [
            name
            for name in self.stack.references()
            if deploy_plan.stale_environment(self.stack, name) or deploy_plan.is_forced(self.stack, name)
        ]
        with explaining(self.client, self.stack.name):
            # First, because services that depend on one whose old proxy keeps it unhealthy would wait in vain.
            if stale:
                self.stack.compose.recreate(self.stack.compose_files(), stale, timeout=self.timeout)
            self.stack.compose.up(self.stack.compose_files(), timeout=self.timeout)


def record_release(stack: state.Stack, *, environment: str, released_by: str, keep: int, name: str = "") -> None:
    """Record the stack that serves as a release, and remove the oldest releases beyond ``keep``.

    ``name`` is its id; if empty, it is the current time.
    """
    record: dict[str, Any] = {
        "id": name or releases.new_id(),
        "environment": environment,
        "released_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "released_by": released_by,
        # Their names, by which a later deploy knows that one was lost. A previous value ends with the rotation.
        "secrets": sorted(stack.secrets.desired.keys() - secret_record.PASSING),
        "schema": stack.schema,  # by which a later deploy knows without a container what the database needs
        "modes": {name: mode for name, (_text, mode) in stack.texts.items()},
        **stack.origin,
        # The hashes of the services, by which a plan knows whether a container was changed on the host.
        "configuration": {name: digits[:12] for name, digits in stack.hashes.items()},
        **deploy_plan.desired_release(stack),
    }
    releases.save(stack.releases, record, {name: text for name, (text, _mode) in stack.texts.items()})
    releases.prune(stack.releases, keep)
