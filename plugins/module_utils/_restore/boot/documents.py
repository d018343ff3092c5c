# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare rows of documents with the files in the uploads of the same backup.

The archive is read once, as a stream, and nothing is written to a disk.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ..._app import uploads
from ..._backup.corruption import CorruptError
from ..._backup.file_reader import Archive

#: The forms of documents.file_path: files of the backend, and objects of MinIO.
_SCHEMES = {"local://": uploads.FILES, "minio://": uploads.MINIO}
#: The keys of documents.knowledge_metadata that may have the checksum of the file.
_DIGESTS = ("sha256", "content_sha256", "file_sha256", "checksum")
_SHA256 = 64
_PIECE = 1024 * 1024


@dataclass(frozen=True)
class Document:
    """A row: its id, the path of its file in the uploads, its size, and the file's sha256 if the row has it."""

    id: str
    path: str
    size: int
    sha256: str | None


@dataclass(frozen=True)
class Stored:
    """A file in the uploads: its size in bytes and its sha256."""

    size: int
    sha256: str


@dataclass
class Uploads:
    """What the archive of the uploads has: its number of files and bytes, and the files that were asked for."""

    files: int
    bytes: int
    stored: dict[str, Stored]


def document(row: Mapping[str, Any], store: str) -> Document | None:
    """Return the document of a row whose file lies in this ``store`` of uploads; None for any other row."""
    for scheme, place in _SCHEMES.items():
        path = str(row["file_path"])
        if path.startswith(scheme) and place.name == store:
            metadata = row["knowledge_metadata"] if isinstance(row["knowledge_metadata"], dict) else {}
            digests = [str(metadata[key]).lower() for key in _DIGESTS if metadata.get(key)]
            found = [digest for digest in digests if len(digest) == _SHA256]
            return Document(
                str(row["id"]), path[len(scheme) :].strip("/"), int(row["file_size"]), next(iter(found), None)
            )
    return None


def problems(documents: Iterable[Document], found: Uploads, store: str, fact: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each difference between the rows and the files. ``fact`` is the manifest's field."""
    listed = []
    if (found.files, found.bytes) != (fact["files"], fact["bytes"]):
        listed.append(
            f"the uploads have {found.files} files of {found.bytes} bytes, and the manifest says {fact['files']} of "
            f"{fact['bytes']}"
        )
    for each in documents:
        stored = found.stored.get(each.path)
        if stored is None:
            listed.append(f"the file {each.path} of document {each.id} is not among the uploads")
        elif store == uploads.FILES.name:  # MinIO stores a file in a form of its own
            listed += _differences(each, stored)
    return listed


def _differences(each: Document, stored: Stored) -> list[str]:
    if stored.size != each.size:
        return [f"the file {each.path} of document {each.id} has {stored.size} bytes, and its row says {each.size}"]
    if each.sha256 and stored.sha256 != each.sha256:
        return [f"the file {each.path} of document {each.id} has the sha256 {stored.sha256}, and its row {each.sha256}"]
    return []


def read(archive: Archive, paths: Collection[str], store: str) -> Uploads:
    """Read the archive of uploads to its end. Raises ConvosphereError, CorruptError for a corrupt file."""
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as pool:
        result = pool.submit(_counted, reading, set(paths), uploads.STORES[store].records)
        try:
            with suppress(BrokenPipeError), os.fdopen(writing, "wb") as sink:  # the reader reports why it has ended
                archive.unpack(sink.write)
        finally:
            error = result.exception()
    if isinstance(error, tarfile.TarError):
        raise CorruptError(f"{archive.path} is not a tar archive: {error}", kind=archive.record.kind) from error
    return result.result()


def _counted(descriptor: int, paths: Collection[str], records: tuple[str, ...]) -> Uploads:
    found = Uploads(0, 0, {})
    with os.fdopen(descriptor, "rb") as source:
        with tarfile.open(fileobj=source, mode="r|") as archive:
            for member in archive:
                inner = member.name.partition("/")[2]
                if not (records and inner.startswith(records)):
                    found.files += member.isfile() or member.islnk()
                    found.bytes += member.size
                if inner in paths:  # of MinIO, a directory is a file
                    found.stored[inner] = _digest(archive, member)
        while source.read(_PIECE):
            pass  # the padding after the end of the archive
    return found


def _digest(archive: tarfile.TarFile, member: tarfile.TarInfo) -> Stored:
    digest = hashlib.sha256()
    source = archive.extractfile(member) if member.isfile() else None
    while source and (piece := source.read(_PIECE)):
        digest.update(piece)
    return Stored(member.size, digest.hexdigest())
