# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plan and apply changes to backups that exist: label and pin, deletion by name, retention.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .._core.errors import InputError
from .._core.plan import CREATE, DELETE, UPDATE, Change, Plan, compare
from . import catalogue as backup_catalogue
from . import manifest as backup_manifest
from . import names, retention
from .catalogue import Backup, Catalogue, Scope
from .manifest import Manifest


class ExistingBackups:
    """The backups in ``catalogue``, as ``read`` found them, and what ``params`` of convosphere_db_backup change."""

    def __init__(self, params: Mapping[str, Any], catalogue: Catalogue, now: datetime) -> None:
        self.params = params
        self.catalogue = catalogue
        self.now = now
        self.scope = Scope(params["environment_name"], params["login_db"])
        #: All of them, oldest first.
        self.backups: list[Backup] = []

    def read(self) -> None:
        """Read the manifests of all backups."""
        self.backups, _foreign = self.catalogue.read()

    def alike(self) -> list[Backup]:
        """Return the backups of the same environment and database with the same components, oldest first."""
        groups = backup_catalogue.groups(self.backups, self.params["environment_name"], self.params["login_db"])
        return groups.get(tuple(sorted(self.params["include"])), [])

    def find(self, name: str) -> Backup:
        """Return the backup to label or pin. Raises InputError unless it is in scope or ``force`` is given."""
        backup = self.catalogue.find(name, self.now, self.scope)
        if not self.params["force"]:
            self._refuse_out_of_scope(backup)
        return backup

    def update(self, backup: Backup) -> list[Change]:
        """Return the change of label and pin of one backup, if there is any."""
        desired = {key: self.params[key] for key in ("label", "pinned") if self.params[key] is not None}
        change = compare(backup.manifest.id, desired, backup_catalogue.summary(backup.manifest))
        return [change] if change else []

    def deletions(self, name: str) -> list[Change]:
        """Return the deletion of the backup with this id or file, or of all in scope with this label.

        Raises InputError if one of them must not be deleted without ``force``.
        """
        named = self._to_delete(name)
        for backup in [] if self.params["force"] else named:
            self._refuse_out_of_scope(backup)
            self._refuse_loss(backup)
        return [deletion(backup) for backup in named]

    def surplus(self, plan: Plan, current: str | None) -> list[Change]:
        """Return the deletion of the backups that retention does not keep once ``plan`` is applied.

        The backup that the run is about, with the id ``current``, is never among them.
        """
        if not self.params["retention"]:
            return []
        deleted = plan.names(DELETE)
        remaining = [
            replace(backup, manifest=planned(backup.manifest, plan))
            for backup in self.backups
            if backup.manifest.id not in deleted
        ]
        creates = bool(plan.of(CREATE))
        return [
            deletion(backup)
            for backup in retention.surplus(self.params, remaining, self.now, creates=creates, current=current)
        ]

    def apply(self, plan: Plan) -> None:
        """Save changed manifests, then delete backups."""
        by_id = {backup.manifest.id: backup for backup in self.backups}
        for change in plan.of(UPDATE):
            self.catalogue.save(replace(by_id[change.name].manifest, **(change.after or {})))
        for name in plan.names(DELETE):
            self.catalogue.remove(by_id[name])

    def _to_delete(self, name: str) -> list[Backup]:
        """Return the backups that ``name`` means, none if they are gone. Raises InputError for an invalid one."""
        if name in (names.LATEST, names.LATEST_VERIFIED):
            raise InputError(
                f"backup={name} cannot be used with state=absent: it means another backup after each deletion",
                hint="Give an id.",
            )
        labelled = [
            backup for backup in self.backups if backup.manifest.label == name and self.scope.has(backup.manifest)
        ]
        # An older backup may have a label that reads like the id of a backup that is gone.
        if labelled and not names.means_one(name):
            return labelled
        return [self.catalogue.find(name, self.now, self.scope)] if self._exists(Path(name).name) else []

    def _exists(self, name: str) -> bool:
        """Return True if there is a file with this name, or any file of the backup with this id."""
        return any(
            current == name or (backup_manifest.is_id(name) and current.startswith(f"{name}."))
            for current in self.catalogue.names()
        )

    def _refuse_out_of_scope(self, backup: Backup) -> None:
        problems = self.scope.objections(backup.manifest)
        if problems:
            raise InputError.of(problems, hint="Nothing was changed. If you mean that backup, set force: true.")

    def _refuse_loss(self, backup: Backup) -> None:
        """Raise InputError if a backup is pinned, or the last verified one of its kind."""
        manifest = backup.manifest
        groups = backup_catalogue.groups(self.backups, manifest.environment, backup_catalogue.database_of(manifest))
        entries = [retention.entry_of(each.manifest) for each in groups[tuple(sorted(manifest.include))]]
        last = retention.last_verified(entries[::-1])
        reasons = ["it is pinned"] if manifest.pinned else []
        reasons += [f"it is the {reason} one" for reason, entry in last.items() if entry.id == manifest.id]
        if reasons:
            raise InputError(
                f"The backup {manifest.id} is not deleted: {' and '.join(reasons)}",
                hint="Set pinned: false, verify a newer backup, or set force: true.",
            )


def deletion(backup: Backup) -> Change:
    """Return the change of a plan that deletes a backup."""
    return Change(backup.manifest.id, DELETE, backup_catalogue.summary(backup.manifest), None)


def planned(manifest: Manifest, plan: Plan) -> Manifest:
    """Return a manifest with the plan's update, if there is one."""
    return replace(manifest, **next((change.after or {} for change in plan if change.name == manifest.id), {}))
