# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small MCP server on this machine: streamable HTTP in JSON without a session, and faults that servers have.

It stands for a real one, to which the platform only sends three requests: initialize, tools/list, resources/list.
"""

from __future__ import annotations

import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

#: What a path below the server's address answers with.
GOOD, EMPTY, STREAM, ODD = "/good", "/empty", "/stream", "/odd"


def tool(name: str, kind: Any = "string") -> dict[str, Any]:
    """Return a tool with one parameter."""
    schema = {"type": "object", "properties": {"words": {"type": kind}}, "required": ["words"]}
    return {"name": name, "description": f"Finds by {name}", "inputSchema": schema}


TOOLS = {GOOD: [tool("find"), tool("list")], EMPTY: [], STREAM: [tool("find")], ODD: [tool("find", ["string", "null"])]}


class McpServer(ThreadingHTTPServer):
    """A server on all addresses. ``requests`` are the time, the path with its query, and the method of each request."""

    daemon_threads = True

    def __init__(self) -> None:
        self.requests: list[tuple[float, str, str]] = []
        super().__init__(("0.0.0.0", 0), _Handler)

    def __enter__(self) -> McpServer:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *error: Any) -> None:
        self.shutdown()
        super().__exit__(*error)

    def url(self, path: str, host: str = "127.0.0.1") -> str:
        """Return the address of one of the paths."""
        return f"http://{host}:{self.server_port}{path}"


class _Handler(BaseHTTPRequestHandler):
    server: McpServer

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.requests.append((time.time(), self.path, request["method"]))
        path = urlsplit(self.path).path
        results = {"tools/list": {"tools": TOOLS.get(path, [])}, "resources/list": {"resources": []}}
        result = results.get(request["method"], {"protocolVersion": "2024-11-05", "capabilities": {}})
        body = json.dumps({"jsonrpc": "2.0", "id": request["id"], "result": result})
        if path == STREAM:
            body = f"event: message\ndata: {body}\n\n"
        self.send_response(200 if path in TOOLS else 404)
        self.send_header("Content-Type", "text/event-stream" if path == STREAM else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_args: Any) -> None:
        """Be silent."""
