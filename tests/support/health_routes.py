# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The health routes of the platform, answered by this machine: any component unhealthy, at no cost."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Platform:
    """The health routes of the platform as it answers them, with its quirks; `ill` names the components that are."""

    def __init__(self) -> None:
        self.ill: set[str] = set()
        self.pool: dict[str, int] = {"pool_size": 5}
        self.override: tuple[int, str] | None = None
        self.healthy_after = 0
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, str]:
        """Return the status and the text that the platform answers a request with."""
        self.requests.append((path, headers))
        if headers["Host"].split(":")[0] not in ("localhost", "127.0.0.1"):
            return 400, "Invalid host header"
        if "X-Forwarded-Host" in headers or "bot" in headers["User-Agent"].lower() or "exec" in path:
            return 400, "Invalid request"
        if self.override and path == "/api/v1/health/detailed":
            return self.override
        if path == "/":
            return 200, "<html></html>"
        if path == "/health":
            return 200, json.dumps({"status": "healthy"})
        if path != "/api/v1/health/detailed":
            return 200, json.dumps({"status": "healthy"})
        if self.healthy_after and sum(asked == path for asked, _headers in self.requests) > self.healthy_after:
            self.ill = set()
        return 200, json.dumps(self.report())

    def report(self) -> dict[str, Any]:
        """Return the health report."""
        details: dict[str, dict[str, Any]] = {"database": self.pool, "cache": {"version": "7.0.15"}, "vector_db": {}}
        return {
            "status": "degraded" if self.ill else "healthy",
            "service": "ai-assistant-platform",
            "version": "0.1.2-beta",
            "environment": "development",
            "components": {
                name: {
                    "status": "unhealthy" if name in self.ill else "healthy",
                    "details": {"status": "disconnected" if name in self.ill else "connected", **more},
                }
                for name, more in details.items()
            },
            "timestamp": "2026-01-31T12:00:00",
        }


@contextmanager
def serving(platform: Platform) -> Iterator[Platform]:
    """Answer for the platform on a port of the loopback address, which its `url` then has."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, text = platform.answer(self.path, dict(self.headers))
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    platform.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield platform
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
