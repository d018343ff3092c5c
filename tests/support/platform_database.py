# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases with the platform's tables, for tests of users and groups: each test gets an empty one of its own."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import docker
import psycopg2

from support.law import Case
from support.playbook import PlaybookRun, run_playbook
from support.sandbox import DATABASE_KEY, Sandbox, image, role_play, sandbox, until

TEMPLATE = "convosphere"
#: The platform's REST interface alone: users need no Redis and no Weaviate, for which a start waits.
_SERVE = """
import uvicorn
from app.application import create_application
application = create_application()
application.router.on_startup.clear()
uvicorn.run(application, host="0.0.0.0", port=8000)
"""
_SIGN_IN = """
import sys
from datetime import timedelta
from app.auth import make_token
print(make_token(sys.argv[1], timedelta(hours=1)))
"""
READER = "reader@example.com"
_MAKE_TABLES = "from app.database import create_tables; create_tables()"


class PlatformDatabase:
    """One database with the platform's tables, and what a module needs to reach it."""

    def __init__(self, running: Sandbox, name: str = "") -> None:
        self.running = running
        self.name = name or f"test_{uuid.uuid4().hex[:8]}"
        if not name:
            # A template must have no connections, so nothing else ever connects to it.
            running.query(f'CREATE DATABASE "{self.name}" TEMPLATE {TEMPLATE}', database="postgres")

    @property
    def login(self) -> dict[str, Any]:
        """The login_ options of the modules."""
        port = int(self.running.address("postgres").split(":")[1])
        return {"login_port": port, "login_password": DATABASE_KEY, "login_db": self.name}

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run one statement; its rows."""
        return self.running.query(statement, *values, database=self.name)

    def connect(self) -> Any:
        """Return a connection of its own, whose first statement opens a transaction."""
        login = self.login
        return psycopg2.connect(
            host="127.0.0.1", port=login["login_port"], user="convosphere", password=DATABASE_KEY, dbname=self.name
        )

    def emails(self) -> list[str]:
        """Return the emails of all users, sorted."""
        return [row[0] for row in self.query("SELECT email FROM users ORDER BY email")]

    def add_user(self, email: str, role: str = "USER", **columns: Any) -> str:
        """Add a user as the platform itself would; return its id."""
        row = {
            "id": str(uuid.uuid4()),
            "email": email,
            "username": email.split("@")[0],
            "auth_provider": "LOCAL",
            "status": "ACTIVE",
            "role": role,
            "is_verified": False,
            "failed_login_attempts": "0",
            "language": "de",
            "timezone": "Europe/Berlin",
            **columns,
        }
        self._insert("users", row)
        return str(row["id"])

    def add_group(self, name: str, *, is_system: bool = False) -> str:
        """Add a group; return its id."""
        identifier = str(uuid.uuid4())
        self._insert("user_groups", {"id": identifier, "name": name, "is_active": True, "is_system": is_system})
        return identifier

    def add_assistant(self, owner: str) -> None:
        """Add an assistant that a user owns."""
        columns = self.query(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'assistants' "
            "AND is_nullable = 'NO' AND column_default IS NULL"
        )
        filler = {"uuid": str(uuid.uuid4()), "boolean": False, "USER-DEFINED": "DRAFT", "json": "{}", "jsonb": "{}"}
        row = {name: filler.get(kind, "1") for name, kind in columns}
        self._insert("assistants", {**row, "creator_id": owner})

    def read_users(self) -> dict[str, Any]:
        """Start REST for this database; returns a task that reads all users from it as READER, who is added."""
        reader = self.add_user(READER, role="SUPER_ADMIN")
        name = f"rest-{self.name}"
        url = f"postgresql://convosphere:{DATABASE_KEY}@postgres:5432/{self.name}"
        self.running.run("backend", name, command=["python3", "-c", _SERVE], environment={"DATABASE_URL": url})
        until(lambda: self.running.answers(name, "/health"), "the backend")
        status, token = self.running.execute(name, "python3", "-c", _SIGN_IN, reader)
        assert status == 0, token
        address = f"http://{self.running.address(name)}/api/v1/users/?size=100"
        headers = {"Authorization": f"Bearer {token.splitlines()[-1]}"}
        return {"ansible.builtin.uri": {"url": address, "headers": headers, "return_content": True}}

    @contextmanager
    def rename_held(self) -> Iterator[Callable[[], None]]:
        """Keep the database from being renamed; yields a function that waits until another process tries to."""
        waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER DATABASE%'"
        login = {"port": self.login["login_port"], "user": "convosphere", "password": DATABASE_KEY}
        holder = psycopg2.connect(host="127.0.0.1", dbname="postgres", **login)
        with closing(holder), holder.cursor() as cursor:
            cursor.execute(f"COMMENT ON DATABASE {self.name} IS 'held'")
            yield lambda: until(lambda: bool(self.running.query(waiting)), "the rename")
            holder.rollback()

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        names = ", ".join(row)
        places = ", ".join(["%s"] * len(row))
        self.query(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608 - names of this file


def assert_shown(run: PlaybookRun, cases: Sequence[Case]) -> None:
    """Fail if REST did not return what a case of the law wrote; `run` has its tasks of `read_users`."""
    for case in cases:
        users = run.task(f"{case.name} (read back)").result["json"]["users"]
        groups = {group["name"]: group for user in users for group in user["groups"]}
        rows = {**{user["email"]: user for user in users}, **groups, **{one["id"]: one for one in groups.values()}}
        for name, fields in case.diff["after"].items():
            row = rows[fields.get("email", name)]
            members = [user["email"] for user in users if row["id"] in [group["id"] for group in user["groups"]]]
            shown = {
                **row,
                "locked": row.get("locked_until") is not None,
                "groups": sorted(group["name"] for group in row.get("groups", ())),
                "members": sorted(members),
            }
            written = {key: value for key, value in fields.items() if key != "password"}
            assert {key: shown[key] for key in written} == written, case.name


@contextmanager
def platform_tables(folder: Path) -> Iterator[Sandbox]:
    """Yield a PostgreSQL with the platform's tables in its database, which is a template for those of the tests."""
    _build(folder, "postgres", "backend")
    with sandbox() as running:
        # A killed server loses nothing without fsync, and databases are made and dropped all the time.
        running.run(
            "postgres",
            command=["postgres", "-c", "fsync=off"],
            environment={"POSTGRES_USER": "convosphere", "POSTGRES_PASSWORD": DATABASE_KEY},
        )
        running.wait_for_database()
        url = f"postgresql://convosphere:{DATABASE_KEY}@postgres:5432/{TEMPLATE}"
        made = running.run(
            "backend", "tables", command=["python3", "-c", _MAKE_TABLES], environment={"DATABASE_URL": url}
        )
        assert made.wait(timeout=60)["StatusCode"] == 0, made.logs().decode()
        yield running


