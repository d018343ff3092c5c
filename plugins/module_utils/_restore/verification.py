# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proving a backup: its files are those of the manifest, and a database made of it has all that was backed up.

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
from pathlib import Path
from typing import Any

from .._backup import catalogue as backup_catalogue
from .._backup import manifest as backup_manifest
from .._backup.catalogue import Backup, Catalogue
from .._backup.corruption import (
    COULD_NOT_TELL,
    AlteredError,
    CorruptError,
    NotLoadedError,
)
from .._backup.file_reader import Archive
from .._backup.manifest import RESTORE, DatabaseRecord
from .._backup.progress import Progress
from .._backup.run_key import RunKeys
from .._core import command, timestamps
from .._core.errors import (
    CommandError,
    ConvosphereError,
    InputError,
)
from .._postgres.client_tools import PostgresTools
from .._postgres.connection import LOOPBACK
from . import loader as restore_loader
from . import side_databases
from .database_fingerprint import Content
from .load_failure import Rejection
from .loader import Loader
from .side_databases import Scratch, Server

#: What a new database takes beside the size that the old one had: the log of changes that is written for it.
_EXTRA = 256 * 1024 * 1024


@dataclass
class Verifier:
    """Verifies backups of one catalogue. ``timeout`` is for loading one dump, in seconds."""

    catalogue: Catalogue
    tools: PostgresTools
    server: Server | None
    identity_file: str | None
    jobs: int
    timeout: float | None
    progress: Progress | None = None

    def tell(self, step: str, done: int, total: int) -> None:
        """Have whoever looks see how far it is, in bytes."""
        if self.progress is None:
            return
        if self.progress.state["step"] != step:
            self.progress.begin(step, total)
        self.progress.bytes(done)

    def archive(self, backup: Backup, kind: str = "database") -> Archive:
        """One file of a backup, and what reads it."""
        return Archive(backup, backup.manifest.file(kind), self.identity_file)

    def check(self, backup: Backup) -> None:
        """Read every file, and the dump's table of contents where the key is at hand. Raises CorruptError."""
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
        """Check it, load it into a throw-away database, and compare that with the manifest. Raises CorruptError."""
        self.check(backup)
        scratch = Scratch(self.beside(), str(self.tools.params["login_db"]))
        with made(scratch, side_databases.VERIFY, database_record(backup)) as name:
            self.load(backup, name)
            self.compare(backup, name)

    def beside(self) -> Server:
        """The server that databases are made on. Raises InputError where only files are looked at."""
        if self.server is None:
            raise InputError("There is no connection to a server to restore to")
        return self.server

    def load(self, backup: Backup, database: str) -> str:
        """Load a dump into an empty database; "file" or "stream", the way that was taken.

        Raises CorruptError if the dump is corrupt, NotLoadedError if it is whole and this server rejects it.
        """
        archive = self.archive(backup)
        loader = Loader(archive, self.tools, self.beside(), self.jobs, self.timeout, self.tell)
        try:
            return loader.load(database)
        except CommandError as error:
            judged = Rejection(archive, self.tools, self.beside(), self.timeout).judge(error, database)
            # A full disk and a server that does not answer any more are no statement about a dump.
            if isinstance(judged, NotLoadedError) and missing_room(self.beside(), self.tools, 0) is not None:
                raise
            raise judged from error

    def compare(self, backup: Backup, database: str) -> None:
        """Raise CorruptError that says what of the manifest is not in a database."""
        with Content(self.tools.params, database) as content:
            problems = content.differences(database_record(backup))
        if problems:
            raise CorruptError(
                f"The backup {backup.manifest.id} does not restore to what was backed up: {'; '.join(problems)}",
                problems=problems,
                kind="database",
            )

    def record(self, backup: Backup, level: str, seconds: float) -> Backup:
        """Write into the manifest what it was verified by; the backup as it is then.

        What was proven by more stays so, with its date, from which it is counted when that is due again: only that its
        files are the same as then is known anew. What was found damaged is no longer, once it was restored: a dump that
        cannot be loaded may have the right checksum.
        """
        now = datetime.now(timezone.utc).replace(microsecond=0)
        at = timestamps.format_time(now)
        verified = {"level": level, "at": at, "duration": round(seconds, 1), "host": platform.node()}
        known = backup.manifest.verified
        if known and backup_manifest.LEVELS.index(known["level"]) > backup_manifest.LEVELS.index(level):
            verified = dict(known)
        manifest = replace(backup.manifest, verified=verified, checked_at=now)
        if level == RESTORE:
            manifest = replace(manifest, damaged_at=None, not_loaded=None)
        self.catalogue.save(manifest)
        return Backup(manifest, backup.directory)

    def _read(self, total: int, done: int) -> None:
        self.tell("read", done, total)

    @contextmanager
    def judging(self, backup: Backup) -> Iterator[None]:
        """Write into the manifest what the block finds out about the backup. Raises ConvosphereError.

        Only a corrupt backup loses its verification. A dump that was restored once is whole as long as its bytes are
        the same: if it cannot be read now, the fault is this host's.
        """
        now = datetime.now(timezone.utc).replace(microsecond=0)
        manifest = backup.manifest
        try:
            yield
        except CorruptError as error:
            proven = manifest.verified if manifest.level == RESTORE else None
            if proven and error.details.get("kind") == "database" and not isinstance(error, AlteredError):
                raise ConvosphereError(
                    f"{error.message}\nThe same bytes were restored at {proven['at']} on {proven['host']}: the backup "
                    f"{manifest.id} is not corrupt, and its verification was not changed",
                    hint="Look for the fault on this host: its memory, and the versions of zstd, age and pg_restore.",
                    **{**error.details, "verdict": COULD_NOT_TELL},
                ) from error
            self.catalogue.save(replace(manifest, verified=None, checked_at=None, damaged_at=now))
            raise
        except NotLoadedError as error:
            noted = {"at": timestamps.format_time(now), "host": platform.node(), "reason": error.message[:1000]}
            self.catalogue.save(replace(manifest, not_loaded=noted))
            raise

    def run(self, backup: Backup, level: str) -> Backup:
        """Verify one backup and write the result down. Raises ConvosphereError."""
        began = time.monotonic()
        self.progress = Progress(self.catalogue.directory / backup_catalogue.PROGRESS, backup.manifest.id)
        try:
            with self.judging(backup):
                (self.restore if level == RESTORE else self.check)(backup)
        finally:
            self.progress.end()
        verified = self.record(backup, level, time.monotonic() - began)
        if level == RESTORE:
            RunKeys(self.catalogue.directory).destroy(backup.manifest.id)
        return verified


