# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading a dump into a database: from an unpacked copy by several jobs at once, or else from a stream by one.

Several jobs need a file that they can all seek in, beside the server. There is room for one, or there is not: then the
dump is streamed, which needs none. What was encrypted is never unpacked to a disk, only to memory.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from ansible_collections.convosphere.platform.plugins.module_utils import _backups, _engine, _pipeline
from ansible_collections.convosphere.platform.plugins.module_utils._archive import Archive
from ansible_collections.convosphere.platform.plugins.module_utils._errors import ConvosphereError
from ansible_collections.convosphere.platform.plugins.module_utils._pipeline import Program
from ansible_collections.convosphere.platform.plugins.module_utils._postgres_tools import PostgresTools
from ansible_collections.convosphere.platform.plugins.module_utils._scratch import Server

MEMORY = Path("/dev/shm")
INSIDE = "/convosphere.dump"
LABEL = "platform.convosphere.restores"
#: How often it is told how far it is.
SECONDS_BETWEEN = 1.0
#: What must remain free on a disk beside an unpacked dump and the database that is made of it.
RESERVE = 256 * 1024 * 1024


class _NoRoom(Exception):
    """The unpacked dump takes more than there is room for."""


@dataclass(frozen=True)
class Loader:
    """Loads one dump. ``jobs`` is how many tables and indexes are worked on at once, where that can be.

    ``arguments`` are pg_restore's, such as --no-owner. ``tell`` gets (step, done, total), the last two in bytes.
    """

    archive: Archive
    tools: PostgresTools
    server: Server
    jobs: int
    arguments: tuple[str, ...] = ()
    timeout: float | None = None
    tell: Callable[[str, int, int], Any] = lambda _step, _done, _total: None

    def load(self, database: str) -> str:
        """Load it into an empty database; "file" or "stream", the way that was taken. Raises ConvosphereError."""
        with self._spool() as spool, self._telling(database):
            if spool is None:
                self._stream(database)
            else:
                self._read(spool, database)
        return "stream" if spool is None else "file"

    @property
    def _size(self) -> int:
        database = self.archive.backup.manifest.database
        return database.size if database else self.archive.record.size

    @contextmanager
    def _spool(self) -> Iterator[Path | None]:
        """An unpacked copy that is removed again, None where there is no place for one."""
        directory = self._place()
        if directory is None:
            yield None
            return
        with tempfile.NamedTemporaryFile(dir=directory, prefix=spool_prefix(self.archive.backup.directory)) as file:
            try:
                self._fill(file, directory)
            except (_NoRoom, OSError):
                file.truncate(0)
                yield None
                return
            yield Path(file.name)

    def _fill(self, file: IO[bytes], directory: Path) -> None:
        def write(piece: bytes) -> None:
            if free_bytes(directory) < RESERVE:
                raise _NoRoom
            file.write(piece)

        self.archive.unpack(write)
        file.flush()

    def _place(self) -> Path | None:
        """Where an unpacked copy may lie and the server's programs can read it."""
        if self.jobs < 2 or (self.tools.container and not self.tools.params["docker_host"].startswith("unix:")):
            return None
        # The new database itself may come to lie on the same disk.
        directory, needed = self.archive.backup.directory, 2 * self._size + RESERVE
        if self.archive.encrypted:
            if _may_swap():
                return None
            directory = MEMORY
        fits = os.access(directory, os.W_OK) and free_bytes(directory) > needed
        return directory if fits and (directory != MEMORY or _free_memory() > needed) else None

    def _stream(self, database: str) -> None:
        command = self.tools.command("pg_restore", "--exit-on-error", *self.arguments, database=database)
        programs = [*self.archive.programs(), Program(command, self.tools.environment)]
        _pipeline.run(programs, step=f"load {self.archive.path}", source=self.archive.pieces(), timeout=self.timeout)

    def _read(self, spool: Path, database: str) -> None:
        arguments = ["--exit-on-error", f"--jobs={self.jobs}", *self.arguments]
        environment = self.tools.environment
        path = str(spool)
        container = self.tools.container
        if container:
            path = INSIDE
            environment = {**environment, "PGHOST": "127.0.0.1", "PGPORT": self._port(), "PGSSLMODE": "prefer"}
        command = self.tools.command("pg_restore", *arguments, path, database=database)
        if not container:
            _pipeline.run([Program(command, environment)], step=f"load {self.archive.path}", timeout=self.timeout)
            return
        name = f"convosphere-{database.rpartition('_')[2]}"
        inside = command[command.index(container) + 2 :]
        command = [*self._beside(container, spool, name, environment), *inside]
        try:
            _pipeline.run([Program(command, environment)], step=f"load {self.archive.path}", timeout=self.timeout)
        finally:
            _remove_container(self.tools, name)

    def _beside(self, container: str, spool: Path, name: str, environment: Mapping[str, str]) -> list[str]:
        """A container of the server's image in its network, which sees the copy and nothing else.

        Through ``docker exec`` the copy would have to be brought into the server's own container first.
        """
        client = _engine.connect(self.tools.params["docker_host"], timeout=60)
        with _engine.asking(f"look at the container {container}"):
            image = client.containers.get(container).attrs["Image"]
        passed = [f"--env={variable}" for variable in sorted(environment) if variable.startswith("PG")]
        return [
            *("docker", "run", "--rm", "--init", "--pull=never", "--log-driver=none", "--cap-drop=ALL"),
            *("--security-opt=no-new-privileges", f"--name={name}", f"--label={LABEL}={container}"),
            *(f"--network=container:{container}", f"--user={os.getuid()}:{os.getgid()}"),
            *(f"--mount=type=bind,source={spool},target={INSIDE},readonly", "--entrypoint=pg_restore"),
            *passed,
            image,
        ]

    def _port(self) -> str:
        return str(self.server.fetch("SELECT current_setting('port')")[0][0])

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


def clear_leftovers(tools: PostgresTools, directory: Path) -> None:
    """Remove what a killed run left in memory, and the container that it loaded with, if that still runs.

    Only for whoever holds the lock of the backups in ``directory``, whose own leftovers its catalogue clears.
    """
    if MEMORY.is_dir():
        for path in MEMORY.glob(f"{spool_prefix(directory)}*"):
            path.unlink(missing_ok=True)
    if tools.container:
        client = _engine.connect(tools.params["docker_host"], timeout=60)
        with _engine.asking("look for the containers of killed restores"):
            for container in client.containers.list(filters={"label": f"{LABEL}={tools.container}"}):
                container.remove(force=True)


def spool_prefix(directory: Path) -> str:
    """What unpacked copies of backups in ``directory`` are called: by this the next run knows them for leftovers."""
    return f"{_backups.TEMPORARY}spool-{hashlib.sha256(str(directory.resolve()).encode()).hexdigest()[:12]}-"


def free_bytes(directory: Path) -> int:
    """How much of the disk under ``directory`` is free to this user."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def _remove_container(tools: PostgresTools, name: str) -> None:
    client = _engine.connect(tools.params["docker_host"], timeout=60)
    with suppress(Exception):  # it is gone by itself, unless docker was ended before it
        client.containers.get(name).remove(force=True)


def _memory() -> dict[str, int]:
    lines = Path("/proc/meminfo").read_text(encoding="utf-8").splitlines()
    return {name: int(value.split()[0]) * 1024 for name, _colon, value in (line.partition(":") for line in lines)}


def _free_memory() -> int:
    return _memory().get("MemAvailable", 0)


def _may_swap() -> bool:
    return _memory().get("SwapTotal", 0) > 0