def empty(running: Sandbox) -> None:
    """Remove what tests have added to `platform_tables`: other containers, and the databases, which hold the disk."""
    for name in [name for name in running.containers if name not in ("postgres", "tables")]:
        running.containers.pop(name).remove(force=True, v=True)
    kept = "SELECT datname FROM pg_database WHERE datname NOT IN ('postgres', %s) AND NOT datistemplate"
    for (name,) in running.query(kept, TEMPLATE, database="postgres"):
        running.query(f'DROP DATABASE "{name}" WITH (FORCE)', database="postgres")


@contextmanager
def platform_with_login(folder: Path) -> Iterator[Sandbox]:
    """Yield the same with the backend, so that one can log in."""
    _build(folder, "postgres", "redis", "weaviate", "backend")
    with sandbox() as running:
        running.run_services()
        running.run_backend()
        until(lambda: running.answers("backend", "/health"), "the backend")
        yield running


def _build(folder: Path, *standins: str) -> None:
    """Have some stand-ins; where all are there already, not even a playbook is run."""
    client = docker.from_env()
    if all(client.images.list(image(standin)) for standin in standins):
        return
    images = [{"name": image(standin), "standin": standin} for standin in standins]
    run_playbook(role_play(folder / "contexts", images), folder).succeeded()
