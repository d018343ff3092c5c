# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run convosphere_db_backup: a new backup, changes to existing ones, and the copies of both.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import InputError
from .._core.plan import CREATE, DELETE, Change, Plan
from .._core.work import Invocation, Work
from .._host import environment_directory
from .._stack import server_owner
from . import components, existing_backups, freeze_elsewhere, names, paths
from .catalogue import Backup, Catalogue
from .copy_to import BackupCopies
from .creation import Creation
from .existing_backups import ExistingBackups
from .manifest import Manifest
from .names import NEW
from .reuse import Reuse


class BackupRun(Work):
    """One run of convosphere_db_backup. ``spec`` is the module's argument spec; ``now`` is for tests."""

    def __init__(self, spec: Mapping[str, Any], invocation: Invocation, now: datetime | None = None) -> None:
        self.spec = spec
        self.params = invocation.params
        self.check_mode = invocation.check_mode
        self.now = now or datetime.now(timezone.utc)
        self.catalogue = Catalogue(Path(self.params["backup_dir"]))
        self.existing = ExistingBackups(self.params, self.catalogue, self.now)
        self.creation = Creation(self.params, self.catalogue)
        self.copies = BackupCopies(self.params, self.now)
        self.held = ExitStack()
        #: The plan without the copies.
        self.local = Plan()
        #: The backup that the run is about: created, labelled, pinned or found recent enough.
        self.backup: Backup | None = None

    def plan(self) -> Plan:
        """Plan the creation, updates and deletions in backup_dir, and the same for the copies."""
        self._refuse_unusable_options()
        if not self.check_mode and (self._is_present() or self.catalogue.directory.is_dir()):
            # A backup holds all data of the platform, so that only the owner may read it.
            files.make_private(self.catalogue.directory)
            self.held.enter_context(self.catalogue.lock())
        self.existing.read()
        own = Plan(tuple(self._own_changes()))
        current = self.backup.manifest.id if self.backup else None
        self.local = own + Plan(tuple(self.existing.surplus(own, current)))
        new = NEW if self.local.of(CREATE) else None
        manifest = self._planned_manifest()
        plan = self.local + self.copies.plan(manifest, new, self.existing.backups)
        if self.check_mode:
            self.copies.complain(None, new or current, self.local.names(DELETE))
        return plan

    def apply(self, plan: Plan) -> None:
        """Create the backup, then change and delete existing ones, then do the same for the copies."""
        self.catalogue.clear_unfinished()
        self.creation.keys.clear(self.catalogue.read()[0])
        if self.local.of(CREATE):
            self.backup = self.creation.run()
        self.existing.apply(self.local)
        self.copies.apply(self._current(), self.catalogue)

    def verify(self, plan: Plan) -> None:
        """Raise CopyError if copying failed anywhere, after everything else was done."""
        self.copies.complain(self._current(), deleted=self.local.names(DELETE))

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the backup, its copies, and what was deleted."""
        return {
            **self._backup_values(),
            "copies": self.copies.titles(),
            "deleted": self.local.names(DELETE),
            "deleted_copies": self.copies.deleted(),
        }

    def close(self) -> None:
        """Release the components and the lock, and tell the run that pauses other hosts that this is the end."""
        self.creation.close()
        elsewhere = freeze_elsewhere.of(self.params)
        if elsewhere and not self.check_mode:
            elsewhere.end()
        self.held.close()

    def _refuse_unusable_options(self) -> None:
        """Raise InputError for options that cannot be used, and for a directory or server of another environment."""
        paths.refuse(self.spec, self.params)
        if self.params["expected"] and not self.check_mode:
            raise InputError(
                "expected can be used in check mode only: a real run does not count on backups that do not exist",
                hint="Leave it out, or run the task in check mode.",
            )
        environment_directory.refuse_foreign_backups(self.catalogue.directory, self.params["environment_name"])
        if self._is_present():
            server_owner.refuse_foreign_server(self.params)
        components.refuse_without_database(self.params["include"])
        names.refuse_unusable(self.params, "backup")
        if self.params["label"] is not None:
            names.refuse_label(self.params["label"])

    def _own_changes(self) -> list[Change]:
        """Return the changes without those of retention, and set ``backup`` if the run is about an existing one."""
        if not self._is_present():
            return self.existing.deletions(self.params["backup"]) if self.params["backup"] else []
        if self.params["backup"]:
            self.backup = self.existing.find(self.params["backup"])
            return self.existing.update(self.backup)
        alike = self.existing.alike()
        reuse = Reuse(self.params, self.now)
        self.backup = reuse.recent(alike)
        if self.backup:
            return self.existing.update(self.backup)
        self.creation.check()
        self.backup = reuse.last_try(alike, self.creation.revisions)
        if self.backup:
            return self.existing.update(self.backup)
        created = self.creation.plan(alike[-1].manifest if alike else None)
        return [created, *map(existing_backups.deletion, reuse.replaced(alike, self.creation.revisions))]

    def _planned_manifest(self) -> Manifest | None:
        """Return the manifest of the existing backup that the run is about, with the plan's changes."""
        return existing_backups.planned(self.backup.manifest, self.local) if self.backup else None

    def _current(self) -> Backup | None:
        """Read the backup that the run is about again; None if the run only deletes."""
        return self.catalogue.find(self.backup.manifest.id, self.now) if self.backup else None

    def _backup_values(self) -> dict[str, Any]:
        """Return ``created``, and with a backup that exists afterwards ``backup`` and ``file``."""
        creation = next(iter(self.local.of(CREATE)), None)
        if creation and self.check_mode:
            return {"created": NEW, "backup": dict(creation.after or {})}
        manifest = self._planned_manifest()
        created = manifest.id if creation and manifest else None
        if self.backup is None or manifest is None:
            return {"created": created}
        return {"created": created, "backup": manifest.to_dict(), "file": str(self.backup.paths()[1])}

    def _is_present(self) -> bool:
        return bool(self.params["state"] == "present")
