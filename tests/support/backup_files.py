# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backups on the disk, with a true manifest and any content, for tests of what happens to them later."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Backup
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import FileRecord, Manifest
from ansible_collections.convosphere.platform.plugins.module_utils._core import timestamps

SUFFIXES = {"database": "dump.zst", "uploads": "uploads.tar.zst", "vectors": "vectors.tar.zst"}


def backup_files(
    folder: Path, identifier: str, database: bytes = b"dump", environment: str = "dev", ending: str = "", **parts: Any
) -> Backup:
    """Write one backup. `parts` are the contents of uploads and vectors, and further fields of the manifest.

    The names of its files end with `ending`, such as .age.
    """
    contents = {"database": database}
    contents.update({kind: parts.pop(kind) for kind in ("uploads", "vectors") if kind in parts})
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    files = []
    for kind, content in contents.items():
        name = f"{identifier}.{SUFFIXES[kind]}{ending}"
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
        files.append(FileRecord(kind, name, len(content), hashlib.sha256(content).hexdigest()))
    moment = identifier.rpartition("-")[2]
    manifest = Manifest(
        id=identifier,
        environment=environment,
        created_at=timestamps.parse_time(
            f"{moment[:4]}-{moment[4:6]}-{moment[6:8]}T{moment[9:11]}:{moment[11:13]}:{moment[13:15]}Z"
        ),
        collection_version="1.1.0",
        duration=1.0,
        include=tuple(contents),
        files=tuple(files),
        **parts,
    )
    (folder / manifest.file_name).write_text(manifest.to_json())
    (folder / manifest.file_name).chmod(0o600)
    return Backup(manifest, folder)
