# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Create one backup: check its components and the free space, write its files and its manifest.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .._core.errors import ConvosphereError
from .._core.plan import CREATE, Change
from .._core.version import VERSION
from . import components
from . import manifest as backup_manifest
from .catalogue import PROGRESS, Backup, Catalogue
from .component_protocol import BackupComponent
from .components import COMPONENTS
from .database_component import DatabaseComponent
from .file_writer import FileWriter
from .manifest import FileRecord, Manifest
from .names import NEW
from .progress import Progress
from .run_key import RunKeys


class Creation:
    """One new backup in ``catalogue``, with the ``params`` of convosphere_db_backup."""

    def __init__(self, params: Mapping[str, Any], catalogue: Catalogue) -> None:
        self.params = params
        self.catalogue = catalogue
        self.keys = RunKeys(catalogue.directory)
        self.parts: list[BackupComponent] = []
        #: The estimated size of all files, in bytes.
        self.needed = 0

    @property
    def revisions(self) -> tuple[str, ...]:
        """The schema revisions of the database, once ``check`` has read them."""
        return next((part.revisions for part in self.parts if isinstance(part, DatabaseComponent)), ())

    def check(self) -> None:
        """Connect to each component and check that it can be backed up. Raises ConvosphereError."""
        self.parts = [COMPONENTS[kind](self.params, self.catalogue.directory) for kind in self.params["include"]]
        for part in self.parts:
            part.check()

    def plan(self, last: Manifest | None) -> Change:
        """Return the creation. Raises ConvosphereError if programs, valid recipients or free space are missing.

        ``last`` is the manifest of the last backup with the same components, by which the size is estimated.
        """
        self._writer(Progress(self.catalogue.directory / PROGRESS, NEW)).check()
        self.needed = sum(part.expected_bytes(last) for part in self.parts)
        self._refuse_full_disk()
        return Change(NEW, CREATE, None, {"include": sorted(self.params["include"]), **self._settings()})

    def run(self) -> Backup:
        """Write the backup and return it. Raises ConvosphereError; then nothing of it is left."""
        started = time.monotonic()
        # Read before the snapshot, which may wait for a lock: a backup must not claim to be younger than it is.
        created_at = datetime.now(timezone.utc).replace(microsecond=0)
        identifier = self._free_id(created_at)
        progress = Progress(self.catalogue.directory / PROGRESS, identifier)
        writer = self._writer(progress)
        self.keys.add_to(writer, identifier)

        def write(part: BackupComponent) -> FileRecord:
            progress.begin(part.kind, self.needed)
            return part.write(writer, identifier)

        try:
            files, freeze = components.take(self.params, self.parts, write)
            manifest = Manifest(
                id=identifier,
                created_at=created_at,
                collection_version=VERSION,
                duration=round(time.monotonic() - started, 1),
                include=tuple(self.params["include"]),
                files=tuple(files),
                database=next((part.record for part in self.parts if isinstance(part, DatabaseComponent)), None),
                write_freeze=freeze,
                **components.facts(self.parts),
                **{**self._settings(), "recipients": tuple(self.params["recipients"] or ())},
            )
            return self.catalogue.commit(manifest, writer.written)
        except BaseException:
            writer.discard()
            self.keys.destroy(identifier)
            raise
        finally:
            progress.end()

    def close(self) -> None:
        """Release what the components hold."""
        for part in self.parts:
            part.close()

    def _settings(self) -> dict[str, Any]:
        """Return what the options set in the manifest of a new backup."""
        return {
            "environment": self.params["environment_name"],
            "label": self.params["label"],
            "pinned": bool(self.params["pinned"]),
            "recipients": list(self.params["recipients"] or ()),
        }

    def _refuse_full_disk(self) -> None:
        directory = self.catalogue.directory
        existing = next(path for path in (directory, *directory.parents) if path.exists())
        free = shutil.disk_usage(existing).free
        if free < self.needed:
            raise ConvosphereError(
                f"There is not enough room for a backup in {directory}: it may need {self.needed} bytes, and {free} "
                "are free",
                hint="Free some space, keep fewer backups by retention, or use another backup_dir.",
                bytes_needed=self.needed,
                bytes_free=free,
            )

    def _writer(self, progress: Progress) -> FileWriter:
        return FileWriter(
            self.catalogue.directory,
            self.params["recipients"] or (),
            self.params["compression_level"],
            progress,
            self.params["dump_timeout"],
        )

    def _free_id(self, created_at: datetime) -> str:
        """Return an id that no file in the directory has: a clock may show the same second twice."""
        base = backup_manifest.new_id(self.params["login_db"], created_at)
        taken = self.catalogue.names()
        number, identifier = 1, base
        while any(name.startswith(f"{identifier}.") for name in taken):
            number += 1
            identifier = f"{base}-{number}"
        return identifier
