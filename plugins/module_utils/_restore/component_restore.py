# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads and vectors of a backup, back into the containers that hold them. What is there now is kept beside them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._app import uploads as app_uploads
from .._app import weaviate
from .._backup.catalogue import Backup
from .._backup.components import COMPONENTS
from .._backup.file_reader import Archive
from .._backup.progress import Progress
from .._backup.project_component import ENGINE_TIMEOUT, UPLOADS, VECTORS
from .._core import tar_stream
from .._core.errors import ConvosphereError, InputError
from .._engine import client as engine_client
from .._stack import project_owner

if TYPE_CHECKING:
    from docker import DockerClient


#: Beside ``project_name``, ``docker_host``, ``identity_file`` and ``load_timeout``.
RESTORE_OPTIONS: dict[str, Any] = {
    "include": {"type": "list", "elements": "str", "choices": list(COMPONENTS), "default": ["database"]},
    "weaviate_api_key": {"type": "str", "no_log": True},
    "vectors_timeout": {"type": "int", "default": 600},
}


class PartsRestore:
    """Uploads and vectors of one backup, as far as ``include`` of ``params`` (RESTORE_OPTIONS) names them.

    Without a backup nothing can be restored, but what restores have kept be listed and discarded.
    """

    def __init__(self, params: Mapping[str, Any], backup: Backup | None) -> None:
        if "database" not in params["include"]:
            raise InputError("include lacks the database, which belongs to the uploads and the vectors")
        self.kinds = [kind for kind in (UPLOADS, VECTORS) if kind in params["include"]]
        if self.kinds and not params["project_name"]:
            raise InputError(f"include has {' and '.join(self.kinds)}, and no project_name says where they are")
        self.params = params
        self.archives: dict[str, Archive] = {}
        if backup:
            key = params["identity_file"]
            self.archives = {kind: Archive(backup, backup.manifest.file(kind), key) for kind in self.kinds}
        self.new = ""
        #: Under what name is kept what is there, by kind; None where nothing is.
        self.aside: dict[str, str | None] = {}
        #: The same, of what was exchanged.
        self.kept: dict[str, str | None] = {}

    def __str__(self) -> str:
        """What of it is restored, for a plan."""
        return ", ".join(self.kinds)

    def check(self) -> None:
        """See that all is there to restore them. Changes nothing. Raises ConvosphereError."""
        for kind, archive in self.archives.items():
            if self._fact(kind) is None:
                raise InputError(f"The manifest of {archive.backup.manifest.id} does not say what its {kind} are")
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
            archive, expected = self.archives[UPLOADS], tar_stream.Totals(**(self._fact(UPLOADS) or {}))
            progress.begin("unpack uploads", archive.record.size)
            self.new = self._volume().stage(archive.pieces(), expected, timeout, unpack=archive.programs())
        if VECTORS in self.archives and self._vectors_name():
            archive = self.archives[VECTORS]
            self._store().stage(archive.pieces(), self._vectors_name() or "", timeout, unpack=archive.programs())

    def set_aside(self, now: datetime) -> None:
        """See to it that all is kept that will be exchanged. Exchanges nothing. Raises ConvosphereError.

        Nobody may be writing from now on.
        """
        if UPLOADS in self.archives:
            self.aside[UPLOADS] = app_uploads.kept_name(now)  # they are renamed
        if VECTORS in self.archives:
            self.aside[VECTORS] = self._store().set_aside(weaviate.kept_name(now), self.params["vectors_timeout"])

    def note(self) -> dict[str, Any]:
        """What ``undo`` has to know, once all was set aside: by a later run, with other options."""
        new = {kind: dict(self._fact(kind) or {}) for kind in self.archives}
        return {"project": self.params["project_name"], "kept": self.aside, "new": new}

    def swap(self) -> None:
        """Exchange both for what is there, and was set aside. Raises ConvosphereError, and ``go_back`` undoes it."""
        for kind in self.archives:
            self.kept[kind] = self.aside[kind]  # first: what stops halfway has to be undone too
            if kind == UPLOADS:
                self._volume().swap(self.new, str(self.kept[kind]))
            else:
                self._store().replace(self._vectors_name(), self.params["vectors_timeout"])

    def go_back(self, written: datetime | None = None) -> None:
        """Undo ``swap`` as far as it came, each part whatever becomes of the other.

        ``written`` is now, where somebody may have written to what came by it: then that is kept as well. Raises
        ConvosphereError that says what could not be undone, and where it is.
        """
        new = {kind: self._fact(kind) or {} for kind in self.archives}
        self._go_back(new, dict.fromkeys(self.kept, written))

    def undo(self, new: Mapping[str, Mapping[str, Any]], now: datetime) -> None:
        """The same of another run's ``swap``, who knows when: ``kept`` and ``new`` are as it has noted them."""
        written: dict[str, datetime | None] = dict.fromkeys(self.kept, now)
        if UPLOADS in self.kept and asdict(self._volume().totals()) == new[UPLOADS]:
            written[UPLOADS] = None
        self._go_back(new, written)

    def _go_back(self, new: Mapping[str, Mapping[str, Any]], written: Mapping[str, datetime | None]) -> None:
        problems = []
        for kind, kept in list(self.kept.items()):
            del self.kept[kind]
            moment = written[kind]
            try:
                if kind == UPLOADS:
                    self._volume().undo(str(kept), keep=moment is not None)
                else:
                    aside = weaviate.kept_name(moment, weaviate.REJECTED) if moment else None
                    timeout = self.params["vectors_timeout"]
                    self._store().undo(kept, timeout, new=new[kind].get("backup"), aside=aside)
            except ConvosphereError as error:
                where = f"{app_uploads.PATH}/{kept}" if kind == UPLOADS else f"the vector store's backup {kept}"
                problems.append(f"The {kind} of before could not be put back, and are in {where}: {error}")
        if problems:
            raise ConvosphereError(
                ". ".join(problems), hint="The next restore, of whichever backup, tries it again first."
            )

    def state(self) -> dict[str, Any]:
        """What there is now of each kind, in numbers, to be compared with later on. Raises ConvosphereError."""
        found: dict[str, Any] = {}
        if UPLOADS in self.kinds:
            found[UPLOADS] = asdict(self._volume().totals())
        if VECTORS in self.kinds:
            store = self._store()
            found[VECTORS] = {"classes": store.classes(), "objects": store.count()}
        return found

    def is_as(self, state: Mapping[str, Any]) -> bool | None:
        """Whether all is there that was when ``state`` was taken; None where that cannot be learned."""
        try:
            found = self.state()
        except ConvosphereError:
            return None
        return found == {kind: state.get(kind) for kind in self.kinds}

    def close(self) -> None:
        """Remove what was staged and not exchanged; where that fails the next run does it."""
        with suppress(ConvosphereError):
            if UPLOADS in self.archives:
                self._volume().discard_new()
            if VECTORS in self.archives:
                self._store().remove_leftovers()

    def earlier(self) -> list[str]:
        """What restores have kept of both, as ``uploads in <directory>`` and ``vectors in <backup>``."""
        uploads = self._volume().kept() if UPLOADS in self.kinds else []
        vectors = self._store().kept() if VECTORS in self.kinds else []
        return [f"{UPLOADS} in {name}" for name in uploads] + [f"{VECTORS} in {name}" for name in vectors]

    def discard(self) -> None:
        """Delete what ``earlier`` lists."""
        if UPLOADS in self.kinds:
            self._volume().discard(self._volume().kept())
        if VECTORS in self.kinds:
            self._store().discard(self._store().kept())

    def _vectors_name(self) -> str | None:
        """The backup's name in the vector store, None for an empty store."""
        name: str | None = (self._fact(VECTORS) or {})["backup"]
        return name

    def _fact(self, kind: str) -> Mapping[str, Any] | None:
        manifest = self.archives[kind].backup.manifest
        return manifest.uploads if kind == UPLOADS else manifest.vectors

    @cached_property
    def client(self) -> DockerClient:
        """The engine that the containers are on, once they are known to be the environment's."""
        client = engine_client.connect(self.params["docker_host"], ENGINE_TIMEOUT)
        source = self.params["project_src"]
        project_owner.refuse_foreign_project(
            client, self.params["project_name"], self.params["environment_name"], Path(source) if source else None
        )
        return client

    def _volume(self) -> app_uploads.Volume:
        return app_uploads.find(self.client, self.params["project_name"], self.params["docker_host"])

    def _store(self) -> weaviate.VectorStore:
        where = self.params["project_name"], self.params["docker_host"]
        return weaviate.find(self.client, *where, api_key=self.params["weaviate_api_key"])
