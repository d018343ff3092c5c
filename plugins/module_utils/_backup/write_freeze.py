# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeping the platform from writing while the parts of a backup are cut at one moment.

The containers are paused: their requests wait instead of failing, and nothing in them notices. A process of its own
lets them go on when this one is gone, however it ended, and when it takes too long.

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

#: For how many seconds the guard tries to let containers go on, for example while Docker Engine starts again.
PATIENCE = 600

# Waits until this process is gone or gives up, or the time is over, and then tries until nothing is paused any more. It
# looks ten seconds long, because a pause that was asked for in the last moment may come after the first attempt.
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
    calm = 0 if found is None or paused else calm + 1
    time.sleep(0.5)
"""


@dataclass
class Freeze:
    """When writing stopped and went on, and by what means; ``end`` is None as long as it lasts."""

    begin: datetime
    how: str
    end: datetime | None = None

    def record(self) -> dict[str, Any]:
        """As a manifest has it: ``{from, to, how}``, in UTC to the second."""
        return {
            "from": timestamps.format_time(self.begin),
            "to": timestamps.format_time(self.end or datetime.now(timezone.utc)),
            "how": self.how,
        }


@contextmanager
def frozen(client: DockerClient, project_name: str, docker_host: str, seconds: float) -> Iterator[Freeze]:
    """Keep the project's services from writing while the block runs, for at most ``seconds``.

    Raises EngineError after the block where the time was over before its end: what was taken is of no one moment.
    """
    services = engine_client.project_containers(client, project_name)
    containers = [container for name in SERVICES for container in services.get(name, ())]
    running = [container for container in containers if container.status == "running"]
    freeze = Freeze(datetime.now(timezone.utc), _how(containers, running))
    if not running:
        yield freeze
        freeze.end = datetime.now(timezone.utc)
        return
    # It begins before the pause, so that there is no moment at which a kill would leave the platform standing still.
    guard = _guard([str(container.name) for container in running], docker_host, seconds)
    with guard.stdin:  # type: ignore[union-attr] # a pipe
        try:
            engine_client.in_parallel(_pause, running)
            freeze.begin = datetime.now(timezone.utc)
            yield freeze
        finally:
            # Where this fails, the guard takes over: the end of its input tells it to.
            late = list(filter(None, engine_client.in_parallel(_thaw, running)))
            freeze.end = datetime.now(timezone.utc)
            guard.kill()  # everything runs again: it has nothing left to do
            guard.wait()
    if late:
        raise EngineError(
            f"{', '.join(late)} went on after {seconds:g} s, before uploads and vectors were taken: "
            "the parts are not of one moment",
            hint="Give a longer freeze_timeout, or freeze: false for parts that need not fit together to the second.",
        )


def _guard(names: Sequence[str], docker_host: str, seconds: float) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", _GUARD, str(seconds), str(PATIENCE), *names],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DOCKER_HOST": docker_host},
        start_new_session=True,  # what kills this process and its group must not kill it
    )


def _pause(container: Container) -> None:
    with engine_client.asking(f"pause {container.name}"):
        container.pause()


def _thaw(container: Container) -> str | None:
    """Let one container go on; its name if it did already."""
    with engine_client.asking(f"let {container.name} go on; run: docker unpause {container.name}"):
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
