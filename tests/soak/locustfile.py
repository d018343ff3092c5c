# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Visitors of the platform, for locust: reads that query the database, writes that insert a row each.

Each visitor waits for an exponential time, so that all of them together arrive as a Poisson process. Half of them keep
their connection, half open a new one for each request. `support/load.py` starts this and reads the record.
"""

from __future__ import annotations

import json
import os
import random
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import gevent.socket
import gevent.ssl
from locust import FastHttpUser, events, task

VISITORS = int(os.environ["LOAD_VISITORS"])
RATE = float(os.environ["LOAD_RATE"])
ADDRESS = os.environ["LOAD_ADDRESS"]
HEADERS = {"Authorization": f"Bearer {os.environ['LOAD_TOKEN']}"}
RECORD = Path(os.environ["LOAD_RECORD"]).open("a", buffering=1, encoding="utf-8")  # noqa: SIM115 - open until the end


class Unverified(gevent.ssl.SSLContext):
    """A context that trusts any authority, as the edge has its own. Reading the public ones takes each visitor long."""

    def load_verify_locations(self, *_places: Any, **_more: Any) -> None:
        """Read none."""


CONTEXT = Unverified(gevent.ssl.PROTOCOL_TLS_CLIENT)
CONTEXT.check_hostname, CONTEXT.verify_mode = False, gevent.ssl.CERT_NONE


@events.init.add_listener
def resolve(environment: Any, **_more: Any) -> None:
    """Let the name of the host lead to the address that was given, as a line in /etc/hosts would."""
    domain, ask = urlsplit(environment.host).hostname, gevent.socket.getaddrinfo

    def answer(name: Any, *options: Any, **more: Any) -> Any:
        return ask(ADDRESS if ADDRESS and name == domain else name, *options, **more)

    gevent.socket.getaddrinfo = answer


@events.request.add_listener
def note(name: str, response_time: float, response: Any, exception: BaseException | None, **_more: Any) -> None:
    """Write one line for each request. The status of one without an answer is 0."""
    status = getattr(response, "status_code", 0) or 0
    entry = {"name": name, "seconds": response_time / 1000, "status": status, "error": repr(exception or "")}
    RECORD.write(json.dumps({**entry, "at": time.time()}) + "\n")


class Visitor(FastHttpUser):
    """One visitor with its own connection. A request is sent once, and waits for a minute."""

    abstract = True
    headers: dict[str, str] = {}
    network_timeout = connection_timeout = 60.0
    max_retries = 0
    ssl_context_factory = staticmethod(lambda: CONTEXT)

    def wait_time(self) -> float:
        """Return a random time, of which the mean gives the rate of all visitors together."""
        return random.expovariate(RATE / VISITORS)

    def on_start(self) -> None:
        """Arrive at a random time: all visitors at once would use up the backend's connections to the database."""
        self.wait()

    @task(4)
    def read(self) -> None:
        """Read the account, which the backend looks up in the database."""
        self.client.get("/api/v1/auth/me", headers={**HEADERS, **self.headers}, name="read")

    @task(1)
    def write(self) -> None:
        """Insert a row."""
        body = {"name": f"{os.environ['LOAD_NAME']}-{uuid.uuid4().hex}", "system_prompt": "Help."}
        self.client.post("/api/v1/assistants/", json=body, headers={**HEADERS, **self.headers}, name="write")


class Staying(Visitor):
    """A visitor that keeps its connection."""


class Passing(Visitor):
    """A visitor that opens a connection for each request."""

    headers = {"Connection": "close"}
