# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting until services are healthy, and saying of those that are not what an operator would look up next.

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

#: For how many seconds services are waited for, unless the options say otherwise: one default for all modules.
WAIT_SECONDS = 240
POLL_SECONDS = 0.25
# Often enough to be no accident: a backend that comes up before its database ends once or twice, and then stays.
RESTARTS_OF_A_LOOP = 3
# Without a health check, to run is all that can be asked of a container, and a first second tells those that end at
# once. One that the engine had to start again is believed after the time that the engine itself takes for a success.
STEADY_SECONDS = 1
STEADY_SECONDS_AFTER_RESTART = 10
LOG_LINES = 20


class Waiter:
    """Waits, all in all no longer than ``seconds`` from its making; ``read`` asks for the project as it is now.

    ``excuse`` decides whether a running service that is not healthy need not be waited for.
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
        """Return the project once each service of ``names`` runs steadily and, where it has a health check, is healthy.

        ``project`` is what was just read, if anything was. Raises SlowError when the time is up and all of them run,
        and UnhealthyError at once for a service that ended, or that restarts again and again.
        """
        wanted = list(names)
        while True:
            project = project or self.read()
            waiting = [project.services[name] for name in wanted if not self._is_settled(project, name)]
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
        # The clock spares the wait for what runs for long; where the engine has another time, what was seen counts.
        return max(seen, time.time() - timestamp(started)) >= needed

    def _is_excused(self, service: Service) -> bool:
        """Decide whether a service that runs fails its health check for no fault of its own."""
        return bool(service.health) and self._is_slow(service) and self.excuse(service)

    def _is_hopeless(self, service: Service) -> bool:
        return service.state == ABSENT or any(
            container.status in (EXITED, "dead") or self._restarts(container) >= RESTARTS_OF_A_LOOP
            for container in service.containers
        )

    def _is_slow(self, service: Service) -> bool:
        """Return True if a service does nothing wrong but take its time."""
        return bool(service.containers) and all(
            container.status == RUNNING and not self._restarts(container) for container in service.containers
        )

    def _restarts(self, container: Container) -> int:
        count = int(container.attrs["RestartCount"])
        return count - self.first_restarts.setdefault(str(container.id), count)


def unhealthy(services: list[Service], what: str, kind: type[UnhealthyError] = UnhealthyError) -> UnhealthyError:
    """The error that names each service, its state, exit code, last health probe, and the last lines of its log."""
    found = [_symptoms(service, container) for service in services for container in _culprits(service)]
    problems = [_in_words(symptoms) for symptoms in found]
    problems += [f"Service {service.name} has no container" for service in services if not service.containers]
    logs = [f"Last lines of {symptoms['container']}:\n" + "\n".join(symptoms["log"]) for symptoms in found]
    names = ", ".join(service.name for service in services)
    return kind("\n".join([f"{names} {what}: {'; '.join(problems)}", *logs]), services=found)


def _culprits(service: Service) -> list[Container]:
    ill = [item for item in service.containers if item.status != RUNNING or health_of(item) not in ("healthy", None)]
    return ill or list(service.containers)


def _symptoms(service: Service, container: Container) -> dict[str, Any]:
    state = container.attrs["State"]
    probes = state.get("Health", {}).get("Log") or []
    try:
        log = client.last_log_lines(container, LOG_LINES)
    except EngineError as error:  # the log helps, but its absence must not hide what is wrong
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
