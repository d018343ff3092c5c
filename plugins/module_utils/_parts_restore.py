# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads and vectors of a backup, back into the containers that hold them. What is there now is kept beside them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ansible_collections.convosphere.platform.plugins.module_utils import _engine, _tar, _vectors, _volumes
from ansible_collections.convosphere.platform.plugins.module_utils._archive import Archive
from ansible_collections.convosphere.platform.plugins.module_utils._backups import Backup
from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._parts import ENGINE_TIMEOUT, UPLOADS, VECTORS

if TYPE_CHECKING:
    from docker import DockerClient


class PartsRestore:
    """The parts ``kinds`` of one backup, for the Compose project in ``params`` (PARTS_OPTIONS and ``docker_host``).

    ``identity_file`` holds the key for a backup that is encrypted.
    """

    def __init__(
        self, params: Mapping[str, Any], backup: Backup, kinds: Sequence[str], identity_file: str | None = None
    ) -> None:
        self.params = params
        self.backup = backup
        self.archives = {kind: Archive(backup, backup.manifest.file(kind), identity_file) for kind in kinds}
        self.new = ""
        #: Under what name is kept what was there, by kind; None where nothing was.
        self.kept: dict[str, str | None] = {}
        self.client: DockerClient = _engine.connect(params["docker_host"], ENGINE_TIMEOUT)

    def check(self, progress: Callable[[int], Any] = lambda _bytes: None) -> None:
        """See that all is there to restore, and that the files are what the manifest says. Changes nothing.

        ``progress`` gets the bytes of each file that are read. Raises ConvosphereError.
        """
        for kind, archive in self.archives.items():
            if self._fact(kind) is None:
                raise InputError(f"The manifest of {self.backup.manifest.id} does not say what its {kind} are")
            archive.programs()
            if kind == UPLOADS:
                self._volume()
            else:
                self._store().classes()
        for archive in self.archives.values():
            archive.check(progress)

    def stage(self, timeout: float | None) -> None:
        """Bring both beside what is there, which goes on being used. Raises ConvosphereError."""
        if UPLOADS in self.archives:
            archive, expected = self.archives[UPLOADS], _tar.Totals(**(self._fact(UPLOADS) or {}))
            self.new = self._volume().stage(archive.pieces(), expected, timeout, unpack=archive.programs())
        if VECTORS in self.archives and self._vectors_name():
            archive = self.archives[VECTORS]
            self._store().stage(archive.pieces(), self._vectors_name() or "", timeout, unpack=archive.programs())

    def swap(self, now: datetime) -> None:
        """Exchange both for what is there, which is kept. Nobody may be writing to them.

        Raises ConvosphereError, and then all is as it was.
        """
        timeout = self.params["freeze_timeout"]
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
            self._store().go_back(self.kept.pop(VECTORS), self.params["freeze_timeout"])

    def close(self) -> None:
        """Remove what was staged and not exchanged; where that fails the next run does it."""
        with suppress(ConvosphereError):
            if UPLOADS in self.archives:
                self._volume().discard_new()
            if VECTORS in self.archives:
                self._store().remove_leftovers()

    def discard_kept(self) -> list[str]:
        """Delete what restores have kept of both; returns the names."""
        found = self._volume().discard_kept() if UPLOADS in self.archives else []
        return found + (self._store().discard_kept() if VECTORS in self.archives else [])

    def _vectors_name(self) -> str | None:
        """The backup's name in the vector store, None for an empty store."""
        name: str | None = (self._fact(VECTORS) or {})["backup"]
        return name

    def _fact(self, kind: str) -> Mapping[str, Any] | None:
        return self.backup.manifest.uploads if kind == UPLOADS else self.backup.manifest.vectors

    def _volume(self) -> _volumes.Volume:
        return _volumes.find(self.client, self.params["project_name"], self.params["docker_host"])

    def _store(self) -> _vectors.VectorStore:
        where = self.params["project_name"], self.params["docker_host"]
        return _vectors.find(self.client, *where, api_key=self.params["weaviate_api_key"])
