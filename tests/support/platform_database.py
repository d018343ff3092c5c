# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases with the platform's tables, for tests of users and groups: each test gets an empty one of its own."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.playbook import run_playbook
from support.sandbox import DATABASE_KEY, Sandbox, image, role_play, sandbox, until

TEMPLATE = "convosphere"
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

    def emails(self) -> list[str]:
        """The emails of all users, sorted."""
        return [row[0] for row in self.query("SELECT email FROM users ORDER BY email")]

    def add_user(self, email: str, role: str = "USER", **columns: Any) -> str:
        """A user as the platform itself would have made it; returns its id."""
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
        """A group; returns its id."""
        identifier = str(uuid.uuid4())
        self._insert("user_groups", {"id": identifier, "name": name, "is_active": True, "is_system": is_system})
        return identifier

    def add_assistant(self, owner: str) -> None:
        """An assistant that a user owns."""
        columns = self.query(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'assistants' "
            "AND is_nullable = 'NO' AND column_default IS NULL"
        )
        filler = {"uuid": str(uuid.uuid4()), "boolean": False, "USER-DEFINED": "DRAFT", "json": "{}", "jsonb": "{}"}
        row = {name: filler.get(kind, "1") for name, kind in columns}
        self._insert("assistants", {**row, "creator_id": owner})

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        names = ", ".join(row)
        places = ", ".join(["%s"] * len(row))
        self.query(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608 - names of this file


@contextmanager
def platform_tables(folder: Path) -> Iterator[Sandbox]:
    """A PostgreSQL with the platform's tables in its database, which is a template for those of the tests."""
    _build(folder, "postgres", "backend")
    with sandbox() as running:
        running.run("postgres", environment={"POSTGRES_USER": "convosphere", "POSTGRES_PASSWORD": DATABASE_KEY})
        running.wait_for_database()
        url = f"postgresql://convosphere:{DATABASE_KEY}@postgres:5432/{TEMPLATE}"
        made = running.run(
            "backend", "tables", command=["python3", "-c", _MAKE_TABLES], environment={"DATABASE_URL": url}
        )
        assert made.wait(timeout=60)["StatusCode"] == 0, made.logs().decode()
        yield running


@contextmanager
def platform_with_login(folder: Path) -> Iterator[Sandbox]:
    """The same with the backend, so that one can log in."""
    _build(folder, "postgres", "redis", "weaviate", "backend")
    with sandbox() as running:
        running.run_services()
        running.run_backend()
        until(lambda: running.answers("backend", "/health"), "the backend")
        yield running


def _build(folder: Path, *standins: str) -> None:
    """Have some stand-ins; those that are there already take no time."""
    images = [{"name": image(standin), "standin": standin} for standin in standins]
    run_playbook(role_play(folder / "contexts", images), folder).succeeded()
