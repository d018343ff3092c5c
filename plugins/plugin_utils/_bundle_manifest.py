# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write the manifest beside an archive of images, and move an archive to its name.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FORMAT = 1
_BLOCK = 1 << 20


def path_of(archive: Path) -> Path:
    """Return the path of an archive's manifest."""
    return archive.with_name(f"{archive.name}.json")


def read(archive: Path) -> dict[str, Any] | None:
    """Return the manifest of an archive; None without one, or if the archive has another size."""
    try:
        manifest = json.loads(path_of(archive).read_text())
        current = archive.stat().st_size == manifest["size_bytes"] and manifest["format"] == FORMAT
        return dict(manifest) if current else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def image_ids(manifest: Mapping[str, Any] | None) -> dict[str, str]:
    """Return the ids of the images that a manifest names, by reference."""
    return {image["name"]: image["id"] for image in (manifest or {}).get("images", ())}


def write(archive: Path, manifest: Mapping[str, Any]) -> None:
    """Write the manifest of an archive in one step. Raises OSError."""
    text = json.dumps({"format": FORMAT, "archive": archive.name, **manifest}, indent=2) + "\n"
    temporary = unfinished(path_of(archive))
    temporary.write_text(text)
    move(temporary, path_of(archive))


def unfinished(path: Path) -> Path:
    """Return the name of a file until it is complete."""
    return path.with_name(f".convosphere-{path.name}.part")


def move(temporary: Path, path: Path) -> None:
    """Sync a complete file to the disk, and give it its name. Raises OSError."""
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def sha256(path: Path) -> str:
    """Return the checksum of a file. Raises OSError."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()
