# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load on an environment while a test changes it, by locust, and the counts of what came of it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from support.environment import wait_until
from support.playbook import ROOT

LOCUSTFILE = ROOT / "tests/soak/locustfile.py"
RATE = 50  # requests a second
VISITORS = 100  # so many requests wait at most, if the platform does not answer
STOP_SECONDS = 90


class Visited(Protocol):
    """An environment that can have visitors. `address` is where the name in `url` leads to, if no name server knows."""

    folder: Path
    url: str
    address: str

    def sql(self, statement: str) -> str:
        """Return what the environment's database answers."""

    def secrets(self) -> dict[str, str]:
        """Return its secrets by name."""

    def request(self, path: str, payload: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Return status and answer of the edge."""


@dataclass
class Load:
    """What the visitors of an environment saw, complete after the block that the load runs in."""

    name: str
    record: Path
    requests: list[dict[str, Any]] = field(default_factory=list)
    #: How many rows the writes inserted.
    rows: int = 0

    def count(self) -> int:
        """Return how many requests have ended by now."""
        return self.record.read_bytes().count(b"\n") if self.record.exists() else 0

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The requests without an answer, and those answered by an error of the server."""
        return [entry for entry in self.requests if entry["status"] == 0 or entry["status"] >= 500]

    @property
    def refused(self) -> list[dict[str, Any]]:
        """The requests that were answered, and not as they should."""
        return [entry for entry in self.requests if 300 <= entry["status"] < 500]

    @property
    def longest(self) -> float:
        """The seconds of the request that took longest."""
        return max((float(entry["seconds"]) for entry in self.requests), default=0.0)

    @property
    def written(self) -> int:
        """How many writes were answered with success."""
        return sum(entry["name"] == "write" and 200 <= entry["status"] < 300 for entry in self.requests)

    def kinds(self) -> str:
        """Return the failed requests by kind: ``3 write 502, 1 read 0``."""
        found = Counter(f"{entry['name']} {entry['status']}" for entry in self.failed)
        return ", ".join(f"{count} {kind}" for kind, count in sorted(found.items()))


def token(environment: Visited) -> str:
    """Log an administrator in and return the token, which is valid for 30 minutes."""
    login = {"username": "admin", "password": environment.secrets()["DEFAULT_ADMIN_PASSWORD"]}
    status, answer = environment.request("/api/v1/auth/login", login)
    assert status == 200, answer
    return str(answer["access_token"])


@contextmanager
def load(environment: Visited, access: str, *, rate: float = RATE) -> Iterator[Load]:
    """Have visitors while the block runs. The load has begun when it starts, and has ended after it."""
    name = f"load-{uuid.uuid4().hex[:10]}"
    found = Load(name, environment.folder / f"{name}.jsonl")
    variables = {
        "LOAD_ADDRESS": environment.address,
        "LOAD_NAME": name,
        "LOAD_RATE": f"{rate}",
        "LOAD_RECORD": str(found.record),
        "LOAD_TOKEN": access,
        "LOAD_VISITORS": f"{VISITORS}",
    }
    process = _start(environment, variables)
    try:
        wait_until(lambda: found.count() >= rate or process.poll() is not None, "the first requests", seconds=180)
        yield found
    finally:
        process.send_signal(signal.SIGTERM)
        output, _nothing = process.communicate(timeout=2 * STOP_SECONDS)
        found.requests = [json.loads(line) for line in found.record.read_text().splitlines()]
    assert found.requests, output
    found.rows = int(environment.sql(f"SELECT count(*) FROM assistants WHERE name LIKE '{name}-%'"))  # noqa: S608 - of this test


def _start(environment: Visited, variables: Mapping[str, str]) -> subprocess.Popen[str]:
    options = ("--headless", "--only-summary", f"--users={VISITORS}", f"--spawn-rate={VISITORS}")
    command = (sys.executable, "-m", "locust", f"--locustfile={LOCUSTFILE}", f"--host={environment.url}", *options)
    return subprocess.Popen(
        (*command, f"--stop-timeout={STOP_SECONDS}"),
        cwd=environment.folder,
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
