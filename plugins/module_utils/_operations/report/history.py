# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Continue the history of a report: sizes, durations and measured recoveries. Each report has all of it.

Retention deletes backups, and old reports are removed, so that each report takes the points of the one before it.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

#: The number of points of each curve: a year of nights.
POINTS = 366

Point = dict[str, Any]
Facts = Mapping[str, Any]


def continued(previous: Facts | None, run: Point, backups: Sequence[Facts]) -> dict[str, list[Point]]:
    """Return ``{runs, backups, recoveries}``, each oldest first and with its time ``at``."""
    earlier = (previous or {}).get("history") or {}
    return {
        "runs": _joined(earlier.get("runs"), [run], "run"),
        "backups": _joined(earlier.get("backups"), map(_backup, backups), "id"),
        "recoveries": _joined(earlier.get("recoveries"), recoveries(backups), "at"),
    }


def recoveries(backups: Sequence[Facts]) -> list[Point]:
    """Return the proofs that measured how long a recovery takes, oldest first."""
    found = [
        {"at": proof["at"], "level": proof["level"], "rto_seconds": proof["rto_seconds"], "backup": backup["id"]}
        for backup in backups
        for proof in backup["proofs"]
        if proof.get("result") == "passed" and proof.get("rto_seconds") is not None
    ]
    return sorted(found, key=lambda point: str(point["at"]))


def _backup(backup: Facts) -> Point:
    return {
        "id": backup["id"],
        "at": backup["created_at"],
        "bytes": backup["bytes"],
        "database_bytes": backup["database_bytes"],
        "seconds": backup["duration"],
    }


def _joined(earlier: Iterable[Point] | None, present: Iterable[Point], key: str) -> list[Point]:
    """Return both without repetition; of two points with the same key the present one."""
    points = {str(point[key]): point for point in (*(earlier or ()), *present)}
    return sorted(points.values(), key=lambda point: str(point["at"]))[-POINTS:]
