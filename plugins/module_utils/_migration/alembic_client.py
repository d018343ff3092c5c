# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""alembic as it is in the backend's image, run in a container of its own.

The program that runs there gets the database's address and password through its standard input, with which it also
ends: nothing of them is on a command line, on a disk or in what the engine says of the container. What remains is the
memory of the two processes, which root on the host may read, as it may read the stack's secrets.

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
from . import alembic_script

#: On the container of a migration: the database that it works on, as host:port/name.
LABEL_DATABASE = "platform.convosphere.migrates"
#: Where alembic.ini lies in the platform's image.
DIRECTORY = "/app/backend"
#: What a migration's connection is called in pg_stat_activity, so that one that was left behind is known.
APPLICATION = "convosphere.platform migration"
SECONDS_TO_READ = 120  # revisions are read without a database: the engine's and Python's start, and their import


@dataclass(frozen=True)
class Revision:
    """One revision of the code. ``down`` are the ones before it, none for the first.

    ``sql`` are the statements of its upgrade; None where it looks into the database before it knows them.
    """

    id: str
    down: tuple[str, ...] = ()
    depends_on: tuple[str, ...] = ()
    doc: str = ""
    sql: str | None = ""


@dataclass(frozen=True)
class Target:
    """The database that is migrated, as the host reaches it, and for how many seconds one of its statements may wait
    for a lock, and work: the server itself ends what nobody is left to end.
    """

    host: str
    port: int
    user: str
    password: str | None
    name: str
    lock_timeout: int
    statement_timeout: int
    settings: Mapping[str, str] = field(default_factory=dict)  # further variables of libpq, such as PGSSLMODE
    session_options: str = ""  # further settings of the session, those that the role may change

    @property
    def label(self) -> str:
        """What tells it from other databases."""
        return f"{self.host}:{self.port}/{self.name}"

    def url(self) -> dict[str, Any]:
        """The parts of its URL, by the names of sqlalchemy.engine.URL."""
        parts: dict[str, Any] = {"drivername": "postgresql", "username": self.user, "password": self.password}
        if self.host.startswith("/"):
            return {**parts, "database": self.name, "query": {"host": self.host, "port": str(self.port)}}
        return {**parts, "host": self.host, "port": self.port, "database": self.name}

    def environment(self) -> dict[str, str]:
        """What libpq reads beside the URL."""
        options = f"-c lock_timeout={self.lock_timeout}s -c statement_timeout={self.statement_timeout}s"
        return {**self.settings, "PGAPPNAME": APPLICATION, "PGOPTIONS": f"{options} {self.session_options}".rstrip()}


@dataclass(frozen=True)
class Alembic:
    """alembic of one image (a reference or id that is on the host). ``environment`` is what the backend runs with."""

    image: str
    docker_host: str
    directory: str = DIRECTORY
    environment: Mapping[str, str] = field(default_factory=dict)

    def revisions(self) -> list[Revision]:
        """All revisions of the image's code, newest first. No database is needed. Raises CommandError."""
        answer = self._ask({"do": "revisions"}, "read the revisions of the image", ["--network=none"], SECONDS_TO_READ)
        if "error" in answer:
            raise CommandError(
                f"Cannot read the revisions of the image {self.image}: {answer['error']['said']}",
                hint=f"Is it an image of the platform's backend, with alembic.ini in {self.directory}?",
            )
        return [
            Revision(item["id"], tuple(item["down"]), tuple(item["depends_on"]), item["doc"], item["sql"])
            for item in answer["done"]
        ]

    def heads(self) -> list[str]:
        """The revisions that none comes after, sorted. Raises CommandError."""
        return heads(self.revisions())

    def upgrade(self, target: Target, revisions: Sequence[str], timeout: float) -> None:
        """Bring the database to each of ``revisions``, one after the other, each with all before it or not at all.

        Raises DatabaseError with what the database said and ``failure.revision``, CommandError where alembic did not
        come that far. ``timeout`` is in seconds, for all of them.
        """
        self._migrate("upgrade", target, revisions, timeout)

    def downgrade(self, target: Target, revisions: Sequence[str], timeout: float) -> None:
        """The same the other way."""
        self._migrate("downgrade", target, revisions, timeout)

    def remove_leftovers(self, target: Target) -> None:
        """Remove the containers of killed runs. Whoever calls this must be the only one to migrate the database."""
        found = self._docker(
            "ps", "--all", "--quiet", f"--filter=label={LABEL_DATABASE}={target.label}", step="look for old migrations"
        ).split()
        if found:
            self._docker("rm", "--force", *found, step="remove the container of a migration that was killed")

    def _migrate(self, what: str, target: Target, revisions: Sequence[str], timeout: float) -> None:
        request = {
            "do": what,
            "targets": list(revisions),
            "url": target.url(),
            "environment": {**self.environment, **target.environment()},
        }
        # The host's network: the database's address means there what it means to the host.
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

    def _ask(self, request: Mapping[str, Any], step: str, options: Sequence[str], timeout: float) -> dict[str, Any]:
        """The answer of the program, run in a container that is gone afterwards."""
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
            # Where docker itself was ended, the container may still be there. To have none is no error.
            self._docker("rm", "--force", name, step="remove the container of alembic")
            raise
        except ValueError as error:
            raise CommandError(f"Cannot {step}: the image {self.image} answered with no JSON") from error

    def _docker(self, *arguments: str, step: str) -> str:
        return core_command.run(
            ["docker", *arguments], step=step, environment={"DOCKER_HOST": self.docker_host}, timeout=60
        )


def heads(revisions: Sequence[Revision]) -> list[str]:
    """The ids of ``revisions`` that none of them comes after, sorted."""
    before = {down for revision in revisions for down in revision.down}
    return sorted(revision.id for revision in revisions if revision.id not in before)


def _program() -> str:
    """The text of the program, which is a file of its own so that it is checked like all others."""
    return inspect.getsource(alembic_script)
