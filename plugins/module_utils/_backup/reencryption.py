# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Encrypt a backup for other recipients, beside its current files, and replace those once the new ones are verified.

The new files are decrypted again before they count: with the one-run key, or with the operator's if it is among the
recipients. The manifest changes in one step, and only then the previous files are removed.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from .._core import files, pipeline
from .._core.errors import CommandError, ConvosphereError
from .._core.pipeline import Program
from . import file_reader
from .catalogue import PROGRESS, Backup, Catalogue
from .corruption import AlteredError
from .file_reader import ENCRYPTED, Archive
from .file_writer import FileWriter
from .manifest import RESTORE, FileRecord, Manifest
from .progress import Progress
from .run_key import RunKeys

#: What tells the files of one encryption from those of the one before.
_GENERATION = re.compile(r"\.r(\d+)$")


@dataclass(frozen=True)
class Reencryption:
    """One backup that is encrypted for ``recipients`` with the key in ``identity_file``."""

    catalogue: Catalogue
    recipients: Sequence[str]
    identity_file: str

    def is_due(self, backup: Backup) -> bool:
        """Return whether a backup is encrypted, and to other recipients."""
        current = backup.manifest.recipients
        return bool(current) and set(current) != set(self.recipients)

    def check(self) -> None:
        """Raise ConvosphereError unless the programs, the recipients and the key can be used."""
        file_reader.refuse_key(self.identity_file)
        self._writer(Progress(self.catalogue.directory / PROGRESS, "")).check()

    def run(self, backup: Backup) -> Backup:
        """Encrypt one backup, and return it. The lock of the catalogue must be held.

        Raises ConvosphereError; then the backup is what it was.
        """
        manifest = backup.manifest
        progress = Progress(self.catalogue.directory / PROGRESS, manifest.id)
        writer, keys = self._writer(progress), RunKeys(self.catalogue.directory)
        keys.add_to(writer, manifest.id)
        try:
            written = [self._write(backup, file, writer, keys, progress) for file in manifest.files]
            now = datetime.now(timezone.utc).replace(microsecond=0)
            new = replace(manifest, files=tuple(written), recipients=tuple(self.recipients), checked_at=now)
            done = self.catalogue.commit(new, writer.written)
        except BaseException:
            writer.discard()
            raise
        finally:
            progress.end()
        for name in replaced(done.manifest, self.catalogue.names()):
            files.remove(self.catalogue.directory / name)
        if manifest.reaches(RESTORE):
            keys.destroy(manifest.id)
        return done

    def _write(
        self, backup: Backup, file: FileRecord, writer: FileWriter, keys: RunKeys, progress: Progress
    ) -> FileRecord:
        """Write one file anew and verify it. Raises ConvosphereError if the current or the new one is not readable."""
        archive = Archive(backup, file, self.identity_file)
        progress.begin(f"read {file.kind}", file.size)
        archive.check(progress.bytes)
        decrypt = _decrypt([self.identity_file])
        try:
            expected = _digest(archive.pieces(), decrypt, f"decrypt {archive.path}")
        except CommandError as error:
            raise archive.unreadable(error) from error
        progress.begin(f"encrypt {file.kind}", file.size)
        name = _next_name(file.name)
        step = f"encrypt {archive.path}"
        new = writer.write(file.kind, name, step=step, programs=[decrypt], source=archive.pieces(), is_packed=True)
        progress.begin(f"verify {file.kind}", new.size)
        own = keys.find(backup.manifest.id)
        available = [self.identity_file, *([str(own)] if own else [])]
        path = writer.written[new.name]
        try:
            found = _digest(files.chunks(path), _decrypt(available), f"decrypt {path}")
        except CommandError as error:
            raise ConvosphereError(
                f"{file.name} was encrypted for the new recipients, and cannot be decrypted to verify that: {error}",
                hint="The backup is what it was. Give an identity_file that also has the key of a new recipient.",
            ) from error
        if found != expected:
            raise AlteredError(f"{new.name} has another content than {file.name} after it was encrypted")
        return new

    def _writer(self, progress: Progress) -> FileWriter:
        return FileWriter(self.catalogue.directory, self.recipients, 1, progress)


def replaced(manifest: Manifest, names: Sequence[str]) -> list[str]:
    """Return those ``names`` that are files of earlier encryptions of a backup; none unless it is complete there."""
    known = {manifest.file_name, *(file.name for file in manifest.files)}
    if not known <= set(names):
        return []
    return [name for name in names if name.startswith(f"{manifest.id}.") and name not in known]


def _next_name(name: str) -> str:
    """Return a file's name without .age, with a generation that no earlier encryption of it had."""
    base = name.removesuffix(ENCRYPTED)
    found = _GENERATION.search(base)
    return f"{_GENERATION.sub('', base)}.r{int(found[1]) + 1 if found else 1}"


def _decrypt(keys: Sequence[str]) -> Program:
    return Program(["age", "--decrypt", *(f"--identity={key}" for key in keys)])


def _digest(source: Iterator[bytes], program: Program, step: str) -> str:
    """Return the sha256 of what a program makes of the source. Raises CommandError."""
    digest = hashlib.sha256()
    pipeline.run([program], step=step, source=source, sink=digest.update)
    return digest.hexdigest()
