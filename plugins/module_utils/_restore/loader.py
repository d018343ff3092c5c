# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load a dump into a database: from an unpacked copy with parallel jobs, or from a stream with one.

Parallel jobs need a file in which they can seek, in a place that the server's own programs see. Without a place or the
room for it the dump is streamed, and so is an encrypted one, which must not be unpacked to a disk.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._backup.file_reader import Archive
from .._core import pipeline
from .._core.errors import ConvosphereError
from .._core.pipeline import Program
from .._postgres.client_tools import PostgresTools
from .database_server import Server

#: How often the progress is reported.
SECONDS_BETWEEN = 1.0
#: How many bytes must stay free on a disk beside an unpacked dump and its database.
RESERVE = 256 * 1024 * 1024
#: Owners and privileges are restored. Subscriptions are not: they would block DROP DATABASE, and would start to copy
#: once enabled. The operator creates them again.
ARGUMENTS = ("--exit-on-error", "--no-subscriptions")


class _NoRoom(Exception):
    """The unpacked dump does not fit on the disk."""


@dataclass(frozen=True)
class Loader:
    """Load one dump, with up to ``jobs`` tables and indexes in parallel.

    Verification and restore use the same arguments, so that a verified dump can be restored. ``report`` is called with
    (step, done, total), the last two in bytes.
    """

    archive: Archive
    tools: PostgresTools
    server: Server
    jobs: int
    timeout: float | None = None
    report: Callable[[str, int, int], Any] = lambda _step, _done, _total: None

    def load(self, database: str) -> str:
        """Load the dump into an empty database. Return the method, "file" or "stream". Raises ConvosphereError."""
        with ExitStack() as held:
            spool = self._spool(held)
            held.enter_context(self._reporting(database))
            if spool is not None:
                self._restore([], database, f"--jobs={self.jobs}", *ARGUMENTS, spool)
                return "file"
            self._restore(self.archive.programs(), database, *ARGUMENTS)
            return "stream"

    @property
    def _size(self) -> int:
        database = self.archive.backup.manifest.database
        return database.size if database else self.archive.record.size

    def _restore(self, before: list[Program], database: str, *arguments: str) -> None:
        command = self.tools.command("pg_restore", *arguments, database=database)
        pipeline.run(
            [*before, Program(command, self.tools.environment)],
            step=f"load {self.archive.path}",
            source=self.archive.pieces() if before else None,
            timeout=self.timeout,
        )

    def _spool(self, held: ExitStack) -> str | None:
        """Unpack a copy, which ``held`` removes. Return its path for the server's programs, None if impossible."""
        if self.jobs < 2 or self.archive.encrypted:
            return None
        folder = held.enter_context(self.tools.folder())
        if folder is None:
            return None
        path = folder[0] / "dump"
        try:
            # The new database may be on the same disk.
            if free_bytes(folder[0]) < 2 * self._size + RESERVE:
                return None
            self._fill(path)
        except (_NoRoom, OSError):  # or the container has stopped: streaming reports that
            with suppress(OSError):
                path.unlink()
            return None
        return f"{folder[1]}/dump"

    def _fill(self, path: Path) -> None:
        # In the container the program may run as any user, and there are no others. On the host it runs as this user.
        mode = 0o644 if self.tools.container else 0o600
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0) as file:
            os.fchmod(file.fileno(), mode)

            def write(piece: bytes) -> None:
                if free_bytes(path.parent) < RESERVE:
                    raise _NoRoom
                file.write(piece)

            self.archive.unpack(write)

    @contextmanager
    def _reporting(self, database: str) -> Iterator[None]:
        """Report the size of the new database every second."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(SECONDS_BETWEEN):
                with suppress(ConvosphereError):  # the load itself reports the error
                    size = self.server.fetch("SELECT pg_database_size(%s)", (database,))[0][0]
                    self.report("load", min(int(size), self._size), self._size)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def free_bytes(directory: Path) -> int:
    """Return the bytes that are free to this user on the disk of ``directory``."""
    disk = os.statvfs(directory)
    return disk.f_bavail * disk.f_frsize
