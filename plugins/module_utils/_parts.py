# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup of the platform has beside its database, uploads and vectors, all of it of one moment.

The database needs but an instant for that, since its snapshot lasts, and so does the vector store. Only the uploads
must be read while nobody writes.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ansible_collections.convosphere.platform.plugins.module_utils import _engine, _freeze, _tar, _vectors, _volumes
from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._manifest import FileRecord, Manifest
from ansible_collections.convosphere.platform.plugins.module_utils._seal import Seal

if TYPE_CHECKING:
    from docker import DockerClient

DATABASE = "database"
UPLOADS = "uploads"
VECTORS = "vectors"
KINDS = (DATABASE, UPLOADS, VECTORS)
#: For how many seconds to wait for each answer of Docker Engine; uploads come in many of them.
ENGINE_TIMEOUT = 120

PARTS_OPTIONS: dict[str, Any] = {
    "include": {"type": "list", "elements": "str", "choices": list(KINDS), "default": [DATABASE]},
    "project_name": {"type": "str"},
    "freeze": {"type": "bool", "default": True},
    "freeze_timeout": {"type": "int", "default": 600},
    "weaviate_api_key": {"type": "str", "no_log": True},
}


class OtherParts:
    """Uploads and vectors of the Compose project in ``params``, which are PARTS_OPTIONS and ``docker_host``.

    After ``take`` and ``finish``, ``files`` and ``facts`` are what the manifest says of them.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.kinds = [kind for kind in (UPLOADS, VECTORS) if kind in params["include"]]
        if self.kinds and not params["project_name"]:
            raise InputError(
                f"include has {' and '.join(self.kinds)}, which are in containers of a Compose project",
                hint="Give its name as project_name.",
            )
        self.files: list[FileRecord] = []
        self.facts: dict[str, Any] = {UPLOADS: None, VECTORS: None, "write_freeze": None}
        self.name: str | None = None

    def check(self) -> None:
        """See that they are there and can be taken. Raises ConvosphereError."""
        if UPLOADS in self.kinds:
            self._volume.container.reload()
        if VECTORS in self.kinds:
            self._store.classes()

    def expected_bytes(self, last: Manifest | None) -> int:
        """How many bytes their files take: as measured the last time, with a fourth on top, or all the uploads."""
        known = {file.kind: int(file.size * 1.25) for file in last.files} if last else {}
        found = 0
        for kind in self.kinds:
            found += known[kind] if kind in known else self._volume.size() if kind == UPLOADS else 0
        return found

    def take(self, seal: Seal, name: str, cut: Callable[[], Any]) -> None:
        """Fix the moment of all parts, of the database by ``cut``; write the uploads. Raises ConvosphereError."""
        if VECTORS in self.kinds:
            self._store.remove_leftovers()
        with self._frozen():
            cut()
            deadline = time.monotonic() + self.params["freeze_timeout"]
            classes = self._begin_vectors() if VECTORS in self.kinds else []
            if UPLOADS in self.kinds:
                totals = _tar.Totals()
                seal.progress.begin(UPLOADS)
                self.files.append(
                    seal.write(
                        UPLOADS,
                        f"{name}.uploads.tar",
                        step="read the uploaded files",
                        source=self._volume.archive(totals),
                    )
                )
                self.facts[UPLOADS] = {"files": totals.files, "bytes": totals.bytes}
            if VECTORS in self.kinds:
                if self.name:
                    self._store.wait(self.name, deadline)
                self.facts[VECTORS] = {"backup": self.name, "classes": classes}

    def finish(self, seal: Seal, name: str) -> None:
        """Write what is left: the vectors, which the store has set aside."""
        if VECTORS not in self.kinds:
            return
        seal.progress.begin(VECTORS)
        # A store without a class makes no backup; an archive without a member says the same.
        source = self._store.archive(self.name, _tar.Totals()) if self.name else iter([_tar.EMPTY])
        self.files.append(seal.write(VECTORS, f"{name}.vectors.tar", step="read the vectors", source=source))

    def close(self) -> None:
        """Remove what the vector store set aside; where that fails the next run does it."""
        if self.name:
            with suppress(ConvosphereError):
                self._store.remove(self.name)

    def _begin_vectors(self) -> list[str]:
        classes = self._store.classes()
        if classes:
            self.name = _vectors.new_name(datetime.now(timezone.utc))
            self._store.start(self.name)
        return classes

    @contextmanager
    def _frozen(self) -> Iterator[None]:
        if not (self.kinds and self.params["freeze"]):
            yield
            return
        where = self.params["project_name"], self.params["docker_host"]
        with _freeze.frozen(self._client, *where, self.params["freeze_timeout"]) as freeze:
            yield
        self.facts["write_freeze"] = freeze.record()

    @cached_property
    def _client(self) -> DockerClient:
        return _engine.connect(self.params["docker_host"], ENGINE_TIMEOUT)

    @cached_property
    def _volume(self) -> _volumes.Volume:
        return _volumes.find(self._client, self.params["project_name"], self.params["docker_host"])

    @cached_property
    def _store(self) -> _vectors.VectorStore:
        return _vectors.find(
            self._client,
            self.params["project_name"],
            self.params["docker_host"],
            api_key=self.params["weaviate_api_key"],
        )
