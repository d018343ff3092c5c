# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read archives of images, and copy the layers that an engine lacks into a smaller archive. Needs no Docker Engine.

``docker load`` skips a layer that the engine has on top of the same layers, even if the archive lacks its file: an
archive of the missing layers alone is enough (measured with Docker Engine 20.10). Each layer may be compressed.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import io
import json
import posixpath
import tarfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, cast

from .._core.errors import InputError
from . import images as engine_images

MANIFEST = "manifest.json"
#: The size up to which a member of an archive is read to find out whether it describes an image.
SMALL = 4 << 20
HINT = "Create it with bundle.yml, or with: docker save -o images.tar NAME..., optionally compressed with zstd or gzip."


@dataclass(frozen=True)
class ArchivedImage:
    """An image in an archive: its references, its id, and the digests of its uncompressed layers, lowest first."""

    names: tuple[str, ...]
    id: str
    layers: tuple[str, ...]


@dataclass(frozen=True)
class Index:
    """What an archive has: images, the text of the configuration of each, and the digest of each layer's member."""

    images: tuple[ArchivedImage, ...]
    configurations: Mapping[str, bytes]
    members: Mapping[str, str]

    def named(self, names: Iterable[str]) -> list[ArchivedImage]:
        """Return the images with these references, each once, and without other references."""
        asked = {engine_images.canonical(name) for name in names}
        found = [
            ArchivedImage(
                tuple(name for name in image.names if engine_images.canonical(name) in asked), image.id, image.layers
            )
            for image in self.images
        ]
        return [image for image in found if image.names]


def member_of_layer(digest: str) -> str:
    """Return the name of a layer's member in the archives that this file writes."""
    return f"layers/{digest.partition(':')[2]}"


def member_of_configuration(image_id: str) -> str:
    """Return the name of the member that holds an image's configuration."""
    return f"{image_id.partition(':')[2]}.json"


def manifest(images: Sequence[ArchivedImage]) -> bytes:
    """Return the manifest that ``docker load`` reads."""
    entries = [
        {
            "Config": member_of_configuration(image.id),
            "RepoTags": list(image.names),
            "Layers": [member_of_layer(digest) for digest in image.layers],
        }
        for image in images
    ]
    return json.dumps(entries).encode()


def read(archive: str) -> Index:
    """Return what an archive of ``docker save`` or of bundle.yml has. Raise InputError if it is not one."""
    small: dict[str, bytes] = {}
    links: dict[str, str] = {}
    with _members(archive) as members:
        for tar, member in members:
            name = posixpath.normpath(member.name)
            if member.issym():
                links[name] = posixpath.normpath(posixpath.join(posixpath.dirname(name), member.linkname))
            elif member.islnk():
                links[name] = posixpath.normpath(member.linkname)
            elif member.isfile() and member.size <= SMALL:
                small[name] = cast("IO[bytes]", tar.extractfile(member)).read()
            if _is_complete(small):
                break
        if MANIFEST not in small:
            raise InputError(f"{archive} has no {MANIFEST}: it is not an archive of images", hint=HINT)
        return _index(json.loads(small[MANIFEST]), small, links)


def _is_complete(small: Mapping[str, bytes]) -> bool:
    """Return whether the manifest and all configurations were read, and all layers can be found by their names."""
    if MANIFEST not in small:
        return False
    entries = json.loads(small[MANIFEST])
    named = [path for entry in entries for path in entry["Layers"]]
    return all(path.startswith("layers/") for path in named) and all(entry["Config"] in small for entry in entries)


def _index(entries: list[dict[str, Any]], small: Mapping[str, bytes], links: Mapping[str, str]) -> Index:
    images = []
    configurations, members = {}, {}
    for entry in entries:
        text = small[entry["Config"]]
        digests = tuple(json.loads(text)["rootfs"]["diff_ids"])
        image_id = f"sha256:{hashlib.sha256(text).hexdigest()}"
        images.append(ArchivedImage(tuple(entry.get("RepoTags") or ()), image_id, digests))
        configurations[image_id] = text
        for path, digest in zip(entry["Layers"], digests):
            name = posixpath.normpath(path)
            members[links.get(name, name)] = digest
    return Index(tuple(images), configurations, members)


def write_reduced(archive: str, index: Index, names: Iterable[str], layers: Iterable[str], to: IO[bytes]) -> None:
    """Write the images ``names`` of an archive, with these ``layers`` only. Raise InputError if it lacks a layer."""
    lacking = set(layers)
    images = index.named(names)
    with tarfile.open(fileobj=to, mode="w", format=tarfile.GNU_FORMAT) as reduced:
        add(reduced, MANIFEST, manifest(images))
        for image in images:
            add(reduced, member_of_configuration(image.id), index.configurations[image.id])
        with _members(archive) as members:
            for tar, member in members:
                digest = index.members.get(posixpath.normpath(member.name))
                if digest not in lacking or not member.isfile():
                    continue
                entry = tarfile.TarInfo(member_of_layer(digest))
                entry.size = member.size
                reduced.addfile(entry, tar.extractfile(member))
                lacking.discard(digest)
                if not lacking:
                    break
    if lacking:
        raise InputError(f"The archive {archive} lacks the layers {', '.join(sorted(lacking))}", hint=HINT)


def add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    """Add a member with this content, and without an owner or a time."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


@contextmanager
def _members(archive: str) -> Iterator[Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]]:
    """Yield the members of an archive in their order. Raise InputError if it cannot be read."""
    try:
        with engine_images.opened(archive) as stream, _tar(stream) as tar:
            yield ((tar, member) for member in tar)
    except (tarfile.TarError, OSError, EOFError, ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise InputError(f"{archive} cannot be read as an archive of images: {error}", hint=HINT) from error


def _tar(stream: IO[bytes]) -> tarfile.TarFile:
    """Open a stream. If it can seek, the data of a member that nothing reads is skipped instead of read."""
    if stream.seekable():
        return tarfile.open(fileobj=stream, mode="r:*")
    return tarfile.open(fileobj=stream, mode="r|")
