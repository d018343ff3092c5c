# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a backup: a JSON file beside its other files, without which they are not a backup.

Parsing is strict. A backup directory may hold any file, and files are deleted by the names in a manifest, so that
anything that is not exactly a manifest is refused with the reason.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any

from .._core.errors import InputError
from .._core.timestamps import format_time, parse_time
from . import manifest_keys

VERSION = 1
SUFFIX = ".manifest.json"
RESTORE, BOOT = "restore", "boot"
LEVELS = ("checksum", RESTORE, BOOT)  # the strongest is the last
_ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)-([0-9]{8}T[0-9]{6}Z)(-[0-9]+)?")
_ID_TIME = "%Y%m%dT%H%M%SZ"
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class FileRecord:
    """One file of a backup. ``kind`` is its component (database, uploads, vectors), ``size`` is in bytes."""

    kind: str
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DatabaseRecord:
    """The database in the snapshot of the dump.

    ``size`` is pg_database_size in bytes. ``tables`` maps names, quoted if SQL requires it, to their numbers of rows.
    ``requires`` lists the server's objects that the dump needs beside ``extensions``: the names of ``roles``,
    ``tablespaces`` and ``collations``, the ``locale_provider`` and the ``locale``; also ``subscriptions``, which are
    never loaded. An older manifest has None instead.
    """

    name: str
    server_version: str
    dump_version: str
    size: int
    encoding: str
    collate: str
    ctype: str
    extensions: tuple[str, ...]
    schema_revisions: tuple[str, ...]
    tables: Mapping[str, int]
    requires: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Manifest:
    """One backup. ``duration`` is in seconds; ``created_at`` is the time of the dump's snapshot, to the second.

    Optional: ``uploads`` has their ``store``, files or minio, and the numbers of ``files`` and ``bytes``; ``vectors``
    the name of the vector store's ``backup``, None for an empty one, and its ``classes``; ``write_freeze`` has
    ``from``, ``to`` and ``how``; ``verified`` has ``level``, ``at``, ``duration`` and ``host``; ``checked_at`` is when
    all files were last read with the right checksums; ``damaged_at`` is when a verification found the backup corrupt,
    reset when it is restored; ``not_loaded`` has ``at``, ``host`` and ``reason`` of a server that failed to load it
    although its files are intact. ``recipients`` are the public keys that it is encrypted to. ``proofs`` are its last
    verifications by restore and by boot, in the form of ``proofs.proof``, oldest first.
    """

    id: str
    environment: str
    created_at: datetime
    collection_version: str
    duration: float
    include: tuple[str, ...]
    files: tuple[FileRecord, ...]
    database: DatabaseRecord | None = None
    uploads: Mapping[str, Any] | None = None
    vectors: Mapping[str, Any] | None = None
    label: str | None = None
    pinned: bool = False
    recipients: tuple[str, ...] = ()
    write_freeze: Mapping[str, Any] | None = None
    verified: Mapping[str, Any] | None = None
    checked_at: datetime | None = None
    damaged_at: datetime | None = None
    not_loaded: Mapping[str, Any] | None = None
    proofs: tuple[Mapping[str, Any], ...] = ()
    manifest_version: int = field(default=VERSION)

    @property
    def size(self) -> int:
        """The size of all its files in bytes."""
        return sum(file.size for file in self.files)

    @property
    def file_name(self) -> str:
        """The name of the manifest's file in the backup directory."""
        return self.id + SUFFIX

    @property
    def level(self) -> str | None:
        """The level of its verification, one of LEVELS; None if it is not verified."""
        return self.verified["level"] if self.verified else None

    def reaches(self, level: str) -> bool:
        """Return True if it is verified by this level, one of LEVELS, or by a higher one."""
        return self.level is not None and LEVELS.index(self.level) >= LEVELS.index(level)

    def file(self, kind: str) -> FileRecord:
        """Return the file of one component. Raises InputError if the backup does not include it."""
        for file in self.files:
            if file.kind == kind:
                return file
        raise InputError(f"The backup {self.id} does not include {kind}, only {', '.join(self.include)}")

    def to_dict(self) -> dict[str, Any]:
        """Return the manifest as in JSON, which is also how modules return it."""
        document = asdict(self)
        document["created_at"] = format_time(self.created_at)
        for name in manifest_keys.TIMESTAMPS:
            document[name] = format_time(document[name]) if document[name] else None
        return {key: _plain(document[key]) for key in manifest_keys.MANIFEST}

    def to_json(self) -> str:
        """Return the text of the manifest's file."""
        return json.dumps(self.to_dict(), indent=2, ensure_ascii=False) + "\n"


