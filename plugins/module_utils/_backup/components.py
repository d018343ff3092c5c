# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup may include: the database, and of the platform uploads and vectors too, all of one moment.

Each is a class with what ``Part`` says, and ``PARTS`` names them all.

The database needs but an instant for that, since its snapshot lasts, and the vector store sets aside what it has. Only
the uploads must be read while nobody writes.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, nullcontext, suppress
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .._app import uploads, weaviate
from .._core import tar_stream
from .._core.errors import ConvosphereError, InputError
from .._engine import client as engine_client
from .._stack import project_owner
from . import write_freeze
from .database_component import DatabasePart
from .file_writer import Seal
from .manifest import FileRecord, Manifest

if TYPE_CHECKING:
    from docker import DockerClient

UPLOADS = "uploads"
VECTORS = "vectors"
#: For how many seconds to wait for each answer of Docker Engine; uploads come in many of them.
ENGINE_TIMEOUT = 120

#: Beside ``docker_host``.
PARTS_OPTIONS: dict[str, Any] = {
    "project_name": {"type": "str"},
    "freeze": {"type": "bool", "default": True},
    "freeze_timeout": {"type": "int", "default": 600},
    "weaviate_api_key": {"type": "str", "no_log": True},
}


class Part(Protocol):
    """What a backup may include. Built of the module's params and the backup directory."""

    kind: str

    def check(self) -> None:
        """See that it can be backed up. Must not change anything; raises ConvosphereError."""

    def expected_bytes(self, last: Manifest | None) -> int:
        """How many bytes its file may take; ``last`` is the manifest of the last backup that includes it."""

    def cut(self) -> None:
        """Fix the moment that the part is of: what is written later on is not in the backup."""

    def write(self, seal: Seal, name: str) -> FileRecord:
        """Write the part's file, whose name begins with ``name``, the backup's id."""

    def close(self) -> None:
        """Let go of everything; called once, whatever happened."""


class _ProjectPart:
    """One part that lies in a container of the Compose project in ``params``, which are PARTS_OPTIONS."""

    kind = ""

    def __init__(self, params: Mapping[str, Any], _directory: Path) -> None:
        self.params = params
        if not params["project_name"]:
            raise InputError(
                f"include has {self.kind}, which are in a container of a Compose project",
                hint="Give its name as project_name.",
            )
        #: What the manifest says of the part; None until it is written.
        self.fact: dict[str, Any] | None = None

    def expected_bytes(self, last: Manifest | None) -> int:
        """How many bytes its file takes: as measured the last time, with a fourth on top."""
        known = [int(file.size * 1.25) for file in last.files if file.kind == self.kind] if last else []
        return known[0] if known else self.size()

    def size(self) -> int:
        """How many bytes it has where nothing was measured yet."""
        return 0

    def cut(self) -> None:
        """Fix the moment that the part is of."""

    def settle(self) -> None:
        """Wait for what ``cut`` has begun: from now on the platform may write again."""

    def close(self) -> None:
        """Let go of everything."""

    @cached_property
    def _client(self) -> DockerClient:
        """The engine that has the project, once that is known to be the environment's."""
        client = engine_client.connect(self.params["docker_host"], ENGINE_TIMEOUT)
        project_owner.refuse_foreign_project(client, self.params["project_name"], self.params["environment_name"])
        return client


class UploadsPart(_ProjectPart):
    """The uploaded files. They are written while the platform is frozen."""

    kind = UPLOADS

    def check(self) -> None:
        """See that they lie in a volume. Raises ConvosphereError."""
        self._volume.container.reload()

    def size(self) -> int:
        """The bytes of all files."""
        return self._volume.size()

    def write(self, seal: Seal, name: str) -> FileRecord:
        """Write the file of this part. Raises ConvosphereError."""
        totals = tar_stream.Totals()
        source = self._volume.archive(totals)
        file = seal.write(self.kind, f"{name}.uploads.tar", step="read the uploaded files", source=source)
        self.fact = {"files": totals.files, "bytes": totals.bytes}
        return file

    @cached_property
    def _volume(self) -> uploads.Volume:
        return uploads.find(self._client, self.params["project_name"], self.params["docker_host"])


