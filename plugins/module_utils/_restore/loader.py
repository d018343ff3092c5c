# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading a dump into a database: from an unpacked copy by several jobs at once, or else from a stream by one.

Several jobs need a file that they can all seek in, where the server's own programs see it. Where there is no place or
no room for one, and for what is encrypted, which must not be unpacked to a disk, the dump is streamed.

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
from .side_databases import Server

#: How often it is told how far it is.
SECONDS_BETWEEN = 1.0
#: What must remain free on a disk beside an unpacked dump and the database that is made of it.
RESERVE = 256 * 1024 * 1024
#: With owners and privileges. A subscription keeps its database from being dropped, and begins to copy once it is
#: enabled: it is for the operator to make again.
ARGUMENTS = ("--exit-on-error", "--no-subscriptions")


class _NoRoom(Exception):
    """The unpacked dump takes more than there is room for."""


@dataclass(frozen=True)
class Loader:
    """Loads one dump. ``jobs`` is how many tables and indexes are worked on at once, where that can be.

    Verification and restore use the same arguments, so that what one has loaded the other can load too.
    ``tell`` gets (step, done, total), the last two in bytes.
    """

    archive: Archive
    tools: PostgresTools
    server: Server
    jobs: int
    timeout: float | None = None
    tell: Callable[[str, int, int], Any] = lambda _step, _done, _total: None

    def load(self, database: str) -> str:
        """Load it into an empty database; "file" or "stream", the way that was taken. Raises ConvosphereError."""
        with ExitStack() as held:
            spool = self._spool(held)
            held.enter_context(self._telling(database))
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
        """The path, for the server's programs, of an unpacked copy that ``held`` removes again; None without one."""
        if self.jobs < 2 or self.archive.encrypted:
            return None
        folder = held.enter_context(self.tools.folder())
        if folder is None:
            return None
        path = folder[0] / "dump"
        try:
            # The new database may come to lie on the same disk.
            if free_bytes(folder[0]) < 2 * self._size + RESERVE:
                return None
            self._fill(path)
        except (_NoRoom, OSError):  # or the container has ended, and its files with it: to stream will say so
            with suppress(OSError):
                path.unlink()
            return None
        return f"{folder[1]}/dump"

    def _fill(self, path: Path) -> None:
        # In the container the program need not be root, and nobody else is there. On the host it is this user.
        mode = 0o644 if self.tools.container else 0o600
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0) as file:
            os.fchmod(file.fileno(), mode)

            def write(piece: bytes) -> None:
                if free_bytes(path.parent) < RESERVE:
                    raise _NoRoom
                file.write(piece)

            self.archive.unpack(write)

    @contextmanager
    def _telling(self, database: str) -> Iterator[None]:
        """Tell every second how large the new database has become."""
        ended = threading.Event()

        def watch() -> None:
            while not ended.wait(SECONDS_BETWEEN):
                with suppress(ConvosphereError):  # the load itself says what is wrong
                    size = self.server.fetch("SELECT pg_database_size(%s)", (database,))[0][0]
                    self.tell("load", min(int(size), self._size), self._size)

        thread = threading.Thread(target=watch, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()


def free_bytes(directory: Path) -> int:
    """How much of the disk under ``directory`` is free to this user."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize
