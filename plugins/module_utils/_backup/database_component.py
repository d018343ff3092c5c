# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One database as a part of a backup: what pg_dump makes of one snapshot, and the rows that this snapshot has.

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
from .file_writer import Seal
from .manifest import (
    DatabaseRecord,
    FileRecord,
    Manifest,
)
from .snapshot import Snapshot

_FIFO = "dump"
#: What a program in a container ends with that was ended by a signal is this and the signal's number.
_BY_SIGNAL = 128


class DatabasePart:
    """The database that ``params`` describe: its login_ options, those of PostgresTools, and ``lock_timeout``."""

    kind = "database"

    def __init__(self, params: Mapping[str, Any], directory: Path) -> None:
        self.params = params
        self.tools = PostgresTools(params)
        # One name for all dumps into one directory, of which the lock allows one: who else has it was left behind.
        place = hashlib.sha256(f"{socket.gethostname()}:{directory}".encode()).hexdigest()[:12]
        self.tools.application = f"{APPLICATION} dump {place}"
        self.database = Database(params, read_only=True)
        self.snapshot: Snapshot | None = None
        self.record: DatabaseRecord | None = None

    def check(self) -> None:
        """See that it can be dumped: programs of the right version, and rights. Raises ConvosphereError."""
        self.database.rollback()
        self.tools.adopt(self.database.connection)
        facts = Snapshot(self.database).facts()
        self.size = int(facts["size"])
        self.revisions: tuple[str, ...] = facts["schema_revisions"]
        self.database.rollback()
        self.tools.require(facts["server_version"], "pg_dump")

    def expected_bytes(self, last: Manifest | None) -> int:
        """How many bytes its file takes: as measured last time, and a fourth on top, or else the database's size."""
        if last is None or last.database is None or not last.database.size:
            return self.size
        ratio = last.file(self.kind).size / last.database.size
        return min(self.size, int(self.size * ratio * 1.25) + 1024 * 1024)

    def cut(self) -> None:
        """Fix the moment that the dump is of. Raises DatabaseError where a table stays locked for too long."""
        self.database.rollback()
        with suppress(DatabaseError):
            backup_snapshot.terminate(self.database, self.tools.application)
        self.database.rollback()
        self.snapshot = Snapshot(self.database)
        self.snapshot.lock(self.params["lock_timeout"])

    def write(self, seal: Seal, name: str) -> FileRecord:
        """Dump it and count its rows at the same time. Afterwards ``record`` is what the manifest says of it."""
        if self.snapshot is None:
            raise RuntimeError("cut() comes before write()")
        facts = self.snapshot.facts()
        tables = len(self.snapshot.tables)
        counted: list[str] = []
        stop = threading.Event()

        def counting(table: str) -> None:
            if stop.is_set():
                raise DatabaseError("Not all rows were counted: the dump has failed")
            counted.append(table)
            seal.progress.tell(tables_counted=len(counted), tables=tables)

        with ThreadPoolExecutor(1) as pool, self._program(self.snapshot.name) as program:
            rows = pool.submit(self.snapshot.count, counting)
            try:
                file = seal.write(
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
        """Let go of the snapshot and the connection."""
        self.database.connection.close()

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
                fifo.chmod(0o622)  # pg_dump need not be root in there; nobody but this process has to read it
                arguments.append(f"--file={folder[1]}/{_FIFO}")
            yield Program(self.tools.command("pg_dump", *arguments), self.tools.environment, fifo)

    def _abandon(self, rows: Future[dict[str, int]]) -> None:
        """End the counting, and a pg_dump in the container that has not noticed that nobody reads any more."""
        with suppress(Exception):  # the connection may be what has failed
            self.database.connection.cancel()
        rows.exception()
        with suppress(ConvosphereError):
            other = Database(self.params, read_only=True)
            backup_snapshot.terminate(other, self.tools.application)
            other.connection.close()

    def _explained(self, error: BaseException) -> BaseException:
        """pg_dump's last words, where the server's reason is known to need another hint."""
        if not isinstance(error, CommandError) or error.details.get("program") != "pg_dump":
            return error
        said = str(error.details.get("stderr", ""))
        hint = None
        if "lock timeout" in said:
            hint = "Another session wants to change this table, and waits in turn. Run it again."
        elif "snapshot" in said:
            hint = "Is login_container the container of the server that login_host and login_port lead to?"
        elif "terminat" in said or "connection to server" in said or error.details["returncode"] > _BY_SIGNAL:
            hint = "The server or its container was stopped or restarted. Nothing of this backup is left: run it again."
        return CommandError(error.message, hint=hint, **error.details)


def _result(rows: Future[dict[str, int]], name: str) -> dict[str, int]:
    try:
        return rows.result()
    except DatabaseError as error:
        raise DatabaseError(f"Cannot count the rows of database {name}: {error}", **error.details) from error
