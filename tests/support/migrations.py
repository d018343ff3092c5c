# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What tests of migrations need: backends with further revisions, databases at some, the module as a process."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tarfile
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docker
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import (
    DatabaseRecord,
    FileRecord,
    Manifest,
    new_id,
)

from support.collection import ROOT
from support.platform_database import PlatformDatabase
from support.sandbox import built

AGENTS, MODELS = "2025_08_14_add_agents", "2025_08_16_add_ai_models_and_settings_tables"
HEADS = [AGENTS, MODELS]
#: When the files of a backup were written, and how it was verified afterwards.
WRITTEN = datetime(2026, 1, 31, 11, 0, tzinfo=UTC)
VERIFIED = {"level": "restore", "at": "2026-01-31T12:00:00Z", "duration": 1.0, "host": "here"}
PACKAGE = "ansible_collections.convosphere.platform.plugins.modules.convosphere_db_migration"


@contextmanager
def backend_with(**revisions: Sequence[str]) -> Iterator[str]:
    """Yield the backend's image with more revisions: each by its name, the one before it and its statements."""
    client = docker.from_env()
    tag = f"mig-test/backend:{uuid.uuid4().hex[:10]}"
    container = client.containers.create(built("backend"))
    try:
        container.put_archive("/app/backend/alembic/versions", _archive(revisions))
        container.commit(*tag.split(":"))
    finally:
        container.remove()
    try:
        yield tag
    finally:
        client.images.remove(tag, force=True)


def _archive(revisions: Mapping[str, Sequence[str]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, (before, *statements) in revisions.items():
            body = "\n".join(f"    op.execute({statement!r})" for statement in statements)
            head = f'from alembic import op\n\nrevision = "{name}"\ndown_revision = "{before}"\n\n\n'
            content = f"{head}def upgrade():\n{body}\n".encode()
            entry = tarfile.TarInfo(f"{name}.py")
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def stamp(database: PlatformDatabase, *revisions: str, width: int = 255) -> PlatformDatabase:
    """Have alembic's record hold these."""
    database.query(f"CREATE TABLE alembic_version (version_num varchar({width}) PRIMARY KEY)")
    for revision in revisions:
        database.query("INSERT INTO alembic_version VALUES (%s)", revision)
    return database


def record(database: PlatformDatabase) -> list[str]:
    """Return the revisions that alembic has recorded, sorted."""
    return [row[0] for row in database.query("SELECT version_num FROM alembic_version ORDER BY 1")]


def tables(database: PlatformDatabase) -> set[str]:
    """Return the names of the database's tables."""
    return {row[0] for row in database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}


def backup(folder: Path, database: str, revisions: Sequence[str], **more: Any) -> str:
    """Write the manifest of a backup that was verified just now; return its id."""
    moment = more.pop("created_at", datetime.now(UTC)).replace(microsecond=0)
    identifier = new_id(database, moment)
    (folder / f"{identifier}.dump.zst").write_bytes(b"x")
    os.utime(folder / f"{identifier}.dump.zst", (WRITTEN.timestamp(), WRITTEN.timestamp()))
    kept = DatabaseRecord(database, "15.8", "15.8", 1, "UTF8", "C", "C", (), tuple(revisions), {})
    manifest = Manifest(
        id=identifier,
        environment=more.pop("environment", "mig"),
        created_at=moment,
        collection_version="1.0.0",
        duration=1.0,
        include=("database",),
        files=(FileRecord("database", f"{identifier}.dump.zst", 1, "0" * 64),),
        database=kept,
        verified=more.pop("verified", VERIFIED),
        not_loaded=more.pop("not_loaded", None),
    )
    Catalogue(folder).save(manifest)
    return identifier


class ModuleProcess:
    """The module as a process of its own, without Ansible around it, so that it can be killed."""

    def __init__(self, folder: Path, options: Mapping[str, Any]) -> None:
        arguments = folder / f"arguments-{uuid.uuid4().hex[:8]}.json"
        arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": dict(options)}))
        libraries = next(path for path in (ROOT / ".venv/lib").glob("python3*/site-packages"))
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-m", PACKAGE, str(arguments)],
            env={**os.environ, "PYTHONPATH": str(libraries)},
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def result(self, timeout: float = 120) -> dict[str, Any]:
        """Return the module's result."""
        output = self.process.communicate(timeout=timeout)[0]
        found: dict[str, Any] = json.loads(output)
        return found
