# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify a backup: compare its files with the manifest, and a database restored from it with what was backed up.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from typing import Any

from .._backup import catalogue as backup_catalogue
from .._backup import proofs
from .._backup.catalogue import Backup, Catalogue
from .._backup.corruption import (
    COULD_NOT_TELL,
    AlteredError,
    CorruptError,
    NotLoadedError,
)
from .._backup.file_reader import Archive
from .._backup.manifest import BOOT, LEVELS, RESTORE, DatabaseRecord, Manifest
from .._backup.progress import Progress
from .._backup.proofs import Outcome
from .._backup.run_key import RunKeys
from .._core import timestamps
from .._core.errors import (
    CommandError,
    ConvosphereError,
    InputError,
)
from .._postgres.client_tools import PostgresTools
from . import server_disk, side_databases
from .database_fingerprint import Content
from .database_server import Server
from .load_failure import Rejection
from .loader import Loader
from .side_databases import SideDatabases


@dataclass
class Verifier:
    """Verify backups of one catalogue. ``timeout`` is for loading one dump, in seconds."""

    catalogue: Catalogue
    tools: PostgresTools
    server: Server | None
    identity_file: str | None
    jobs: int
    timeout: float | None
    progress: Progress | None = None

    def report_progress(self, step: str, done: int, total: int) -> None:
        """Write the progress of a step, in bytes, into the progress file."""
        if self.progress is None:
            return
        if self.progress.state["step"] != step:
            self.progress.begin(step, total)
        self.progress.bytes(done)

    def archive(self, backup: Backup, kind: str = "database") -> Archive:
        """Return the reader of one file of a backup."""
        return Archive(backup, backup.manifest.file(kind), self.identity_file)

    def check(self, backup: Backup) -> None:
        """Read every file, and the dump's table of contents if its key is available. Raises CorruptError."""
        for record in backup.manifest.files:
            archive = Archive(backup, record, self.identity_file)
            archive.check(partial(self._read, record.size))
        database = backup.manifest.database
        if database is None:
            return
        archive = self.archive(backup)
        if archive.readable:
            self.tools.major = self.tools.major or int(database.server_version.split(".")[0])
            archive.contents(self.tools.command("pg_restore", "--list"), self.tools.environment)

    def restore(self, backup: Backup) -> None:
        """Check the files, restore into a side database, and compare it with the manifest. Raises CorruptError."""
        with self.restored(backup):
            pass

    @contextmanager
    def restored(self, backup: Backup) -> Iterator[str]:
        """Check the files, and restore into a side database. Its name is the block's value; then it is dropped.

        It was compared with the manifest. Raises CorruptError.
        """
        self.check(backup)
        beside = SideDatabases(self.required_server, str(self.tools.params["login_db"]))
        with beside.temporary(side_databases.VERIFY, database_record(backup)) as name:
            self.load(backup, name)
            self.compare(backup, name)
            yield name

    @property
    def required_server(self) -> Server:
        """The server of the side databases. Raises InputError if this verifier reads only files."""
        if self.server is None:
            raise InputError("There is no connection to a server to restore to")
        return self.server

    def load(self, backup: Backup, database: str) -> str:
        """Load a dump into an empty database. Return the method: "file" or "stream".

        Raises CorruptError if the dump is corrupt, NotLoadedError if it is intact and this server rejects it.
        """
        archive = self.archive(backup)
        loader = Loader(archive, self.tools, self.required_server, self.jobs, self.timeout, self.report_progress)
        try:
            return loader.load(database)
        except CommandError as error:
            judged = Rejection(archive, self.tools, self.required_server, self.timeout).judge(error, database)
            # A full disk and a server that does not answer say nothing about a dump.
            if isinstance(judged, NotLoadedError) and self._is_full():
                raise
            raise judged from error

    def _is_full(self) -> bool:
        return server_disk.missing_room(self.required_server, self.tools, 0) is not None

    def compare(self, backup: Backup, database: str) -> None:
        """Raise CorruptError that lists the differences between a restored database and the manifest."""
        with Content(self.tools.params, database) as content:
            problems = content.differences(database_record(backup))
        if problems:
            raise CorruptError(
                f"The backup {backup.manifest.id} restores to other content than was backed up: {'; '.join(problems)}",
                problems=problems,
                kind="database",
            )

    def record(self, backup: Backup, level: str, seconds: float, outcome: Outcome | None = None) -> Backup:
        """Write the verification into the manifest, and its ``outcome`` as a proof. Return the backup with it.

        A higher level of verification stays, with its date, from which its next one is due: a lower level only shows
        that the files are unchanged since. It does not stay if ``outcome`` says that a higher level failed now. A
        backup that was corrupt is intact once it was restored; the right checksum alone does not show that.
        """
        now = datetime.now(timezone.utc).replace(microsecond=0)
        at = timestamps.format_time(now)
        verified = {"level": level, "at": at, "duration": round(seconds, 1), "host": platform.node()}
        known = backup.manifest.verified
        if known and LEVELS.index(known["level"]) > LEVELS.index(level) and not (outcome and outcome.reason):
            verified = dict(known)
        manifest = replace(backup.manifest, verified=verified, checked_at=now)
        if level != LEVELS[0]:
            manifest = replace(manifest, damaged_at=None, not_loaded=None)
        manifest = proofs.added(manifest, outcome.proof(now)) if outcome else manifest
        self.catalogue.save(manifest)
        return Backup(manifest, backup.directory)

    def _read(self, total: int, done: int) -> None:
        self.report_progress("read", done, total)

    @contextmanager
    def judging(self, backup: Backup) -> Iterator[None]:
        """Write the verdict of the block into the manifest. Raises ConvosphereError.

        Only a corrupt backup loses its verification. A dump that was restored once is intact while its bytes are the
        same: if it cannot be read now, the cause is on this host.
        """
        now = datetime.now(timezone.utc).replace(microsecond=0)
        manifest = backup.manifest
        try:
            yield
        except CorruptError as error:
            verified = manifest.verified if manifest.reaches(RESTORE) else None
            if verified and error.details.get("kind") == "database" and not isinstance(error, AlteredError):
                raise ConvosphereError(
                    f"{error.message}\nThe same bytes were restored at {verified['at']} on {verified['host']}: the "
                    f"backup {manifest.id} is not corrupt, and its verification was not changed",
                    hint="Check this host: its memory, and the versions of zstd, age and pg_restore.",
                    **{**error.details, "verdict": COULD_NOT_TELL},
                ) from error
            self.catalogue.save(replace(manifest, verified=None, checked_at=None, damaged_at=now))
            raise
        except NotLoadedError as error:
            noted = {"at": timestamps.format_time(now), "host": platform.node(), "reason": error.message[:1000]}
            self.catalogue.save(replace(manifest, not_loaded=noted))
            raise

    def run(self, backup: Backup, level: str) -> Backup:
        """Verify one backup by checksum or by restore, and write the result into its manifest.

        Raises ConvosphereError.
        """
        began = time.monotonic()
        outcome = None
        with self.verifying(backup):
            if level == LEVELS[0]:
                self.check(backup)
            else:
                self.restore(backup)
                outcome = Outcome(RESTORE, time.monotonic() - began)
        verified = self.record(backup, level, time.monotonic() - began, outcome)
        if level != LEVELS[0]:
            RunKeys(self.catalogue.directory).destroy(backup.manifest.id)
        return verified

    @contextmanager
    def verifying(self, backup: Backup) -> Iterator[None]:
        """Report the progress of the block, and write its verdict into the manifest if it fails."""
        self.progress = Progress(self.catalogue.directory / backup_catalogue.PROGRESS, backup.manifest.id)
        try:
            with self.judging(backup):
                yield
        finally:
            self.progress.end()


