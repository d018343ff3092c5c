# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read what decides whether a deploy can succeed on a host: memory, clock, files of secrets, running services.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from .engine_probe import EngineProbe

_PROJECT = "com.docker.compose.project"
_SERVICE = "com.docker.compose.service"
_MEMORY = Path("/proc/meminfo")


def memory() -> dict[str, int | None]:
    """Return ``{total_bytes, available_bytes}`` of the host; None for what its kernel does not report."""
    try:
        lines = dict(line.split(":", 1) for line in _MEMORY.read_text(encoding="ascii").splitlines())
    except (OSError, ValueError):
        lines = {}
    return {
        name: int(lines[field].split()[0]) * 1024 if field in lines else None
        for name, field in (("total_bytes", "MemTotal"), ("available_bytes", "MemAvailable"))
    }


def exposed_secrets(paths: Iterable[str]) -> list[str]:
    """Return a sentence for each file of secrets that other users than root can read. Missing ones are skipped."""
    found = []
    for path in map(Path, paths):
        try:
            details = path.lstat()
        except OSError:
            continue
        mode = stat.S_IMODE(details.st_mode)
        if not stat.S_ISREG(details.st_mode):
            found.append(f"{path} holds secrets and is no regular file. Replace it with a file of root, of mode 0600")
        elif mode & 0o077:
            found.append(f"{path} holds secrets and has mode {mode:04o}: other users can read it. chmod 0600 {path}")
    return found


def running(probe: EngineProbe, project: str, services: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the running containers of a project by service, ``{image, image_id, memory_bytes}`` of the largest one.

    ``memory_bytes`` is None if the engine does not report it.
    """
    desired = set(services)
    found: dict[str, dict[str, Any]] = {}
    for container in probe.get("/containers/json") if desired else []:
        labels = container.get("Labels") or {}
        name = labels.get(_SERVICE)
        if labels.get(_PROJECT) != project or name not in desired:
            continue
        used = _used(probe, container["Id"])
        if name not in found or (used or 0) > (found[name]["memory_bytes"] or 0):
            image = {"image": container.get("Image"), "image_id": container.get("ImageID")}
            found[name] = {**image, "memory_bytes": used}
    return found


def _used(probe: EngineProbe, container: str) -> int | None:
    """Return the memory that a container uses, without the files that the kernel would drop from its cache."""
    try:
        figures: Mapping[str, Any] = probe.get(f"/containers/{container}/stats?stream=false&one-shot=true")
    except (OSError, ValueError):
        return None
    usage = (figures.get("memory_stats") or {}).get("usage")
    details = (figures.get("memory_stats") or {}).get("stats") or {}
    cached = details.get("total_inactive_file") or details.get("inactive_file") or 0
    return None if usage is None else max(0, int(usage) - int(cached))
