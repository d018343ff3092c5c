# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write everything that the platform has about one person into one archive, with a manifest and checksums.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import json
import tarfile
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import IO, Any

from .._app import uploads
from .._core import files, timestamps
from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.version import VERSION
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._postgres.connection import DATABASE_OPTIONS, Database
from .._stack import project_owner
from . import outside, person, subject_export
from .outside import PLACE_OPTIONS, Content, Places
from .person import Person
from .subject_export import Part

EXPORT_OPTIONS: dict[str, Any] = {
    **DATABASE_OPTIONS,
    **PLACE_OPTIONS,
    "environment_name": {"type": "str", "required": True},
    "user": {"type": "str", "required": True},
    "path": {"type": "path"},
    "fetch_to": {"type": "str"},
}
MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
_FORMAT = 1
_ENGINE_SECONDS = 120
_DOCUMENTS = "SELECT id::text, file_path FROM documents WHERE user_id = %(user)s"
_CONVERSATIONS = "SELECT id::text FROM conversations WHERE user_id = %(user)s"


class ExportWork(Work):
    """The work of convosphere_person_export."""

    def __init__(self, call: Invocation) -> None:
        self.params = call.params
        self.path = Path(self.params["path"] or "")
        self.database = Database(self.params, read_only=True)
        self.places = Places(self.params)
        self.person: Person | None = None
        self.parts: list[Part] = []
        self.counts: dict[str, dict[str, int]] = {"rows": {}, "mentions": {}}
        self.content = Content()
        #: Documents whose files could not be read, each with the reason.
        self.missing: list[str] = []
        self.written: dict[str, Any] = {"bytes": None, "sha256": None}

    def plan(self) -> Plan:
        """Find the person, and count what the archive will have."""
        if not self.path.is_absolute() or not self.path.parent.is_dir():
            raise InputError(f"path is {self.path}: give an absolute path in an existing directory")
        if self.places.are_given:
            client = engine_client.connect(self.params["docker_host"], _ENGINE_SECONDS)
            project_owner.refuse_foreign_project(client, self.params["project_name"], self.params["environment_name"])
        self.database.columns("users", person.COLUMNS)
        found = self.person = person.find(self.database, self.params["user"])
        if found is None:
            raise InputError(f"There is no user with the e-mail address or id {self.params['user']}")
        for part in subject_export.parts(self.database):
            number = subject_export.count(self.database, found, part)
            if number:
                self.parts.append(part)
                self.counts[part.folder][part.table] = number
        documents = self.database.fetch(_DOCUMENTS, found.values)
        ids = [row[0] for row in (*documents, *self.database.fetch(_CONVERSATIONS, found.values))]
        self.content = self.places.find([row[1] for row in documents], ids)
        self.missing = [f"{path}: not in the uploads" for path in self.content.unreachable]
        return make_plan({str(self.path): {**self.counts, **self.content.counts}}, {})

    def apply(self, plan: Plan) -> None:
        """Write the archive under a temporary name, sync it to the disk, and rename it."""
        with files.replacing(self.path, "0600") as file:
            self._write(file)
        self.written = {"bytes": self.path.stat().st_size, "sha256": files.sha256(files.chunks(self.path))}

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the numbers of rows, files and objects, and the checksum of the archive."""
        return {
            "path": str(self.path),
            **self.counts,
            **self.content.counts,
            "missing_files": self.missing,
            **self.written,
        }

    def close(self) -> None:
        """Close the connection."""
        self.database.close()

    def _write(self, file: IO[bytes]) -> None:
        sums: dict[str, str] = {}
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for part in self.parts:
                sums[part.name] = self._add(archive, part.name, self._rows(part))
            if self.content.objects:
                objects = (json.dumps({"class": name, **item}, ensure_ascii=False) for name, item in
                           self.content.objects)  # fmt: skip
                sums["vectors.jsonl"] = self._add(archive, "vectors.jsonl", (f"{line}\n".encode() for line in objects))
            for name, digest in self._add_files(archive):
                sums[name] = digest
            text = json.dumps(self._manifest(sums), indent=2, ensure_ascii=False) + "\n"
            sums[MANIFEST] = self._add(archive, MANIFEST, [text.encode()])
            listed = "".join(f"{digest}  {name}\n" for name, digest in sorted(sums.items()))
            self._add(archive, SUMS, [listed.encode()])

    def _rows(self, part: Part) -> Iterator[bytes]:
        if self.person is None:
            raise RuntimeError("plan() comes first")
        for line in subject_export.lines(self.database, self.person, part):
            yield line.encode()

    def _manifest(self, sums: dict[str, str]) -> dict[str, Any]:
        one = self.person
        return {
            "format": _FORMAT,
            "collection": VERSION,
            "created_at": timestamps.format_time(datetime.now(timezone.utc)),
            "environment": self.params["environment_name"],
            "user": {"id": one.id, "email": one.email, "username": one.username} if one else {},
            **self.counts,
            **self.content.counts,
            "missing_files": self.missing,
            "left_out": {table: list(columns) for table, columns in subject_export.SECRETS.items()},
            "sha256": sums,
        }

    def _add(self, archive: tarfile.TarFile, name: str, chunks: Iterable[bytes]) -> str:
        """Add one file. Return its checksum. Its size must be known first: it is written to the disk without a name."""
        digest = hashlib.sha256()
        with tempfile.TemporaryFile(dir=self.path.parent) as spool:
            for chunk in chunks:
                digest.update(chunk)
                spool.write(chunk)
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = spool.tell(), 0o600, int(datetime.now(timezone.utc).timestamp())
            spool.seek(0)
            archive.addfile(member, spool)
        return digest.hexdigest()

    def _add_files(self, archive: tarfile.TarFile) -> Iterator[tuple[str, str]]:
        """Add the uploaded files. Those in MinIO have a format of its own on the disk, and are only named."""
        if not self.content.files:
            return
        volume = self.places.volume()
        if volume.store is not uploads.FILES:
            self.missing += [f"{key}: in MinIO, fetch it with a client of S3" for key in self.content.files]
            return
        for key in self.content.files:
            name = f"files/{key}"
            yield name, self._add(archive, name, outside.content_of(volume, key))
