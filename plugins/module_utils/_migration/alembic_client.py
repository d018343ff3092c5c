# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the alembic of the backend's image, in a container of its own.

The program in the container gets the database's address and password by its standard input, and ends with it. They are
on no command line, on no disk and not in the engine's description of the container, but only in the memory of the two
processes, which root on the host can read, as it can read the stack's secrets.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import inspect
import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .._core import command as core_command
from .._core.errors import CommandError, DatabaseError
from . import alembic_script, upgrade_sql

#: The label of a migration's container: its database, as host:port/name.
LABEL_DATABASE = "platform.convosphere.migrates"
#: The directory of alembic.ini in the platform's image.
DIRECTORY = "/app/backend"
REVISION_OPTIONS: dict[str, Any] = {
    "service": {"type": "str", "default": "backend"},
    "alembic_directory": {"type": "str", "default": DIRECTORY},
    "accept": {"type": "list", "elements": "str", "default": []},
    "assume": {"type": "list", "elements": "str", "default": []},
    "migration_timeout": {"type": "int", "default": 3600},
}
#: The application_name of a migration's connection, by which a leftover one is found.
APPLICATION = "convosphere.platform migration"
SECONDS_TO_READ = 120  # without a database: the start of the container and of Python, and the import


@dataclass(frozen=True)
class Revision:
    """One revision of the code. ``down`` are its predecessors, none for the first.

    ``sql`` are the statements of its upgrade; None if it reads the database before they are known. ``adds`` says
    whether they are known to only add to the schema.
    """

    id: str
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    doc: str = ""
    sql: str | None = ""
    adds: bool = False


@dataclass(frozen=True)
class Target:
    """The database to migrate, as the host connects to it.

    A statement may wait ``lock_timeout`` and work ``statement_timeout`` seconds: the server cancels it even if this
    process no longer exists.
    """

    host: str
    port: int
    user: str
    password: str | None
    name: str
    lock_timeout: int
    statement_timeout: int
    settings: Mapping[str, str] = field(default_factory=dict)  # further variables of libpq, such as PGSSLMODE
    session_options: str = ""  # further settings of the session, if the role may change them

    @property
    def label(self) -> str:
        """The identity of the database."""
        return f"{self.host}:{self.port}/{self.name}"

    def url(self) -> dict[str, Any]:
        """Return the parts of its URL, by the names of sqlalchemy.engine.URL."""
        parts: dict[str, Any] = {"drivername": "postgresql", "username": self.user, "password": self.password}
        if self.host.startswith("/"):
            return {**parts, "database": self.name, "query": {"host": self.host, "port": str(self.port)}}
        return {**parts, "host": self.host, "port": self.port, "database": self.name}

    def environment(self) -> dict[str, str]:
        """Return the environment variables that libpq reads beside the URL."""
        options = f"-c lock_timeout={self.lock_timeout}s -c statement_timeout={self.statement_timeout}s"
        return {**self.settings, "PGAPPNAME": APPLICATION, "PGOPTIONS": f"{options} {self.session_options}".rstrip()}


