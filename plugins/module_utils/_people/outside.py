# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files and vectors of a person's documents and conversations, which lie outside the database.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .._app import uploads, vector_objects, weaviate
from .._app.uploads import Volume
from .._app.weaviate import VectorStore
from .._core.tar_stream import Totals
from .._engine import client as engine_client

if TYPE_CHECKING:
    from docker import DockerClient

#: The options by which both are found.
PLACE_OPTIONS: dict[str, Any] = {
    "project_name": {"type": "str"},
    "docker_host": {"type": "str", "default": "unix:///var/run/docker.sock"},
    "image": {"type": "str"},
    "weaviate_api_key": {"type": "str", "no_log": True},
}
#: The prefixes of file_path, before the key of a file in its store.
_SCHEMES = ("local://", "minio://")
#: The platform writes what it knows of a file beside it.
_BESIDE = ".meta"
_SECONDS = 600
_CHUNK = 1024 * 1024
LIST, REMOVE = "list", "remove"
_ENGINE_SECONDS = 60

# Runs with the Python of the backend's image. Each path is relative to the directory, and never leads out of it.
_SCRIPT = """
import json, os, shutil, sys
root, action = sys.argv[1:3]
found, files, size = [], 0, 0
for key in json.load(sys.stdin):
    path = os.path.normpath(os.path.join(root, key))
    inside = path.startswith(root.rstrip(os.sep) + os.sep) and os.path.realpath(path) == path
    # A directory is an object of MinIO, or none of a document.
    if not inside or not (os.path.isfile(path) or os.path.isfile(os.path.join(path, "xl.meta"))):
        continue
    found.append(os.path.relpath(path, root))  # the name in an archive: without ..
    for folder, _folders, names in os.walk(path) if os.path.isdir(path) else [(os.path.dirname(path), [], [path])]:
        files += len(names)
        size += sum(os.lstat(os.path.join(folder, name)).st_size for name in names)
    if action == "remove":
        if os.path.isdir(path):
            shutil.rmtree(path)
        else:
            os.unlink(path)
print(json.dumps([found, files, size]))
"""


@dataclass(frozen=True)
class Content:
    """What lies outside the database: keys of files, objects of the vector store, and paths that nothing can reach."""

    files: Sequence[str] = ()
    objects: Sequence[tuple[str, Mapping[str, Any]]] = ()
    unreachable: Sequence[str] = ()

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of files and objects."""
        return {"files": len(self.files), "objects": len(self.objects)}


class Places:
    """The uploads and the vector store of a Compose project. Without ``project_name`` neither is reached."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self._client: DockerClient | None = None

    @property
    def are_given(self) -> bool:
        """Whether there is a project."""
        return bool(self.params["project_name"])

    def find(self, paths: Iterable[str], ids: Collection[str]) -> Content:
        """Return the files at values of documents.file_path, and the objects of documents and conversations.

        Raises ConvosphereError if the uploads or the vector store cannot be reached.
        """
        given = sorted(set(paths))
        if not self.are_given:
            return Content(unreachable=given)
        volume = self.volume() if given else None
        keys = keys_of(given, volume.path) if volume else []
        files = run(volume, LIST, keys)[0] if volume and keys else []
        unreachable = [path for path in given if volume and key_of(path, volume.path) is None]
        return Content(files, self._objects(ids) if ids else [], unreachable)

    def remove(self, content: Content) -> None:
        """Delete files and objects; those that are gone already are no error. Raises ConvosphereError."""
        if content.files:
            run(self.volume(), REMOVE, content.files)
        if content.objects:
            vector_objects.delete(self.vectors().api, [(name, dict(item)) for name, item in content.objects])

    def volume(self) -> Volume:
        """Return the uploads. Raises ConvosphereError."""
        image = self.params["image"]
        return uploads.find(self._engine(), self.params["project_name"], self.params["docker_host"], lambda: image)

    def vectors(self) -> VectorStore:
        """Return the vector store. Raises ConvosphereError."""
        where = self.params["project_name"], self.params["docker_host"]
        return weaviate.find(self._engine(), *where, api_key=self.params["weaviate_api_key"])

    def _objects(self, ids: Collection[str]) -> list[tuple[str, Mapping[str, Any]]]:
        store = self.vectors()
        return list(vector_objects.find(store.api, store.classes(), ids))

    def _engine(self) -> DockerClient:
        if self._client is None:
            self._client = engine_client.connect(self.params["docker_host"], _ENGINE_SECONDS)
        return self._client


def run(volume: Volume, action: str, keys: Sequence[str]) -> tuple[list[str], Totals]:
    """LIST or REMOVE files by their keys. Return the keys that exist, with the number of files and of their bytes.

    Raises CommandError.
    """
    source = [json.dumps(list(keys)).encode()]
    step = f"{action} files of persons in {volume.path}"
    output = volume.work(_SCRIPT, action, step=step, timeout=_SECONDS, source=source)
    found, files, size = json.loads(output)
    return list(found), Totals(files, size)


def content_of(volume: Volume, key: str) -> Iterator[bytes]:
    """Yield the content of one file by its key. Raises EngineError if it is gone."""
    with engine_client.asking(f"read the file {key} of {volume.container.name}"):
        chunks, _about = volume.container.get_archive(f"{volume.path}/{key}", chunk_size=_CHUNK)
        with tarfile.open(fileobj=_Stream(chunks), mode="r|") as archive:  # type: ignore[call-overload]
            for member in archive:
                content = archive.extractfile(member)
                while content and (chunk := content.read(_CHUNK)):
                    yield chunk


class _Stream:
    """The chunks of an archive as a file that can be read once."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.left = b""

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes, or less at the end."""
        while len(self.left) < size and (chunk := next(self.chunks, b"")):
            self.left += chunk
        result, self.left = self.left[:size], self.left[size:]
        return result


def keys_of(paths: Iterable[str], root: str) -> list[str]:
    """Return the keys of the files at values of documents.file_path, and of what the platform writes beside them."""
    keys = [key for key in (key_of(path, root) for path in paths) if key]
    return [name for key in keys for name in (key, f"{key}{_BESIDE}")]


def key_of(path: str, root: str) -> str | None:
    """Return the key of a file below ``root``, from a value of documents.file_path; None for a place elsewhere."""
    for scheme in _SCHEMES:
        if path.startswith(scheme):
            return path[len(scheme) :].lstrip("/") or None
    if path.startswith(f"{root.rstrip('/')}/"):
        return path[len(root.rstrip("/")) + 1 :] or None
    return None
