# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring the Compose project of one environment into the desired state, and record the release.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .._core import files as core_files
from .._core.errors import InputError
from .._core.plan import Plan
from .._core.work import Invocation
from .._engine import client as engine_client
from .._engine import project as engine_project
from .._engine import proxies, service_stats
from .._host import engine_probe, environment_directory, served_release
from . import (
    beside,
    database_volume,
    deploy_plan,
    edge,
    external_services,
    file_validation,
    host_limits,
    image_checks,
    journal,
    lost_secrets,
    phases,
    published_ports,
    release_source,
    releases,
    schema_check,
    secrets,
    state,
    version_jumps,
)
from .deployment import Deployment, record_release
from .health_gate import HealthGate
from .mcp_registration import McpRegistration
from .stack_run import StackRun

if TYPE_CHECKING:
    from docker import DockerClient

    from .kept_releases import Release


#: The service whose image has the schema of the database, if the module has no option ``api_service``.
BACKEND = "backend"


class DeployRun(StackRun):
    """One run of convosphere_stack with ``state=present``."""

    def __init__(self, invocation: Invocation) -> None:
        super().__init__(invocation)
        self.stack = state.Stack(
            name=self.name,
            directory=self.directory,
            docker_host=self.params["docker_host"],
            texts={},
            secrets=self._secrets(),
            schema=self.params["schema"],
            forced=frozenset(self.params.get("replace") or ()),
            edge=edge.of(self.params),
            beside=beside.of(self.params),
            port_ranges=published_ports.of(self.params),
            phase=self.params.get("phase") or phases.ALL,
        )
        self.gate = HealthGate(invocation)
        self.mcp = McpRegistration(self.directory, invocation, self.params.get("api_service") or BACKEND)
        self.gate.asks_directly = self.params.get("api_service") in self.stack.port_ranges
        #: Whether the release does not show which schema ``schema_image`` needs, so that nothing is deployed.
        self.schema_unknown = False
        #: The kept release that is the desired stack; None if ``files`` describe it.
        self.restored: Release | None = None

    def _secrets(self) -> secrets.Secrets:
        return secrets.Secrets(
            self.directory,
            self.params["secrets"],
            rotates=not self.params.get("hold_rotation"),
            predicted=tuple(self.params.get("rotate") or ()) if self.invocation.check_mode else (),
        )

    def plan(self) -> Plan:
        """Compare the current stack with the desired one."""
        self.start()
        external_services.refuse_containers(self.client, self.name, self.params["external_services"])
        if self.params.get("release_id"):
            releases.refuse_id(self.stack.releases, self.params["release_id"])
        if self.params["schema_image"]:
            self.stack.schema = schema_check.find(self.client, self.params)
            self.schema_unknown = self.stack.schema is None
        if self.schema_unknown:
            return Plan()
        if not self.directory.is_dir() and not self.invocation.check_mode:
            raise InputError(f"The directory {self.directory} does not exist", hint="Run the playbook setup.yml first.")
        self.stack.given_upstreams = phases.upstreams_of(self.params)
        if self.params.get("release"):
            self.restored = release_source.read(self.stack, self.params["release"])
        else:
            self.stack.texts = state.texts_of(self.params["files"])
        self.stack.read_files()
        database_volume.adapt(self.stack.secrets, self.name, self.client)
        self.invocation.hide(*self.stack.secrets.values())
        if self.restored:
            release_source.refuse_missing_secrets(self.stack)
        lost_secrets.refuse_lost(self.stack.secrets, self.name, self.client)
        if self.client is None or (self.invocation.check_mode and not _has_compose()):
            return phases.part(deploy_plan.plan(self.stack, engine_read=False), self.stack)
        self._check(self.client)
        if self.stack.phase == phases.ABANDON:
            return phases.plan_abandon(self.stack)
        if not self.invocation.check_mode:
            phases.refuse_unprepared(self.stack)
            phases.refuse_unreachable(self.stack.given_upstreams)
        return phases.part(deploy_plan.plan(self.stack, engine_read=True), self.stack)

    def apply(self, plan: Plan) -> None:
        """Deploy, and record a release."""
        environment_directory.write_marker(self.directory, self.environment, self.name)
        self.gate.changing = True
        changed = {change.name for change in plan}
        self._act(changed)
        if "release" in changed:
            record_release(
                self.stack,
                environment=self.environment,
                released_by=self.params["released_by"],
                keep=self.params["releases_kept"],
                name=self.params.get("release_id") or "",
            )

    def _act(self, changed: set[str]) -> None:
        deployment = self._deployment()
        if self.stack.phase == phases.BESIDE:
            deployment.prepare()
        elif self.stack.phase == phases.SWITCH:
            deployment.switch()
        elif self.stack.phase == phases.FINISH:
            deployment.finish()
        elif self.stack.phase == phases.ABANDON:
            phases.abandon(deployment)
        elif changed == {"release"}:  # deployed by a run that was interrupted before it recorded the release
            deployment.complete()
        else:
            deployment.apply()

    def verify(self, plan: Plan) -> None:
        """Raise UnhealthyError if nothing was to be changed and the stack is not healthy."""
        if not plan.changed and not self.schema_unknown and self.stack.phase in (phases.ALL, phases.FINISH):
            self._deployment().gate()
        if self.stack.phase in (phases.ALL, phases.FINISH) and not self.invocation.check_mode:
            journal.remove(self.directory)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the release and the services that serve."""
        services = self.gate.project.services.values() if self.client and self.gate.project else ()
        known = {"schema_known": not self.schema_unknown} if self.params["schema_image"] else {}
        return {
            "release": served_release.current(self.directory / "releases"),
            "services": [self._described(service) for service in services],
            **known,
            **self.mcp.report(),
            **self._addresses(),
        }

    def _addresses(self) -> dict[str, Any]:
        """Return the addresses of this host's containers, for the phase ``switch`` on the hosts of the edge."""
        if self.stack.phase != phases.BESIDE or self.client is None or self.schema_unknown:
            return {}
        predicted = self.invocation.check_mode
        self.stack.containers = engine_client.project_containers(self.client, self.name)
        if not predicted:
            # A new container has read the files of this deploy, and has a port of its own.
            self.stack.read_files()
            self.stack.read_model()
            self.stack.read_other_hashes()
            self.stack.forced = frozenset()  # of two containers that are the same, the new one is to serve
        upstreams = phases.addresses(self.stack, predicted=predicted)
        if not predicted:
            phases.refuse_incomplete(self.stack, upstreams)
        return {
            "upstreams": upstreams,
            "previous_upstreams": phases.previous_addresses(self.stack),
        }

    def _described(self, service: engine_project.Service) -> Mapping[str, Any]:
        image = service_stats.image_of(self._connected(), service)
        version = self.gate.versions.get(service.name, image["version"])
        return {**engine_project.describe(service), **image, "version": version}

    def _check(self, client: DockerClient) -> None:
        """Read Compose's model and the engine. Raises InputError for what the deploy would fail of later."""
        to_come = self.params["images_to_come"] if self.invocation.check_mode else []
        if self.restored:
            self._restore(self.restored, client, to_come or [])
        self.stack.read_model()
        external_services.refuse_definitions(
            self.stack.model["services"], self.params.get("release"), self.params["external_services"]
        )
        self.stack.read_engine(client)
        if to_come is not None:
            image_checks.refuse_missing_images(self.stack, to_come)
        if not self.restored:  # its image and its schema were recorded together
            image_checks.refuse_schema_of_another_image(self.stack, self.params.get("api_service") or BACKEND)
        host_limits.refuse_excess(self.stack, client)
        if self.stack.phase in (phases.ALL, phases.BESIDE):
            version_jumps.refuse(self.stack, client, self.environment)
        self._warn_of_lost_exceptions()
        if not self.params["allow_standins"]:
            image_checks.refuse_standins(self.stack, client)
        file_validation.refuse_invalid(self.stack, client, self.params["files"])
        if self.restored:
            release_source.assume_to_come(self.stack, self.restored)
            if self.params["api_url"] and not release_source.publishes(self.stack, self.params["api_url"]):
                # The release had another port: its containers' own checks ask the platform.
                self.gate = HealthGate(replace(self.invocation, params={**self.params, "api_url": None}))

    def _restore(self, release: Release, client: DockerClient, to_come: Sequence[str]) -> None:
        """Make the images and the schema of a release those of the stack. Raises InputError if it cannot serve."""
        release_source.fit(self.stack, release, client, self.params)
        release_source.pin(self.stack, release, client, to_come)
        if self.stack.pins:
            text = release_source.pins_text(self.stack)
            self.stack.pins_file = self.held.enter_context(core_files.unnamed(text, "images"))

    def _warn_of_lost_exceptions(self) -> None:
        excepted = proxies.not_bypassed(self.stack.model["services"], self.stack.proxies)
        if excepted:
            self.invocation.warn(
                f"The Docker client on the host excepts {', '.join(excepted)} from its proxies (noProxy in "
                "config.json). Services with a NO_PROXY of their own do not get these exceptions. Next: name these "
                "hosts in their NO_PROXY too."
            )

    def _deployment(self) -> Deployment:
        client = self._connected()
        return Deployment(
            self.stack,
            client,
            lambda names: self.gate.wait(client, names),
            self.gate.ask_platform,
            self.params["wait_timeout"],
            lambda containers, urls: self.gate.wait_for(client, containers, urls),
            self.invocation.warn,
            self.params["drain_timeout"],
            self.mcp.require,
            self.mcp.attempt,
        )

    def _connected(self) -> DockerClient:
        if self.client is None:  # a real run without an engine has failed by now
            raise AssertionError("No Docker Engine to deploy to")
        return self.client


def _has_compose() -> bool:
    return bool(engine_probe.find_program("docker") and engine_probe.find_compose_plugin())
