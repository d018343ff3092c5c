# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Back up the database: dump one snapshot with pg_dump, and count the rows of the same snapshot.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .._core.errors import (
    CommandError,
    ConvosphereError,
    DatabaseError,
)
from .._core.pipeline import Program
from .._postgres.client_tools import PostgresTools
from .._postgres.connection import APPLICATION, Database
from . import snapshot as backup_snapshot
from .file_writer import FileWriter
from .manifest import (
    DatabaseRecord,
    FileRecord,
    Manifest,
)
from .snapshot import Snapshot

_FIFO = "dump"
#: The exit code of a program in a container that a signal ended is this plus the signal's number.
_BY_SIGNAL = 128


class DatabaseComponent:
    """Back up a database. ``params`` are its login options, those of PostgresTools, and ``lock_timeout``."""

    kind = "database"
    needs_freeze = False
    paused = ()
    is_read_frozen = False

    def __init__(self, params: Mapping[str, Any], directory: Path) -> None:
        self.params = params
        self.tools = PostgresTools(params)
        # All dumps into one directory share a name, and the lock allows one of them: another session is a leftover.
        place = hashlib.sha256(f"{socket.gethostname()}:{directory}".encode()).hexdigest()[:12]
        self.tools.application = f"{APPLICATION} dump {place}"
        self.database = Database(params, read_only=True)
        self.snapshot: Snapshot | None = None
        #: The manifest's field; None until the dump is written.
        self.record: DatabaseRecord | None = None
        #: The bytes and the schema revisions of the database, once ``check`` has read them.
        self.size = 0
        self.revisions: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise ConvosphereError unless pg_dump has the right version and the role has the rights for a dump."""
        self.database.rollback()
        self.tools.adopt(self.database.connection)
        facts = Snapshot(self.database).facts()
        self.size = int(facts["size"])
        self.revisions = facts["schema_revisions"]
        self.database.rollback()
        self.tools.require(facts["server_version"], "pg_dump")

    def expected_bytes(self, last: Manifest | None) -> int:
        """Estimate the size of its file: in proportion to the last backup plus a quarter, or the database's size."""
        if last is None or last.database is None or not last.database.size:
            return self.size
        ratio = last.file(self.kind).size / last.database.size
        return min(self.size, int(self.size * ratio * 1.25) + 1024 * 1024)

    def cut(self) -> None:
        """Take the snapshot. Raises DatabaseError if a table stays locked for longer than ``lock_timeout``."""
        self.database.rollback()
        with suppress(DatabaseError):
            backup_snapshot.terminate(self.database, self.tools.application)
        self.database.rollback()
        self.snapshot = Snapshot(self.database)
        self.snapshot.lock(self.params["lock_timeout"])

    def settle(self) -> None:
        """Do nothing: the snapshot is complete once it is taken."""

    def write(self, writer: FileWriter, name: str) -> FileRecord:
        """Dump the snapshot, count its rows at the same time, and set ``record``."""
        if self.snapshot is None:
            raise RuntimeError("write() needs the snapshot of cut()")
        facts = self.snapshot.facts()
        tables = len(self.snapshot.tables)
        counted: list[str] = []
        stop = threading.Event()

        def counting(table: str) -> None:
            if stop.is_set():
                raise DatabaseError("The rows were not counted to the end: the dump has failed")
            counted.append(table)
            writer.progress.update(tables_counted=len(counted), tables=tables)

        with ThreadPoolExecutor(1) as pool, self._program(self.snapshot.name) as program:
            rows = pool.submit(self.snapshot.count, counting)
            try:
                file = writer.write(
                    self.kind, f"{name}.dump", step=f"dump database {self.database.name}", programs=[program]
                )
            except BaseException as error:
                stop.set()
                self._abandon(rows)
                raise self._explained(error) from error
            self.record = DatabaseRecord(
                **facts, dump_version=self.tools.version("pg_dump"), tables=_result(rows, self.database.name)
            )
        return file

    def close(self) -> None:
        """Close the connection, and with it the snapshot."""
        self.database.close()

    @contextmanager
    def _program(self, snapshot: str) -> Iterator[Program]:
        wait = f"--lock-wait-timeout={self.params['lock_timeout'] * 1000}"
        arguments = ["--format=custom", "--compress=0", f"--snapshot={snapshot}", wait, "--no-password", "--no-sync"]
        if not self.tools.container:
            yield Program(self.tools.command("pg_dump", *arguments), self.tools.environment)
            return
        with self.tools.folder() as folder:
            fifo = None
            if folder:
                fifo = folder[0] / _FIFO
                os.mkfifo(fifo)
                fifo.chmod(0o622)  # pg_dump may run as any user there; only this process reads it
                arguments.append(f"--file={folder[1]}/{_FIFO}")
            yield Program(self.tools.command("pg_dump", *arguments), self.tools.environment, fifo)

    def _abandon(self, rows: Future[dict[str, int]]) -> None:
        """Cancel the counting, and terminate a pg_dump in the container whose output is no longer read."""
        with suppress(Exception):  # the connection may be what has failed
            self.database.connection.cancel()
        rows.exception()
        with suppress(ConvosphereError):
            other = Database(self.params, read_only=True)
            backup_snapshot.terminate(other, self.tools.application)
            other.close()

    def _explained(self, error: BaseException) -> BaseException:
        """Return pg_dump's error, with a hint of its own if the server's reason is known."""
        if not isinstance(error, CommandError) or error.details.get("program") != "pg_dump":
            return error
        said = str(error.details.get("stderr", ""))
        hint = None
        if "lock timeout" in said:
            hint = "Another session waits to change this table. Run the backup again."
        elif "snapshot" in said:
            hint = "Check that login_container is the container of the server at login_host and login_port."
        elif "terminat" in said or "connection to server" in said or error.details["returncode"] > _BY_SIGNAL:
            hint = "The server or its container was stopped or restarted. No backup was created: run it again."
        return CommandError(error.message, hint=hint, **error.details)


def _result(rows: Future[dict[str, int]], name: str) -> dict[str, int]:
    try:
        return rows.result()
    except DatabaseError as error:
        raise DatabaseError(f"Cannot count the rows of database {name}: {error}", **error.details) from error
