# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prove that the container of PostgreSQL belongs to this environment, and is the server of the connection.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from .._core.errors import InputError
from .._engine import client
from .._host import environment_directory
from .._host.engine_probe import EngineProbe
from .._postgres.connection import LOOPBACK

_PORT = "5432/tcp"


def refuse_foreign_server(params: Mapping[str, Any]) -> None:
    """Raise InputError if ``login_container`` is of another environment, or not the server at ``login_port``.

    ``params`` have the options of the connection, of the engine, and ``environment_name``. A container without a
    Compose project has no owner, and is accepted. Costs one request to the engine.
    """
    name = params["login_container"]
    container = _inspect(params["docker_host"], name) if name else None
    if container is None:
        return
    labels = container["Config"].get("Labels") or {}
    project, origin = labels.get(client.LABEL_PROJECT), labels.get(client.LABEL_WORKING_DIRECTORY)
    if project and origin:
        directory, environment = Path(origin), params["environment_name"]
        problem = environment_directory.objection(directory, environment, project)
        if problem or not environment_directory.claims(directory):
            why = problem[0] if problem else f"{directory} does not name an environment"
            raise InputError(
                f"The container {name} is not shown to be that of the environment {environment}: {why}",
                hint="Nothing was changed. Check login_container and environment_name.",
            )
    _refuse_other_port(params, name, (container.get("NetworkSettings") or {}).get("Ports") or {})


def _refuse_other_port(params: Mapping[str, Any], name: str, ports: Mapping[str, Any]) -> None:
    published = {str(item["HostPort"]) for item in ports.get(_PORT) or []}
    local = not params["login_unix_socket"] and params["login_host"] in LOOPBACK
    if published and local and str(params["login_port"]) not in published:
        raise InputError(
            f"The container {name} publishes PostgreSQL at port {', '.join(sorted(published))}, and login_port is "
            f"{params['login_port']}: these are two servers",
            hint="Nothing was changed. Give the port and the container of one server.",
        )


def _inspect(docker_host: str, name: str) -> dict[str, Any] | None:
    """Return the engine's description of a container; None if it does not answer, which later steps report."""
    try:
        return dict(EngineProbe(docker_host, 30).get(f"/containers/{quote(name, safe='')}/json"))
    except (OSError, http.client.HTTPException, ValueError, InputError):
        return None
