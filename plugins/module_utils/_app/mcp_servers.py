# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read, register and remove the MCP servers that one process of the backend has in its memory.

The platform accepts a server with its first three requests, keeps it until the process ends, and answers 200 also if
the server offers no tools. A tool whose schema it cannot read makes the registration fail half-way.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from .._core.errors import ApiError
from .api_client import Answer, Api

SERVERS, TOOLS = "/api/v1/mcp/servers", "/api/v1/mcp/tools"
STATELESS = (
    "The platform needs streamable HTTP that answers in JSON and keeps no session: json_response and stateless_http."
)


@dataclass(frozen=True)
class Server:
    """An MCP server as it is to be registered."""

    server_id: str
    url: str
    name: str
    min_tools: int = 1
    required: bool = False


@dataclass(frozen=True)
class Registered:
    """An MCP server in the memory of the backend, and the number of its tools that the platform offers."""

    url: str
    name: str
    tools: int


@dataclass(frozen=True)
class Due:
    """What one backend lacks: the servers to register, and the ids of those to remove."""

    register: tuple[Server, ...] = ()
    remove: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.register or self.remove)


def due(desired: Iterable[Server], removed: Collection[str], current: Mapping[str, Registered]) -> Due:
    """Compare. A server that differs, or offers too few tools, is registered again."""
    register = tuple(server for server in desired if not _serves(server, current.get(server.server_id)))
    return Due(register, tuple(sorted(name for name in removed if name in current)))


def _serves(server: Server, found: Registered | None) -> bool:
    return (
        found is not None and (found.url, found.name) == (server.url, server.name) and found.tools >= server.min_tools
    )


def place(url: str) -> str:
    """Return the part of a URL that is no secret: a token may be in its user, path and query."""
    parts = urlsplit(url)
    address = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{address}/..." if address else "(no address)"


def clashes(names: Iterable[str]) -> list[tuple[str, str]]:
    """Return the pairs of which one begins with the other and an underscore.

    The platform finds the tools of a server by this prefix: to remove the shorter one removes the tools of both.
    """
    known = sorted(names)
    return [(one, other) for one in known for other in known if other.startswith(f"{one}_")]


class McpServers:
    """The MCP servers of the backend that answers at ``api``."""

    def __init__(self, api: Api) -> None:
        self.api = api

    def read(self) -> dict[str, Registered]:
        """Return the servers by id. Raises ApiError."""
        tools = [str(tool["id"]) for tool in self._list(TOOLS)]
        return {
            str(entry["server_id"]): Registered(
                str(entry["server_url"]),
                str(entry["server_name"]),
                sum(name.startswith(f"{entry['server_id']}_") for name in tools),
            )
            for entry in self._list(SERVERS)
        }

    def register(self, server: Server, *, is_known: bool) -> None:
        """Register a server. Raises ApiError if it does not offer its tools; then nothing of it is left."""
        if is_known:  # else the tools of its previous address would stay
            self.remove(server.server_id)
        body = {"server_id": server.server_id, "server_url": server.url, "server_name": server.name}
        answer, cause = None, ""
        try:
            answer = self.api.post(SERVERS, body)
        except ApiError as error:
            cause = error.message
        found = self.read().get(server.server_id)
        if answer is not None and answer.status == 200 and found and found.tools >= server.min_tools:
            return
        if found:
            self.remove(server.server_id)
        raise _refusal(server, answer, found, cause)

    def remove(self, server_id: str) -> None:
        """Remove a server and its tools. Raises ApiError."""
        answer = self.api.delete(f"{SERVERS}/{server_id}")
        if answer.status != 200:
            raise ApiError(
                f"The platform answered {answer.status} to the removal of the MCP server {server_id}",
                status=answer.status,
            )

    def _list(self, path: str) -> list[Mapping[str, object]]:
        answer = self.api.get(path)
        found = answer.json()
        if answer.status != 200 or not isinstance(found, list):
            raise ApiError(f"{answer.url} answered {answer.status} instead of a list", status=answer.status)
        return found


def _refusal(server: Server, answer: Answer | None, found: Registered | None, cause: str) -> ApiError:
    what = f"The MCP server {server.server_id} at {place(server.url)}"
    if answer is None:
        return ApiError(f"{what} was not registered: {cause}")
    if answer.status in (401, 403):
        return ApiError(f"{what} was not registered: the platform refused the request with {answer.status}")
    if answer.status == 200:
        return ApiError(
            f"{what} offers {found.tools if found else 0} tools, and min_tools is {server.min_tools}", hint=STATELESS
        )
    if found:
        return ApiError(
            f"{what} has a tool whose schema the platform cannot read",
            hint="Each property of its inputSchema needs one type as a text, and no list of types.",
        )
    return ApiError(
        f"The platform cannot use {what[0].lower()}{what[1:]}: it answered {answer.status}",
        hint=f"The container of the backend must reach this address. {STATELESS}",
    )
