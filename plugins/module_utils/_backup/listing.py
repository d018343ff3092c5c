# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""List the backups in a directory, with what a retention policy would keep, as convosphere_db_backup_info returns them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .._core.work import Invocation
from . import catalogue as backup_catalogue
from . import names, paths, progress, retention, selection
from .catalogue import Backup, Catalogue, Scope


class Listing:
    """One run of convosphere_db_backup_info. ``spec`` is the module's argument spec."""

    def __init__(self, spec: Mapping[str, Any], invocation: Invocation) -> None:
        self.spec = spec
        self.params = invocation.params
        self.warn = invocation.warn
        self.now = datetime.now(timezone.utc)
        self.catalogue = Catalogue(Path(self.params["backup_dir"]))
        self.scope = Scope(self.params["environment_name"], self.params["database"])

    def report(self) -> dict[str, Any]:
        """Read the directory and return the module's return values."""
        paths.refuse(self.spec, self.params)
        names.refuse_unusable(self.params, "backup")
        backups, foreign = self.catalogue.read()
        reasons = self._reasons(backups)
        listed = [self._describe(backup, reasons) for backup in self._selected(backups)]
        directory = self.catalogue.directory
        return {
            "backups": listed,
            "foreign": [{"path": str(item.path), "reason": item.reason} for item in foreign],
            "in_progress": progress.read(directory / backup_catalogue.PROGRESS) if self.catalogue.is_locked() else None,
            "bytes": sum(backup["bytes"] for backup in listed),
            "bytes_free": shutil.disk_usage(directory).free if directory.is_dir() else None,
        }

    def _selected(self, backups: Sequence[Backup]) -> list[Backup]:
        """Return the backup that the option ``backup`` names, or all of the environment and database."""
        name = self.params["backup"]
        if not name:
            return [backup for backup in backups if self.scope.has(backup.manifest)]
        named = self.catalogue.find(name, self.now, self.scope)
        skipped = selection.warning(self.catalogue, name, named)
        if skipped:
            self.warn(skipped)
        return [backup for backup in backups if backup.manifest.id == named.manifest.id]

    def _reasons(self, backups: Sequence[Backup]) -> dict[str, list[str]]:
        """Return why the policy keeps each backup, by its id; an empty dictionary without a policy."""
        if not self.params["retention"]:
            return {}
        policy = retention.Policy.of(self.params["retention"])
        owners = {(each.manifest.environment, backup_catalogue.database_of(each.manifest)) for each in backups}
        reasons: dict[str, list[str]] = {}
        for environment, database in owners:
            for group in backup_catalogue.groups(backups, environment, database).values():
                entries = [retention.entry_of(backup.manifest) for backup in group]
                reasons.update(retention.decide(policy, entries, self.now))
        return reasons

    def _describe(self, backup: Backup, reasons: Mapping[str, list[str]]) -> dict[str, Any]:
        return {
            **backup.manifest.to_dict(),
            "age_hours": round(backup.age(self.now) / timedelta(hours=1), 2),
            "bytes": backup.manifest.size,
            "file": str(backup.paths()[1]),
            "keep": reasons.get(backup.manifest.id) if self.params["retention"] else None,
        }


def last_verified(directory: Path, params: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return ``{id, level, age_hours}`` of the newest verified backup of an environment, or None."""
    now, scope = datetime.now(timezone.utc), Scope(params["environment_name"], None)
    if not directory.is_dir():
        return None
    backups = [each for each in Catalogue(directory).read()[0] if scope.has(each.manifest)]
    verified = [each for each in backups if each.manifest.level and not each.manifest.damaged_at]
    if not verified:
        return None
    found = verified[-1]
    age = round(found.age(now) / timedelta(hours=1), 2)
    return {"id": found.manifest.id, "level": found.manifest.level, "age_hours": age}
