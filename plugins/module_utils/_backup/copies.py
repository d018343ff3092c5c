# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of backups in other places: another directory, or S3-compatible storage. There, and back.

A copy has the same files under the same names as the backup, and its manifest comes last: without it, it is no copy.
What is there with the same checksum is not copied again, so that a run that was cut short goes on where it was.

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

#: One place; an option that takes several is a list of these.
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

#: What a plan says of a copy that lacks nothing.
DONE = {"files": "all", "manifest": "current"}
Progress = Callable[[str, int, int], Any]


class Place(Protocol):
    """Where copies lie, flat, under the names of the backups' files. All of it raises CopyError."""

    title: str

    def check(self) -> None:
        """See that it can be reached."""

    def names(self) -> list[str]:
        """The names of all that is there, sorted."""

    def holds(self, name: str, size: int, sha256: str, *, trusted: bool) -> bool:
        """Whether a file is there whole; ``trusted``: its manifest is, so that its content need not be read."""

    def read(self, name: str) -> bytes:
        """A small file."""

    def put_bytes(self, name: str, content: bytes) -> None:
        """Write a small file in one step."""

    def put(self, path: Path, size: int, sha256: str, progress: Callable[[int], None]) -> None:
        """Write a file in one step, refusing one that is not of this size and sum."""

    def chunks(self, name: str) -> Iterator[bytes]:
        """The content of a file, bit by bit."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""


@dataclass(frozen=True)
class Difference:
    """What a place lacks of one backup: ``files``; its manifest is ``there`` as "current", "outdated" or "none".

    It is "damaged" where a verification of the copy found that: then the place lacks all files, whatever they seem.
    """

    manifest: Manifest
    files: tuple[FileRecord, ...]
    there: str

    @property
    def any(self) -> bool:
        """Whether there is anything to copy."""
        return bool(self.files) or self.there != "current"


def place(target: Mapping[str, Any]) -> Place:
    """The place that a TARGET_OPTION describes. Nothing is asked yet."""
    return ObjectStore(target) if target.get("bucket") else Folder(target)


def difference(manifest: Manifest, there: Place, names: Sequence[str] | None = None) -> Difference:
    """What ``there`` lacks of a backup. ``names`` spares a question where they were just read."""
    text = manifest.to_json().encode()
    present = set(there.names() if names is None else names)
    found = there.read(manifest.file_name) if manifest.file_name in present else b""
    copy = _parsed(found, manifest.file_name)
    if copy and copy.damaged_at and found != text:
        # One wrong byte leaves a file as large as it was, and a bucket with the sum that was sent there.
        return Difference(manifest, manifest.files, "damaged")
    # One that was verified since differs in that only.
    trusted = found == text or (copy is not None and copy.files == manifest.files)
    lacking = tuple(
        file
        for file in manifest.files
        if file.name not in present or not there.holds(file.name, file.size, file.sha256, trusted=trusted)
    )
    return Difference(manifest, lacking, "current" if found == text else "outdated" if found else "none")


def described(lacking: Difference) -> dict[str, str] | None:
    """What is there of a copy, for a plan that has DONE as its aim; None for nothing at all."""
    if lacking.there == "none":
        return None
    missing = ", ".join(file.name for file in lacking.files)
    return {"files": f"all but {missing}" if missing else "all", "manifest": lacking.there}


def file_names(lacking: Difference) -> list[str]:
    """The names of the files that a copy takes, the manifest last."""
    return [file.name for file in lacking.files] + ([lacking.manifest.file_name] if lacking.any else [])


def _silent(_name: str, _done: int, _size: int) -> None:
    """For whoever wants to hear of no progress."""


def copy(backup: Backup, lacking: Difference, there: Place, progress: Progress = _silent) -> None:
    """Bring to ``there`` what it lacks, the manifest last. ``progress`` gets a file's name, bytes done and size."""
    for file in lacking.files:
        there.put(
            backup.directory / file.name,
            file.size,
            file.sha256,
            lambda done, file=file: progress(file.name, done, file.size),  # type: ignore[misc]
        )
    if lacking.any:
        put_manifest(backup.manifest, there)


def has_manifest(manifest: Manifest, there: Place) -> bool:
    """Whether the manifest of a copy that is there says the same as this one."""
    return there.read(manifest.file_name) == manifest.to_json().encode()


