# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copy the backup of one run to the places of ``copy_to``, and delete the copies that retention does not keep.

A place that cannot be reached does not prevent the backup: the run fails at its end, when all else is done.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from .._core.errors import ConvosphereError, CopyError
from .._core.plan import CREATE, DELETE, UPDATE, Change, Plan, make_plan
from . import catalogue as backup_catalogue
from . import copies as backup_copies
from . import register_copies
from . import retention as backup_retention
from .catalogue import Backup, Catalogue
from .copies import Place
from .manifest import Manifest
from .progress import Progress


class BackupCopies:
    """The places of ``copy_to`` in the ``params`` of convosphere_db_backup."""

    def __init__(self, params: Mapping[str, Any], now: datetime) -> None:
        self.params = params
        self.now = now
        self.places = [
            (backup_copies.place_of(target), bool(target["retention"])) for target in params["copy_to"] or ()
        ]
        #: The copies to delete, and those whose manifest is outdated, by the title of their place.
        self.surplus: dict[str, list[Manifest]] = {}
        self.outdated: dict[str, list[Manifest]] = {}
        #: What went wrong, by the title of the place.
        self.failed: dict[str, ConvosphereError] = {}

    def plan(self, manifest: Manifest | None, new: str | None, backups: Sequence[Backup]) -> Plan:
        """Return what the places lack of an existing backup, or of the one that is created and is called ``new``.

        ``backups`` are all in the directory. A copy of any of them gets its manifest if that has changed, above all
        by a verification; its files are not compared again. Two kinds of copies keep their manifest: that of a backup
        that is corrupt here, because the copy was checked on its way and may be intact, and a copy that is itself
        corrupt.
        """
        plan = Plan()
        known = {backup.manifest.id: backup.manifest for backup in backups if not backup.manifest.damaged_at}
        if manifest:
            known[manifest.id] = manifest
        for place, has_retention in self.places:
            with self._collecting(place):
                if new:
                    place.check()
                    plan += Plan((Change(f"{new} in {place.title}", CREATE, None, backup_copies.DONE),))
                elif manifest:
                    name = f"{manifest.id} in {place.title}"
                    current = backup_copies.current_state(backup_copies.difference(manifest, place))
                    plan += make_plan({name: backup_copies.DONE}, {name: current} if current else {})
                copies = [_with_known_manifest(copy, known) for copy in backup_copies.manifests(place)]
                if has_retention and self.params["retention"]:
                    plan += self._delete(place, copies, creates=bool(new), current=manifest.id if manifest else None)
                done = [*self.surplus.get(place.title, ()), manifest]
                plan += self._refresh(place, [copy for copy in copies if copy in known.values() and copy not in done])
        return plan

    def apply(self, backup: Backup | None, catalogue: Catalogue) -> None:
        """Copy what is missing, then delete surplus copies. Failures are collected for ``complain``."""
        for place, _has_retention in self.places:
            if place.title in self.failed:
                continue
            with self._collecting(place):
                if backup:
                    self._copy(backup, place, catalogue)
                for manifest in self.outdated.get(place.title, ()):
                    backup_copies.put_manifest(manifest, place)
                for manifest in self.surplus.get(place.title, ()):
                    backup_copies.remove(manifest, place)

    def complain(self, backup: Backup | None, planned: str | None = None, deleted: Sequence[str] = ()) -> None:
        """Raise CopyError that names all places at which anything failed; the others have their copy.

        Its details are these places, and what succeeded: the id of the ``backup``, or in check mode of the
        ``planned`` one, and the ids of the ``deleted`` ones.
        """
        if not self.failed:
            return
        errors = "; ".join(f"{title}: {error.message}" for title, error in self.failed.items())
        hints = dict.fromkeys(error.hint for error in self.failed.values() if error.hint)
        complete = f"The backup {backup.manifest.id} is complete in {backup.directory}, but its" if backup else "The"
        raise CopyError(
            f"{complete} copies are not up to date. {errors}",
            hint=" ".join(hints) or None,
            backup=backup.manifest.id if backup else planned,
            deleted=list(deleted),
            places=list(self.failed),
        )

    def titles(self) -> list[str]:
        """Return the titles of the places that have a copy of the backup."""
        return [place.title for place, _has_retention in self.places] if self.params["state"] == "present" else []

    def deleted(self) -> list[dict[str, str]]:
        """Return the copies that were deleted, or in check mode would be, each as ``{id, place}``."""
        return [
            {"id": manifest.id, "place": title} for title, manifests in self.surplus.items() for manifest in manifests
        ]

    def _copy(self, backup: Backup, place: Place, catalogue: Catalogue) -> None:
        progress = Progress(catalogue.directory / backup_catalogue.PROGRESS, backup.manifest.id)
        lacking = backup_copies.difference(backup.manifest, place)
        try:
            progress.begin(f"copy to {place.title}", sum(file.size for file in lacking.files))
            backup_copies.copy(backup, lacking, place, lambda name, done, _size: progress.update(file=name, bytes=done))
            register_copies.accompany(catalogue.directory, place, self.params["environment_name"])
        finally:
            progress.end()

    def _refresh(self, place: Place, manifests: Sequence[Manifest]) -> Plan:
        """Return the update of the copies whose manifest differs from the given one."""
        outdated = [manifest for manifest in manifests if not backup_copies.has_manifest(manifest, place)]
        self.outdated[place.title] = outdated
        return Plan(
            tuple(
                Change(f"{manifest.id} in {place.title}", UPDATE, {"manifest": "outdated"}, {"manifest": "current"})
                for manifest in outdated
            )
        )

    def _delete(self, place: Place, copies: Sequence[Manifest], *, creates: bool, current: str | None) -> Plan:
        """Return the deletion of the copies that retention does not keep, except that of the ``current`` backup."""
        backups = [Backup(manifest, Path(self.params["backup_dir"])) for manifest in copies]
        surplus = backup_retention.surplus(self.params, backups, self.now, creates=creates, current=current)
        self.surplus[place.title] = [backup.manifest for backup in surplus]
        return Plan(
            tuple(
                Change(f"{manifest.id} in {place.title}", DELETE, backup_catalogue.summary(manifest), None)
                for manifest in self.surplus[place.title]
            )
        )

    @contextmanager
    def _collecting(self, place: Place) -> Iterator[None]:
        """Collect an error at one place, and go on with the next."""
        try:
            yield
        except ConvosphereError as error:
            self.failed[place.title] = error


def _with_known_manifest(copy: Manifest, known: Mapping[str, Manifest]) -> Manifest:
    """Return the manifest in the backup directory of the backup that a copy is of.

    Return the copy's own manifest if the files differ, or if a verification found the copy corrupt: what is verified
    of the files in the backup directory does not hold for those of the copy.
    """
    current = known.get(copy.id, copy)
    return current if current.files == copy.files and not copy.damaged_at else copy
