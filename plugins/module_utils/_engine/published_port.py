# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the database of a Compose project answers now, which is not where the next deploy will publish it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from . import client as engine_client

if TYPE_CHECKING:
    from docker import DockerClient

#: PostgreSQL's port in its container.
POSTGRES = 5432

PUBLISHED_OPTIONS: dict[str, Any] = {"login_service": {"type": "str"}}


def login(client: DockerClient, params: Mapping[str, Any]) -> Mapping[str, Any]:
    """``params`` with the port that the running container of ``login_service`` publishes as ``login_port``.

    As they are where no service is named, where none of its containers runs, and where it publishes no port.
    """
    service, project = params["login_service"], params["project_name"]
    if not service or not project:
        return params
    labels = [f"{engine_client.LABEL_PROJECT}={project}", f"{engine_client.LABEL_SERVICE}={service}"]
    with engine_client.asking(f"look for the port of {service}"):
        found = client.api.containers(filters={"label": labels})
    ports = [port for container in found for port in container["Ports"]]
    published = [port["PublicPort"] for port in ports if port["PrivatePort"] == POSTGRES and port.get("PublicPort")]
    return {**params, "login_port": published[0]} if published else params
