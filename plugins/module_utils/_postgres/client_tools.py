# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run PostgreSQL's client programs, in the container of the server or on the host.

A program gets its connection, but for the database's name, by the environment, so that neither a secret nor a name that
it could take for an option is on a command line.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._core import command as core_command
from .._core.errors import CommandError, InputError
from .._engine import client
from . import connection as postgres_connection
from . import credentials, leftover_programs, session_settings

if TYPE_CHECKING:
    from psycopg2.extensions import connection as Connection

TOOLS_OPTIONS: dict[str, Any] = {
    "login_container": {"type": "str"},
    "docker_host": client.ENGINE_OPTIONS["docker_host"],
}

#: The directories of the programs of each major version, in Debian's packages and PostgreSQL's RPMs.
_DIRECTORIES = ("/usr/lib/postgresql/{major}/bin", "/usr/pgsql-{major}/bin")
#: The environment variables that a program in the container gets from this process.
_PASSED = ("PGUSER", "PGPASSWORD", "PGDATABASE", "PGAPPNAME", "PGOPTIONS", "LC_ALL")


class PostgresTools:
    """The client programs that DATABASE_OPTIONS and TOOLS_OPTIONS of ``params`` describe."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self.params = params
        self.container: str | None = params["login_container"]
        self.major: int | None = None
        self.application = postgres_connection.APPLICATION
        self.versions: dict[str, str] = {}
        self.session_options = ""

    def adopt(self, connection: Connection) -> None:
        """Give the sessions of the programs SETTINGS, if this connection's role may change them."""
        self.session_options = session_settings.options() if session_settings.may_set(connection) else ""

    def require(self, server_version: str, *programs: str) -> None:
        """Raise ConvosphereError unless these programs exist in the major version of a server such as "15.8".

        A newer pg_dump writes archives that an older pg_restore rejects, and an older one refuses a newer server.
        """
        self.major = int(server_version.split(".")[0])
        for program in programs:
            found = self.version(program)
            if int(found.split(".")[0]) != self.major:
                raise InputError(
                    f"The {program} {self._where()} has version {found}, and the server has version {server_version}",
                    hint="Set login_container to the container of the server, or install the client programs of "
                    f"PostgreSQL {self.major} (Debian: postgresql-client-{self.major}).",
                )

    def version(self, program: str) -> str:
        """Return the version of a program, such as "15.8". Raises CommandError if it is missing."""
        path = self._path(program)
        if path in self.versions:
            return self.versions[path]
        answer = core_command.run(
            [*self._prefix(), path, "--version"],
            step=f"find the {program} {self._where()}",
            environment=self.environment,
            timeout=60,
            hint=self._hint(),
        )
        found = re.search(r"\(PostgreSQL\) ([0-9]+(\.[0-9]+)*)", answer)
        if not found:
            raise CommandError(f"Cannot read the version of the {program} {self._where()}: {answer.strip()[:200]}")
        self.versions[path] = found.group(1)
        return self.versions[path]

    def command(self, program: str, *arguments: str, database: str | None = None) -> list[str]:
        """Return the command line of ``program`` with ``arguments``; it needs ``environment`` too.

        Without ``database`` a program that connects by itself, such as pg_dump, finds login_db in the environment.
        pg_restore connects only if a database is given.
        """
        # As a connection string, or a name with an equals sign in it would be taken for one.
        named = [f"--dbname=dbname={_value(database)}"] if database is not None else []
        return [*self._prefix(), self._path(program), *named, *arguments]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that are added to the environment of a program."""
        user, password = credentials.find(self.params)
        login = {
            "PGUSER": user,
            "PGDATABASE": self.params["login_db"],
            "PGAPPNAME": self.application,
            # English messages, by which a corrupt file is recognized.
            "LC_ALL": "C",
        }
        if self.session_options:
            login["PGOPTIONS"] = self.session_options
        if password is not None:
            login["PGPASSWORD"] = password
        if self.container:
            return {**login, "DOCKER_HOST": self.params["docker_host"]}
        certificate = {"PGSSLROOTCERT": self.params["ca_cert"]} if self.params["ca_cert"] else {}
        return {
            **login,
            **certificate,
            "PGHOST": self.params["login_unix_socket"] or self.params["login_host"],
            "PGPORT": str(self.params["login_port"]),
            "PGSSLMODE": self.params["ssl_mode"],
            "PGCONNECT_TIMEOUT": str(self.params["connect_timeout"]),
        }

    @contextmanager
    def folder(self) -> Iterator[tuple[Path, str] | None]:
        """Yield an empty directory that this process and the programs both see: its path here, and in the container.

        It avoids ``docker exec``, which copies each byte four times. Yield None if there is no such directory: without
        root, with an engine on another machine, or in a read-only container.
        """
        root = self._root() if self.container else Path("/")
        base = root / "tmp" if self.container else Path(tempfile.gettempdir())
        made: Path | None = None
        with suppress(OSError):
            if not base.is_symlink():  # this process would follow it on the host
                leftover_programs.clean(root, base)
                made = Path(tempfile.mkdtemp(prefix=leftover_programs.FOLDER, dir=base))
                made.chmod(0o711)  # the program need not be root; the name is random
        if made is None:
            yield None
            return
        there = f"/tmp/{made.name}" if self.container else str(made)
        try:
            with leftover_programs.held(made):
                yield (made, there) if self._sees(there) else None
        finally:
            shutil.rmtree(made, ignore_errors=True)
            leftover_programs.end_programs(
                root
            )  # a program that has not opened its pipe would wait for a reader for ever

    def _root(self) -> Path:
        """Return the container's file system as its first process sees it, or a path that does not exist."""
        shown = core_command.run(
            ["docker", "inspect", "--type=container", "--format={{.State.Pid}}", str(self.container)],
            step=f"find the container {self.container}",
            environment=self.environment,
            timeout=60,
            hint=self._hint(),
        )
        return Path(f"/proc/{int(shown)}/root")

    def _sees(self, there: str) -> bool:
        """Return whether the programs see the directory: the process of ``_root`` may be on another machine."""
        try:
            core_command.run(
                [*self._prefix(), "test", "-d", there], step="look", environment=self.environment, timeout=60
            )
        except CommandError:
            return False
        return True

    def _prefix(self) -> list[str]:
        if not self.container:
            return []
        # By name only: docker takes the values from its own environment.
        passed = [f"--env={name}" for name in _PASSED if name in self.environment]
        return ["docker", "exec", "--interactive", *passed, self.container]

    def _path(self, program: str) -> str:
        """Return the program; on the host that of the server's version, which may differ from the one in PATH."""
        if self.container or self.major is None:
            return program
        for directory in _DIRECTORIES:
            path = Path(directory.format(major=self.major)) / program
            if path.exists():
                return str(path)
        return shutil.which(program) or program

    def _where(self) -> str:
        return f"in container {self.container}" if self.container else "on the host"

    def _hint(self) -> str:
        if self.container:
            return "Check that login_container is the name of a running container."
        package = f" (Debian: postgresql-client-{self.major})" if self.major else ""
        return f"Set login_container to the container of PostgreSQL, or install its client programs{package}."


def _value(name: str) -> str:
    """Return a value for libpq's connection strings."""
    escaped = name.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
