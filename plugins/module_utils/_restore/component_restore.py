# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore uploads and vectors in the containers that hold them, and keep their previous content beside them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any

from .._app import uploads as app_uploads
from .._app import vector_objects, weaviate
from .._backup.catalogue import Backup
from .._backup.file_reader import Archive
from .._backup.progress import Progress
from .._backup.project_component import UPLOADS, VECTORS, ProjectComponent
from .._core import tar_stream
from .._core.errors import ConvosphereError, InputError
from .._people import outside
from .._stack.backend_image import Backend


class _Restored(ProjectComponent):
    """Restore a component of the Compose project. Without a backup only ``kept, discard, state, undo`` are of use."""

    def __init__(self, params: Mapping[str, Any], backup: Backup | None) -> None:
        super().__init__(params)
        self.archive: Archive | None = None
        #: The manifest's field of the restored content.
        self.fact: Mapping[str, Any] | None = None
        if backup:
            self.archive = Archive(backup, backup.manifest.file(self.kind), params["identity_file"])
            self.fact = {UPLOADS: backup.manifest.uploads, VECTORS: backup.manifest.vectors}[self.kind]
        #: The name under which ``set_aside`` keeps the current content; None for no content.
        self.aside: str | None = None
        #: Whether ``swap`` has begun, so that there is something to undo.
        self.is_swapped = False

    def check(self) -> None:
        """Raise ConvosphereError unless the component can be restored. Change nothing."""
        archive = self._archive
        if self.fact is None:
            raise InputError(f"The manifest of {archive.backup.manifest.id} has no field {self.kind}")
        archive.programs()
        self.probe()

    def probe(self) -> None:
        """Raise ConvosphereError unless the container can be used."""
        raise NotImplementedError

    @property
    def stopped(self) -> list[str]:
        """The services, beside those of the options, that are stopped while the content is swapped."""
        return []

    def check_archive(self, progress: Progress) -> None:
        """Compare the backup's file with its checksum. Raises ConvosphereError."""
        progress.begin(f"checksum of {self.kind}", self._archive.record.size)
        self._archive.check(progress.bytes)

    def forget(self, paths: Sequence[str], ids: Sequence[str]) -> None:
        """Delete what belongs to erased persons: files by ``paths``, and objects of the vector store by ``ids``."""
        raise NotImplementedError

    def amend(self, fact: Mapping[str, Any]) -> None:
        """Have the content that is staged differ from the manifest in ``fact``."""
        self.fact = {**(self.fact or {}), **fact}

    def location(self) -> str:
        """Return the place of the content that ``set_aside`` keeps."""
        raise NotImplementedError

    def set_aside(self, now: datetime) -> None:
        """Keep the current content, or choose the name to which ``swap`` moves it. Raises ConvosphereError."""
        self.aside = self._set_aside(now)

    def swap(self) -> None:
        """Replace the current content with the staged content. Raises ConvosphereError."""
        self.is_swapped = True  # first: a swap that fails midway has to be undone too
        self._swap()

    def undo(self, rejected_at: datetime | None) -> None:
        """Revert ``swap``, however far it got; not a second time. Raises ConvosphereError."""
        self.is_swapped = False
        self._undo(rejected_at)

    def _set_aside(self, now: datetime) -> str | None:
        raise NotImplementedError

    def _swap(self) -> None:
        raise NotImplementedError

    def _undo(self, rejected_at: datetime | None) -> None:
        raise NotImplementedError

    def resume(self, aside: str | None, fact: Mapping[str, Any]) -> None:
        """Continue the swap of an interrupted run, of which ``ComponentGroup.note`` has noted both."""
        self.aside, self.fact, self.is_swapped = aside, fact, True

    def may_be_written(self) -> bool:
        """Return False if the restored content is known to be unchanged after an interruption."""
        return True

    @property
    def _archive(self) -> Archive:
        if self.archive is None:
            raise RuntimeError("there is no backup to restore")
        return self.archive


