# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write images of an engine into one archive, each layer once and compressed, under names that are their digests.

``docker save`` writes the layers uncompressed, and its manifest at the end. Here the manifest is at the beginning, and
a layer can be copied without the other ones. ``docker load`` reads these archives too.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from .._core import files
from .._core.errors import ConvosphereError, EngineError
from .client import asking
from .image_archive import MANIFEST, SMALL, ArchivedImage, add, manifest, member_of_configuration, member_of_layer

if TYPE_CHECKING:
    from docker import APIClient

BLOCK = 1 << 20
#: The fastest level of gzip: the archive is half as large as without, and higher levels save little for their time.
LEVEL = 1
#: zlib's number for the format of gzip, and for a decompressor that accepts both gzip and zlib.
GZIP, ANY = 31, 47
GZIP_MAGIC = b"\x1f\x8b"


def write(api: APIClient, images: Sequence[ArchivedImage], path: Path) -> None:
    """Write an archive under a temporary name, sync it and rename it. Raise ConvosphereError; then nothing is left."""
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=files.TEMPORARY)
        with os.fdopen(descriptor, "wb") as target, _saved(api, images) as saved:
            _give_to_owner(target, path.parent)
            write_saved(saved, images, target)
            target.flush()
            os.fsync(target.fileno())
        Path(temporary).replace(path)
        files.sync_directory(path.parent)
    except OSError as error:
        raise ConvosphereError(f"Cannot write the archive {path}: {error.strerror or error}") from error
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)


@contextmanager
def _saved(api: APIClient, images: Sequence[ArchivedImage]) -> Iterator[IO[bytes]]:
    """Yield the stream of ``docker save``. The SDK's own function takes one image, and would repeat shared layers."""
    url = f"{api.base_url}/v{api.api_version}/images/get"
    names = {"names": [image.id for image in images]}
    with asking("save the images"), api.get(url, params=names, stream=True, timeout=None) as answer:
        answer.raise_for_status()
        yield cast("IO[bytes]", answer.raw)


def _give_to_owner(file: IO[bytes], directory: Path) -> None:
    """Let the owner of the directory read the file, also if root writes it."""
    if os.geteuid() == 0:
        owner = directory.stat()
        os.fchown(file.fileno(), owner.st_uid, owner.st_gid)


def write_saved(saved: IO[bytes], images: Sequence[ArchivedImage], target: IO[bytes]) -> None:
    """Write ``images`` from the stream of ``docker save``. Raise EngineError if it lacks a layer or a configuration."""
    configurations = {image.id for image in images}
    layers = {digest for image in images for digest in image.layers}
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
        add(archive, MANIFEST, manifest(images))
        target_end = archive.offset
    target.seek(target_end)
    target.truncate()
    try:
        with tarfile.open(fileobj=saved, mode="r|") as members:
            for member in members:
                if member.isfile() and (configurations or layers):
                    _copy(cast("IO[bytes]", members.extractfile(member)), member, configurations, layers, target)
    except tarfile.TarError as error:
        raise EngineError(f"Docker Engine failed to save the images: {error}") from error
    if configurations or layers:
        missing = ", ".join(sorted(configurations | layers))
        raise EngineError(
            f"Docker Engine saved the images without {missing}",
            hint="Run docker save for these images by hand: an engine that compresses layers with zstd cannot be read.",
        )
    target.write(bytes(tarfile.RECORDSIZE))


def _copy(
    content: IO[bytes], member: tarfile.TarInfo, configurations: set[str], layers: set[str], target: IO[bytes]
) -> None:
    """Copy a member if it is a configuration or a layer that is still missing, and remove it from these."""
    head = content.read(SMALL) if member.size <= SMALL else b""
    digest = f"sha256:{hashlib.sha256(head).hexdigest()}"
    if head and digest in configurations:
        target.write(_header(member_of_configuration(digest), len(head)) + head + _padding(len(head)))
        configurations.discard(digest)
        return
    start = target.tell()
    target.write(bytes(tarfile.BLOCKSIZE))  # the header, once the compressed size is known
    digest = _compress(head, content, target)
    if digest not in layers:
        target.seek(start)
        target.truncate()
        return
    size = target.tell() - start - tarfile.BLOCKSIZE
    target.write(_padding(size))
    end = target.tell()
    target.seek(start)
    target.write(_header(member_of_layer(digest), size))
    target.seek(end)
    layers.discard(digest)


def _compress(head: bytes, content: IO[bytes], target: IO[bytes]) -> str:
    """Copy a layer, compressed unless it is, and return the digest of its uncompressed content."""
    block = head or content.read(BLOCK)
    digest = hashlib.sha256()
    compressed = block.startswith(GZIP_MAGIC)
    unpacker = zlib.decompressobj(ANY)
    packer = zlib.compressobj(LEVEL, wbits=GZIP)
    while block:
        try:
            digest.update(unpacker.decompress(block) if compressed else block)
        except zlib.error:
            return ""  # not a layer
        target.write(block if compressed else packer.compress(block))
        block = content.read(BLOCK)
    target.write(b"" if compressed else packer.flush())
    return f"sha256:{digest.hexdigest()}"


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size = size
    return entry.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)
