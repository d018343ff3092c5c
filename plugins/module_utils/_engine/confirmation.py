# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse to destroy anything unless the environment's name was given once more, and list the losses.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import http.client
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core.errors import InputError
from .._host.engine_probe import EngineProbe
from .._host.requirements import readable
from . import client as engine_client

if TYPE_CHECKING:
    from docker import DockerClient

_SIZES_TIMEOUT = 30  # seconds
CONFIRM_OPTION: dict[str, Any] = {"confirm": {"type": "str"}}


def refuse_unconfirmed(
    params: Mapping[str, Any],
    step: str,
    losses: Callable[[], Sequence[str]],
    *,
    check_mode: bool,
    warn: Callable[[str], None],
    expected: str | None = None,
) -> None:
    """Raise InputError unless ``confirm`` of ``params`` is ``environment_name``; check mode without it warns.

    If ``expected`` is given, it is that instead.

    ``step`` is a sentence about the operation; ``losses`` returns the affected objects and is called on a refusal.
    """
    confirm, environment = params["confirm"] or "", expected or params["environment_name"]
    if confirm == environment:
        return
    if check_mode and not confirm:
        warn(f"Check mode changes nothing. Without confirm, the real run refuses: give confirm={environment}.")
        return
    concerned = list(losses())
    raise InputError(
        "\n".join([step, *(f"- {item}" for item in concerned)]),
        hint=f"\nNothing was changed; confirm is {confirm!r}, not {environment!r}. Next: -e confirm={environment} "
        f"for a playbook of the collection, confirm: {environment} for this module.",
        concerned=concerned,
    )


def project_objects(client: DockerClient, docker_host: str, name: str, *, volumes: bool = True) -> list[str]:
    """Return a sentence for each container and volume of a Compose project, with the size of each volume."""
    containers = engine_client.list_containers(client, name)
    found = [f"container {engine_client.listed_name(item)} ({item['State']})" for item in containers]
    if volumes:
        with engine_client.asking(f"list the volumes of project {name}"):
            listed = client.api.volumes(filters={"label": f"{engine_client.LABEL_PROJECT}={name}"})["Volumes"] or []
        names = [item["Name"] for item in listed]
        sizes = volume_sizes(docker_host) if names else {}
        found += [f"volume {item} ({_size(sizes.get(item))})" for item in names]
    return sorted(found)


def volume_sizes(docker_host: str) -> dict[str, int]:
    """Return the bytes of each volume of the engine, by name; those that it does not report are left out."""
    try:
        # Without the type, the engine would also measure all images and layers, which takes much longer.
        answer = EngineProbe(docker_host, _SIZES_TIMEOUT).get("/system/df?type=volume")
    except (OSError, http.client.HTTPException, ValueError, InputError):
        return {}  # an unknown size must not hide the objects that would be removed
    usage = {item["Name"]: (item.get("UsageData") or {}).get("Size", -1) for item in answer.get("Volumes") or []}
    return {name: size for name, size in usage.items() if size >= 0}


def directory_line(directory: Path) -> str:
    """Return a directory with the bytes of all its files."""
    sizes = (_bytes_of(Path(folder) / name) for folder, _folders, names in os.walk(directory) for name in names)
    return f"directory {directory} ({_size(sum(sizes))})"


def _bytes_of(path: Path) -> int:
    try:
        return path.lstat().st_size
    except OSError:  # removed in the meantime
        return 0


def _size(count: int | None) -> str:
    return "size unknown" if count is None else readable(count)
