# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise that a deploy creates the volume of the database, whose owner then gets the password of the first start.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._engine import client as engine_client
from . import secrets

if TYPE_CHECKING:
    from docker import DockerClient

SERVICE, VOLUME = "postgres", "postgres_data"
_LABEL_VOLUME = "com.docker.compose.volume"


def adapt(stored: secrets.Secrets, project: str, client: DockerClient | None) -> None:
    """Have the owner log in if the volume is missing after a rotation, as on a new host. Costs nothing before one."""
    if client is None or secrets.INITIAL not in stored.current:
        return
    own = f"{engine_client.LABEL_PROJECT}={project}"
    volume: dict[str, Any] = {"label": [own, f"{_LABEL_VOLUME}={VOLUME}"]}
    service: dict[str, Any] = {"label": [own, f"{engine_client.LABEL_SERVICE}={SERVICE}"]}
    with engine_client.asking(f"look for the volume of {SERVICE}"):
        present = client.api.volumes(filters=volume)["Volumes"] or client.api.containers(all=True, filters=service)
    if not present:
        stored.begin_anew()
