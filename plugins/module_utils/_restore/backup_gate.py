# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Require a backup to roll back to before a migration: verified, recent, and of the current schema.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from .._backup.catalogue import Backup
from .._backup.manifest import LEVELS, RESTORE, Manifest
from .._core import timestamps
from .verification import is_verified


@dataclass(frozen=True)
class Gate:
    """The requirements. Any ``environment`` suits if it is not given; ``max_age`` is in hours."""

    database: str
    environment: str | None
    revisions: tuple[str, ...]
    max_age: float

    def choose(self, backups: Sequence[Backup], now: datetime) -> tuple[Backup | None, str | None]:
        """Return the newest suitable backup, or None and the reason, as a sentence without its final dot."""
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
        problems = []
        if backup.is_from_future(now):
            problems.append("is dated in the future")
        elif backup.age(now) > timestamps.span("backup_max_age", self.max_age, "hours"):
            problems.append(
                f"is {backup.age(now) / timedelta(hours=1):.1f} hours old, and {self.max_age:g} are allowed"
            )
        if not manifest.verified:
            problems.append("is not verified" + _rejection(manifest))
        elif not is_verified(backup, RESTORE, now, None):
            problems.append(self._unverified(manifest.verified["level"]))
        if revisions != self.revisions:
            problems.append(f"has {_schema(revisions)}, and the database has {_schema(self.revisions)}")
        return problems

    @staticmethod
    def _unverified(level: str) -> str:
        if level not in LEVELS[LEVELS.index(RESTORE) :]:
            return f"is verified by {level}, and not by {RESTORE}"
        return "has files that were changed since it was verified"


def _rejection(manifest: Manifest) -> str:
    """Return why an intact backup could not be verified, if that was tried."""
    tried = manifest.not_loaded
    return f" (it did not load at {tried['at']}: {tried['reason'].splitlines()[0]})" if tried else ""


def _schema(revisions: Sequence[str]) -> str:
    return f"the schema {', '.join(revisions)}" if revisions else "a schema without a revision"