@contextmanager
def made(scratch: Scratch, role: str, record: DatabaseRecord) -> Iterator[str]:
    """A database beside the live one, which is gone when the block ends, unless it has another name by then."""
    name = scratch.create(role, record)
    try:
        yield name
    except BaseException:
        scratch.drop_if_possible(name)
        raise
    scratch.drop(name)


def database_record(backup: Backup) -> DatabaseRecord:
    """What a backup's manifest says of the database. Raises InputError where it includes none."""
    if backup.manifest.database is None:
        raise InputError(f"The backup {backup.manifest.id} does not include a database")
    return backup.manifest.database


def is_verified(backup: Backup, level: str, now: datetime, reverify_after: timedelta | None) -> bool:
    """Whether a backup was verified by at least ``level``, not too long ago, and its files were not touched since."""
    verified = backup.manifest.verified
    if verified is None or backup_manifest.LEVELS.index(verified["level"]) < backup_manifest.LEVELS.index(level):
        return False
    at = timestamps.parse_time(verified["at"])
    checked = max(at, backup.manifest.checked_at or at)  # whatever was written before then was what the proof is of
    proven = at if level == RESTORE else checked
    if checked - now > backup_catalogue.TOLERANCE or (reverify_after is not None and now - proven > reverify_after):
        return False
    # The manifest has whole seconds, and the files' times more than that.
    written = [(backup.directory / file.name).stat().st_mtime for file in backup.manifest.files]
    return all(moment < checked.timestamp() + 1 for moment in written)


def missing_room(server: Server, tools: PostgresTools, needed: int) -> str | None:
    """A sentence where the disk of PostgreSQL has not ``needed`` bytes free; None where it has, or cannot be asked."""
    directory = str(server.fetch(_DIRECTORY)[0][0] or "")
    free = _free(directory, tools) if directory else None
    wanted = int(needed * 1.1) + _EXTRA
    if free is None or free >= wanted:
        return None
    return (
        f"The restored database takes about {_mebibytes(wanted)} MiB, and the disk of PostgreSQL, under {directory}, "
        f"has {_mebibytes(free)} MiB free"
    )


#: None for a role that may not read it.
_DIRECTORY = """
SELECT CASE WHEN pg_has_role('pg_read_all_settings', 'USAGE') THEN current_setting('data_directory') END
"""


def _free(directory: str, tools: PostgresTools) -> int | None:
    if not tools.container:
        here = tools.params["login_unix_socket"] or tools.params["login_host"] in LOOPBACK
        path = Path(directory)
        try:
            # A server in a container that is not named has a directory of the same name elsewhere.
            return restore_loader.free_bytes(path) if here and (path / "PG_VERSION").exists() else None
        except OSError:
            return None
    try:
        text = command.run(
            tools.command("df", "-P", "-k", directory),
            step="ask for the free space",
            environment=tools.environment,
            timeout=60,
        )
        return int(text.splitlines()[-1].split()[3]) * 1024
    except (ConvosphereError, IndexError, ValueError):
        return None  # not every image has it


def _mebibytes(count: int) -> int:
    return count // (1024 * 1024)


def settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of Verifier that are options of modules."""
    return {"identity_file": params["identity_file"], "jobs": params["jobs"], "timeout": params["load_timeout"]}


VERIFY_OPTIONS: dict[str, Any] = {
    "backup_dir": {"type": "path", "required": True},
    "identity_file": {"type": "path"},
    "jobs": {"type": "int", "default": 2},
    "load_timeout": {"type": "int"},
}
