# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pause the platform's writes while the components of a backup take a consistent snapshot.

The containers are paused: their requests wait instead of failing. A guard process resumes them when this process ends,
however it ends, and when the freeze takes longer than allowed.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from .._core import timestamps
from .._core.errors import EngineError
from .._engine import client as engine_client

if TYPE_CHECKING:
    from docker import DockerClient
    from docker.models.containers import Container

#: The services that write to more than one of database, uploads and vector store.
SERVICES = ("backend",)

#: How many seconds the guard tries to resume containers, for example while Docker Engine restarts.
PATIENCE = 600

# Waits until this process ends or gives up, or the time limit is reached, and then tries until no container is paused.
# It looks for ten seconds, because a pause that was requested last may take effect after the first attempt.
_GUARD = """
import select, subprocess, sys, time

def docker(*arguments):
    try:
        return subprocess.run(["docker", *arguments], stdout=subprocess.PIPE, timeout=30, check=True).stdout.decode()
    except (OSError, subprocess.SubprocessError):
        return None

names = set(sys.argv[3:])
select.select([sys.stdin], [], [], float(sys.argv[1]))
end, calm = time.monotonic() + float(sys.argv[2]), 0
while calm < 20 and time.monotonic() < end:
    found = docker("ps", "--filter", "status=paused", "--format", "{{.Names}}")
    paused = names.intersection((found or "").split())
    for name in paused:
        docker("unpause", name)
    calm = calm + 1 if found is not None and not paused else 0
    time.sleep(0.5)
"""


@dataclass
class Freeze:
    """When writes stopped and resumed, and how they were stopped; ``end`` is not set while the freeze lasts."""

    begin: datetime
    how: str
    end: datetime | None = None

    def record(self, elsewhere: Sequence[str] = ()) -> dict[str, Any]:
        """Return the manifest's field, ``{from, to, how}``, in UTC to the second.

        ``elsewhere`` are the containers of other hosts, which were paused before and resumed after it.
        """
        return {
            "from": timestamps.format_time(self.begin),
            "to": timestamps.format_time(self.end or datetime.now(timezone.utc)),
            "how": f"{self.how}; elsewhere {', '.join(elsewhere)}" if elsewhere else self.how,
        }


@contextmanager
def frozen(
    client: DockerClient, project_name: str, docker_host: str, seconds: float, others: Sequence[str] = ()
) -> Iterator[Freeze]:
    """Pause the project's SERVICES, and the ``others``, while the block runs, for at most ``seconds``.

    Raises EngineError after the block if the services resumed before its end: the components are not consistent.
    """
    services = engine_client.project_containers(client, project_name)
    containers = [container for name in (*SERVICES, *others) for container in services.get(name, ())]
    running = [container for container in containers if container.status == "running"]
    freeze = Freeze(datetime.now(timezone.utc), _how(containers, running))
    if not running:
        yield freeze
        freeze.end = datetime.now(timezone.utc)
        return
    # The guard starts before the pause, so that a kill at any time leaves no paused container behind.
    guard = _guard([str(container.name) for container in running], docker_host, seconds)
    with guard.stdin:  # type: ignore[union-attr] # a pipe
        try:
            engine_client.in_parallel(_pause, running)
            freeze.begin = datetime.now(timezone.utc)
            yield freeze
        finally:
            # If this fails, the guard takes over when its input ends.
            late = list(filter(None, engine_client.in_parallel(_thaw, running)))
            freeze.end = datetime.now(timezone.utc)
            guard.kill()  # all containers run again
            guard.wait()
    if late:
        raise EngineError(
            f"{', '.join(late)} resumed after {seconds:g} s (freeze_timeout), before uploads and vectors were read: "
            "the backup would be inconsistent",
            hint="No backup was created. Raise freeze_timeout, or set freeze to false to accept a backup whose "
            "components differ by the writes in between.",
        )


def _guard(names: Sequence[str], docker_host: str, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _GUARD, str(seconds), str(PATIENCE), *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DOCKER_HOST": docker_host},
        start_new_session=True,  # a signal to this process's group must not end the guard
    )


def _pause(container: Container) -> None:
    with engine_client.asking(f"pause {container.name}"):
        container.pause()


def _thaw(container: Container) -> str | None:
    """Resume one container. Return its name if it was running already."""
    with engine_client.asking(f"resume {container.name}; run: docker unpause {container.name}"):
        container.reload()
        if container.status == "paused":
            container.unpause()
            return None
    return str(container.name) if container.status == "running" else None


def _how(containers: Sequence[Container], running: Sequence[Container]) -> str:
    if running:
        return f"paused {', '.join(str(container.name) for container in running)}"
    states = ", ".join(f"{container.name} was {container.status}" for container in containers)
    return states or f"there was no container of {', '.join(SERVICES)}"