class VectorsPart(_ProjectPart):
    """The vector store's own backup, which is set aside in its container until it is written."""

    kind = VECTORS
    backup: str | None = None

    def check(self) -> None:
        """See that the store answers and can make backups. Raises ConvosphereError."""
        self._store.classes()

    def cut(self) -> None:
        """Have the store set aside what it has, and not wait for it."""
        self._store.remove_leftovers()
        self.classes = self._store.classes()
        if self.classes:  # without any, the store refuses to make a backup
            self.backup = weaviate.new_name(datetime.now(timezone.utc))
            self._store.start(self.backup)

    def settle(self) -> None:
        """Wait until all of it is set aside. Raises ApiError with what the store says where it failed."""
        if self.backup:
            self._store.wait(self.backup, time.monotonic() + self.params["freeze_timeout"])

    def write(self, seal: Seal, name: str) -> FileRecord:
        """Write the file of this part, an archive without a member for an empty store. Raises ConvosphereError."""
        source = self._store.archive(self.backup, tar_stream.Totals()) if self.backup else iter([tar_stream.EMPTY])
        file = seal.write(self.kind, f"{name}.vectors.tar", step="read the vectors", source=source)
        self.fact = {"backup": self.backup, "classes": self.classes}
        return file

    def close(self) -> None:
        """Remove in the container what was set aside; where that fails, the next run does it."""
        backup, self.backup = self.backup, None
        if backup:
            with suppress(ConvosphereError):
                self._store.remove(backup)

    @cached_property
    def _store(self) -> weaviate.VectorStore:
        where = self.params["project_name"], self.params["docker_host"]
        return weaviate.find(self._client, *where, api_key=self.params["weaviate_api_key"])


#: All that a backup may include, by the words of ``include``.
PARTS: dict[str, Callable[[Mapping[str, Any], Path], Part]] = {
    "database": DatabasePart,
    "uploads": UploadsPart,
    "vectors": VectorsPart,
}


def refuse_without_database(include: Sequence[str]) -> None:
    """Raise InputError where ``include`` lacks the database: uploads and vectors alone can never be restored."""
    if "database" not in include:
        raise InputError(
            f"include is {', '.join(include) or 'empty'}: there is no backup without the database",
            hint="Give include: [database], and beside it what else you want. Nothing was changed.",
        )


def facts(parts: Sequence[Part]) -> dict[str, Any]:
    """What the manifest says of uploads and vectors, under these names."""
    return {part.kind: part.fact for part in parts if isinstance(part, _ProjectPart)}


def take(
    params: Mapping[str, Any], parts: Sequence[Part], write: Callable[[Part], FileRecord]
) -> tuple[list[FileRecord], dict[str, Any] | None]:
    """Fix the moment of all parts and ``write`` each of them, frozen only as long as it is needed.

    Returns the files in the order of the parts, and the manifest's ``write_freeze``.
    """
    others = [part for part in parts if isinstance(part, _ProjectPart)]
    frozen = None
    if others and params["freeze"]:
        where = params["project_name"], params["docker_host"]
        frozen = write_freeze.frozen(
            engine_client.connect(params["docker_host"], ENGINE_TIMEOUT), *where, params["freeze_timeout"]
        )
    with ExitStack() as undo:
        for other in others:
            undo.callback(other.close)
        with frozen or nullcontext() as freeze:
            for part in parts:
                part.cut()
            files = {part.kind: write(part) for part in parts if part.kind == UPLOADS}
            for other in others:
                other.settle()
        files.update({part.kind: write(part) for part in parts if part.kind != UPLOADS})
    return [files[part.kind] for part in parts], freeze.record() if freeze else None
