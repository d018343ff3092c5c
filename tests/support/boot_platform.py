# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A platform whose backups can be booted: one server, one vector store and one volume of uploads for many backups."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from docker.models.containers import Container

from support.module_process import run_module
from support.platform_database import PlatformDatabase
from support.platform_parts import UPLOADS, PlatformParts, have_images
from support.sandbox import Sandbox

BACKUP, VERIFY = "convosphere_db_backup", "convosphere_db_backup_verify"
LABEL = "platform.convosphere.boot"
#: The backend of the sandbox waits as long as that of the platform starts; here nothing depends on it.
AT_ONCE = {"SANDBOX_START_SECONDS": "0"}
#: MiB: what the containers of a boot of the sandbox take.
MEMORY = 300


class BootParts(PlatformParts):
    """The services beside PostgreSQL. The backend only sleeps, and its image's own command stays its command."""

    def run_idle_backend(self) -> Container:
        """Start the backend with the volume of uploads."""
        mounted = {self.volume.name: {"bind": UPLOADS, "mode": "rw"}}
        options: dict[str, Any] = {"healthcheck": {"test": ["NONE"]}, "init": True, "volumes": mounted}
        return self._run("backend", entrypoint=["sleep", "3600"], **options)


class BootPlatform:
    """The databases of one server, and the services of one project."""

    def __init__(self, running: Sandbox, parts: BootParts, folder: Path) -> None:
        self.running = running
        self.parts = parts
        self.folder = folder

    def platform(self, folder: Path) -> Bootable:
        """Return a new database with its own backups."""
        return Bootable(self, PlatformDatabase(self.running), folder)

    def leftovers(self) -> list[str]:
        """Return what boots have left on the engine and on the server."""
        mine: dict[str, Any] = {"label": LABEL}
        client = self.parts.client
        container = str(self.running.containers["postgres"].name)
        objects: list[Any] = [*client.networks.list(filters=mine), *client.volumes.list(filters=mine)]
        found = [str(item.name) for item in objects if container in item.attrs["Labels"][LABEL]]
        listed = client.containers.list(all=True, filters=mine)
        found += [str(item.name) for item in listed if container in item.labels[LABEL]]
        roles = self.running.query("SELECT rolname FROM pg_roles WHERE rolname LIKE 'convosphere_boot%'")
        databases = self.running.query("SELECT datname FROM pg_database WHERE datname ~ '_verify_[0-9a-f]{8}$'")
        return [*found, *(row[0] for row in [*roles, *databases])]


class Bootable:
    """One database, and the options of the modules that back it up and boot its backups."""

    def __init__(self, environment: BootPlatform, database: PlatformDatabase, folder: Path) -> None:
        self.environment = environment
        self.database = database
        self.folder = folder
        self.directory = folder / "backups"
        self.directory.mkdir(exist_ok=True)

    @property
    def options(self) -> dict[str, Any]:
        """The options of both modules."""
        return {
            **self.database.login,
            "login_container": str(self.database.running.containers["postgres"].name),
            "backup_dir": str(self.directory),
            "environment_name": "dev",
            "project_name": self.environment.parts.project,
        }

    @property
    def boot_options(self) -> dict[str, Any]:
        """The options of a verification by a boot."""
        return {**self.options, "level": "boot", "boot_settings": AT_ONCE, "boot_memory": MEMORY}

    def back_up(self, *include: str, **more: Any) -> dict[str, Any]:
        """Make a backup, and return its manifest."""
        options = {**self.options, "include": ["database", *include], "freeze": False, **more}
        made = run_module(BACKUP, {**options, "weaviate_api_key": "planted-weaviate-key"}, self.folder)
        assert not made.get("failed"), made["msg"]
        found: dict[str, Any] = made["backup"]
        return found

    def verify(self, **more: Any) -> dict[str, Any]:
        """Verify the latest backup by a boot."""
        return run_module(VERIFY, {**self.boot_options, **more}, self.folder)

    def manifest(self) -> dict[str, Any]:
        """Return the manifest of the only backup."""
        (path,) = self.directory.glob("*.manifest.json")
        found: dict[str, Any] = json.loads(path.read_text())
        return found

    def add_conversation(self, owner: str, **columns: Any) -> None:
        """Add a conversation of a user, with an assistant."""
        self.database.add_assistant(owner)
        [(assistant,)] = self.database.query("SELECT id::text FROM assistants WHERE creator_id = %s LIMIT 1", owner)
        row = {
            "id": str(uuid.uuid4()), "title": "A talk", "user_id": owner, "assistant_id": assistant, "is_active": True,
            "is_archived": False, "message_count": 0, "total_tokens": 0, **columns,
        }  # fmt: skip
        self._insert("conversations", row)

    def add_document(self, owner: str, content: str, **columns: Any) -> str:
        """Add a document, and its file as the platform stores it. Return the path of the file in the uploads."""
        identifier = str(uuid.uuid4())
        path = f"knowledge-base/documents/{identifier}"
        digest = hashlib.sha256(content.encode()).hexdigest()
        row = {
            "id": identifier, "title": "A text", "file_name": "a.txt", "file_path": f"local://{path}",
            "file_type": "txt", "file_size": len(content.encode()), "status": "processed", "user_id": owner,
            "knowledge_metadata": json.dumps({"sha256": digest}), **columns,
        }  # fmt: skip
        self._insert("documents", row)
        self.environment.parts.write(path, content)
        return path

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        names, places = ", ".join(row), ", ".join(["%s"] * len(row))
        self.database.query(f"INSERT INTO {table} ({names}) VALUES ({places})", *row.values())  # noqa: S608 - own names


@contextmanager
def boot_platform(running: Sandbox, folder: Path) -> Iterator[BootPlatform]:
    """Yield the environment, with its services running."""
    have_images(folder, "backend", "weaviate")
    parts = BootParts(folder)
    try:
        parts.run_idle_backend()
        parts.run_weaviate()
        yield BootPlatform(running, parts, folder)
    finally:
        parts.remove()
