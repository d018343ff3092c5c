# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until the containers of a stack and the platform in them are healthy. A busy platform is excused.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._app import health
from .._app.api_client import Api
from .._core.work import Invocation
from .._engine import project as engine_project
from .._engine.health_waiter import Waiter

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

#: The name that the platform accepts, for a container that is asked at its own address.
HOST = "localhost"
ASK_SECONDS = 5  # between two requests to a platform whose health check fails
REPORT_SECONDS = 30  # for the platform to report itself healthy, once its containers are


class HealthGate:
    """The conditions under which a deploy is complete, by ``api_url``, ``api_service`` and ``wait_timeout``."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.warn = invocation.warn
        self.project: engine_project.Project | None = None
        #: The versions that the platform reports, by service.
        self.versions: Mapping[str, str] = {}
        #: Whether this run has changed the stack.
        self.changing = False
        self.warned = False
        #: The URL of a new container, which is asked directly as long as nothing serves from it.
        self.direct: str | None = None
        #: Whether a new container is asked though there is no ``api_url``, because the edge is on another host.
        self.asks_directly = False
        #: The time of time.monotonic() from which the platform may be asked again.
        self.ask_again = 0.0

    def wait(self, client: DockerClient, names: Iterable[str]) -> None:
        """Wait until the containers of the services ``names`` are healthy. Raises UnhealthyError."""
        waiter = Waiter(
            lambda: engine_project.read_project(client, self.params["project_name"]),
            self.params["wait_timeout"],
            self._is_busy,
        )
        self.project = waiter.wait(names)

    def wait_for(
        self, client: DockerClient, containers: Mapping[str, Sequence[Container]], urls: Mapping[str, str]
    ) -> None:
        """Wait until these containers, by service, are healthy, beside others of their services.

        The platform in them is asked at the URL of ``api_service``, if ``api_url`` is given. Raises UnhealthyError.
        """
        ids = {str(item.id) for several in containers.values() for item in several}
        waiter = Waiter(
            lambda: engine_project.read_project(client, self.params["project_name"]).only(ids),
            self.params["wait_timeout"],
            self._is_busy,
        )
        if self.params["api_url"] or self.asks_directly:
            self.direct = urls.get(self.params["api_service"])
        try:
            waiter.wait(containers)
            if self.direct:
                self.ask_platform()
        finally:
            self.direct = None

    def ask_platform(self) -> None:
        """Wait for the platform's own report on all its parts, if a URL is known. Raises UnhealthyError."""
        if not (self.direct or self.params["api_url"]):
            return
        report = health.until_healthy(
            self._look,
            seconds=REPORT_SECONDS,
            what=f"The platform at {self.direct or self.params['api_url']}",
            patience=self.params["wait_timeout"],
        )
        self._note(report)
        self.versions = health.versions(report, self.params["api_service"])

    def _is_busy(self, service: engine_project.Service) -> bool:
        if (
            not (self.direct or self.params["api_url"])
            or service.name != self.params["api_service"]
            or time.monotonic() < self.ask_again
        ):
            return False
        report = self._look()
        self.ask_again = time.monotonic() + ASK_SECONDS
        return self._note(report)

    def _note(self, report: Mapping[str, Any]) -> bool:
        """Return True if the platform is busy, and warn the operator once."""
        busy = health.is_busy(report)
        if busy and not self.warned:
            seconds = round(report["latency_ms"] / 1000)
            self.warn(f"The platform is busy: it answered after {seconds} s. {'; '.join(report['problems'])}".strip())
            self.warned = True
        return busy

    def _look(self) -> dict[str, Any]:
        """Ask the platform. One that this deploy did not change, and that is slow, fails for lack of time only."""
        report = health.ask_platform(self._api())
        late = report["status"] == health.DEGRADED and health.is_slow(report)
        return {**report, "status": health.BUSY} if late and not self.changing else report

    def _api(self) -> Api:
        patience = min(health.PATIENT_SECONDS, max(self.params["wait_timeout"], 15))
        if self.direct:
            return Api(self.direct, timeout=patience, validate_certs=True, host=HOST)
        return Api(str(self.params["api_url"]), timeout=patience, validate_certs=True)
