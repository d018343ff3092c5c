# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of a backup's verifications in its manifest, with the times that a recovery takes and loses.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from .._core import timestamps
from .catalogue import Backup, database_of
from .manifest import LEVELS, Manifest
from .manifest_keys import FAILED, PASSED

#: How many verifications a manifest keeps.
KEPT = 30
#: The characters of a reason that are kept.
_LONGEST_REASON = 1000


@dataclass(frozen=True)
class Outcome:
    """The outcome of one verification by ``level``. Times are in seconds; ``reason`` says why it failed.

    ``rto_seconds`` is from the beginning of the restore to a platform that serves, ``rpo_seconds`` the longest time
    without a backup around this one. A verification by restore measures neither.
    """

    level: str
    seconds: float
    rto_seconds: float | None = None
    rpo_seconds: float | None = None
    reason: str | None = None

    def proof(self, now: datetime) -> dict[str, Any]:
        """Return the entry of ``proofs`` for it."""
        return {
            "at": timestamps.format_time(now),
            "level": self.level,
            "result": FAILED if self.reason else PASSED,
            "host": platform.node(),
            "seconds": round(self.seconds, 1),
            "rto_seconds": None if self.rto_seconds is None else round(self.rto_seconds, 1),
            "rpo_seconds": None if self.rpo_seconds is None else round(self.rpo_seconds, 1),
            "reason": self.reason[:_LONGEST_REASON] if self.reason else None,
        }


def added(manifest: Manifest, proof: Mapping[str, Any]) -> Manifest:
    """Return a manifest with one more proof. The oldest ones beyond KEPT are left out."""
    return replace(manifest, proofs=(*manifest.proofs, proof)[-KEPT:])


def last_passed(manifest: Manifest, level: str) -> datetime | None:
    """Return when a backup was last verified by ``level`` or a higher one; None if no proof says so."""
    enough = LEVELS[LEVELS.index(level) :]
    found = [proof["at"] for proof in manifest.proofs if proof["result"] == PASSED and proof["level"] in enough]
    return max(map(timestamps.parse_time, found), default=None)


def recovery_point(backup: Backup, backups: Iterable[Backup], now: datetime) -> float:
    """Return the seconds of writes that were at risk around a backup: the longest time without one.

    From the previous backup of the same environment and database to this one, or from this one to the next, or to
    ``now`` if it is the newest. Backups that were found corrupt do not count.
    """
    own = backup.manifest
    times = sorted(
        other.manifest.created_at
        for other in backups
        if (other.manifest.environment, database_of(other.manifest)) == (own.environment, database_of(own))
        and other.manifest.id != own.id
        and not other.manifest.damaged_at
    )
    earlier = [time for time in times if time <= own.created_at]
    later = [time for time in times if time > own.created_at] or [max(now, own.created_at)]
    gaps = [later[0] - own.created_at, *([own.created_at - earlier[-1]] if earlier else [])]
    return max(gaps).total_seconds()
