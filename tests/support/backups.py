# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups as files, without a database: for what only reads manifests, such as lists and retention."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup import manifest as backup_manifest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import (
    DatabaseRecord,
    FileRecord,
    Manifest,
)

NOON = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
VERIFIED = {"level": "restore", "at": "2026-11-23T13:00:00Z", "duration": 1.5, "host": "db-1"}


def manifest_of(created_at: datetime = NOON, content: bytes = b"a dump", **fields: Any) -> Manifest:
    """Return the manifest of a backup of one file with ``content``; ``fields`` replace or add to it."""
    database_name = str(fields.pop("database_name", "convosphere"))
    name = backup_manifest.new_id(database_name, created_at)
    dump = FileRecord("database", f"{name}.dump.zst", len(content), hashlib.sha256(content).hexdigest())
    database = DatabaseRecord(
        name=database_name,
        server_version="15.8",
        dump_version="15.8",
        size=8_000_000,
        encoding="UTF8",
        collate="C.UTF-8",
        ctype="C.UTF-8",
        extensions=("plpgsql",),
        schema_revisions=("2025_08_14_add_agents",),
        tables={"public.users": 12},
    )
    settings: dict[str, Any] = {
        "id": name,
        "environment": "dev",
        "created_at": created_at,
        "collection_version": "1.0.0",
        "duration": 12.5,
        "include": ("database",),
        "files": (dump,),
        "database": database,
    }
    return Manifest(**{**settings, **fields})


def put_backup(directory: Path, created_at: datetime = NOON, content: bytes = b"a dump", **fields: Any) -> Manifest:
    """Return a backup in a directory: its manifest and its one file."""
    manifest = manifest_of(created_at, content, **fields)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / manifest.files[0].name).write_bytes(content)
    (directory / manifest.file_name).write_text(manifest.to_json())
    return manifest


def summary_of(manifest: Manifest) -> dict[str, Any]:
    """Return what a diff shows of a backup."""
    return {
        "created_at": manifest.to_dict()["created_at"],
        "include": ["database"],
        "label": manifest.label,
        "pinned": manifest.pinned,
        "verified": manifest.verified["level"] if manifest.verified else None,
        "bytes": manifest.files[0].size,
    }


def names_in(directory: Path, pattern: str = "*") -> list[str]:
    """Return the names of what is in a directory, sorted."""
    return sorted(path.name for path in directory.glob(pattern))
