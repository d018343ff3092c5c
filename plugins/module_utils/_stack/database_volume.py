# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Recognise that a deploy creates the volume of the database, whose owner then gets the password of the first start.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from .._core import dotenv, files
from .._engine import client as engine_client
from .._engine import compose_cli, compose_parser
from .._postgres import credentials
from . import secrets

if TYPE_CHECKING:
    from docker import DockerClient

SERVICE, VOLUME = "postgres", "postgres_data"
_LABEL_VOLUME = "com.docker.compose.volume"


def adapt(stored: secrets.Secrets, project: str, client: DockerClient | None) -> None:
    """Have the owner log in if the volume is missing after a rotation, as on a new host. Costs nothing before one."""
    if client is not None and secrets.INITIAL in stored.current and not _exists(project, client):
        stored.begin_anew()


def adapt_file(directory: Path, project: str, client: DockerClient) -> None:
    """Do the same in the file of a stack of which only the database is about to be created."""
    variables = secrets.variables_in(directory)
    if secrets.INITIAL not in variables or _exists(project, client):
        return
    login = urlsplit(variables.get(credentials.URL, "")).username or ""
    owner, password = _owner(directory), variables[credentials.PASSWORD]
    if owner is None or unquote(login) not in credentials.logins(owner):
        return  # a URL that the inventory gives
    new = {
        secrets.INITIAL: password,
        credentials.URL: variables[credentials.URL].replace(f"//{login}:", f"//{quote(owner, safe='')}:", 1),
    }
    text = files.read_text(directory / secrets.FILE) or ""
    files.write_text(directory / secrets.FILE, dotenv.merge(text, new, secrets.HEADER), "0600")


def _owner(directory: Path) -> str | None:
    """Return the owner of the database, as the Compose file of a stack names it; None if it names none."""
    services = compose_parser.parse(files.read_text(directory / compose_cli.FILE_NAMES[0]) or "") or {}
    variables = services.get(SERVICE, {}).get("environment")
    return (variables if isinstance(variables, dict) else {}).get("POSTGRES_USER")


def _exists(project: str, client: DockerClient) -> bool:
    """Return whether the database has a volume or a container."""
    own = f"{engine_client.LABEL_PROJECT}={project}"
    volume: dict[str, Any] = {"label": [own, f"{_LABEL_VOLUME}={VOLUME}"]}
    service: dict[str, Any] = {"label": [own, f"{engine_client.LABEL_SERVICE}={SERVICE}"]}
    with engine_client.asking(f"look for the volume of {SERVICE}"):
        volumes = client.api.volumes(filters=volume)["Volumes"]
        return bool(volumes or client.api.containers(all=True, filters=service))
