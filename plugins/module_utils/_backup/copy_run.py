# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run convosphere_db_backup_copy: bring existing backups to other places, or fetch one from there.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import InputError
from .._core.plan import DELETE, Change, Plan, make_plan
from .._core.work import Invocation, Work
from .._host import environment_directory
from .._people.erasure_ledger import LEDGER
from .._people.registers import Directory, Kind
from . import copies as backup_copies
from . import names, paths, reencryption, register_copies, selection
from .catalogue import Backup, Catalogue
from .copies import Difference, Place
from .reencryption import Reencryption
from .register_copies import KINDS, PlaceShelf
from .targets.directory import Folder


class CopyRun(Work):
    """One run of convosphere_db_backup_copy. ``spec`` is the module's argument spec."""

    def __init__(self, spec: Mapping[str, Any], invocation: Invocation) -> None:
        self.spec = spec
        self.params = invocation.params
        self.warn = invocation.warn
        self.fetches = bool(self.params["copy_from"])
        self.catalogue = Catalogue(Path(self.params["backup_dir"]))
        #: What each place lacks of each backup; with ``copy_from``, what the backup directory lacks.
        self.differences: list[tuple[Place, Backup, Difference]] = []
        #: Encrypts backups for other recipients; None without the option.
        self.encryption: Reencryption | None = None
        if self.params["recipients"]:
            self.encryption = Reencryption(self.catalogue, self.params["recipients"], self.params["identity_file"])
        #: The backups to encrypt, and those that were.
        self.due: list[Backup] = []
        #: The registers in the place of ``copy_from`` that know of entries which those here do not have.
        self._registers: list[tuple[Kind[Any], str, Place]] = []

    def plan(self) -> Plan:
        """Plan one change for each backup at each place that lacks anything of it."""
        paths.refuse(self.spec, self.params)
        names.refuse_unusable(self.params, "backup")
        if self.params["copy_to"] == []:
            raise InputError("copy_to is an empty list: nothing would be copied", hint="Give at least one place.")
        if self.params["recipients"] == []:
            raise InputError("recipients is an empty list: a backup is not decrypted", hint="Give at least one key.")
        environment_directory.refuse_foreign_backups(self.catalogue.directory, self.params["environment_name"])
        plan = self._encryptions()
        self.differences = self._lacking_here() if self.fetches else self._lacking_there(self.due)
        plan += self._register_plan()
        for place, _backup, lacking in self.differences:
            title = str(self.catalogue.directory) if self.fetches else place.title
            name = f"{lacking.manifest.id} in {title}"
            current = backup_copies.current_state(lacking)
            plan += make_plan({name: backup_copies.DONE}, {name: current} if current else {})
        return plan

    def apply(self, plan: Plan) -> None:
        """Copy, under the lock, so that no other run deletes what is copied."""
        files.make_private(self.catalogue.directory)
        with self.catalogue.lock():
            if self.encryption and self.due:
                self.catalogue.clear_unfinished()
                self.due = [self.encryption.run(backup) for backup in self.due]
                self.differences = self._lacking_there([])
            # Before the backup, which could be restored without them if the run ended in between.
            for kind, environment, place in self._registers:
                register_copies.bring(kind, environment, PlaceShelf(place), Directory(self.catalogue.directory))
            for place, backup, lacking in self.differences:
                if self.fetches:
                    backup_copies.fetch(lacking, place, self.catalogue)
                else:
                    backup_copies.copy(backup, lacking, place)
                    register_copies.accompany(self.catalogue.directory, place, self.params["environment_name"])
            for place, name in self._replaced([]):
                place.remove(name)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return each backup at each place, and the backup that was fetched."""
        copies = [
            {
                "id": lacking.manifest.id,
                "place": place.title,
                "copied": backup_copies.file_names(lacking),
                "bytes": sum(file.size for file in lacking.files),
            }
            for place, _backup, lacking in self.differences
        ]
        fetched = {"backup": self.differences[0][1].manifest.to_dict()} if self.fetches else {}
        return {"copies": copies, "encrypted": [backup.manifest.id for backup in self.due], **fetched}

    def _lacking_there(self, due: Sequence[Backup]) -> list[tuple[Place, Backup, Difference]]:
        """Return what each place of ``copy_to`` lacks, if the ``due`` backups will have other files by then."""
        lacking: list[tuple[Place, Backup, Difference]] = []
        for place in self._places():
            current = place.names()
            for backup in self._chosen():
                found = backup_copies.difference(backup.manifest, place, current)
                if backup in due and found.state != "none":
                    found = Difference(backup.manifest, backup.manifest.files, "outdated")
                lacking.append((place, backup, found))
        # A refresh updates complete copies only: not a backup that was never copied there or whose copy was deleted by
        # retention, nor a corrupt copy, which lacks all files.
        return [item for item in lacking if not (self.params["refresh"] and item[2].files)]

    def _register_plan(self) -> Plan:
        """Return what the backup directory lacks of the registers in the place of ``copy_from``.

        A backup without them could take erased persons back, and lose holds. A backup of another environment brings
        the erasures of that one.
        """
        plan = Plan()
        for place, backup, _lacking in self.differences if self.fetches else []:
            own, other = self.params["environment_name"], backup.manifest.environment
            wanted: list[tuple[Kind[Any], str]] = [(kind, own) for kind in KINDS]
            wanted += [(LEDGER, other)] if other != own else []
            for kind, environment in wanted:
                here = Directory(self.catalogue.directory)
                lacking = register_copies.plan(kind, environment, PlaceShelf(place), here)
                self._registers += [(kind, environment, place)] if lacking.changed else []
                plan += lacking
        return plan

    def _chosen(self) -> list[Backup]:
        """Return the backups that the options name."""
        if self.params["backup"] == names.ALL:
            return [backup for backup in selection.every(self.catalogue) if not backup.manifest.damaged_at]
        backup = self.catalogue.find(self.params["backup"])
        skipped = selection.warning(self.catalogue, self.params["backup"], backup)
        if skipped:
            self.warn(skipped)
        return [backup]

    def _encryptions(self) -> Plan:
        """Return a change for each backup that is encrypted to other recipients."""
        if self.encryption is None:
            return Plan()
        self.due = [backup for backup in self._chosen() if self.encryption.is_due(backup)]
        if self.due:
            self.encryption.check()
        desired = {backup.manifest.id: {"recipients": list(self.encryption.recipients)} for backup in self.due}
        current = {backup.manifest.id: {"recipients": list(backup.manifest.recipients)} for backup in self.due}
        left = [f"{name} in {place.title}" for place, name in self._replaced(self.due)]
        removed = tuple(Change(name, DELETE, {"encrypted": "to other recipients"}, None) for name in left)
        return make_plan(desired, current) + Plan(removed)

    def _replaced(self, due: Sequence[Backup]) -> list[tuple[Place, str]]:
        """Return the files of earlier encryptions, here and at each place, apart from those of the ``due`` backups."""
        if self.encryption is None:
            return []
        manifests = [backup.manifest for backup in self._chosen() if backup not in due]
        found = []
        for place in (Folder({"directory": self.catalogue.directory}), *self._places()):
            current = place.names()
            found += [(place, name) for manifest in manifests for name in reencryption.replaced(manifest, current)]
        return found

    def _places(self) -> list[Place]:
        return [backup_copies.place_of(target) for target in self.params["copy_to"] or ()]

    def _lacking_here(self) -> list[tuple[Place, Backup, Difference]]:
        """Return what the backup directory lacks of the copy in ``copy_from``."""
        if self.params["backup"] == names.ALL:
            raise InputError("backup=all cannot be used with copy_from, which fetches one backup", hint="Give an id.")
        place = backup_copies.place_of(self.params["copy_from"])
        manifest = backup_copies.find(place, self.params["backup"], self.params["environment_name"])
        lacking = backup_copies.lacking_here(manifest, self.catalogue)
        return [(place, Backup(manifest, self.catalogue.directory), lacking)]