class UploadsRestore(_Restored):
    """Restore the uploaded files: unpack them in their volume, and swap them by rename."""

    kind = UPLOADS

    def __init__(self, params: Mapping[str, Any], backup: Backup | None) -> None:
        super().__init__(params, backup)
        #: The directory of the unpacked files.
        self.staged = ""
        #: Where the platform stores uploads, once it was looked up.
        self.store = app_uploads.FILES

    def probe(self) -> None:
        """Raise ConvosphereError unless the files lie in a volume, and scripts can run beside them."""
        self._volume().python()

    def stage(self, progress: Progress) -> None:
        """Unpack the files beside the current ones, and compare them with the manifest. Raises ConvosphereError."""
        archive, expected = self._archive, _totals(self.fact or {})
        progress.begin("unpack uploads", archive.record.size)
        timeout = self.params["load_timeout"]
        self.staged = self._volume().stage(archive.pieces(), expected, timeout, unpack=archive.programs())

    def forget(self, paths: Sequence[str], _ids: Sequence[str]) -> None:
        """Delete unpacked files of erased persons. Raises CommandError."""
        volume = self._volume()
        keys = [f"{self.staged}/{key}" for key in outside.keys_of(paths, volume.path)]
        if keys:
            removed = outside.run(volume, outside.REMOVE, keys)[1]
            before = _totals(self.fact or {})
            self.amend({"files": before.files - removed.files, "bytes": before.bytes - removed.bytes})

    def _set_aside(self, now: datetime) -> str:
        """Return the directory to which ``swap`` moves the current files."""
        return app_uploads.kept_name(now)

    def location(self) -> str:
        """Return the directory of the files that were moved away."""
        return f"{self.store.path}/{self.aside}"

    def _swap(self) -> None:
        """Replace the current files with the unpacked ones. Raises ConvosphereError."""
        self._volume().swap(self.staged, str(self.aside))

    def _undo(self, rejected_at: datetime | None) -> None:
        """Move the previous files back, however far ``swap`` got. Raises ConvosphereError."""
        self._volume().undo(str(self.aside), keep=rejected_at is not None)

    def may_be_written(self) -> bool:
        """Return False if there are as many files and bytes as were restored. Raises ConvosphereError."""
        return self._volume().totals() != _totals(self.fact or {})

    def state(self) -> Mapping[str, Any]:
        """Return the numbers of files and bytes. Raises ConvosphereError."""
        return asdict(self._volume().totals())

    def kept(self) -> list[str]:
        """Return the directories that restores have kept."""
        return self._volume().kept()

    def discard(self, names: Sequence[str]) -> None:
        """Delete kept directories."""
        self._volume().discard(names)

    def close(self) -> None:
        """Remove unpacked files that were not swapped; if that fails, the next run removes them."""
        if self.archive:
            with suppress(ConvosphereError):
                self._volume().discard_new()

    @property
    def stopped(self) -> list[str]:
        """MinIO, if it has the files. Raises ConvosphereError."""
        store = self._volume().store
        return [store.service] if store.is_stopped else []

    def _volume(self) -> app_uploads.Volume:
        """Return the uploads of the project. Raises InputError if those to restore belong to another store."""
        where = self.params["project_name"], self.params["docker_host"]
        volume = app_uploads.find(self.client, *where, self._backend_image)
        self.store = volume.store
        stored = (self.fact or {}).get("store", app_uploads.FILES.name)
        if self.fact is not None and stored != self.store.name:
            raise _other_store(stored, volume)
        return volume

    def _backend_image(self) -> str | None:
        """Return the id of the backend's image on a host that has no container of it."""
        options = {"service": app_uploads.FILES.service, "login_service": None, "image": self.params.get("image")}
        backend = Backend(self.client, {**self.params, **options, "project_src": self.directory})
        return backend.image_id if options["image"] else backend.serving_image_id


class VectorsRestore(_Restored):
    """Restore the vector store with its own backups."""

    kind = VECTORS
    #: The documents and conversations of erased persons.
    forgotten: tuple[str, ...] = ()

    def probe(self) -> None:
        """Raise ConvosphereError unless the store answers."""
        self._store().classes()

    def stage(self, _progress: Progress) -> None:
        """Write the store's backup into its container, unless it is of an empty store. Raises ConvosphereError."""
        archive, timeout = self._archive, self.params["load_timeout"]
        if self._name():
            self._store().stage(archive.pieces(), self._name() or "", timeout, unpack=archive.programs())

    def forget(self, _paths: Sequence[str], ids: Sequence[str]) -> None:
        """Note which objects are deleted once they are restored: the store has no place beside its content."""
        self.forgotten = tuple(ids)

    def _set_aside(self, now: datetime) -> str | None:
        """Have the store back up its current content. Raises ConvosphereError."""
        return self._store().set_aside(weaviate.kept_name(now), self.params["vectors_timeout"])

    def location(self) -> str:
        """Return the store's backup of the previous content."""
        return f"the vector store's backup {self.aside}"

    def _swap(self) -> None:
        """Replace the current content with that of the backup. Raises ConvosphereError."""
        store = self._store()
        store.replace(self._name(), self.params["vectors_timeout"])
        if self.forgotten:
            vector_objects.delete(store.api, vector_objects.find(store.api, store.classes(), self.forgotten))

    def _undo(self, rejected_at: datetime | None) -> None:
        """Restore the store's backup of the previous content, however far ``swap`` got. Raises ConvosphereError."""
        rejected = weaviate.kept_name(rejected_at, weaviate.REJECTED) if rejected_at else None
        timeout = self.params["vectors_timeout"]
        self._store().undo(self.aside, timeout, new=(self.fact or {}).get("backup"), aside=rejected)

    def state(self) -> Mapping[str, Any]:
        """Return the classes and the number of objects. Raises ConvosphereError."""
        store = self._store()
        return {"classes": store.classes(), "objects": store.count()}

    def kept(self) -> list[str]:
        """Return the store's backups that restores have kept."""
        return self._store().kept()

    def discard(self, names: Sequence[str]) -> None:
        """Delete kept backups."""
        self._store().discard(names)

    def close(self) -> None:
        """Remove the written backup from the container; if that fails, the next run removes it."""
        if self.archive:
            with suppress(ConvosphereError):
                self._store().remove_leftovers()

    def _name(self) -> str | None:
        """Return the name of the backup in the vector store, None for an empty store."""
        name: str | None = (self.fact or {})["backup"]
        return name

    def _store(self) -> weaviate.VectorStore:
        where = self.params["project_name"], self.params["docker_host"]
        return weaviate.find(self.client, *where, api_key=self.params["weaviate_api_key"])


def _totals(fact: Mapping[str, Any]) -> tar_stream.Totals:
    """Return the numbers in the manifest's field of the uploads."""
    return tar_stream.Totals(fact["files"], fact["bytes"])


def _other_store(stored: str, volume: app_uploads.Volume) -> InputError:
    """Return the error for uploads of a backup that are not in the form of the platform's current store."""
    names = {app_uploads.FILES.name: "files of the backend's volume", app_uploads.MINIO.name: "the volume of MinIO"}
    return InputError(
        f"The uploads of the backup are {names.get(stored, stored)}, and {volume.container.name} has the uploads now, "
        f"in {volume.path}: one is not restored as the other",
        hint="Nothing was changed. Leave uploads out of include (database_include) to restore the rest, or deploy with "
        f"the setting of the backup first (stack_minio: {'true' if stored == app_uploads.MINIO.name else 'false'}).",
    )
