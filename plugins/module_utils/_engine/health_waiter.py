# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Wait until services are healthy, and report the symptoms of those that are not.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from .._core.errors import EngineError, SlowError, UnhealthyError
from . import client
from .project import (
    ABSENT,
    EXITED,
    RUNNING,
    Project,
    Service,
    health_of,
    timestamp,
)

if TYPE_CHECKING:
    from docker.models.containers import Container

#: The default of wait_timeout in all modules, in seconds.
WAIT_SECONDS = 240
POLL_SECONDS = 0.25
# A backend that starts before its database ends once or twice: more restarts are a loop.
RESTARTS_OF_A_LOOP = 3
# A container without a health check only has to run; a first second is enough to recognise one that ends at once. One
# that the engine restarted must run for the period after which the engine itself counts the start as a success.
STEADY_SECONDS = 1
STEADY_SECONDS_AFTER_RESTART = 10
LOG_LINES = 20


class Waiter:
    """Wait for services, in total no longer than ``seconds`` from its creation; ``read`` returns the current project.

    ``excuse`` decides whether to skip a running service that is not healthy.
    """

    def __init__(
        self, read: Callable[[], Project], seconds: float, excuse: Callable[[Service], bool] = lambda _service: False
    ) -> None:
        self.read = read
        self.excuse = excuse
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds
        self.first_restarts: dict[str, int] = {}
        self.first_seen: dict[tuple[str, str], float] = {}

    def wait(self, names: Iterable[str], project: Project | None = None) -> Project:
        """Return the project once each service of ``names`` runs steadily and, if it has a health check, is healthy.

        ``project`` is the current project if it was just read. Raises SlowError if the time is up and all of them run,
        and UnhealthyError at once for a service that ended or is in a restart loop.
        """
        desired = list(names)
        while True:
            project = project or self.read()
            waiting = [project.services[name] for name in desired if not self._is_settled(project, name)]
            waiting = [service for service in waiting if not self._is_excused(service)]
            if not waiting:
                return project
            hopeless = [service for service in waiting if self._is_hopeless(service)]
            if hopeless:
                raise unhealthy(hopeless, "did not come up")
            if time.monotonic() >= self.deadline:
                slow = all(self._is_slow(service) for service in waiting)
                what = f"did not become healthy within {self.seconds:g} s"
                raise unhealthy(waiting, what, SlowError if slow else UnhealthyError)
            time.sleep(POLL_SECONDS)
            project = None

    def _is_settled(self, project: Project, name: str) -> bool:
        return project.is_settled(name) and all(map(self._is_steady, project.services[name].containers))

    def _is_steady(self, container: Container) -> bool:
        if container.status != RUNNING or health_of(container):
            return True
        started = str(container.attrs["State"]["StartedAt"])
        seen = time.monotonic() - self.first_seen.setdefault((str(container.id), started), time.monotonic())
        needed = STEADY_SECONDS_AFTER_RESTART if container.attrs["RestartCount"] else STEADY_SECONDS
        # The clock saves the wait for containers that were started earlier. If the engine's clock differs, only the
        # period for which they were observed counts.
        return max(seen, time.time() - timestamp(started)) >= needed

    def _is_excused(self, service: Service) -> bool:
        """Return whether a running service is excused for failing its health check."""
        return bool(service.health) and self._is_slow(service) and self.excuse(service)

    def _is_hopeless(self, service: Service) -> bool:
        return service.state == ABSENT or any(
            container.status in (EXITED, "dead") or self._restarts(container) >= RESTARTS_OF_A_LOOP
            for container in service.containers
        )

    def _is_slow(self, service: Service) -> bool:
        """Return whether the containers of a service run without restarts, and are only slow."""
        return bool(service.containers) and all(
            container.status == RUNNING and not self._restarts(container) for container in service.containers
        )

    def _restarts(self, container: Container) -> int:
        count = int(container.attrs["RestartCount"])
        return count - self.first_restarts.setdefault(str(container.id), count)


def unhealthy(services: list[Service], what: str, kind: type[UnhealthyError] = UnhealthyError) -> UnhealthyError:
    """Return an error that names each service, its state, exit code, last health probe, and its last log lines."""
    found = [_symptoms(service, container) for service in services for container in _culprits(service)]
    problems = [_in_words(symptoms) for symptoms in found]
    problems += [f"Service {service.name} has no container" for service in services if not service.containers]
    logs = [f"Last lines of {symptoms['container']}:\n" + "\n".join(symptoms["log"]) for symptoms in found]
    names = ", ".join(service.name for service in services)
    return kind("\n".join([f"{names} {what}: {'; '.join(problems)}", *logs]), services=found)


def _culprits(service: Service) -> list[Container]:
    failed = [item for item in service.containers if item.status != RUNNING or health_of(item) not in ("healthy", None)]
    return failed or list(service.containers)


def _symptoms(service: Service, container: Container) -> dict[str, Any]:
    state = container.attrs["State"]
    probes = state.get("Health", {}).get("Log") or []
    try:
        log = client.last_log_lines(container, LOG_LINES)
    except EngineError as error:  # a missing log must not hide the symptoms
        log = [str(error)]
    return {
        "service": service.name,
        "container": container.name,
        "state": container.status,
        "health": health_of(container),
        "exit_code": state["ExitCode"],
        "restarts": container.attrs["RestartCount"],
        "error": state.get("Error") or None,
        "probe_exit_code": probes[-1]["ExitCode"] if probes else None,
        "probe": probes[-1]["Output"].strip() if probes else None,
        "log": log,
    }


def _in_words(symptoms: dict[str, Any]) -> str:
    words = [f"container {symptoms['container']} is {symptoms['state']}"]
    if symptoms["health"]:
        words.append(f"and {symptoms['health']}")
    elif symptoms["state"] != RUNNING or symptoms["restarts"]:
        words.append(f"with exit code {symptoms['exit_code']} after {symptoms['restarts']} restarts")
    if symptoms["error"]:
        words.append(f"({symptoms['error']})")
    if symptoms["health"] and symptoms["probe_exit_code"] is not None:
        words.append(f"(last health probe ended with {symptoms['probe_exit_code']}: {symptoms['probe']})")
    return " ".join(words)
