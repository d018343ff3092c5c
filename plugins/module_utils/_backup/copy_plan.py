# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The copies of one run's backup in the places of ``copy_to``, and which of the copies there need not be kept.

A place that is out of reach keeps no backup from being made: what it lacks is said when all else is done.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from .._core.errors import ConvosphereError, CopyError
from .._core.plan import (
    CREATE,
    DELETE,
    UPDATE,
    Change,
    Plan,
    make_plan,
)
from . import catalogue as backup_catalogue
from . import copies as backup_copies
from . import retention as backup_retention
from .catalogue import Backup, Catalogue
from .copies import Place
from .manifest import Manifest
from .progress import Progress
from .retention import Entry, Policy


class BackupCopies:
    """The places of ``copy_to`` in ``params``, which are a module's that makes backups. ``now`` is for tests."""

    def __init__(self, params: Mapping[str, Any], now: datetime) -> None:
        self.params = params
        self.now = now
        self.places = [(backup_copies.place(target), bool(target["retention"])) for target in params["copy_to"] or ()]
        self.surplus: dict[str, list[Manifest]] = {}
        self.outdated: dict[str, list[Manifest]] = {}
        self.failed: dict[str, ConvosphereError] = {}

    def plan(self, manifest: Manifest | None, new: str | None, present: Sequence[Backup]) -> Plan:
        """What the places lack of a backup that is there, or all of the one that will be made and is called ``new``.

        ``present`` are all backups that are there. A copy of any of them gets its manifest, where that was changed
        since, above all by a verification; its files are not looked at again. One that was damaged here is not: its
        copy was checked on its way, and may be what it is brought back from. Nor is one whose copy was found damaged.
        """
        plan = Plan()
        known = {backup.manifest.id: backup.manifest for backup in present if not backup.manifest.damaged_at}
        if manifest:
            known[manifest.id] = manifest
        for there, retention in self.places:
            with self._at(there):
                if new:
                    there.check()
                    plan += Plan((Change(f"{new} in {there.title}", CREATE, None, backup_copies.DONE),))
                elif manifest:
                    name = f"{manifest.id} in {there.title}"
                    found = backup_copies.described(backup_copies.difference(manifest, there))
                    plan += make_plan({name: backup_copies.DONE}, {name: found} if found else {})
                copies = [_as_known(copy, known) for copy in backup_copies.manifests(there)]
                if retention and self.params["retention"]:
                    about = manifest.id if manifest else None
                    plan += self._surplus(there, new, copies, about)
                gone = [*self.surplus.get(there.title, ()), manifest]
                plan += self._refresh(there, [copy for copy in copies if copy in known.values() and copy not in gone])
        return plan

    def apply(self, backup: Backup | None, catalogue: Catalogue) -> None:
        """Copy what is lacking, and then delete copies that need not be kept; ``complain`` says where it failed."""
        for there, _retention_there in self.places:
            if there.title in self.failed:
                continue
            with self._at(there):
                if backup:
                    self._copy(backup, there, catalogue)
                for manifest in self.outdated.get(there.title, ()):
                    backup_copies.put_manifest(manifest, there)
                for manifest in self.surplus.get(there.title, ()):
                    backup_copies.remove(manifest, there)

    def complain(self, backup: Backup | None, about: str | None = None, deleted: Sequence[str] = ()) -> None:
        """Raise CopyError that names all places at which anything failed; the others have their copy.

        Its details are these, and what is well nevertheless: the backup, or ``about`` where it is planned, and
        ``deleted``.
        """
        if not self.failed:
            return
        told = "; ".join(f"{title}: {error.message}" for title, error in self.failed.items())
        hints = dict.fromkeys(error.hint for error in self.failed.values() if error.hint)
        safe = f"The backup {backup.manifest.id} is whole in {backup.directory}, but its" if backup else "The"
        raise CopyError(
            f"{safe} copies are not as they should be. {told}",
            hint=" ".join(hints) or None,
            backup=backup.manifest.id if backup else about,
            deleted=list(deleted),
            places=list(self.failed),
        )

    def titles(self) -> list[str]:
        """What the places are called."""
        return [there.title for there, _retention_there in self.places] if self.params["state"] == "present" else []

    def deleted(self) -> list[dict[str, str]]:
        """The copies that were deleted, or in check mode would be, ``{id, place}``."""
        return [
            {"id": manifest.id, "place": title} for title, manifests in self.surplus.items() for manifest in manifests
        ]

    def _copy(self, backup: Backup, there: Place, catalogue: Catalogue) -> None:
        progress = Progress(catalogue.directory / backup_catalogue.PROGRESS, backup.manifest.id)
        lacking = backup_copies.difference(backup.manifest, there)
        try:
            progress.begin(f"copy to {there.title}", sum(file.size for file in lacking.files))
            backup_copies.copy(backup, lacking, there, lambda name, done, _size: progress.tell(file=name, bytes=done))
        finally:
            progress.end()

    def _refresh(self, there: Place, manifests: Sequence[Manifest]) -> Plan:
        found = [manifest for manifest in manifests if not backup_copies.has_manifest(manifest, there)]
        self.outdated[there.title] = found
        return Plan(
            tuple(
                Change(f"{manifest.id} in {there.title}", UPDATE, {"manifest": "outdated"}, {"manifest": "current"})
                for manifest in found
            )
        )

    def _surplus(self, there: Place, new: str | None, copies: Sequence[Manifest], about: str | None) -> Plan:
        """The deletion of what the policy does not keep there, but for the backup that this run is ``about``."""
        policy = Policy.of(self.params["retention"])
        backups = [Backup(manifest, Path(self.params["backup_dir"])) for manifest in copies]
        found: list[Manifest] = []
        for include, alike in backup_catalogue.groups(
            backups, self.params["environment_name"], self.params["login_db"]
        ).items():
            entries = [backup_retention.entry_of(backup.manifest) for backup in alike]
            one = Entry(new or "new", self.now, pinned=bool(self.params["pinned"]))
            is_alike = include == tuple(sorted(self.params["include"]))
            entries = backup_retention.foreseen(entries, self.params["expected"], one if is_alike else None)
            if new and is_alike:
                entries.append(one)
            reasons = backup_retention.decide(policy, entries, self.now)
            found += [item.manifest for item in alike if not reasons[item.manifest.id] and item.manifest.id != about]
        self.surplus[there.title] = found
        return Plan(
            tuple(
                Change(f"{manifest.id} in {there.title}", DELETE, backup_catalogue.summary(manifest), None)
                for manifest in found
            )
        )

    @contextmanager
    def _at(self, there: Place) -> Iterator[None]:
        """Remember what goes wrong at one place, and go on with the next."""
        try:
            yield
        except ConvosphereError as error:
            self.failed[there.title] = error


def _as_known(copy: Manifest, known: Mapping[str, Manifest]) -> Manifest:
    """What is known here of the backup that a copy is of.

    The copy's own manifest where that is another backup, or where a verification found the copy damaged: what is proven
    of the files here says nothing of those there.
    """
    here = known.get(copy.id, copy)
    return here if here.files == copy.files and not copy.damaged_at else copy