@dataclass(frozen=True)
class Alembic:
    """The alembic of one image, a reference or id on the host. ``environment`` holds the backend's settings."""

    image: str
    docker_host: str
    directory: str = DIRECTORY
    environment: Mapping[str, str] = field(default_factory=dict)

    def revisions(self) -> list[Revision]:
        """Return all revisions of the image's code, newest first, without a database. Raises CommandError."""
        answer = self._ask({"do": "revisions"}, "read the revisions of the image", ["--network=none"], SECONDS_TO_READ)
        if "error" in answer:
            raise CommandError(
                f"Cannot read the revisions of the image {self.image}: {answer['error']['said']}",
                hint=f"Check that it is an image of the platform's backend, with alembic.ini in {self.directory} "
                "(alembic_directory).",
            )
        return [
            Revision(
                item["id"],
                tuple(item["down"]),
                tuple(item["depends_on"]),
                item["doc"],
                item["sql"],
                adds=upgrade_sql.only_adds(item["sql"]),
            )
            for item in answer["done"]
        ]

    def heads(self) -> list[str]:
        """Return the heads of the revisions, sorted. Raises CommandError."""
        return heads(self.revisions())

    def upgrade(self, target: Target, revisions: Sequence[str], timeout: float) -> dict[str, float]:
        """Upgrade the database to each of ``revisions``, one after the other, each in one transaction.

        Return how many seconds the code of each revision took. Raises DatabaseError with the database's message and
        ``failure.revision``, or CommandError if alembic failed earlier. ``timeout`` is in seconds, for all of them.
        """
        return self._migrate("upgrade", target, revisions, timeout)

    def downgrade(self, target: Target, revisions: Sequence[str], timeout: float) -> None:
        """Downgrade the database in the same way."""
        self._migrate("downgrade", target, revisions, timeout)

    def remove_leftovers(self, target: Target) -> None:
        """Remove the containers of interrupted runs. The caller must hold the lock of the migration."""
        found = self._docker(
            "ps", "--all", "--quiet", f"--filter=label={LABEL_DATABASE}={target.label}", step="look for old migrations"
        ).split()
        if found:
            self._docker("rm", "--force", *found, step="remove the container of an interrupted migration")

    def _migrate(self, what: str, target: Target, revisions: Sequence[str], timeout: float) -> dict[str, float]:
        request = {
            "do": what,
            "targets": list(revisions),
            "url": target.url(),
            "environment": {**self.environment, **target.environment()},
        }
        # In the host's network the database has the same address.
        options = ["--network=host", f"--label={LABEL_DATABASE}={target.label}"]
        if target.host.startswith("/"):
            options.append(f"--volume={target.host}:{target.host}")
        if target.settings.get("PGSSLROOTCERT"):
            options.append(f"--volume={target.settings['PGSSLROOTCERT']}:{target.settings['PGSSLROOTCERT']}:ro")
        answer = self._ask(request, f"{what} the database", options, timeout)
        if "error" in answer:
            error = answer["error"]
            where = f" in revision {error['revision']}" if error["revision"] else ""
            raise DatabaseError(f"alembic failed{where}: {error['kind']}: {error['said']}", **error)
        return dict(answer.get("seconds") or {})

    def _ask(self, request: Mapping[str, Any], step: str, options: Sequence[str], timeout: float) -> dict[str, Any]:
        """Run the program in a container that is removed afterwards, and return its answer."""
        name = f"convosphere-alembic-{uuid.uuid4().hex[:12]}"
        command = ["docker", "run", f"--name={name}", "--rm", "--interactive", "--init", "--pull=never"]
        command += ["--log-driver=none", "--cap-drop=ALL", "--security-opt=no-new-privileges", *options]
        command += [f"--workdir={self.directory}", "--entrypoint=python3", self.image, "-c", _program()]
        try:
            text = core_command.run(
                command,
                step=step,
                environment={"DOCKER_HOST": self.docker_host},
                stdin=json.dumps(request) + "\n",
                keep_open=True,
                timeout=timeout,
            )
            return dict(json.loads(text))
        except CommandError:
            # If docker itself was terminated, the container may still exist.
            self._docker("rm", "--force", name, step="remove the container of alembic")
            raise
        except ValueError as error:
            raise CommandError(f"Cannot {step}: the answer of the image {self.image} is not JSON") from error

    def _docker(self, *arguments: str, step: str) -> str:
        return core_command.run(
            ["docker", *arguments], step=step, environment={"DOCKER_HOST": self.docker_host}, timeout=60
        )


def heads(revisions: Sequence[Revision]) -> list[str]:
    """Return the ids of ``revisions`` that are not the predecessor of another one, sorted."""
    before = {down for revision in revisions for down in revision.down}
    return sorted(revision.id for revision in revisions if revision.id not in before)


def _program() -> str:
    """Return the text of the program, which is a file of its own so that it is checked like all others."""
    return inspect.getsource(alembic_script)
