# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep exported documents in folders on the controller: compare them, and write them from an archive.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import hashlib
import itertools
import stat
import tarfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._core import files
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _content_writer

#: The largest archive in bytes, which passes through memory. A larger file is an archive of its own.
LARGEST_ARCHIVE = 16 * 1024**2
_MODE, _FOLDER_MODE = 0o600, 0o700
Document = Mapping[str, Any]


class Places:
    """The paths of documents below the directory ``root``, and of ``lost`` ones that an earlier export has brought."""

    def __init__(self, root: Path, documents: Sequence[Document], lost: Sequence[Document] = ()) -> None:
        self.root = root
        keys = sorted({(one["source"], one["owner"]) for one in (*documents, *lost)})
        #: The name of the folder of each source and owner.
        self.folders = dict(zip(keys, _content_writer.slugs(keys)))
        self.paths = {one["id"]: self.folder(one) / one["name"] for one in documents}
        self.kept = {self.folder(one) / one["name"] for one in lost}

    def folder(self, entry: Mapping[str, Any]) -> Path:
        """Return the folder of a source and an owner."""
        return self.root / self.folders[entry["source"], entry["owner"]]

    def differing(self, documents: Iterable[Document]) -> list[Document]:
        """Return the documents whose files are missing, differ or can be read by others. Raises InputError for a link.

        No file is outside of the root: a folder above it that is a link would lead there.
        """
        with _explaining():
            return [one for one in documents if self._sha256(self.paths[one["id"]]) != one["sha256"]]

    def refuse_same_files(self) -> None:
        """Raise InputError for two documents that have one file, on a disk that ignores case or forms of letters."""
        alike: dict[str, list[Path]] = {}
        for path in self.paths.values():
            alike.setdefault(unicodedata.normalize("NFD", str(path)).casefold(), []).append(path)
        for paths in alike.values():
            for one, other in itertools.combinations(sorted(paths), 2):
                if one.exists() and other.exists() and one.samefile(other):
                    raise InputError(
                        f"{one} and {other} are one file on this disk, so that one document is lost: export to a disk "
                        "that knows them apart, or rename the file of one and apply its folder again"
                    )

    def unused(self) -> list[str]:
        """Return the files below the root that belong to no document. Those with a leading dot are ignored.

        That of a lost document may be its only copy, and is in use.
        """
        known = {*self.paths.values(), *self.kept}
        found = (path for path in self.root.rglob("*") if path.is_file() and path not in known)
        return sorted(
            str(path) for path in found if not any(part.startswith(".") for part in path.relative_to(self.root).parts)
        )

    def write(self, archive: Path, documents: Sequence[Document]) -> Iterator[str]:
        """Write the files in an archive, and yield the ids of those whose content is the one that was noted."""
        expected = {one["id"]: one for one in documents}
        with tarfile.open(archive, "r:") as members:
            for member in members:
                one, source = expected.get(member.name), members.extractfile(member)
                if one is None or source is None or member.size != one["size"]:
                    continue
                content = source.read()
                if hashlib.sha256(content).hexdigest() == one["sha256"]:
                    self._write(self.paths[one["id"]], content)
                    yield one["id"]

    def _write(self, path: Path, content: bytes) -> None:
        with _explaining():
            self._sha256(path)
            missing = [folder for folder in (path.parent, *path.parent.parents) if not folder.exists()]
            for folder in reversed(missing):
                folder.mkdir(mode=_FOLDER_MODE)
        files.write_bytes(path, content, f"{_MODE:o}")

    def _sha256(self, path: Path) -> str:
        """Return the checksum of a private file, an empty text without one. Raises InputError on the way of a link."""
        for each in (self.root, *(self.root / part for part in reversed(path.relative_to(self.root).parents)), path):
            if each.is_symlink() or (each.exists() and (each.is_dir() if each == path else not each.is_dir())):
                kind = "a link" if each.is_symlink() else "no folder" if each != path else "a folder"
                raise InputError(f"{each} is {kind}: remove it, or export to another directory. Nothing was written.")
        if not path.is_file() or stat.S_IMODE(path.stat().st_mode) != _MODE:
            return ""
        return files.sha256(files.chunks(path))


def batches(documents: Iterable[Document], largest: int = LARGEST_ARCHIVE) -> Iterator[list[Document]]:
    """Yield documents whose files together are not larger than ``largest`` bytes, or a single larger one."""
    batch: list[Document] = []
    size = 0
    for one in documents:
        if batch and size + one["size"] > largest:
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += one["size"]
    if batch:
        yield batch


@contextmanager
def _explaining() -> Iterator[None]:
    """Convert errors of the disk in the block into InputError, such as a name that is too long for it."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"Cannot read or write {error.filename}: {error.strerror}", hint="Correct it, or give another dest."
        ) from error
