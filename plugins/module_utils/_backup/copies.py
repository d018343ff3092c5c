# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of backups in other places, a directory or S3-compatible storage: compare, copy, fetch and remove them.

A copy has the same files under the same names as the backup. Its manifest is written last: without it, it is not a
copy. A file that has the right checksum is not copied again, so that an interrupted run is continued by the next one.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from .._core import files as core_files
from .._core.errors import (
    ConvosphereError,
    CopyError,
    InputError,
)
from . import catalogue as backup_catalogue
from . import manifest as backup_manifest
from . import names as backup_names
from .catalogue import Backup, Catalogue
from .manifest import FileRecord, Manifest
from .targets.directory import Folder
from .targets.s3 import ObjectStore

#: One place of copies.
TARGET_OPTION: dict[str, Any] = {
    "type": "dict",
    "options": {
        "directory": {"type": "path"},
        "bucket": {"type": "str"},
        "prefix": {"type": "str"},
        "endpoint_url": {"type": "str"},
        "region": {"type": "str"},
        "access_key": {"type": "str", "no_log": True},
        "secret_key": {"type": "str", "no_log": True},
        "session_token": {"type": "str", "no_log": True},
        "ca_cert": {"type": "path"},
        "retention": {"type": "bool", "default": False},
    },
    "mutually_exclusive": [["directory", "bucket"]],
    "required_one_of": [["directory", "bucket"]],
    "required_together": [["access_key", "secret_key"]],
    "required_by": {"session_token": ["access_key"]},
}
TARGETS_OPTION: dict[str, Any] = {**TARGET_OPTION, "type": "list", "elements": "dict"}

#: A complete copy in a plan.
DONE = {"files": "all", "manifest": "current"}
#: Receives a file's name, the bytes that are done and its size.
Reporter = Callable[[str, int, int], Any]


class Place(Protocol):
    """A flat store of copies, under the names of the backups' files. Every method raises CopyError."""

    title: str

    def check(self) -> None:
        """Check that it can be reached."""

    def names(self) -> list[str]:
        """Return the names of all files, sorted."""

    def holds(self, name: str, size: int, sha256: str, *, trusted: bool) -> bool:
        """Return True if a file exists with this size and checksum; ``trusted``: without reading its content."""

    def read(self, name: str) -> bytes:
        """Return the content of a small file."""

    def put_bytes(self, name: str, content: bytes) -> None:
        """Write a small file in one step."""

    def put(self, path: Path, size: int, sha256: str, progress: Callable[[int], None]) -> None:
        """Write a file in one step. Refuse one that does not have this size and checksum."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield the content of a file in chunks."""

    def remove(self, name: str) -> None:
        """Remove a file if it exists."""


@dataclass(frozen=True)
class Difference:
    """The ``files`` of one backup that a place lacks, and the ``state`` of the manifest there.

    The state is "current", "outdated" or "none"; or "corrupt" if a verification of the copy found that. Then the place
    lacks all files.
    """

    manifest: Manifest
    files: tuple[FileRecord, ...]
    state: str

    @property
    def any(self) -> bool:
        """True if there is anything to copy."""
        return bool(self.files) or self.state != "current"


def place_of(target: Mapping[str, Any]) -> Place:
    """Return the place that a TARGET_OPTION describes, without connecting to it."""
    return ObjectStore(target) if target.get("bucket") else Folder(target)


def difference(manifest: Manifest, place: Place, names: Sequence[str] | None = None) -> Difference:
    """Return what a place lacks of a backup. ``names`` are those of the files there, if they were just read."""
    text = manifest.to_json().encode()
    existing = set(place.names() if names is None else names)
    current = place.read(manifest.file_name) if manifest.file_name in existing else b""
    copy = _parsed(current, manifest.file_name)
    if copy and copy.environment != manifest.environment:
        raise CopyError(
            f"Cannot copy backup {manifest.id} of the environment {manifest.environment} to {place.title}: there is "
            f"one of the environment {copy.environment} with this id",
            hint="Give each environment a directory or a prefix of its own.",
        )
    if copy and copy.damaged_at and current != text:
        # A wrong byte changes neither the size of a file nor the checksum that a bucket recorded.
        return Difference(manifest, manifest.files, "corrupt")
    # The manifest of a copy whose backup was verified later differs, but lists the same files.
    trusted = current == text or (copy is not None and copy.files == manifest.files)
    lacking = tuple(
        file
        for file in manifest.files
        if file.name not in existing or not place.holds(file.name, file.size, file.sha256, trusted=trusted)
    )
    return Difference(manifest, lacking, "current" if current == text else "outdated" if current else "none")


def current_state(lacking: Difference) -> dict[str, str] | None:
    """Return the current state of a copy for a plan whose desired state is DONE; None if there is no copy."""
    if lacking.state == "none":
        return None
    missing = ", ".join(file.name for file in lacking.files)
    return {"files": f"all but {missing}" if missing else "all", "manifest": lacking.state}


def file_names(lacking: Difference) -> list[str]:
    """Return the names of the files to copy, the manifest last."""
    return [file.name for file in lacking.files] + ([lacking.manifest.file_name] if lacking.any else [])


def _silent(_name: str, _done: int, _size: int) -> None:
    """Report no progress."""