def safe_name(database: str) -> str:
    """Return a database's name for the beginning of a file's name, with special characters replaced."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", database).lstrip("._-")[:100] or "database"


def is_id(name: str) -> bool:
    """Return True if a name has the form of a backup's id."""
    return bool(_ID.fullmatch(name))


def starts_with_id(name: str) -> bool:
    """Return True for an id, and for the name of a file of a backup, such as X.dump.zst."""
    return bool(re.match(rf"(?:{_ID.pattern})(?:\.|\Z)", name))


def new_id(database: str, created_at: datetime) -> str:
    """Return the id of a new backup: ``<database>-20261123T150102Z``."""
    return f"{safe_name(database)}-{created_at.astimezone(timezone.utc):{_ID_TIME}}"


def database_and_time(identifier: str) -> tuple[str, datetime] | None:
    """Return the ``safe_name`` of the database and the time in an id; None for an invalid id."""
    found = _ID.fullmatch(identifier)
    try:
        time = datetime.strptime(found.group(2), _ID_TIME) if found else None
    except ValueError:
        return None
    return (found.group(1), time.replace(tzinfo=timezone.utc)) if found and time else None


def parse(text: str, name: str) -> Manifest:
    """Parse the text of the file ``name``. Raises InputError with the reason if it is not a valid manifest."""
    try:
        document = json.loads(text)
        if not isinstance(document, dict) or "manifest_version" not in document:
            raise ValueError("it has no manifest_version")
        if (found := document["manifest_version"]) != VERSION:
            raise ValueError(f"its manifest_version is {found!r}, this collection supports {VERSION}")
        manifest = _manifest(document)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} is not a manifest: {error}") from error
    if manifest.file_name != name:
        raise InputError(f"{name} is not a manifest: its id is {manifest.id}, so its name must be {manifest.file_name}")
    return manifest


def _manifest(document: Mapping[str, Any]) -> Manifest:
    document = {**manifest_keys.LATER, **document}
    manifest_keys.check(document, manifest_keys.MANIFEST, "")
    if not is_id(document["id"]):
        raise ValueError(f"its id {document['id']!r} is not the id of a backup")
    files = tuple(_file(document["id"], entry) for entry in document["files"])
    if not files:
        raise ValueError("its list of files is empty")
    database = document["database"]
    if database is not None:
        database = {**manifest_keys.LATER_DATABASE, **database}
        manifest_keys.check(database, manifest_keys.DATABASE, "database.")
        if database["requires"] is not None:
            manifest_keys.check(database["requires"], manifest_keys.REQUIRES, "database.requires.")
        database = DatabaseRecord(**_frozen(database))
    if document["uploads"] is not None:
        document["uploads"] = {"store": "files", **document["uploads"]}  # older ones are of files
    for name, keys in manifest_keys.OBJECTS.items():
        if document[name] is not None:
            manifest_keys.check(document[name], keys, f"{name}.")
    _check_verifications(document)
    timestamps = {name: parse_time(document[name]) if document[name] else None for name in manifest_keys.TIMESTAMPS}
    taken = {**_frozen(document), "created_at": parse_time(document["created_at"]), "files": files}
    return Manifest(**{**taken, **timestamps, "database": database})


def _check_verifications(document: Mapping[str, Any]) -> None:
    if document["verified"] is not None:
        parse_time(document["verified"]["at"])
        if document["verified"]["level"] not in LEVELS:
            raise ValueError(f"verified.level is not one of {', '.join(LEVELS)}")
    for entry in document["proofs"]:
        manifest_keys.check_proof(entry, LEVELS)
        parse_time(entry["at"])


def _file(backup: str, entry: Any) -> FileRecord:
    if not isinstance(entry, dict):
        raise ValueError("files is not a list of objects")  # noqa: TRY004 - a ValueError like all other problems
    manifest_keys.check(entry, manifest_keys.FILE, "files.")
    # The file is opened and deleted by this name: it must be in this directory and belong to this backup.
    if not entry["name"].startswith(f"{backup}.") or "/" in entry["name"] or "\0" in entry["name"]:
        raise ValueError(f"the file {entry['name']!r} does not belong to backup {backup}")
    if not _SHA256.fullmatch(entry["sha256"]):
        raise ValueError(f"the sha256 of {entry['name']} is not 64 hexadecimal digits")
    return FileRecord(**entry)


def _frozen(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in document.items()}


def _plain(value: Any) -> Any:
    """Replace tuples by lists, at any depth, so that the result equals what is read back from JSON."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
