# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups of real databases, made by the programs themselves, for tests of what is done with a backup."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup import dump_requirements
from ansible_collections.convosphere.platform.plugins.module_utils._backup import manifest as backup_manifest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import (
    DatabaseRecord,
    FileRecord,
    Manifest,
)
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_fingerprint import Content

from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY

#: What PostgresTools and _database need beside the login of a database.
CONNECTION = {
    "login_host": "127.0.0.1",
    "login_user": "convosphere",
    "login_unix_socket": None,
    "login_env_file": None,
    "ssl_mode": "prefer",
    "ca_cert": None,
    "connect_timeout": 10,
}


class BackupDirectory:
    """A directory of backups of one database, which is in a container."""

    def __init__(self, database: PlatformDatabase, directory: Path) -> None:
        self.database = database
        self.directory = directory
        self.directory.mkdir(mode=0o700, exist_ok=True)
        self.key = directory.parent / "age.key"

    @property
    def container(self) -> str:
        """The name of the server's container."""
        return str(self.database.running.containers["postgres"].name)

    @property
    def options(self) -> dict[str, Any]:
        """The options of the modules."""
        return {
            **self.database.login,
            "login_container": self.container,
            "backup_dir": str(self.directory),
            "environment_name": "dev",
        }

    def back_up(self, created_at: datetime | None = None, *, encrypted: bool = False, **fields: Any) -> Manifest:
        """Make a backup of the database and return its id; ``fields`` replace or add to its manifest's."""
        moment = (created_at or datetime.now(UTC)).replace(microsecond=0)
        identifier = backup_manifest.new_id(self.database.name, moment)
        name = f"{identifier}.dump.zst" + (".age" if encrypted else "")
        recipients = (self.recipient(),) if encrypted else ()
        content = self._dump(recipients)
        (self.directory / name).write_bytes(content)
        (self.directory / name).chmod(0o600)
        settings: dict[str, Any] = {
            "id": identifier,
            "environment": "dev",
            "created_at": moment,
            "collection_version": "1.0.0",
            "duration": 1.5,
            "include": ("database",),
            "database": self.describe(),
            "files": (FileRecord("database", name, len(content), hashlib.sha256(content).hexdigest()),),
            "recipients": recipients,
        }
        manifest = Manifest(**{**settings, **fields})
        self.save(manifest)
        return manifest

    def save(self, manifest: Manifest) -> None:
        """Write a manifest."""
        path = self.directory / manifest.file_name
        path.write_text(manifest.to_json())
        path.chmod(0o600)

    def change(self, manifest: Manifest, **fields: Any) -> Manifest:
        """Have a manifest say something else."""
        changed = replace(manifest, **fields)
        self.save(changed)
        return changed

    def manifest(self, identifier: str) -> dict[str, Any]:
        """Return the current content of a manifest."""
        found: dict[str, Any] = json.loads((self.directory / f"{identifier}.manifest.json").read_text())
        return found

    def recipient(self) -> str:
        """Return the public key of ``key``, which is generated at the first call."""
        if not self.key.exists():
            subprocess.run(["age-keygen", "--output", str(self.key)], check=True, capture_output=True)
            self.key.chmod(0o600)
        return public_key(self.key)

    def describe(self) -> DatabaseRecord:
        """Return the database as its manifest describes it."""
        version, size, encoding, collate, ctype = self.database.query(
            "SELECT current_setting('server_version'), pg_database_size(oid), pg_encoding_to_char(encoding)::text, "
            "datcollate::text, datctype::text FROM pg_database WHERE datname = current_database()"
        )[0]
        with Content({**CONNECTION, **self.database.login}, self.database.name) as content:
            counts, revisions = content.counts(), content.revisions()
        version = version.split()[0]
        extensions = tuple(row[0] for row in self.database.query("SELECT extname::text FROM pg_extension ORDER BY 1"))
        return DatabaseRecord(
            self.database.name,
            version,
            version,
            size,
            encoding,
            collate,
            ctype,
            extensions,
            tuple(revisions),
            counts,
            dump_requirements.read(self.database.query),
        )

    def databases(self) -> list[str]:
        """Return the names of all databases beside this one that have to do with it."""
        rows = self.database.running.query(
            "SELECT datname::text FROM pg_database WHERE datname <> %s ORDER BY 1", self.database.name
        )
        return [row[0] for row in rows if row[0].startswith(self.database.name[:30])]

    def leftovers(self) -> list[str]:
        """Return the temporary files that remain in the directory and in the container."""
        found = self.database.running.execute("postgres", "find", "/tmp", "-name", ".convosphere-*")[1]
        return [*(path.name for path in self.directory.glob(".convosphere-*")), *found.split()]

    def _dump(self, recipients: tuple[str, ...]) -> bytes:
        name = self.database.name.replace("\\", "\\\\").replace("'", "\\'")
        connection = f"dbname='{name}'"
        command = ["docker", "exec", "--env=PGPASSWORD", self.container, "pg_dump", "-Fc", "-Z0", "-U", "convosphere"]
        dumped = subprocess.run(
            [*command, "-d", connection],
            check=True,
            capture_output=True,
            env={**os.environ, "PGPASSWORD": DATABASE_KEY},
        ).stdout
        packed = subprocess.run(["zstd", "--quiet"], input=dumped, check=True, capture_output=True).stdout
        if not recipients:
            return packed
        keys = [f"--recipient={key}" for key in recipients]
        return subprocess.run(["age", *keys], input=packed, check=True, capture_output=True).stdout


def fill(database: PlatformDatabase, rows: int) -> None:
    """Create a table that takes some time to dump and to load: a thousand rows are about one megabyte."""
    database.query(
        "CREATE TABLE ballast AS SELECT i AS id, "
        "(SELECT string_agg(md5(random()::text || i || j), '') FROM generate_series(1, 30) j) AS text "
        "FROM generate_series(1, %s) i",
        rows,
    )
    database.query("ALTER TABLE ballast ADD PRIMARY KEY (id)")


def public_key(path: Path) -> str:
    """Return the public key that belongs to a private one."""
    told = subprocess.run(["age-keygen", "-y", str(path)], check=True, capture_output=True, text=True)
    return told.stdout.strip()


def other_key(folder: Path) -> Path:
    """Return the file of a key that nothing is encrypted to."""
    path = folder / f"{uuid.uuid4().hex[:8]}.key"
    subprocess.run(["age-keygen", "--output", str(path)], check=True, capture_output=True)
    path.chmod(0o600)
    return path
