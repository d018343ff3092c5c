# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups in one directory: read and find them, commit a new one, change a manifest, remove one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from .._core import files as core_files
from .._core import locks, timestamps
from .._core.errors import InputError
from . import manifest as backup_manifest
from . import names as backup_names
from .manifest import Manifest

TEMPORARY = core_files.TEMPORARY
PROGRESS = core_files.PROGRESS
LATEST = backup_names.LATEST
LATEST_VERIFIED = backup_names.LATEST_VERIFIED
#: By how much two clocks may differ before a date counts as one of the future.
TOLERANCE = timedelta(minutes=5)
_OWN = (locks.LOCK, core_files.MARKER, PROGRESS, core_files.REHEARSAL)


@dataclass(frozen=True)
class Backup:
    """One backup: its manifest, and the directory that holds all its files."""

    manifest: Manifest
    directory: Path

    def path(self, kind: str = "database") -> Path:
        """Return the file of one component. Raises InputError if the backup does not include it."""
        return self.directory / self.manifest.file(kind).name

    def paths(self) -> list[Path]:
        """Return all its files, the manifest first."""
        names = [self.manifest.file_name, *(file.name for file in self.manifest.files)]
        return [self.directory / name for name in names]

    def age(self, now: datetime) -> timedelta:
        """Return the time since its snapshot; negative if the clock was ahead then."""
        return now - self.manifest.created_at

    def is_from_future(self, now: datetime) -> bool:
        """Return True if the clock was ahead when it was created, or has been set to an earlier time since."""
        return self.age(now) < -TOLERANCE


@dataclass(frozen=True)
class Scope:
    """The environment and database in which labels and keywords are looked up; None means any. Ids are unique."""

    environment: str | None = None
    database: str | None = None

    def __str__(self) -> str:
        named = {"database": self.database, "environment": self.environment}
        return " of ".join(f"{kind} {name}" for kind, name in named.items() if name is not None)

    def has(self, manifest: Manifest) -> bool:
        """Return True if a backup is of this environment and database."""
        return not self.objections(manifest)

    def objections(self, manifest: Manifest) -> list[str]:
        """Return a sentence, without its final dot, for each difference between a backup and this scope."""
        current = {"environment": manifest.environment, "database": database_of(manifest)}
        desired = {"environment": self.environment, "database": self.database}
        return [
            f"The backup {manifest.id} is of {kind} {current[kind] or 'none'}, not of {desired[kind]}"
            for kind in desired
            if desired[kind] not in (None, current[kind])
        ]


@dataclass(frozen=True)
class Foreign:
    """Something in the directory that is not a backup, and the reason."""

    path: Path
    reason: str


