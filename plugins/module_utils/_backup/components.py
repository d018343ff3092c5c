# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The components of a backup: the database, and optionally uploads and vectors, in one consistent snapshot.

The database needs only an instant for that, because its snapshot lasts, and the vector store writes its own backup.
Only the uploads must be read while writes are paused.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from .._app import uploads, weaviate
from .._core import tar_stream
from .._core.errors import ConvosphereError, InputError
from .._engine import client as engine_client
from . import freeze_elsewhere, write_freeze
from .component_protocol import BackupComponent
from .database_component import DatabaseComponent
from .file_writer import FileWriter
from .manifest import FileRecord, Manifest
from .project_component import ENGINE_TIMEOUT, UPLOADS, VECTORS, ProjectComponent

#: Beside ``docker_host``.
COMPONENT_OPTIONS: dict[str, Any] = {
    "project_name": {"type": "str"},
    "freeze": {"type": "bool", "default": True},
    "freeze_timeout": {"type": "int", "default": 600},
    "freeze_elsewhere": {"type": "path"},
    "weaviate_api_key": {"type": "str", "no_log": True},
}


class _BackedUp(ProjectComponent):
    """Back up a component that lies in a container of the Compose project in ``params`` (COMPONENT_OPTIONS)."""

    needs_freeze = True
    is_read_frozen = False

    def __init__(self, params: Mapping[str, Any], _directory: Path) -> None:
        super().__init__(params)
        #: The component's field in the manifest; None until its file is written.
        self.fact: dict[str, Any] | None = None

    @property
    def paused(self) -> tuple[str, ...]:
        """The services that are paused with the backend."""
        return ()

    def expected_bytes(self, last: Manifest | None) -> int:
        """Estimate the size of its file: that of the last backup plus a quarter."""
        known = [int(file.size * 1.25) for file in last.files if file.kind == self.kind] if last else []
        return known[0] if known else self.size()

    def size(self) -> int:
        """Return the bytes of the current content, if there is no earlier backup to estimate from."""
        return 0

    def cut(self) -> None:
        """Start a consistent snapshot."""

    def settle(self) -> None:
        """Wait until the snapshot is complete."""

    def write(self, writer: FileWriter, name: str) -> FileRecord:
        """Write the file of this component, and set ``fact``. Raises ConvosphereError."""
        file, self.fact = self._write(writer, name)
        return file

    def _write(self, writer: FileWriter, name: str) -> tuple[FileRecord, dict[str, Any]]:
        raise NotImplementedError

    def close(self) -> None:
        """Release everything."""


class UploadsComponent(_BackedUp):
    """Back up the uploaded files. They are read while writes are paused."""

    kind = UPLOADS
    is_read_frozen = True

    def check(self) -> None:
        """Raise ConvosphereError unless the files lie in a volume."""
        self._volume.container.reload()

    @property
    def paused(self) -> tuple[str, ...]:
        """MinIO, if it has the files: it writes records of its own at any time."""
        store = self._volume.store
        return (store.service,) if store.records else ()

    def size(self) -> int:
        """Return the bytes of all files."""
        return self._volume.size()

    def _write(self, writer: FileWriter, name: str) -> tuple[FileRecord, dict[str, Any]]:
        totals = tar_stream.Totals()
        source = self._volume.archive(totals)
        file = writer.write(self.kind, f"{name}.uploads.tar", step="read the uploaded files", source=source)
        return file, {"files": totals.files, "bytes": totals.bytes, "store": self._volume.store.name}

    @cached_property
    def _volume(self) -> uploads.Volume:
        return uploads.find(self.client, self.params["project_name"], self.params["docker_host"])


