# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pause the backends of one host over several tasks, while the database host takes the snapshot of a backup.

A file records the paused containers. A process, the switch, outlives the task: it resumes them when the time is over,
or when the file is gone. A later run takes the containers over with a file of its own, and the earlier switch ends.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import os
import secrets
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import files, timestamps
from .._core.errors import EngineError, InputError
from .._core.plan import DELETE, Change, Plan, make_plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._stack import project_owner
from .write_freeze import PATIENCE, SERVICES

if TYPE_CHECKING:
    from docker.models.containers import Container

#: Resumes the containers in the file, unless another switch has taken them over: then the file has another token. It
#: looks for ten seconds, because a pause that was requested last may take effect after the first attempt.
_SWITCH = """
import json, os, subprocess, sys, time

def clock():
    return time.clock_gettime(time.CLOCK_BOOTTIME)

def docker(*arguments):
    try:
        return subprocess.run(["docker", *arguments], stdout=subprocess.PIPE, timeout=30, check=True).stdout.decode()
    except (OSError, subprocess.SubprocessError):
        return None

def token():
    try:
        with open(path) as file:
            return json.load(file)["token"]
    except OSError:
        return None

path, own, seconds, patience, *names = sys.argv[1:]
end = clock() + float(seconds)
os.write(1, b"ready")
os.close(1)
while clock() < end and token() == own:
    time.sleep(0.2)
end, calm = clock() + float(patience), 0
while calm < 20 and clock() < end and token() in (own, None):
    found = docker("ps", "--filter", "status=paused", "--format", "{{.Names}}")
    paused = set(names).intersection((found or "").split())
    for name in paused:
        docker("unpause", name)
    calm = calm + 1 if found is not None and not paused else 0
    time.sleep(0.5)
"""
#: How many seconds the switch may take to start.
_START = 10


@dataclass(frozen=True)
class Record:
    """The file: the containers that a run paused ``since`` then, and the ``switch``, a process that resumes them.

    ``uptime`` is when they were paused in seconds of uptime; 0 until all are.
    """

    run_id: str
    token: str
    containers: tuple[str, ...]
    since: str
    until: str
    uptime: float = 0.0
    switch: int = 0


def read(path: Path) -> Record | None:
    """Return the record in a file; None without a file. Raises InputError if it is not a record."""
    text = files.read_text(path)
    if text is None:
        return None
    try:
        found = json.loads(text)
        return Record(**{**found, "containers": tuple(found["containers"])})
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} is not the record of paused containers", hint="Check what it is, and move it away."
        ) from error


