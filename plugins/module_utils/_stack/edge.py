# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ask and reload the edge: Caddy in a container, which mounts the folder of its configuration.

A changed configuration is loaded by ``caddy reload``, which never interrupts a request: Caddy starts the new
configuration beside the old one, and ends the old one when its requests have ended
(https://caddyserver.com/docs/command-line#caddy-reload). Whether the running configuration is that of the files is
decided by comparing ``caddy adapt`` with the answer of the administration endpoint, ``GET /config/``
(https://caddyserver.com/docs/api#get-configpath), not by timestamps: an interrupted run may have written the files
without a reload, and an operator may have reloaded them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from .._core import command as core_command
from .._core.errors import UnhealthyError
from .._engine import client as engine_client
from .._engine import execution
from .._engine.project import RUNNING

if TYPE_CHECKING:
    from docker.models.containers import Container

#: The configuration in the container, which both commands read.
PLACE = "/etc/caddy/Caddyfile"
ADAPT = ("caddy", "adapt", "--config", PLACE, "--adapter", "caddyfile")
RELOAD = ("caddy", "reload", "--config", PLACE, "--adapter", "caddyfile")
RELOAD_UNCHANGED = (*RELOAD, "--force")
#: Both images have wget: that of Caddy is Alpine's busybox. No proxy is used.
RUNNING_CONFIG = ("env", "http_proxy=", "wget", "-q", "-O", "-", "http://127.0.0.1:2019/config/")
#: The folder of what the host knows of the edge and no release contains: who serves, and whether there is maintenance.
STATE = ("edge", "state")

OPTIONS: dict[str, Any] = {
    "service": {"type": "str", "default": "edge"},
    "config": {"type": "str", "default": "edge/Caddyfile"},
}


@dataclass(frozen=True)
class Edge:
    """The service that is the edge, and the path of its configuration among the files of the stack."""

    service: str
    config: str

    @property
    def folder(self) -> PurePosixPath:
        """The folder of the stack that the edge mounts, without those of other services."""
        return PurePosixPath(self.config).parent

    def owns(self, name: str) -> bool:
        """Return whether a file of the stack is read by the edge only, at a reload."""
        return self.folder in PurePosixPath(name).parents


def of(params: Mapping[str, Any]) -> Edge | None:
    """Return the edge that the module's option ``edge`` describes; None without that option."""
    given = params.get("edge")
    return Edge(given["service"], given["config"]) if given else None


@dataclass(frozen=True)
class Look:
    """What a running edge has loaded: whether it is what its files say, and the hosts that it sends requests to."""

    is_loaded: bool
    hosts: frozenset[str]


def look(container: Container) -> Look:
    """Ask a running edge what it has loaded."""
    files, running = engine_client.in_parallel(lambda words: _json(container, words), [ADAPT, RUNNING_CONFIG])
    # Those in files are known without Caddy.
    hosts = frozenset(address.rpartition(":")[0] for address in dials(running) if "{" not in address)
    return Look(files is not None and files == running, hosts)


def running_config(container: Container) -> Any:
    """Return the configuration that a running edge has loaded; None if it does not answer."""
    return _json(container, RUNNING_CONFIG)


def dials(config: Any) -> Iterator[str]:
    """Yield the address of each upstream in a configuration of Caddy, such as "backend:8000"."""
    if isinstance(config, dict):
        for name, value in config.items():
            if name == "dial" and isinstance(value, str):
                yield value
            else:
                yield from dials(value)
    elif isinstance(config, list):
        for item in config:
            yield from dials(item)


def reload(containers: Sequence[Container]) -> None:
    """Have each running edge load its files, unless it has.

    Raises UnhealthyError with Caddy's message; it keeps the old ones then.
    """

    def load(container: Container) -> None:
        if not look(container).is_loaded:
            _reload(container, RELOAD)

    engine_client.in_parallel(load, [item for item in containers if item.status == RUNNING])


def close_streams(containers: Sequence[Container]) -> None:
    """Have each running edge end its WebSockets, which a reload does, also one of the same files."""
    running = [item for item in containers if item.status == RUNNING]
    engine_client.in_parallel(lambda item: _reload(item, RELOAD_UNCHANGED), running)


def _reload(container: Container, words: Sequence[str]) -> None:
    done = execution.run(container, words)
    if done.exit_code:
        text = core_command.last_lines(done.text)
        raise UnhealthyError(
            f"{container.name} did not load its configuration: caddy reload ended with {done.exit_code}: {text}",
            hint="It serves with the configuration that it had before.",
        )


def _json(container: Container, words: Sequence[str]) -> Any:
    done = execution.read(container, words)
    try:
        return json.loads(done.output) if done.exit_code == 0 else None
    except ValueError:
        return None
