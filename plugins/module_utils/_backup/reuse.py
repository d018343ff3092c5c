# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reuse an existing backup instead of creating one: a recent one, or an unverified one of an earlier try.

A backup that is verified right after its creation, such as before a migration, is not created again each time the run
is repeated: the backup of the last try is verified instead. If it cannot be, because its key is gone, a new backup
replaces the earlier tries except the last one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import retention, run_key
from .catalogue import Backup

#: The age up to which a try is reused: its backup lacks what was written since.
LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Reuse:
    """The decisions for one run with ``params``; ``alike`` are the backups of the same kind, oldest first.

    ``revisions`` are the current schema revisions of the database.
    """

    params: Mapping[str, Any]
    now: datetime

    def recent(self, alike: Sequence[Backup]) -> Backup | None:
        """Return the newest backup that is not older than ``max_age``; None if a new one is needed."""
        if self.params["max_age"] is None:
            return None
        oldest = retention.parse_period(self.params["max_age"], "max_age")
        return self._newest(
            backup
            for backup in alike
            if not backup.manifest.damaged_at
            and backup.age(self.now) <= oldest
            and self.params["label"] in (None, backup.manifest.label)
        )

    def last_try(self, alike: Sequence[Backup], revisions: Sequence[str]) -> Backup | None:
        """Return the backup that only has to be verified; None if a new one is needed."""
        return self._newest(
            backup
            for backup in self._tries(alike, revisions)
            if backup.age(self.now) <= LONGEST and run_key.is_readable(backup, None)
        )

    def replaced(self, alike: Sequence[Backup], revisions: Sequence[str]) -> list[Backup]:
        """Return the tries to delete once a new backup is complete: all but the newest."""
        return self._tries(alike, revisions)[:-1]

    def _newest(self, backups: Iterable[Backup]) -> Backup | None:
        """Return the last one that is encrypted to the same keys and is not dated into the future."""
        recipients = set(self.params["recipients"] or ())
        usable = [
            backup
            for backup in backups
            if not backup.is_from_future(self.now) and set(backup.manifest.recipients) == recipients
        ]
        return usable[-1] if usable else None

    def _tries(self, alike: Sequence[Backup], revisions: Sequence[str]) -> list[Backup]:
        """Return the backups that were never verified, for the same schema, not pinned and with the same label.

        Without ``reuse_unverified`` the list is empty.
        """
        return [
            backup
            for backup in (alike if self.params["reuse_unverified"] else ())
            if backup.manifest.label == self.params["label"]
            and not backup.manifest.verified
            and not backup.manifest.damaged_at
            and not backup.manifest.pinned
            and backup.manifest.database is not None
            and sorted(backup.manifest.database.schema_revisions) == sorted(revisions)
        ]
