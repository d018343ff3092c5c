# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether there is a backup to go back to from a migration: proven, young, and of this database as it is now.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._backup.catalogue import Backup
from .._backup.manifest import RESTORE, Manifest
from .._core import timestamps
from .verification import is_verified


@dataclass(frozen=True)
class Gate:
    """What the backup must be of. ``environment`` is None where that does not matter; ``max_age`` is in hours."""

    database: str
    environment: str | None
    revisions: tuple[str, ...]
    max_age: float

    def choose(self, backups: Sequence[Backup], now: datetime) -> tuple[Backup | None, str | None]:
        """The newest backup that will do, or else None and why there is none, as a sentence without its final dot."""
        own = [backup for backup in backups if self._is_own(backup)]
        for backup in reversed(own):
            if not self._objections(backup, now):
                return backup, None
        where = f"database {self.database}" + (f" of environment {self.environment}" if self.environment else "")
        if not own:
            return None, f"There is no backup of {where}"
        newest = own[-1]
        return (
            None,
            f"The newest backup of {where}, {newest.manifest.id}, {' and '.join(self._objections(newest, now))}",
        )

    def _is_own(self, backup: Backup) -> bool:
        manifest = backup.manifest
        return (
            manifest.database is not None
            and manifest.database.name == self.database
            and self.environment in (None, manifest.environment)
        )

    def _objections(self, backup: Backup, now: datetime) -> list[str]:
        manifest = backup.manifest
        revisions = tuple(sorted(manifest.database.schema_revisions)) if manifest.database else ()
        found = []
        if backup.is_from_future(now):
            found.append("is dated in the future")
        elif backup.age(now) > timestamps.span("backup_max_age", self.max_age, "hours"):
            found.append(f"is {backup.age(now) / timedelta(hours=1):.1f} hours old, and may be {self.max_age:g}")
        if not manifest.verified:
            found.append("is not verified" + _rejected(manifest))
        elif not is_verified(backup, RESTORE, now, None):
            found.append(self._unproven(manifest.verified["level"]))
        if revisions != self.revisions:
            found.append(f"has the schema {_told(revisions)}, and the database is at {_told(self.revisions)}")
        return found

    @staticmethod
    def _unproven(level: str) -> str:
        if level != RESTORE:
            return f"is verified by {level} only, and not by {RESTORE}"
        return "has files that were changed since it was verified"


def _rejected(manifest: Manifest) -> str:
    """Return why a backup that is whole could not be verified, if that was tried."""
    tried = manifest.not_loaded
    return f" (it did not load at {tried['at']}: {tried['reason'].splitlines()[0]})" if tried else ""


def _told(revisions: Sequence[str]) -> str:
    return ", ".join(revisions) or "without a revision"
