# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads and vectors of a backup, back into the containers that hold them. What is there now is kept beside them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ansible_collections.convosphere.platform.plugins.module_utils import _engine, _tar, _vectors, _volumes
from ansible_collections.convosphere.platform.plugins.module_utils._archive import Archive
from ansible_collections.convosphere.platform.plugins.module_utils._backups import Backup
from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._parts import (
    ENGINE_TIMEOUT,
    PARTS,
    UPLOADS,
    VECTORS,
)
from ansible_collections.convosphere.platform.plugins.module_utils._progress import Progress

if TYPE_CHECKING:
    from docker import DockerClient


#: Beside ``project_name``, ``docker_host``, ``identity_file`` and ``load_timeout``.
RESTORE_OPTIONS: dict[str, Any] = {
    "include": {"type": "list", "elements": "str", "choices": list(PARTS), "default": ["database"]},
    "weaviate_api_key": {"type": "str", "no_log": True},
    "vectors_timeout": {"type": "int", "default": 600},
}


class PartsRestore:
    """Uploads and vectors of one backup, as far as ``include`` of ``params`` (RESTORE_OPTIONS) names them."""

    def __init__(self, params: Mapping[str, Any], backup: Backup) -> None:
        if "database" not in params["include"]:
            raise InputError("include lacks the database, which belongs to the uploads and the vectors")
        kinds = [kind for kind in (UPLOADS, VECTORS) if kind in params["include"]]
        if kinds and not params["project_name"]:
            raise InputError(f"include has {' and '.join(kinds)}, and no project_name says where they are")
        self.params = params
        self.backup = backup
        self.archives = {kind: Archive(backup, backup.manifest.file(kind), params["identity_file"]) for kind in kinds}
        self.new = ""
        #: Under what name is kept what was there, by kind; None where nothing was.
        self.kept: dict[str, str | None] = {}

    def __str__(self) -> str:
        """What of it is restored, for a plan."""
        return ", ".join(self.archives)

    def check(self) -> None:
        """See that all is there to restore them. Changes nothing. Raises ConvosphereError."""
        for kind, archive in self.archives.items():
            if self._fact(kind) is None:
                raise InputError(f"The manifest of {self.backup.manifest.id} does not say what its {kind} are")
            archive.programs()
            if kind == UPLOADS:
                self._volume()
            else:
                self._store().classes()

    def stage(self, progress: Progress) -> None:
        """Bring both beside what is there, which goes on being used, after they were compared with the manifest.

        Raises ConvosphereError.
        """
        timeout = self.params["load_timeout"]
        for kind, archive in self.archives.items():
            progress.begin(f"checksum of {kind}", archive.record.size)
            archive.check(progress.bytes)
        if UPLOADS in self.archives:
            archive, expected = self.archives[UPLOADS], _tar.Totals(**(self._fact(UPLOADS) or {}))
            progress.begin("unpack uploads", archive.record.size)
            self.new = self._volume().stage(archive.pieces(), expected, timeout, unpack=archive.programs())
        if VECTORS in self.archives and self._vectors_name():
            archive = self.archives[VECTORS]
            self._store().stage(archive.pieces(), self._vectors_name() or "", timeout, unpack=archive.programs())

    def swap(self, now: datetime) -> None:
        """Exchange both for what is there, which is kept. Nobody may be writing to them.

        Raises ConvosphereError, and then all is as it was.
        """
        timeout = self.params["vectors_timeout"]
        if UPLOADS in self.archives:
            self._volume().swap(self.new, _volumes.kept_name(now))
            self.kept[UPLOADS] = _volumes.kept_name(now)
        if VECTORS in self.archives:
            try:
                self.kept[VECTORS] = self._store().swap(self._vectors_name(), _vectors.kept_name(now), timeout)
            except ConvosphereError:
                self.go_back()
                raise

    def go_back(self) -> None:
        """Undo ``swap``, as far as it came. Raises ConvosphereError."""
        if UPLOADS in self.kept:
            self._volume().go_back(str(self.kept.pop(UPLOADS)))
        if VECTORS in self.kept:
            self._store().go_back(self.kept.pop(VECTORS), self.params["vectors_timeout"])

    def close(self) -> None:
        """Remove what was staged and not exchanged; where that fails the next run does it."""
        with suppress(ConvosphereError):
            if UPLOADS in self.archives:
                self._volume().discard_new()
            if VECTORS in self.archives:
                self._store().remove_leftovers()

    def earlier(self) -> list[str]:
        """What restores have kept of both, as ``uploads in <directory>`` and ``vectors in <backup>``."""
        uploads = self._volume().kept() if UPLOADS in self.archives else []
        vectors = self._store().names(_vectors.BEFORE) if VECTORS in self.archives else []
        return [f"{UPLOADS} in {name}" for name in uploads] + [f"{VECTORS} in {name}" for name in vectors]

    def discard(self) -> None:
        """Delete what ``earlier`` lists."""
        if UPLOADS in self.archives:
            self._volume().discard_kept()
        if VECTORS in self.archives:
            self._store().discard_kept()

    def _vectors_name(self) -> str | None:
        """The backup's name in the vector store, None for an empty store."""
        name: str | None = (self._fact(VECTORS) or {})["backup"]
        return name

    def _fact(self, kind: str) -> Mapping[str, Any] | None:
        return self.backup.manifest.uploads if kind == UPLOADS else self.backup.manifest.vectors

    @cached_property
    def client(self) -> DockerClient:
        """The engine that the containers are on."""
        return _engine.connect(self.params["docker_host"], ENGINE_TIMEOUT)

    def _volume(self) -> _volumes.Volume:
        return _volumes.find(self.client, self.params["project_name"], self.params["docker_host"])

    def _store(self) -> _vectors.VectorStore:
        where = self.params["project_name"], self.params["docker_host"]
        return _vectors.find(self.client, *where, api_key=self.params["weaviate_api_key"])
