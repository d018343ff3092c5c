# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backups in one directory: what is there, which one an operator means, and changing one manifest.

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
from .._core import timestamps
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
_OWN = (core_files.LOCK, core_files.MARKER, PROGRESS)


@dataclass(frozen=True)
class Backup:
    """One backup: its manifest, and the directory that holds all its files."""

    manifest: Manifest
    directory: Path

    def path(self, kind: str = "database") -> Path:
        """The file that holds one part. Raises InputError where the backup does not include it."""
        return self.directory / self.manifest.file(kind).name

    def paths(self) -> list[Path]:
        """All its files, the manifest first."""
        names = [self.manifest.file_name, *(file.name for file in self.manifest.files)]
        return [self.directory / name for name in names]

    def age(self, now: datetime) -> timedelta:
        """How long ago its snapshot was taken; negative where the clock was ahead then."""
        return now - self.manifest.created_at

    def is_from_future(self, now: datetime) -> bool:
        """Whether it was made by a clock that was ahead, or this clock has fallen back since."""
        return self.age(now) < -TOLERANCE


@dataclass(frozen=True)
class Scope:
    """Whose backups ``latest``, ``latest_verified`` and labels mean, None for anybody's. An id means just one."""

    environment: str | None = None
    database: str | None = None

    def __str__(self) -> str:
        named = {"database": self.database, "environment": self.environment}
        return " of ".join(f"{what} {name}" for what, name in named.items() if name is not None)

    def has(self, manifest: Manifest) -> bool:
        """Whether a backup is one of these."""
        return not self.objections(manifest)

    def objections(self, manifest: Manifest) -> list[str]:
        """A sentence, without its final dot, for each thing because of which a backup is none of these."""
        found = {"environment": manifest.environment, "database": database_of(manifest)}
        wanted = {"environment": self.environment, "database": self.database}
        return [
            f"The backup {manifest.id} is of {what} {found[what] or 'none'}, not of {wanted[what]}"
            for what in wanted
            if wanted[what] not in (None, found[what])
        ]


@dataclass(frozen=True)
class Foreign:
    """Something in the directory that is no backup, and why it is none."""

    path: Path
    reason: str


