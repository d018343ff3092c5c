# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the files of a folder that are documents, and read them.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from .._core import files
from .._core.errors import InputError
from . import document_text
from .document_spec import SourceFile

#: The largest document, in bytes: the largest that the platform's settings allow.
LARGEST = 100 * 1024**2


def scan(folder: Path, patterns: Sequence[str], exclude: Sequence[str], problems: list[str]) -> list[SourceFile]:
    """Return the files that match, sorted by name. Files and directories with a leading dot, and links, are ignored.

    Adds to ``problems`` each file of a format that cannot be read. Raises InputError if the folder cannot be read.
    """
    if not folder.is_dir():
        raise InputError(
            f"There is no folder {folder} on this host",
            hint="Copy the documents to the host first, or set state: absent to remove them from the platform.",
        )
    found = []
    try:
        for name in sorted(_names(folder)):
            if _matches(name, patterns) and not _matches(name, exclude):
                found += _file(folder, name, problems)
    except OSError as error:
        where = error.filename or folder
        raise InputError(f"Cannot read {where}: {error.strerror}", hint="Use become: true.") from error
    return found


def content(file: SourceFile) -> bytes:
    """Return the bytes of a file. Raises InputError if they are not those that were planned."""
    try:
        read = file.path.read_bytes()
    except OSError as error:
        raise InputError(f"Cannot read {file.path}: {error.strerror}", hint="Run it again.") from error
    if files.sha256([read]) != file.sha256:
        raise InputError(f"{file.path} was changed during the run", hint="Run it again.")
    return read


def _names(folder: Path) -> Iterator[str]:
    def fail(error: OSError) -> None:
        raise error

    for directory, inner, names in os.walk(folder, onerror=fail):
        inner[:] = [name for name in inner if not name.startswith(".")]
        for name in names:
            path = Path(directory, name)
            if not name.startswith(".") and path.is_file() and not path.is_symlink():
                yield path.relative_to(folder).as_posix()


def _matches(name: str, patterns: Sequence[str]) -> bool:
    last = name.rpartition("/")[2]
    return any(fnmatch.fnmatchcase(name, pattern) or fnmatch.fnmatchcase(last, pattern) for pattern in patterns)


def _file(folder: Path, name: str, problems: list[str]) -> list[SourceFile]:
    path = folder / name
    size = path.stat().st_size
    found = problem(name, size)
    if found:
        problems.append(f"{name} {found}")
        return []
    return [SourceFile(path, name, size, files.sha256(files.chunks(path)))]


def problem(name: str, size: int) -> str | None:
    """Return why a file of this name and size cannot be a document, None if it can."""
    if not name.isprintable() or any(0xD800 <= ord(letter) <= 0xDFFF for letter in name):
        return "has a name that is not printable text in UTF-8"
    if document_text.extension(name) not in document_text.FORMATS:
        allowed = ", ".join(sorted(document_text.FORMATS))
        return f"is of a format that needs a library to read: {allowed} are possible. Convert it, or set exclude"
    if size > LARGEST:
        return f"has {size} bytes, and at most {LARGEST} are possible"
    return None
