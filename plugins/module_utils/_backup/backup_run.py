# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups of one directory from the first question to the last file: what is made, changed and deleted.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from .._core import files as core_files
from .._core.errors import ConvosphereError
from .._core.plan import CREATE, DELETE, Change, Plan, compare
from . import catalogue, components, names, removal
from . import manifest as backup_manifest
from . import retention as backup_retention
from . import reuse as backup_reuse
from .catalogue import Backup, Catalogue, Scope
from .component_protocol import BackupComponent
from .components import COMPONENTS
from .database_component import DatabaseComponent
from .file_writer import Seal
from .manifest import FileRecord, Manifest
from .progress import Progress
from .retention import Entry, Policy
from .run_key import RunKeys

#: What the plan calls the backup that is to be made: its id is not known before.
NEW = "new backup"


@dataclass
class BackupWork:
    """One run. ``now`` is for tests; ``version`` is the collection's, which goes into the manifest."""

    params: Mapping[str, Any]
    version: str
    check_mode: bool
    now: datetime

    def __post_init__(self) -> None:
        self.catalogue = Catalogue(Path(self.params["backup_dir"]))
        self.scope = Scope(self.params["environment_name"], self.params["login_db"])
        self.keys = RunKeys(self.catalogue.directory)
        self.held = ExitStack()
        self.parts: list[BackupComponent] = []
        self.backup: Backup | None = None

    def plan(self) -> Plan:
        """What is to be made, changed and deleted. Raises ConvosphereError before anything is, if it cannot be."""
        components.refuse_without_database(self.params["include"])
        names.refuse_unusable(self.params, "backup")
        if self.params["label"] is not None:
            names.refuse_label(self.params["label"])
        if not self.check_mode and self._needs_directory():
            # Who may read a backup may read everything that is in the platform.
            core_files.make_private(self.catalogue.directory)
            self.held.enter_context(self.catalogue.lock())
        self.backups, _foreign = self.catalogue.read()
        plan = Plan(tuple(self._own_changes()))
        retention = self.params["retention"]
        return plan + self._surplus(Policy.of(retention), plan) if retention else plan

    def apply(self, plan: Plan) -> None:
        """Do it. What is deleted is deleted last, when the new backup is safe."""
        self.catalogue.clear_unfinished()
        self.keys.clear(self.catalogue.read()[0])
        for change in plan:
            if change.action == CREATE:
                self.backup = self._create()
            elif change.action != DELETE:
                self.catalogue.save(replace(self._named(change.name).manifest, **(change.after or {})))
        for name in plan.names(DELETE):
            self.catalogue.remove(self._named(name))

    def wanted(self, plan: Plan) -> Manifest | None:
        """The manifest, as it will be, of a backup that is there and that this run is about; None without one."""
        if self.params["state"] == "absent" or self.backup is None:
            return None
        return _planned(self.backup.manifest, plan)

    def there(self) -> Backup | None:
        """The backup that this run is about, as it is now; None where it only deletes."""
        if self.params["state"] == "absent" or self.backup is None:
            return None
        return self.catalogue.find(self.backup.manifest.id, self.now)

    def report(self, plan: Plan) -> dict[str, Any]:
        """The return values ``created``, and with a backup that is there afterwards ``backup`` and ``file``."""
        creation = next(iter(plan.of(CREATE)), None)
        if creation and self.check_mode:
            return {"created": NEW, "backup": dict(creation.after or {})}
        created = self.backup.manifest.id if creation and self.backup else None
        if self.backup is None:
            return {"created": created}
        shown = {**self.backup.manifest.to_dict()}
        for change in plan:
            if change.name == self.backup.manifest.id:
                shown.update(change.after or {})  # as it was read before it was changed
        return {"created": created, "backup": shown, "file": str(self.backup.paths()[1])}

    def close(self) -> None:
        """Let go of the lock and of what the parts hold."""
        for part in self.parts:
            part.close()
        self.held.close()

    def _own_changes(self) -> list[Change]:
        if self.params["state"] == "absent":
            return self._remove(self.params["backup"]) if self.params["backup"] else []
        if self.params["backup"]:
            return self._change_one(self.params["backup"])
        young = self._young_enough()
        if young:
            return self._change_one(young.manifest.id)
        self.parts = [COMPONENTS[kind](self.params, self.catalogue.directory) for kind in self.params["include"]]
        for part in self.parts:
            part.check()
        revisions = next((part.revisions for part in self.parts if isinstance(part, DatabaseComponent)), ())
        reuse = backup_reuse.Reuse(self.params, revisions)
        last_try = reuse.last_try(self._alike(), self.now)
        if last_try:
            return self._change_one(last_try.manifest.id)
        return [self._creation(), *map(removal.deletion, reuse.replaced(self._alike()))]

    def _change_one(self, name: str) -> list[Change]:
        """The change of a backup that is there, none where it is as it should be."""
        self.backup = self.catalogue.find(name, self.now, self.scope)
        if not self.params["force"]:
            removal.refuse_foreign(self.backup, self.scope)
        manifest = self.backup.manifest
        given = {key: self.params[key] for key in ("label", "pinned") if self.params[key] is not None}
        change = compare(manifest.id, given, catalogue.summary(manifest))
        return [change] if change else []

    def _remove(self, name: str) -> list[Change]:
        """The deletion of the backup with this id or file, or of all of this run's scope that have this label."""
        doomed = removal.doomed(self.catalogue, self.backups, name, self.scope, self.now)
        for backup in [] if self.params["force"] else doomed:
            removal.refuse_foreign(backup, self.scope)
            removal.refuse_loss(backup, self.backups)
        return [removal.deletion(backup) for backup in doomed]

    def _young_enough(self) -> Backup | None:
        """The backup because of which no new one is needed."""
        if self.params["max_age"] is None:
            return None
        oldest = backup_retention.parse_period(self.params["max_age"], "max_age")
        found = [
            backup
            for backup in self._alike()
            if not backup.is_from_future(self.now)
            and not backup.manifest.damaged_at
            and backup.age(self.now) <= oldest
            and set(backup.manifest.recipients) == set(self.params["recipients"] or ())
            and self.params["label"] in (None, backup.manifest.label)
        ]
        return found[-1] if found else None

    def _creation(self) -> Change:
        self._seal(Progress(self.catalogue.directory / catalogue.PROGRESS, NEW)).check()
        self._refuse_full_disk()
        return Change(NEW, CREATE, None, {"include": sorted(self.params["include"]), **self._wishes()})

    def _wishes(self) -> dict[str, Any]:
        """What the operator says of a new backup."""
        return {
            "environment": self.params["environment_name"],
            "label": self.params["label"],
            "pinned": bool(self.params["pinned"]),
            "recipients": list(self.params["recipients"] or ()),
        }

    def _surplus(self, policy: Policy, plan: Plan) -> Plan:
        """The deletion of what the policy does not keep, of what will be there: with the new one, with a pin just set.

        The backup that this run is about is not deleted by it, whatever the policy says.
        """
        changes: list[Change] = []
        about = self.backup.manifest.id if self.backup else None
        for include, backups in self.groups().items():
            left = [backup for backup in backups if backup.manifest.id not in plan.names(DELETE)]
            entries = [backup_retention.entry_of(_planned(backup.manifest, plan)) for backup in left]
            new = Entry(NEW, self.now, pinned=bool(self.params["pinned"]))
            is_alike = include == tuple(sorted(self.params["include"]))
            entries = backup_retention.foreseen(entries, self.params["expected"], new if is_alike else None)
            if plan.of(CREATE) and is_alike:
                entries.append(new)
            reasons = backup_retention.decide(policy, entries, self.now)
            changes += [
                removal.deletion(backup)
                for backup in left
                if not reasons[backup.manifest.id] and backup.manifest.id != about
            ]
        return Plan(tuple(changes))

    def groups(self) -> dict[tuple[str, ...], list[Backup]]:
        """The backups of this environment and database by what they include: one kind does not stand for another."""
        return catalogue.groups(self.backups, self.params["environment_name"], self.params["login_db"])

    def _alike(self) -> list[Backup]:
        return self.groups().get(tuple(sorted(self.params["include"])), [])

    def _refuse_full_disk(self) -> None:
        last = self._alike()[-1].manifest if self._alike() else None
        needed = sum(part.expected_bytes(last) for part in self.parts)
        there = next(path for path in (self.catalogue.directory, *self.catalogue.directory.parents) if path.exists())
        free = shutil.disk_usage(there).free
        self.needed = needed
        if free < needed:
            raise ConvosphereError(
                f"There is not enough room for a backup in {self.catalogue.directory}: it may need {needed} bytes, and "
                f"{free} are free",
                hint="Free some space, keep fewer backups, or take another backup_dir.",
                bytes_needed=needed,
                bytes_free=free,
            )

    def _create(self) -> Backup:
        started = time.monotonic()
        # Before the cut, which may wait for a lock: what a backup says of its age must not be better than it is.
        created_at = datetime.now(timezone.utc).replace(microsecond=0)
        identifier = self._free_id(created_at)
        progress = Progress(self.catalogue.directory / catalogue.PROGRESS, identifier)
        seal = self._seal(progress)
        self.keys.add_to(seal, identifier)

        def write(part: BackupComponent) -> FileRecord:
            progress.begin(part.kind, self.needed)
            return part.write(seal, identifier)

        try:
            files, freeze = components.take(self.params, self.parts, write)
            manifest = Manifest(
                id=identifier,
                created_at=created_at,
                collection_version=self.version,
                duration=round(time.monotonic() - started, 1),
                include=tuple(self.params["include"]),
                files=tuple(files),
                database=next((part.record for part in self.parts if isinstance(part, DatabaseComponent)), None),
                write_freeze=freeze,
                **components.facts(self.parts),
                **{**self._wishes(), "recipients": tuple(self.params["recipients"] or ())},
            )
            return self.catalogue.commit(manifest, seal.written)
        except BaseException:
            seal.discard()
            self.keys.destroy(identifier)
            raise
        finally:
            progress.end()

    def _seal(self, progress: Progress) -> Seal:
        return Seal(
            self.catalogue.directory,
            self.params["recipients"] or (),
            self.params["compression_level"],
            progress,
            self.params["dump_timeout"],
        )

    def _free_id(self, created_at: datetime) -> str:
        """An id that nothing in the directory has: a clock may show the same second twice."""
        wanted = backup_manifest.new_id(self.params["login_db"], created_at)
        taken = self.catalogue.names()
        number, identifier = 1, wanted
        while any(name.startswith(f"{identifier}.") for name in taken):
            number += 1
            identifier = f"{wanted}-{number}"
        return identifier

    def _named(self, identifier: str) -> Backup:
        return next(backup for backup in self.backups if backup.manifest.id == identifier)

    def _needs_directory(self) -> bool:
        return self.params["state"] == "present" or self.catalogue.directory.is_dir()


def _planned(manifest: Manifest, plan: Plan) -> Manifest:
    """A manifest as it will be after the plan's update of it, if there is one."""
    changes = [change.after or {} for change in plan if change.name == manifest.id]
    return replace(manifest, **(changes[0] if changes else {}))
