# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backups an operator means to be deleted, and which are not touched without force.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from .._core.errors import InputError
from .._core.plan import DELETE, Change
from . import catalogue as backup_catalogue
from . import manifest as backup_manifest
from . import names, retention
from .catalogue import Backup, Catalogue, Scope


def doomed(catalogue: Catalogue, backups: Sequence[Backup], name: str, scope: Scope, now: datetime) -> list[Backup]:
    """The backup with this id or file, or all in ``scope`` that have this label; none where it is gone.

    ``backups`` are all in the catalogue. Raises InputError for one that is broken, which is not taken for gone.
    """
    if name in (backup_catalogue.LATEST, backup_catalogue.LATEST_VERIFIED):
        raise InputError(f"backup is {name}, of which there would be another one", hint="Give its id.")
    if names.means_one(name):
        # Never a label: an older backup may have one that reads like the id of a backup that is gone.
        return [catalogue.find(name, now, scope)] if _is_there(catalogue, Path(name).name) else []
    labelled = [backup for backup in backups if backup.manifest.label == name and scope.has(backup.manifest)]
    if labelled or not _is_there(catalogue, Path(name).name):
        return labelled
    return [catalogue.find(name, now, scope)]


def _is_there(catalogue: Catalogue, name: str) -> bool:
    """Whether there is a file of this name, or any of the backup with this id, which others may begin with too."""
    return any(
        found == name or (backup_manifest.is_id(name) and found.startswith(f"{name}.")) for found in catalogue.names()
    )


def refuse_foreign(backup: Backup, scope: Scope) -> None:
    """Raise InputError where a backup is of another environment or database than the run."""
    problems = scope.objections(backup.manifest)
    if problems:
        raise InputError.of(problems, hint="Nothing was changed. Where that is meant, give force: true.")


def refuse_loss(backup: Backup, backups: Sequence[Backup]) -> None:
    """Raise InputError where somebody relies on a backup, which is one of ``backups``."""
    manifest = backup.manifest
    alike = backup_catalogue.groups(backups, manifest.environment, backup_catalogue.database_of(manifest))
    entries = [retention.entry_of(found.manifest) for found in alike[tuple(sorted(manifest.include))]]
    proofs = retention.last_proofs(entries[::-1])
    reasons = ["it is pinned"] if manifest.pinned else []
    reasons += [f"it is the {reason} one" for reason, entry in proofs.items() if entry.id == manifest.id]
    if reasons:
        raise InputError(
            f"The backup {manifest.id} is not deleted: {' and '.join(reasons)}",
            hint="Unpin it, or verify a newer one, or give force: true.",
        )


def deletion(backup: Backup) -> Change:
    """Return the change of a plan that deletes a backup."""
    return Change(backup.manifest.id, DELETE, backup_catalogue.summary(backup.manifest), None)