class VectorsComponent(_BackedUp):
    """Back up the vector store with its own backups, which stay in its container until they are written to a file."""

    kind = VECTORS

    def __init__(self, params: Mapping[str, Any], directory: Path) -> None:
        super().__init__(params, directory)
        self.backup: str | None = None
        self.classes: list[str] = []

    def check(self) -> None:
        """Raise ConvosphereError unless the store answers and can make backups."""
        self._store.classes()

    def cut(self) -> None:
        """Ask the store for a backup, and do not wait for it."""
        self._store.remove_leftovers()
        self.classes = self._store.classes()
        if self.classes:  # without any, the store refuses to make a backup
            self.backup = weaviate.new_name(datetime.now(timezone.utc))
            self._store.start(self.backup)

    def settle(self) -> None:
        """Wait until the store's backup is complete. Raises ApiError with the store's own message if it failed."""
        if self.backup:
            self._store.wait(self.backup, self.params["freeze_timeout"])

    def _write(self, writer: FileWriter, name: str) -> tuple[FileRecord, dict[str, Any]]:
        """Write the store's backup, for an empty store an archive without a member."""
        source = self._store.archive(self.backup, tar_stream.Totals()) if self.backup else iter([tar_stream.EMPTY])
        file = writer.write(self.kind, f"{name}.vectors.tar", step="read the vectors", source=source)
        return file, {"backup": self.backup, "classes": self.classes}

    def close(self) -> None:
        """Remove the store's backup from its container; if that fails, the next run removes it."""
        backup, self.backup = self.backup, None
        if backup:
            with suppress(ConvosphereError):
                self._store.remove(backup)

    @cached_property
    def _store(self) -> weaviate.VectorStore:
        where = self.params["project_name"], self.params["docker_host"]
        key = self.params["weaviate_api_key"]
        return weaviate.find(self.client, *where, api_key=key, timeout_option="freeze_timeout")


#: All components of a backup, by the words of ``include``.
COMPONENTS: dict[str, Callable[[Mapping[str, Any], Path], BackupComponent]] = {
    "database": DatabaseComponent,
    UPLOADS: UploadsComponent,
    VECTORS: VectorsComponent,
}


def refuse_without_database(include: Sequence[str]) -> None:
    """Raise InputError if ``include`` lacks the database: uploads and vectors alone can never be restored."""
    if "database" not in include:
        raise InputError(
            f"include is {', '.join(include) or 'empty'}: there is no backup without the database",
            hint="Nothing was changed. Set include to [database], or add the database to it.",
        )


def facts(components: Sequence[BackupComponent]) -> dict[str, Any]:
    """Return the manifest's fields of uploads and vectors."""
    return {component.kind: component.fact for component in components if isinstance(component, _BackedUp)}


def take(
    params: Mapping[str, Any],
    components: Sequence[BackupComponent],
    write: Callable[[BackupComponent], FileRecord],
) -> tuple[list[FileRecord], dict[str, Any] | None]:
    """Take a consistent snapshot of all components and ``write`` each of them. Pause writes only as long as needed.

    Returns the files in the order of the components, and the manifest's ``write_freeze``.
    """
    others = [component for component in components if component.needs_freeze]
    frozen = elsewhere = None
    if others and params["freeze"]:
        elsewhere = freeze_elsewhere.of(params)
        where = params["project_name"], params["docker_host"]
        client = engine_client.connect(params["docker_host"], ENGINE_TIMEOUT)
        paused = [name for other in others for name in other.paused]
        frozen = write_freeze.frozen(client, *where, params["freeze_timeout"], paused)
    with ExitStack() as undo:
        for other in others:
            undo.callback(other.close)
        # Other hosts first, because that takes seconds: here the freeze begins and ends within it.
        with elsewhere.frozen() if elsewhere else nullcontext(), frozen or nullcontext() as freeze:
            for component in components:
                component.cut()
            files = {component.kind: write(component) for component in components if component.is_read_frozen}
            for other in others:
                other.settle()
        files.update({component.kind: write(component) for component in components if not component.is_read_frozen})
    record = freeze.record(elsewhere.paused if elsewhere else ()) if freeze else None
    return [files[component.kind] for component in components], record
