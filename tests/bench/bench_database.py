# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a backup and its proof cost, beside today's practice and beside PostgreSQL's own programs, which are the least.

The database is one of about 1 GB of conversations; CONVOSPHERE_BENCH_MEGABYTES makes it another size.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from support import big_database, memory
from support.bench import Contender, Row, command, memory_row, playbook_of
from support.compose_project import docker
from support.environment import Environment, wait_until
from support.platform_schema import empty_platform, program

MEGABYTES = int(os.environ.get("CONVOSPHERE_BENCH_MEGABYTES", "1024"))
NAME, COPY = "bench_big", "bench_copy"
#: What a managed host has to spare beside the platform, in MB.
MEMORY = 150.0
#: Where the plain dump lies in the container of the server.
PLAIN = "/tmp/bench.dump"


class BigDatabase:
    """The database beside the platform's own, and the programs of its server."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.folder = environment.folder
        self.container = environment.container("postgres")
        self.password = unquote(urlsplit(environment.secrets()["DATABASE_URL"]).password or "")
        self.backups = self.folder / "backups"
        self.dump = self.folder / "community.sql.gz"

    def make(self) -> None:
        """Create tables like those of the platform, and fill them."""
        empty_platform(self.environment, NAME)
        size = big_database.fill(
            MEGABYTES, host="127.0.0.1", port=self.environment.postgres_port, user="convosphere",
            password=self.password, dbname=NAME,
        )  # fmt: skip
        print(f"The database {NAME} has {size / 1e6:.0f} MB", flush=True)

    def program(self, name: str, *arguments: str) -> list[str]:
        """Return the command that runs one of PostgreSQL's programs in the container."""
        return program(self.environment, name, *arguments)

    def play(self, name: str, module: str, **options: Any) -> Callable[[], None]:
        """Run a playbook of one task of the collection."""
        task = {
            "login_port": self.environment.postgres_port,
            "login_env_file": str(self.environment.directory / ".env"),
            "login_db": NAME,
            "login_container": self.container,
            "backup_dir": str(self.backups),
            **options,
        }
        return playbook_of(self.folder, f"database-{name}", {f"convosphere.platform.{module}": task})

    def empty(self) -> None:
        """Remove all backups."""
        for path in self.backups.glob("*"):
            path.unlink()

    def has_backup(self) -> bool:
        """Return whether there is a backup."""
        return any(self.backups.glob("*.manifest.json"))

    def backup_size(self) -> float:
        """Return the files of the one backup there is, in MB."""
        return sum(path.stat().st_size for path in self.backups.glob("*.dump.*")) / 1e6

    def dump_plain(self) -> None:
        """Return the dump that is compared with, where pg_restore can read it with several processes."""
        docker(*self.program("pg_dump", "--format=custom", "--compress=0", f"--file={PLAIN}", NAME)[1:])

    def renew_copy(self) -> None:
        """Return an empty database to restore into."""
        if not self.environment.sql(f"SELECT 1 FROM pg_database WHERE datname = '{COPY}'"):  # noqa: S608
            self.dump_plain()
        self.environment.sql(f"DROP DATABASE IF EXISTS {COPY}")
        self.environment.sql(f"CREATE DATABASE {COPY}")


def rows(environment: Environment) -> Sequence[Row]:
    """Measure time, size and memory of a backup, and the time of its verification by a restore and by a boot."""
    big = BigDatabase(environment)
    big.make()
    backup = big.play("backup", "convosphere_db_backup", environment_name=environment.name)
    ours = Contender("convosphere_db_backup", backup, big.empty)
    options = {"environment_name": environment.name, "force": True}
    verify = big.play("verify", "convosphere_db_backup_verify", **options)
    where = {"project_name": environment.project, "project_src": str(environment.directory)}
    boot = big.play("boot", "convosphere_db_backup_verify", level="boot", **options, **where)
    return [
        Row(ours, _community(big), limit=0.2),
        Row(
            Contender("size of that backup", _nothing, value=big.backup_size),
            Contender("size of that dump", _nothing, value=lambda: big.dump.stat().st_size / 1e6),
            limit=0.85,
            unit="MB",
        ),
        Row(ours, _to_nowhere(big), limit=1.7),
        memory_row(ours, MEMORY, _works_on_the_backup),
        Row(Contender("verified restore", verify), _plain_restore(big), limit=1.2),
        Row(
            Contender("verified boot", boot, lambda: big.has_backup() or backup()),
            _restore_and_start(big, verify),
            limit=1.25,
        ),
    ]


def _nothing() -> None:
    """Keep what the row before has made."""


def _community(big: BigDatabase) -> Contender:
    task = {
        "login_host": "127.0.0.1",
        "login_port": big.environment.postgres_port,
        "login_user": "convosphere",
        "login_password": big.password,
        "name": NAME,
        "state": "dump",
        "target": str(big.dump),
    }
    run = playbook_of(big.folder, "database-community", {"community.postgresql.postgresql_db": task})
    return Contender("community.postgresql.postgresql_db, state: dump, to .sql.gz", run)


def _to_nowhere(big: BigDatabase) -> Contender:
    dump = big.program("pg_dump", "--format=custom", "--compress=0", "--no-sync", "--file=/dev/null", NAME)
    return Contender("pg_dump -Fc -Z0 to nowhere", command(dump, Path("/")))


def _works_on_the_backup(process: memory.Process) -> bool:
    """Return the module, the programs that it starts, and the one that these start in the server's container."""
    return memory.is_module(process) or Path(process.arguments[0]).name == "pg_dump"


def _restore_and_start(big: BigDatabase, verify: Callable[[], None]) -> Contender:
    environment = big.environment

    def run() -> None:
        verify()
        docker("restart", "--time=0", environment.container("backend"))
        wait_until(lambda: _is_healthy(environment), "the backend", 300)

    return Contender("verified restore, and a start of the backend", run)


def _is_healthy(environment: Environment) -> bool:
    status, report = environment.request("/api/v1/health/detailed")
    return status == 200 and report["status"] == "healthy"


def _plain_restore(big: BigDatabase) -> Contender:
    restore = big.program("pg_restore", "--jobs=2", f"--dbname={COPY}", PLAIN)
    return Contender("pg_restore -j2 of the same database", command(restore, Path("/")), big.renew_copy)
