# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Select backups by a name that several may have, and report newer ones that were skipped because they are unusable.

A backup is unusable if its manifest is invalid or one of its files is missing or incomplete.

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
    """Return all backups, oldest first.

    Raises InputError if the directory has no backup: the disk is probably not mounted, or the path is wrong.
    """
    backups, _foreign = catalogue.read()
    if backups:
        return backups
    directory = catalogue.directory
    raise InputError(
        f"There is no backup in {directory}" if directory.is_dir() else f"There is no directory {directory}",
        hint="Check that the disk of the backups is mounted and that backup_dir is right.",
    )


def skipped_since(catalogue: Catalogue, name: str, found: Backup) -> list[str]:
    """List the reasons why newer backups that match ``name`` were skipped in favour of ``found``.

    A backup counts if its environment and database match, as far as its files still show. An id or a file matches one
    backup only.
    """
    if name not in (backup_catalogue.LATEST, backup_catalogue.LATEST_VERIFIED, found.manifest.label):
        return []
    newer = [item for item in catalogue.read()[1] if _is_newer(item.path, found)]
    return [item.reason for item in newer if _is_meant(item.path, name, found)]


def warning(catalogue: Catalogue, name: str, found: Backup) -> str | None:
    """Return a sentence that names the newer backups that were skipped, or None."""
    skipped = skipped_since(catalogue, name, found)
    if not skipped:
        return None
    return f"{name} means {found.manifest.id}, because newer backups are unusable: {'; '.join(skipped)}"


def _is_newer(path: Path, found: Backup) -> bool:
    """Return True for the name of a newer backup of the same database that is not dated into the future."""
    identifier = path.name[: -len(backup_manifest.SUFFIX)] if path.name.endswith(backup_manifest.SUFFIX) else ""
    parts, own = backup_manifest.database_and_time(identifier), backup_manifest.database_and_time(found.manifest.id)
    if parts is None or own is None or parts[0] != own[0]:
        return False
    return found.manifest.created_at <= parts[1] <= datetime.now(timezone.utc) + backup_catalogue.TOLERANCE


def _is_meant(path: Path, name: str, found: Backup) -> bool:
    """Return True unless the manifest, as far as it can be read, shows that another backup is meant."""
    manifest = _parsed(path)
    if manifest is None:
        return True
    if manifest.damaged_at or manifest.environment != found.manifest.environment:
        return False
    if backup_catalogue.database_of(manifest) != backup_catalogue.database_of(found.manifest):
        return False
    return {backup_catalogue.LATEST: True, backup_catalogue.LATEST_VERIFIED: bool(manifest.verified)}.get(
        name, manifest.label == name
    )


def _parsed(path: Path) -> Manifest | None:
    try:
        return backup_manifest.parse(files.read_text(path) or "", path.name)
    except InputError:
        return None
