# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the disks of directories, and estimate from earlier runs when they are full.

Earlier measurements are in the records of runs, under ``filesystems`` of their details.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .._core import run_record, timestamps
from . import engine_probe, requirements

DETAIL = "filesystems"
#: The period of the history, and the least one from which a growth is known.
_HISTORY, _LEAST = timedelta(days=30), timedelta(hours=20)
_DAY = timedelta(days=1).total_seconds()
#: More days than this are no forecast.
_FAR = 3650


@dataclass(frozen=True)
class Sample:
    """The bytes of a disk at a time."""

    at: datetime
    size: int
    free: int


def measure(paths: Sequence[str], docker_host: str, timeout: float) -> dict[str, tuple[list[str], int, int]]:
    """Return, by mount point, the measured paths, the size and the free bytes. Docker's root is one more path."""
    state = engine_probe.EngineProbe(docker_host, timeout).state()
    engine = [state["root"]] if state["state"] == engine_probe.RUNNING else []
    found: dict[str, tuple[list[str], int, int]] = {}
    for path in dict.fromkeys([*paths, *engine]):
        space = requirements.space(path, 0)
        mount = space["file_system"]
        figures = os.statvfs(mount)
        # As df does: what only root may use counts as used by none.
        size = (figures.f_blocks - figures.f_bfree + figures.f_bavail) * figures.f_frsize
        listed = found[mount][0] if mount in found else []
        found[mount] = ([*listed, path], size, figures.f_bavail * figures.f_frsize)
    return found


def report(params: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Return the values of convosphere_disk_info, of which ``params`` are the options."""
    runs_file = params["runs_file"]
    records = list(run_record.read(Path(runs_file), now - _HISTORY)) if runs_file else []
    found = []
    for mount, (paths, size, free) in measure(params["paths"], params["docker_host"], params["timeout"]).items():
        history = [*samples(records, mount), Sample(now, size, free)]
        growth = growth_per_day(history)
        found.append(
            {
                "path": mount,
                "directories": paths,
                "size_bytes": size,
                "free_bytes": free,
                "growth_bytes_per_day": growth,
                "days_until_full": days_until_full(free, growth),
            }
        )
    return {"filesystems": found}


def samples(records: Iterable[Mapping[str, Any]], mount: str) -> Iterator[Sample]:
    """Yield the measurements of a disk in the records of runs. Other records are ignored."""
    for record in records:
        details = record.get("details")
        listed = details.get(DETAIL) if isinstance(details, Mapping) else None
        for each in listed if isinstance(listed, list) else ():
            try:
                if each["path"] == mount:
                    at = timestamps.parse_time(record["until"])
                    yield Sample(at, int(each["size_bytes"]), int(each["free_bytes"]))
            except (KeyError, TypeError, ValueError):
                continue


def growth_per_day(history: Sequence[Sample]) -> int | None:
    """Return by how many bytes a day the used part grows, by least squares; None if too little is known.

    Measurements before the disk got its current size do not count.
    """
    same = [each for each in history if each.size == history[-1].size]
    if same[-1].at - min(each.at for each in same) < _LEAST:
        return None
    days = [(each.at - same[0].at).total_seconds() / _DAY for each in same]
    used = [each.size - each.free for each in same]
    middle, average = sum(days) / len(days), sum(used) / len(used)
    spread = sum((day - middle) ** 2 for day in days)
    return round(sum((day - middle) * (each - average) for day, each in zip(days, used)) / spread)


def days_until_full(free: int, growth: int | None) -> int | None:
    """Return in how many days no byte is free; None if the disk does not grow, or hardly."""
    if growth is None or growth <= 0 or free // growth > _FAR:
        return None
    return free // growth