def put_manifest(manifest: Manifest, there: Place) -> None:
    """Write the manifest of a copy whose files are there."""
    there.put_bytes(manifest.file_name, manifest.to_json().encode())


def manifests(there: Place) -> list[Manifest]:
    """The backups of which there is a copy, oldest first. What is no manifest, or lacks a file, is left out."""
    names = there.names()
    found = []
    for name in names:
        if name.endswith(backup_manifest.SUFFIX):
            manifest = _parsed(there.read(name), name)
            if manifest and all(file.name in names for file in manifest.files):
                found.append(manifest)
    return sorted(found, key=lambda manifest: (manifest.created_at, manifest.id))


def find(there: Place, name: str) -> Manifest:
    """The copy that ``name`` means: an id, a label (the newest with it), ``latest`` or ``latest_verified``.

    Raises InputError that lists what is there.
    """
    present = manifests(there)
    found = [manifest for manifest in present if _is_meant(manifest, name)]
    if not found:
        raise InputError(
            f"There is no copy of a backup {name} in {there.title}",
            hint=f"There are: {', '.join(manifest.id for manifest in present) or 'none'}.",
        )
    return ([manifest for manifest in found if not manifest.damaged_at] or found)[-1]


def _is_meant(manifest: Manifest, name: str) -> bool:
    if name in (backup_catalogue.LATEST, backup_catalogue.LATEST_VERIFIED):
        return name == backup_catalogue.LATEST or bool(manifest.verified)
    return name == (manifest.id if backup_names.means_one(name) else manifest.label)


def lacking_here(manifest: Manifest, catalogue: Catalogue) -> Difference:
    """What the backup directory lacks of a copy: nothing, or all of it where it is not there or is damaged.

    Raises InputError where another backup of this name is there.
    """
    here = [backup for backup in catalogue.read()[0] if backup.manifest.id == manifest.id]
    if not here:
        return Difference(manifest, manifest.files, "none")
    if here[0].manifest.files != manifest.files:
        raise InputError(
            f"{catalogue.directory} has another backup {manifest.id} than the copy",
            hint="Move one of them away: which of them is right cannot be told.",
        )
    damaged = here[0].manifest.damaged_at is not None
    return Difference(manifest, manifest.files, "outdated") if damaged else Difference(manifest, (), "current")


def fetch(lacking: Difference, there: Place, catalogue: Catalogue, progress: Progress = _silent) -> None:
    """Bring a backup back into its directory, the manifest last. The lock of the catalogue must be held.

    Raises CopyError where what arrives is not what the manifest says: then nothing of that file is left.
    """
    for file in lacking.files:
        path = catalogue.directory / file.name
        if not (
            path.is_file()
            and Folder({"directory": path.parent}).holds(file.name, file.size, file.sha256, trusted=False)
        ):
            _receive(file, there, catalogue.directory, progress)
    if lacking.any:
        catalogue.save(lacking.manifest)


def remove(manifest: Manifest, there: Place) -> None:
    """Remove a copy, its manifest first: cut short, what is left is none."""
    for name in (manifest.file_name, *(file.name for file in manifest.files)):
        there.remove(name)


def _receive(file: FileRecord, there: Place, directory: Path, progress: Progress) -> None:
    partial = directory / f"{backup_catalogue.TEMPORARY}{file.name}.part"
    whole, done = hashlib.sha256(), 0
    try:
        with os.fdopen(
            os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb"
        ) as received:
            for chunk in there.chunks(file.name):
                whole.update(chunk)
                received.write(chunk)
                done += len(chunk)
                progress(file.name, done, file.size)
            received.flush()
            os.fsync(received.fileno())
        if (done, whole.hexdigest()) != (file.size, file.sha256):
            raise CopyError(
                f"{file.name} in {there.title} is not what its manifest says, and was not brought back",
                hint="The copy was damaged or changed there: use another one.",
            )
        partial.replace(directory / file.name)
        core_files.sync_directory(directory)
    except OSError as error:
        raise ConvosphereError(f"Cannot write {file.name} to {directory}: {error.strerror}") from error
    finally:
        partial.unlink(missing_ok=True)


def _parsed(text: bytes, name: str) -> Manifest | None:
    """The manifest at the other place; None for what is none."""
    try:
        return backup_manifest.parse(text.decode("utf-8", errors="replace"), name)
    except InputError:
        return None
