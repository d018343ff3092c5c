# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator means by a name that several backups may have, where some of them are missing or broken.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

from .._core import files
from .._core.errors import InputError
from . import catalogue as backup_catalogue
from . import manifest as backup_manifest
from . import names
from .catalogue import Backup, Catalogue
from .manifest import Manifest

ALL = names.ALL


def every(catalogue: Catalogue) -> list[Backup]:
    """All backups that are there, oldest first.

    Raises InputError where there is none: whoever asks for all of them has some, and looks at a disk that is not
    mounted, or at another directory.
    """
    backups, _foreign = catalogue.read()
    if backups:
        return backups
    directory = catalogue.directory
    raise InputError(
        f"There is no backup in {directory}" if directory.is_dir() else f"There is no directory {directory}",
        hint="Is the disk of the backups mounted, and the path of backup_dir right?",
    )


def broken_since(catalogue: Catalogue, name: str, found: Backup) -> list[str]:
    """What is wrong with each newer backup that ``name``, for which ``found`` was found, would mean if it were whole.

    It is of the same environment and database, as far as what is left of it can tell. An id or a file means just one.
    """
    if name not in (backup_catalogue.LATEST, backup_catalogue.LATEST_VERIFIED, found.manifest.label):
        return []
    newer = [item for item in catalogue.read()[1] if _is_newer(item.path, found)]
    return [item.reason for item in newer if _is_meant(item.path, name, found)]


def warning(catalogue: Catalogue, name: str, found: Backup) -> str | None:
    """A sentence that says of which newer backups ``found`` takes the place; None where it takes nobody's."""
    broken = broken_since(catalogue, name, found)
    if not broken:
        return None
    return f"{name} means {found.manifest.id}, because what is newer is broken: {'; '.join(broken)}"


def _is_newer(path: Path, found: Backup) -> bool:
    """Whether something broken is called as a newer backup of the same database is, and no wrong clock called it so."""
    identifier = path.name[: -len(backup_manifest.SUFFIX)] if path.name.endswith(backup_manifest.SUFFIX) else ""
    parts, own = backup_manifest.parts_of(identifier), backup_manifest.parts_of(found.manifest.id)
    if parts is None or own is None or parts[0] != own[0]:
        return False
    return found.manifest.created_at <= parts[1] <= datetime.now(timezone.utc) + backup_catalogue.TOLERANCE


def _is_meant(path: Path, name: str, found: Backup) -> bool:
    """Whether what is left of a manifest says nothing against its being the one that is meant."""
    manifest = _left_of(path)
    if manifest is None:
        return True
    if manifest.damaged_at or manifest.environment != found.manifest.environment:
        return False
    if backup_catalogue.database_of(manifest) != backup_catalogue.database_of(found.manifest):
        return False
    return {backup_catalogue.LATEST: True, backup_catalogue.LATEST_VERIFIED: bool(manifest.verified)}.get(
        name, manifest.label == name
    )


def _left_of(path: Path) -> Manifest | None:
    try:
        return backup_manifest.parse(files.read_text(path) or "", path.name)
    except InputError:
        return None