class Catalogue:
    """The backups in one directory. Nothing is cached: each method reads the directory.

    A run that changes anything, or has temporary files in the directory, holds the ``lock``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self) -> tuple[list[Backup], list[Foreign]]:
        """Return all backups, oldest first, and everything else. Raises InputError if the directory cannot be read."""
        backups: list[Backup] = []
        foreign: list[Foreign] = []
        names = self.names()
        for name in names:
            if name.endswith(backup_manifest.SUFFIX):
                try:
                    backups.append(self._backup(name))
                except InputError as error:
                    foreign.append(Foreign(self.directory / name, str(error)))
        known = {path.name for backup in backups for path in backup.paths()} | set(_OWN)
        known |= {item.path.name for item in foreign} | set(filter(core_files.is_register, names))
        foreign += [Foreign(self.directory / name, _strange(name)) for name in names if name not in known]
        backups.sort(key=lambda backup: (backup.manifest.created_at, backup.manifest.id))
        return backups, sorted(foreign, key=lambda item: item.path.name)

    def find(self, name: str, now: datetime | None = None, scope: Scope = Scope()) -> Backup:
        """Return the backup that ``name`` means.

        That is an id, a file's name or path, or, among the backups in ``scope``, a label (the newest with it),
        ``latest`` or ``latest_verified``. Raises InputError that lists the existing backups.
        """
        now = now or datetime.now(timezone.utc)
        backups, foreign = self.read()
        found = _matching(backups, name, scope)
        if not found:
            named = [f"{item.path.name}: {item.reason}" for item in foreign if name in str(item.path)]
            hint = ". ".join(named) or _summary(backups, foreign, scope)
            raise InputError(f"There is no backup {name} in {self.directory}", hint=hint)
        # A corrupt backup is of no use, and one that a wrong clock dated into the future must not be the latest until
        # that time has come.
        intact = [backup for backup in found if not backup.manifest.damaged_at] or found
        return ([backup for backup in intact if not backup.is_from_future(now)] or intact)[-1]

    def save(self, manifest: Manifest) -> None:
        """Write or rewrite one manifest in a single step. Raises ConvosphereError."""
        core_files.write_text(self.directory / manifest.file_name, manifest.to_json(), "0600")

    def commit(self, manifest: Manifest, written: Mapping[str, Path]) -> Backup:
        """Make complete and synced files a backup. ``written`` has their temporary paths by final name.

        If the process is killed at any time, there is a complete backup or none: until the manifest has its final
        name, its copy under a temporary name lists the files that the next run removes. Raises ConvosphereError.
        """
        intent = self._intent(manifest)
        core_files.write_text(intent, manifest.to_json(), "0600")
        with core_files.changing("backups", self.directory):
            for name, path in written.items():
                path.replace(self.directory / name)
            intent.replace(self.directory / manifest.file_name)
            core_files.sync_directory(self.directory)
        return Backup(manifest, self.directory)

    def remove(self, backup: Backup) -> None:
        """Remove one backup. If the process is killed, the next run removes the remaining files."""
        intent = self._intent(backup.manifest)
        with core_files.changing("backups", self.directory):
            (self.directory / backup.manifest.file_name).replace(intent)
            core_files.sync_directory(self.directory)
        for file in backup.manifest.files:
            core_files.remove(self.directory / file.name)
        core_files.remove(intent)

    def clear_unfinished(self) -> list[str]:
        """Remove the files of interrupted runs, and return their names. The lock must be held.

        A dump without a manifest is kept: it may be the only copy of the data.
        """
        temporary = [name for name in self.names() if name.startswith(TEMPORARY)]
        files: list[str] = []
        for name in temporary:
            if name.endswith(backup_manifest.SUFFIX):
                files += self._files_of(name)
        # A copy that is being written here is protected by a lock on its file, not by the directory's lock.
        # Manifests last: a remaining manifest lists the other files for the next run.
        # A progress file is that of an interrupted run: the holder of the lock has not written one yet.
        progress = [name for name in self.names() if name == PROGRESS]
        stale = dict.fromkeys([*files, *temporary, *progress])
        return sorted(name for name in stale if locks.remove_unheld(self.directory / name))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Exclude other runs that change these backups. Raises ConvosphereError at once if there is one."""
        with locks.locked(self.directory / locks.LOCK, f"the backups in {self.directory}"):
            yield

    def is_locked(self) -> bool:
        """Return True if a run is changing these backups now."""
        return locks.is_locked(self.directory / locks.LOCK)

    def _intent(self, manifest: Manifest) -> Path:
        return self.directory / f"{TEMPORARY}{manifest.file_name}"

    def _files_of(self, name: str) -> list[str]:
        """Return the existing files of a backup whose creation or removal was interrupted."""
        try:
            manifest = backup_manifest.parse(core_files.read_text(self.directory / name) or "", name[len(TEMPORARY) :])
        except InputError:
            return []
        current = [file.name for file in manifest.files if (self.directory / file.name).is_file()]
        return [] if (self.directory / manifest.file_name).exists() else current

    def _backup(self, name: str) -> Backup:
        text = core_files.read_text(self.directory / name)
        backup = Backup(backup_manifest.parse(text or "", name), self.directory)
        for file in backup.manifest.files:
            path = self.directory / file.name
            if path.is_symlink() or not path.is_file():
                raise InputError(f"{name}: its file {file.name} is missing")
            if path.stat().st_size != file.size:
                raise InputError(f"{name}: {file.name} has {path.stat().st_size} bytes instead of {file.size}")
        return backup

    def names(self) -> list[str]:
        """Return all names in the directory, sorted; none if it does not exist. Raises InputError."""
        try:
            return sorted(path.name for path in self.directory.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(
                f"Cannot list the backups in {self.directory}: {error.strerror}", hint="Use become: true."
            ) from error


def groups(backups: Sequence[Backup], environment: str, database: str | None) -> dict[tuple[str, ...], list[Backup]]:
    """Return the backups of one environment and database, in their order, by their sorted components."""
    found: dict[tuple[str, ...], list[Backup]] = {}
    for backup in backups:
        manifest = backup.manifest
        if manifest.environment == environment and database_of(manifest) == database:
            found.setdefault(tuple(sorted(manifest.include)), []).append(backup)
    return found


def database_of(manifest: Manifest) -> str | None:
    """Return the name of the database that a backup is of."""
    return manifest.database.name if manifest.database else None


def summary(manifest: Manifest) -> dict[str, Any]:
    """Return the fields of a backup that a diff shows."""
    return {
        "created_at": timestamps.format_time(manifest.created_at),
        "include": sorted(manifest.include),
        "label": manifest.label,
        "pinned": manifest.pinned,
        "verified": manifest.verified["level"] if manifest.verified else None,
        "bytes": manifest.size,
    }


def _matching(backups: list[Backup], name: str, scope: Scope) -> list[Backup]:
    own = [backup for backup in backups if scope.has(backup.manifest)]
    if name == LATEST:
        return own
    if name == LATEST_VERIFIED:
        return [backup for backup in own if backup.manifest.verified]
    by_id = [backup for backup in backups if backup.manifest.id == name]
    by_file = [backup for backup in backups if _has(backup, name)]
    labelled = [] if backup_names.means_one(name) else [backup for backup in own if backup.manifest.label == name]
    return by_id or by_file or labelled


def _has(backup: Backup, name: str) -> bool:
    """Return True if a file's name, or a path also through links, is one of the backup's files."""
    if "\0" in name:
        return False  # no path contains it
    path = Path(name)
    here = path.name == name or path.parent.resolve() == backup.directory.resolve()
    return here and path.name in [file.name for file in backup.paths()]


def _summary(backups: list[Backup], foreign: list[Foreign], scope: Scope) -> str:
    """Return the existing backups in words: those in scope, the others, and unusable ones with the reason."""
    own = [_with(backup, backup.manifest.label) for backup in backups if scope.has(backup.manifest)]
    others = [
        _with(backup, backup.manifest.label, f"{database_of(backup.manifest)} of {backup.manifest.environment}")
        for backup in backups
        if not scope.has(backup.manifest)
    ]
    broken = [item.reason for item in foreign if item.path.name.endswith(backup_manifest.SUFFIX)][-5:]
    known = f"There are{f' of {scope}' if others else ''}: {', '.join(own[-10:]) or 'none'}."
    known += f" Incomplete or invalid: {'; '.join(broken)}." if broken else ""
    return known + (f" Others, which need their id: {', '.join(others[-10:])}." if others else "")


def _with(backup: Backup, *facts: str | None) -> str:
    known = ", ".join(fact for fact in facts if fact)
    return f"{backup.manifest.id} ({known})" if known else backup.manifest.id


def _strange(name: str) -> str:
    if name.startswith(TEMPORARY):
        return "unfinished file of a run that is in progress or was interrupted"
    if ".dump." in name or ".tar." in name:
        return "it has no manifest"
    return "it is not a file of a backup"