class Catalogue:
    """The backups in one directory. Nothing is cached: each question reads what is there.

    Whoever changes anything, or keeps temporary files in the directory, holds the ``lock``.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def read(self) -> tuple[list[Backup], list[Foreign]]:
        """All backups, oldest first, and whatever else lies there. Raises InputError where it cannot be read."""
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
        known |= {item.path.name for item in foreign}
        foreign += [Foreign(self.directory / name, _strange(name)) for name in names if name not in known]
        backups.sort(key=lambda backup: (backup.manifest.created_at, backup.manifest.id))
        return backups, sorted(foreign, key=lambda item: item.path.name)

    def find(self, name: str, now: datetime | None = None, scope: Scope = Scope()) -> Backup:
        """The backup that ``name`` means: an id, a file's name or path, or of those in ``scope`` a label (the newest
        with it), ``latest``, ``latest_verified``.

        Raises InputError that lists what is there.
        """
        moment = now or datetime.now(timezone.utc)
        backups, foreign = self.read()
        found = _matching(backups, name, scope)
        if not found:
            named = [f"{item.path.name}: {item.reason}" for item in foreign if name in str(item.path)]
            hint = ". ".join(named) or _told(backups, foreign, scope)
            raise InputError(f"There is no backup {name} in {self.directory}", hint=hint)
        # One that a wrong clock dated into the future is not the latest for all the years until then, and one that is
        # known to be damaged is none to rely on.
        sound = [backup for backup in found if not backup.manifest.damaged_at] or found
        return ([backup for backup in sound if not backup.is_from_future(moment)] or sound)[-1]

    def save(self, manifest: Manifest) -> None:
        """Write or rewrite one manifest in a single step. Raises ConvosphereError."""
        core_files.write_text(self.directory / manifest.file_name, manifest.to_json(), "0600")

    def commit(self, manifest: Manifest, written: Mapping[str, Path]) -> Backup:
        """Make a backup of files that are complete and synced. ``written`` has their present paths by final name.

        Killed at any moment, there is the whole backup, or none: until the manifest has its own name, the same text
        under a temporary one tells the next run which files to clear away. Raises ConvosphereError.
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
        """Remove one backup. Killed in the middle, it is none any more, and the next run clears the rest away."""
        intent = self._intent(backup.manifest)
        with core_files.changing("backups", self.directory):
            (self.directory / backup.manifest.file_name).replace(intent)
            core_files.sync_directory(self.directory)
        for file in backup.manifest.files:
            core_files.remove(self.directory / file.name)
        core_files.remove(intent)

    def clear_unfinished(self) -> list[str]:
        """Remove what killed runs left, and return its names. Only for whoever holds the lock.

        A dump without any manifest is not touched: it may be all that somebody has.
        """
        temporary = [name for name in self.names() if name.startswith(TEMPORARY)]
        files: list[str] = []
        for name in temporary:
            if name.endswith(backup_manifest.SUFFIX):
                files += self._files_of(name)
        # A copy that is being written here is held by a lock of its own, and not by the directory's.
        # Manifests last: one that is left tells the next run what else there is to remove.
        # What a killed run last said of itself is as old as that run: who holds the lock has not begun to say anything.
        said = [name for name in self.names() if name == PROGRESS]
        doomed = dict.fromkeys([*files, *temporary, *said])
        return sorted(name for name in doomed if core_files.remove_unheld(self.directory / name))

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep every other run that changes these backups out; raises ConvosphereError at once where there is one."""
        with core_files.locked(self.directory / core_files.LOCK, f"the backups in {self.directory}"):
            yield

    def is_locked(self) -> bool:
        """Whether some run is changing these backups right now."""
        return core_files.is_locked(self.directory / core_files.LOCK)

    def _intent(self, manifest: Manifest) -> Path:
        return self.directory / f"{TEMPORARY}{manifest.file_name}"

    def _files_of(self, name: str) -> list[str]:
        """The files that are there of a backup that was not finished, or not removed to the end."""
        try:
            manifest = backup_manifest.parse(core_files.read_text(self.directory / name) or "", name[len(TEMPORARY) :])
        except InputError:
            return []
        there = [file.name for file in manifest.files if (self.directory / file.name).is_file()]
        return [] if (self.directory / manifest.file_name).exists() else there

    def _backup(self, name: str) -> Backup:
        text = core_files.read_text(self.directory / name)
        backup = Backup(backup_manifest.parse(text or "", name), self.directory)
        for file in backup.manifest.files:
            path = self.directory / file.name
            if path.is_symlink() or not path.is_file():
                raise InputError(f"{name}: its file {file.name} is missing")
            if path.stat().st_size != file.size:
                raise InputError(f"{name}: {file.name} has {path.stat().st_size} bytes and not {file.size}")
        return backup

    def names(self) -> list[str]:
        """All that is in the directory, sorted; nothing where it is not there. Raises InputError."""
        try:
            return sorted(path.name for path in self.directory.iterdir())
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(
                f"Cannot list the backups in {self.directory}: {error.strerror}", hint="Use become: true."
            ) from error


def groups(backups: Sequence[Backup], environment: str, database: str | None) -> dict[tuple[str, ...], list[Backup]]:
    """The backups of one environment and database, in their order, by what they include, sorted."""
    found: dict[tuple[str, ...], list[Backup]] = {}
    for backup in backups:
        manifest = backup.manifest
        if manifest.environment == environment and database_of(manifest) == database:
            found.setdefault(tuple(sorted(manifest.include)), []).append(backup)
    return found


def database_of(manifest: Manifest) -> str | None:
    """The name of the database that a backup is of."""
    return manifest.database.name if manifest.database else None


def summary(manifest: Manifest) -> dict[str, Any]:
    """What a diff shows of a backup."""
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
    """Whether a file's name, or a path by whichever way it leads there, is one of the backup's."""
    if "\0" in name:
        return False  # which no path has
    path = Path(name)
    here = path.name == name or path.parent.resolve() == backup.directory.resolve()
    return here and path.name in [file.name for file in backup.paths()]


def _told(backups: list[Backup], foreign: list[Foreign], scope: Scope) -> str:
    """Return what is there instead: own backups, those of others, and broken ones with the reason."""
    own = [_with(backup, backup.manifest.label) for backup in backups if scope.has(backup.manifest)]
    others = [
        _with(backup, backup.manifest.label, f"{database_of(backup.manifest)} of {backup.manifest.environment}")
        for backup in backups
        if not scope.has(backup.manifest)
    ]
    broken = [item.reason for item in foreign if item.path.name.endswith(backup_manifest.SUFFIX)][-5:]
    known = f"There are{f' of {scope}' if others else ''}: {', '.join(own[-10:]) or 'none'}."
    known += f" Broken: {'; '.join(broken)}." if broken else ""
    return known + (f" Of others, which are only found by their id: {', '.join(others[-10:])}." if others else "")


def _with(backup: Backup, *facts: str | None) -> str:
    told = ", ".join(fact for fact in facts if fact)
    return f"{backup.manifest.id} ({told})" if told else backup.manifest.id


def _strange(name: str) -> str:
    if name.startswith(TEMPORARY):
        return "unfinished: of a run that is under way, or that was killed"
    if ".dump." in name or ".tar." in name:
        return "it has no manifest"
    return "it is not a file of a backup"
