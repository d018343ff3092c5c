# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare the environment of containers, to which the Docker client adds its proxies.

Compose adds the ``proxies`` of the client's config.json to every container that it creates, but not to its hash of a
service: a container keeps a proxy that was removed, and lacks one that was added.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import files
from .._core.errors import InputError

if TYPE_CHECKING:
    from docker.models.containers import Container

#: The variables that the client sets, in capitals and in small letters, by its own name of them (docker/cli, config).
_VARIABLES = {
    "httpProxy": "HTTP_PROXY",
    "httpsProxy": "HTTPS_PROXY",
    "ftpProxy": "FTP_PROXY",
    "noProxy": "NO_PROXY",
    "allProxy": "ALL_PROXY",
}
NAMES = frozenset(spelled for name in _VARIABLES.values() for spelled in (name, name.lower()))
BYPASS = ("NO_PROXY", "no_proxy")


def of_client(docker_host: str) -> dict[str, str]:
    """Return the variables that the Docker client adds to the containers of this engine; empty without proxies.

    Raises InputError if its config.json cannot be read: the client itself would fail.
    """
    path = Path(os.environ.get("DOCKER_CONFIG") or "~/.docker").expanduser() / "config.json"
    text = files.read_text(path)
    if text is None:
        return {}
    try:
        proxies = json.loads(text).get("proxies") or {}
        chosen = proxies.get(docker_host) or proxies.get("default") or {}
        found = {variable: str(chosen[name]) for name, variable in _VARIABLES.items() if chosen.get(name)}
    except (ValueError, AttributeError) as error:  # the text is not shown: it may contain the password of a registry
        raise InputError(
            f"The configuration of the Docker client, {path}, is not valid JSON",
            hint="Nothing was changed. Correct that file on the host, or rename it.",
        ) from error
    return {spelled: value for name, value in found.items() for spelled in (name, name.lower())}


def environment(service: Mapping[str, Any], client: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a container of a service of Compose's model, without those of its image."""
    # Compose doubles each dollar sign in its model, so that the model is a Compose file too.
    own = (service.get("environment") or {}).items()
    given = {name: None if value is None else str(value).replace("$$", "$") for name, value in own}
    return {name: value for name, value in {**client, **given}.items() if value is not None}


def stale(desired: Mapping[str, str], of_image: Iterable[str], container: Container) -> list[str]:
    """Return the names of the variables whose value in a container differs, sorted.

    ``desired`` is its ``environment``; ``of_image`` are the names in its image. Other variables count only if they are
    those of proxies, because some programs add variables of their own.
    """
    pairs = (entry.partition("=") for entry in container.attrs["Config"].get("Env") or [])
    current = {name: value for name, _sign, value in pairs}
    surplus = (current.keys() & NAMES) - desired.keys() - set(of_image)
    return sorted(surplus | {name for name, value in desired.items() if current.get(name) != value})


def not_bypassed(services: Mapping[str, Mapping[str, Any]], client: Mapping[str, str]) -> list[str]:
    """Return the hosts that the client's configuration excepts from proxies, but not a service's own NO_PROXY.

    If a service has a NO_PROXY of its own, Compose does not add that of the client.
    """
    excepted = [host.strip() for host in client.get(BYPASS[0], "").split(",") if host.strip()]
    own = [
        set(str(value).split(","))
        for service in services.values()
        for name, value in (service.get("environment") or {}).items()
        if name in BYPASS and value is not None
    ]
    return [host for host in excepted if any(host not in hosts for hosts in own)]