def copy(backup: Backup, lacking: Difference, place: Place, progress: Reporter = _silent) -> None:
    """Copy what a place lacks, the manifest last."""
    for file in lacking.files:
        place.put(
            backup.directory / file.name,
            file.size,
            file.sha256,
            lambda done, file=file: progress(file.name, done, file.size),  # type: ignore[misc]
        )
    if lacking.any:
        put_manifest(backup.manifest, place)


def has_manifest(manifest: Manifest, place: Place) -> bool:
    """Return True if the manifest of an existing copy equals this one."""
    return place.read(manifest.file_name) == manifest.to_json().encode()


def put_manifest(manifest: Manifest, place: Place) -> None:
    """Write the manifest of a copy whose files are complete."""
    place.put_bytes(manifest.file_name, manifest.to_json().encode())


def manifests(place: Place) -> list[Manifest]:
    """Return the manifests of all complete copies, oldest first."""
    names = place.names()
    found = []
    for name in names:
        if name.endswith(backup_manifest.SUFFIX):
            manifest = _parsed(place.read(name), name)
            if manifest and all(file.name in names for file in manifest.files):
                found.append(manifest)
    return sorted(found, key=lambda manifest: (manifest.created_at, manifest.id))


def find(place: Place, name: str, environment: str) -> Manifest:
    """Return the copy that ``name`` means: an id, a label (the newest with it), ``latest`` or ``latest_verified``.

    If the environment has such copies, those of others do not count. Raises InputError that lists the existing copies.
    """
    existing = manifests(place)
    meant = [manifest for manifest in existing if _is_meant(manifest, name)]
    found = [manifest for manifest in meant if manifest.environment == environment] or meant
    if not found:
        raise InputError(
            f"There is no copy of a backup {name} in {place.title}",
            hint=f"There are: {', '.join(manifest.id for manifest in existing) or 'none'}.",
        )
    return ([manifest for manifest in found if not manifest.damaged_at] or found)[-1]


def _is_meant(manifest: Manifest, name: str) -> bool:
    if name in (backup_catalogue.LATEST, backup_catalogue.LATEST_VERIFIED):
        return name == backup_catalogue.LATEST or bool(manifest.verified)
    return name == (manifest.id if backup_names.means_one(name) else manifest.label)


def lacking_here(manifest: Manifest, catalogue: Catalogue) -> Difference:
    """Return what the backup directory lacks of a copy: nothing, or all if the backup is missing or corrupt.

    Raises InputError if the directory has a different backup with this id.
    """
    existing = [backup for backup in catalogue.read()[0] if backup.manifest.id == manifest.id]
    if not existing:
        return Difference(manifest, manifest.files, "none")
    if existing[0].manifest.files != manifest.files:
        raise InputError(
            f"Cannot fetch backup {manifest.id}: {catalogue.directory} has a different backup with this id, "
            f"{_checksums(existing[0].manifest)}, and the copy has {_checksums(manifest)}",
            hint="Compare both manifests, and the files by sha256sum; then move the backup that you do not need to "
            "another directory.",
        )
    corrupt = existing[0].manifest.damaged_at is not None
    return Difference(manifest, manifest.files, "outdated") if corrupt else Difference(manifest, (), "current")


def _checksums(manifest: Manifest) -> str:
    return ", ".join(f"{file.name} with sha256 {file.sha256}" for file in manifest.files)


def fetch(lacking: Difference, place: Place, catalogue: Catalogue, progress: Reporter = _silent) -> None:
    """Fetch a backup into its directory, the manifest last. The lock of the catalogue must be held.

    Raises CopyError if a file does not have the checksum in the manifest; then nothing of that file is left.
    """
    for file in lacking.files:
        path = catalogue.directory / file.name
        if not (
            path.is_file()
            and Folder({"directory": path.parent}).holds(file.name, file.size, file.sha256, trusted=False)
        ):
            _receive(file, place, catalogue.directory, progress)
    if lacking.any:
        catalogue.save(lacking.manifest)


def remove(manifest: Manifest, place: Place) -> None:
    """Remove a copy, its manifest first, so that an interrupted removal leaves no incomplete copy."""
    for name in (manifest.file_name, *(file.name for file in manifest.files)):
        place.remove(name)


def _receive(file: FileRecord, place: Place, directory: Path, progress: Reporter) -> None:
    partial = directory / f"{backup_catalogue.TEMPORARY}{file.name}.part"
    digest, done = hashlib.sha256(), 0
    try:
        with os.fdopen(
            os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb"
        ) as received:
            for chunk in place.chunks(file.name):
                digest.update(chunk)
                received.write(chunk)
                done += len(chunk)
                progress(file.name, done, file.size)
            received.flush()
            os.fsync(received.fileno())
        if (done, digest.hexdigest()) != (file.size, file.sha256):
            raise CopyError(
                f"Cannot fetch {file.name} from {place.title}: it has {done} bytes and sha256 {digest.hexdigest()}, "
                f"its manifest says {file.size} bytes and {file.sha256}",
                hint="The copy is corrupt or was changed. Fetch another backup, or use another place.",
            )
        partial.replace(directory / file.name)
        core_files.sync_directory(directory)
    except OSError as error:
        raise ConvosphereError(f"Cannot write {file.name} to {directory}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _parsed(text: bytes, name: str) -> Manifest | None:
    """Return the manifest in a text; None if it is not a valid one."""
    try:
        return backup_manifest.parse(text.decode("utf-8", errors="replace"), name)
    except InputError:
        return None
