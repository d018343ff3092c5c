# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups that are verified right after they are made, such as before a migration: not a new one for each try.

If the verification fails, and the run is tried again, the backup of the last try is verified, and not another one made.
If that cannot be, for its key is gone, the new one takes the place of those before, but for the last of them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from . import run_key
from .catalogue import Backup

#: How long ago the last try may have been. What was written since is not in its backup.
LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Reuse:
    """``params`` are those of the module, ``revisions`` the schema revisions of the database as it is now.

    Without ``reuse_unverified`` there is never a last try.
    """

    params: Mapping[str, Any]
    revisions: Sequence[str]

    def last_try(self, alike: Sequence[Backup], now: datetime) -> Backup | None:
        """Return the backup that only has to be verified; None if a new one is needed. ``alike`` are oldest first."""
        found = [
            backup
            for backup in self._tries(alike)
            if not backup.is_from_future(now)
            and backup.age(now) <= LONGEST
            and set(backup.manifest.recipients) == set(self.params["recipients"] or ())
            and run_key.is_readable(backup, None)
        ]
        return found[-1] if found else None

    def replaced(self, alike: Sequence[Backup]) -> list[Backup]:
        """Return those that a new one takes the place of, once it is safe. The newest of them stays beside it."""
        return self._tries(alike)[:-1]

    def _tries(self, alike: Sequence[Backup]) -> list[Backup]:
        """Return those that were never verified, for the same schema. One that is pinned or labelled anew is not."""
        return [
            backup
            for backup in (alike if self.params["reuse_unverified"] else ())
            if backup.manifest.label == self.params["label"]
            and not backup.manifest.verified
            and not backup.manifest.damaged_at
            and not backup.manifest.pinned
            and backup.manifest.database is not None
            and sorted(backup.manifest.database.schema_revisions) == sorted(self.revisions)
        ]