def database_record(backup: Backup) -> DatabaseRecord:
    """Return the manifest's record of the database. Raises InputError if the backup has no database."""
    if backup.manifest.database is None:
        raise InputError(f"The backup {backup.manifest.id} does not include a database")
    return backup.manifest.database


def is_verified(backup: Backup, level: str, now: datetime, reverify_after: timedelta | None) -> bool:
    """Return True if it was verified by at least ``level``, recently enough, and its files are unchanged since."""
    verified = backup.manifest.verified
    if verified is None or not backup.manifest.reaches(level):
        return False
    at = timestamps.parse_time(verified["at"])
    checked = max(at, backup.manifest.checked_at or at)  # files written before then are those that were verified
    due_since = _due_since(backup.manifest, level, at, checked)
    if checked - now > backup_catalogue.TOLERANCE or (reverify_after is not None and now - due_since > reverify_after):
        return False
    # The manifest has whole seconds, file times have fractions.
    written = [(backup.directory / file.name).stat().st_mtime for file in backup.manifest.files]
    return all(time_written < checked.timestamp() + 1 for time_written in written)


def _due_since(manifest: Manifest, level: str, at: datetime, checked: datetime) -> datetime:
    """Return when a backup was last verified by at least ``level``. A boot keeps the date of the last boot."""
    if level == LEVELS[0]:
        return checked
    return at if level == BOOT else max(at, proofs.last_passed(manifest, level) or at)


def settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of Verifier that are options of a module."""
    return {"identity_file": params["identity_file"], "jobs": params["jobs"], "timeout": params["load_timeout"]}


VERIFY_OPTIONS: dict[str, Any] = {
    "backup_dir": {"type": "path", "required": True},
    "identity_file": {"type": "path"},
    "jobs": {"type": "int", "default": 2},
    "load_timeout": {"type": "int"},
}
