# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Register the recorded MCP servers on containers of the backend, each of which has a memory of its own.

A container that has all of them costs two requests. Only one that lacks some gets an account for the others.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._app import mcp_servers, service_account
from .._app.api_client import Api
from .._core.errors import ConvosphereError, UnhealthyError
from .._core.work import Invocation
from .._engine.project import RUNNING
from . import beside, health_gate, mcp_record, secrets

if TYPE_CHECKING:
    from docker.models.containers import Container

#: Does something with the containers of services, by service.
Ready = Callable[[Mapping[str, Sequence["Container"]]], None]

SERVICE, PORT = "backend", 8000
#: The platform connects to the server while the request waits.
TIMEOUT = 30


class McpRegistration:
    """The registration of the servers that the record in ``directory`` names; of none without a directory."""

    def __init__(
        self, directory: Path | None, invocation: Invocation, service: str = SERVICE, port: int = PORT
    ) -> None:
        self.directory = directory
        self.invocation = invocation
        self.service = service
        self.port = port
        #: The ids of the servers that were registered, or would be.
        self.registered: set[str] = set()
        #: Why a server is not registered, by its id.
        self.failed: dict[str, str] = {}

    def require(self, containers: Mapping[str, Sequence[Container]]) -> None:
        """Register, and raise UnhealthyError if a server fails that is required. Warn of other failures."""
        required = self._run(containers)
        if required:
            raise UnhealthyError("; ".join(self.failed[name] for name in required))

    def attempt(self, containers: Mapping[str, Sequence[Container]]) -> None:
        """Register, and warn of failures."""
        self._run(containers)

    def report(self) -> dict[str, dict[str, Any]]:
        """Return what was done, as a return value; nothing if no server is recorded, or none was missing."""
        if not (self.registered or self.failed):
            return {}
        return {"mcp_servers": {"registered": sorted(self.registered), "failed_servers": dict(self.failed)}}

    def predict(self, containers: Mapping[str, Sequence[Container]]) -> None:
        """Find out what would be registered, and change nothing."""
        for container, servers, _removed in self._todo(containers):
            with self._noting(container, [server.server_id for server in servers]):
                self.registered |= {server.server_id for server in self._due(container, servers, ()).register}

    def unrecorded(self, containers: Mapping[str, Sequence[Container]]) -> list[str]:
        """Return the ids of servers that backends have and the record does not name. Warn of one that cannot say."""
        record = mcp_record.read(self.directory)
        found: set[str] = set()
        for container in containers.get(self.service, []):
            if container.status == RUNNING:
                try:
                    found |= self._current(container).keys()
                except ConvosphereError as error:
                    self.invocation.warn(f"Cannot read the MCP servers of {container.name}: {error}")
        return sorted(found - record.servers.keys() - record.removed)

    def _run(self, containers: Mapping[str, Sequence[Container]]) -> list[str]:
        """Register, and return the ids of required servers that failed."""
        before, required = self.failed, set()
        self.failed = {}
        for container, servers, removed in self._todo(containers):
            required |= {server.server_id for server in servers if server.required}
            with self._noting(container, [server.server_id for server in servers] or removed):
                self._settle(container, servers, removed)
        for name, reason in self.failed.items():
            if before.get(name) != reason:
                self.invocation.warn(reason)
        return sorted(required & self.failed.keys())

    def _todo(
        self, containers: Mapping[str, Sequence[Container]]
    ) -> Iterator[tuple[Container, list[mcp_servers.Server], frozenset[str]]]:
        record = mcp_record.read(self.directory)
        if self.directory is None or not (record.servers or record.removed):
            return
        servers, failed = record.desired(secrets.variables_in(self.directory))
        self.failed.update({name: f"The MCP server {name} is not registered: {why}" for name, why in failed.items()})
        self.invocation.hide(*(server.url for server in servers))
        for item in containers.get(self.service, []):
            if item.status == RUNNING:
                yield item, servers, record.removed

    def _settle(self, container: Container, servers: Sequence[mcp_servers.Server], removed: Iterable[str]) -> None:
        due = self._due(container, servers, removed)
        if not due:
            return
        with service_account.administrator(container, service_account.environment_of(container)) as token:
            self.invocation.hide(token)
            backend = self._backend(container, token)
            current = backend.read()
            for name in due.remove:
                backend.remove(name)
            for server in due.register:
                with self._noting(container, [server.server_id]):
                    backend.register(server, is_known=server.server_id in current)
                    self.registered.add(server.server_id)

    def _due(
        self, container: Container, servers: Sequence[mcp_servers.Server], removed: Iterable[str]
    ) -> mcp_servers.Due:
        return mcp_servers.due(servers, set(removed), self._current(container))

    def _current(self, container: Container) -> dict[str, mcp_servers.Registered]:
        environment = service_account.environment_of(container)
        self.invocation.hide(environment.get("SECRET_KEY", ""))
        return self._backend(container, service_account.reader(environment)).read()

    def _backend(self, container: Container, token: str) -> mcp_servers.McpServers:
        url = beside.endpoint(container, self.port)[1]
        api = Api(url, timeout=TIMEOUT, validate_certs=True, token=token, host=health_gate.HOST)
        return mcp_servers.McpServers(api)

    @contextmanager
    def _noting(self, container: Container, names: Iterable[str]) -> Iterator[None]:
        """Note a failure in the block as that of the servers with these ids."""
        try:
            yield
        except ConvosphereError as error:
            for name in names:
                self.failed[name] = f"{container.name}: {error}"