class HostFreeze(Work):
    """The work of convosphere_write_freeze."""

    def __init__(self, invocation: Invocation) -> None:
        self.params = invocation.params
        self.check_mode = invocation.check_mode
        self.path = Path(self.params["path"])
        self.containers: list[Container] = []
        self.record: Record | None = None
        self.resumed: list[str] = []
        self.seconds: float | None = None

    def plan(self) -> Plan:
        """Compare the containers of the backend with the state, and read the record of an earlier task."""
        connect = engine_client.connect_if_there if self.check_mode else engine_client.connect
        client = connect(self.params["docker_host"], self.params["timeout"])
        if client:
            project_owner.refuse_foreign_project_of(client, self.params)
            services = engine_client.project_containers(client, self.params["project_name"])
            self.containers = [container for name in SERVICES for container in services.get(name, ())]
        self.record = read(self.path)
        recorded = self.record.containers if self.record else ()
        if self.params["state"] == "present":
            chosen, state = [item for item in self.containers if item.status == "running"], "paused"
        else:  # a container that an operator paused stays so
            chosen, state = [item for item in self.containers if item.name in recorded], "running"
        desired: dict[str, Any] = {str(item.name): {"state": state} for item in chosen}
        current: dict[str, Any] = {str(item.name): {"state": item.status} for item in chosen}
        held = {str(self.path): {"run_id": self.record.run_id}} if self.record else {}
        if self.params["state"] == "present":
            # The containers of an interrupted run are taken over.
            desired[str(self.path)] = {"run_id": self.params["run_id"]}
            return make_plan(desired, {**current, **held})
        removed = (Change(str(self.path), DELETE, held[str(self.path)], None),) if held else ()
        return make_plan(desired, current) + Plan(removed)

    def apply(self, plan: Plan) -> None:
        """Pause the containers below a switch, or resume them. Raises EngineError."""
        if self.params["state"] == "present":
            self._pause()
        else:
            self._resume()

    def verify(self, plan: Plan) -> None:
        """Raise EngineError unless every container stands still."""
        if self.params["state"] == "present":
            moving = [str(item.name) for item in self.containers if _status(item) in ("running", "restarting")]
            if moving:
                raise EngineError(f"{', '.join(moving)} could not be paused", hint="Look at its state, and run again.")

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the containers, the times, and which of them did not stand still until now."""
        record = self.record
        return {
            "containers": list(record.containers)
            if record
            else [item.name for item in plan if item.name != str(self.path)],
            "since": record.since if record else None,
            "until": record.until if record else None,
            "seconds": self.seconds,
            "held": record is not None and record.uptime > 0 and not self.resumed,
            "resumed": self.resumed,
        }

    def _pause(self) -> None:
        """Record the containers, start the switch, and pause them. The switch is there before the first pause."""
        earlier = self.record.containers if self.record else ()
        running = [item for item in self.containers if item.status == "running"]
        names = tuple(str(item.name) for item in self.containers if item in running or item.name in earlier)
        now, seconds = datetime.now(timezone.utc), self.params["freeze_timeout"]
        until = now + timestamps.span("freeze_timeout", seconds, "seconds")
        period = timestamps.format_time(now), timestamps.format_time(until)
        record = Record(self.params["run_id"], secrets.token_hex(8), names, *period)
        self._write(record)
        switch = _start_switch(self.path, record, seconds, self.params["docker_host"])
        self._write(Record(**{**asdict(record), "switch": switch}))
        engine_client.in_parallel(_pause, running)
        now = datetime.now(timezone.utc)
        self._write(
            Record(**{**asdict(record), "switch": switch, "since": timestamps.format_time(now), "uptime": _uptime()})
        )

    def _resume(self) -> None:
        """Resume the recorded containers, and remove the record. Note those that ran meanwhile."""
        record = self.record
        if record is None:
            return
        self.resumed = [str(item.name) for item in self.containers if item.status in ("running", "restarting")]
        known = [str(item.name) for item in self.containers]
        self.resumed += [name for name in record.containers if name not in known]
        paused = [item for item in self.containers if item.name in record.containers and item.status == "paused"]
        engine_client.in_parallel(_unpause, paused)
        self.seconds = round(_uptime() - record.uptime, 1) if record.uptime else None
        # A pause may still be on its way: that of a task that was given up. Then the switch looks for it once more.
        if record.uptime and not self.resumed:
            _end_switch(record)
        files.remove(self.path)

    def _write(self, record: Record) -> None:
        self.record = record
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.write_text(self.path, json.dumps(asdict(record)) + "\n", "0600")


def _start_switch(path: Path, record: Record, seconds: float, docker_host: str) -> int:
    """Start the switch, and return its process. Raises EngineError unless it says that it watches."""
    command = [sys.executable, "-c", _SWITCH, str(path), record.token, str(seconds), str(PATIENCE), *record.containers]
    switch = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "DOCKER_HOST": docker_host},
        cwd="/",
        start_new_session=True,  # the end of this connection must not end it
    )
    output: Any = switch.stdout
    with output:
        ready, _writable, _failed = select.select([output], [], [], _START)
        if not ready or not output.read(1):
            raise EngineError("The process that resumes paused containers could not be started; none was paused")
    return switch.pid


def _end_switch(record: Record) -> None:
    """End the switch, if it is that process still: nothing is left to resume."""
    with suppress(OSError):
        if record.token in Path(f"/proc/{record.switch}/cmdline").read_bytes().decode(errors="replace"):
            os.kill(record.switch, signal.SIGKILL)


def _pause(container: Container) -> None:
    with engine_client.asking(f"pause {container.name}"):
        container.pause()


def _unpause(container: Container) -> None:
    with engine_client.asking(f"resume {container.name}; run: docker unpause {container.name}"):
        container.unpause()


def _status(container: Container) -> str:
    with engine_client.asking(f"look at {container.name}"):
        container.reload()
    return str(container.status)


def _uptime() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)
