# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers for unit tests: real objects of the Docker SDK around what an engine would say, and no engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from unittest.mock import Mock

from docker.models.containers import Container

LONG_AGO = "2026-01-31T12:00:00.123456789Z"


def container(
    service: str,
    status: str = "running",
    *,
    number: int = 1,
    health: str | None = None,
    exit_code: int = 0,
    restarts: int = 0,
    started: str = LONG_AGO,
    labels: Mapping[str, str] | None = None,
    probes: list[dict[str, Any]] | None = None,
    **attributes: Any,
) -> Container:
    """Build a container of the Compose project `p`. `attributes` are added to those that the engine would report."""
    state: dict[str, Any] = {"Status": status, "ExitCode": exit_code, "StartedAt": started, "Error": ""}
    if health:
        state["Health"] = {"Status": health, "Log": probes or []}
    name = f"p-{service}-{number}"
    default = {"com.docker.compose.project": "p", "com.docker.compose.service": service}
    attrs = {
        "Id": name,
        "Name": f"/{name}",
        "Image": "sha256:1234",
        "State": state,
        "RestartCount": restarts,
        "Config": {"Image": "registry:5000/app:1.0", "Labels": {**default, **(labels or {})}},
        "HostConfig": {"Memory": 0},
        "NetworkSettings": {"Ports": {}},
        **attributes,
    }
    client = Mock()
    client.api.logs.return_value = b"first\n\nlast \xff\n"
    return Container(attrs=attrs, client=client)


def depends_on(**conditions: str) -> dict[str, str]:
    """Return the label that Compose writes: `database="service_healthy"` and so on."""
    items = [f"{name}:{condition}:false" for name, condition in conditions.items()]
    return {"com.docker.compose.depends_on": ",".join(items)}


def engine(*containers: Container) -> Any:
    """Return a client of an engine that has these containers."""
    client = Mock()
    client.containers.list.return_value = list(containers)
    return client
