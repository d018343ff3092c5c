# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the texts beside a content file, and nothing outside of its folder.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from ansible_collections.convosphere.platform.plugins.module_utils._core.display import quoted
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._entities import list_file

#: The greatest size in bytes of one text, and of the content file.
LARGEST, LARGEST_DOCUMENT = 1024 * 1024, 64 * 1024 * 1024


class Folder:
    """The folder of one content file. ``readable`` returns the path of a decrypted copy if a file is encrypted."""

    def __init__(self, root: Path, readable: Callable[[str], str] = str) -> None:
        self.root = root
        self.readable = readable

    def text(self, name: str, largest: int = LARGEST) -> str:
        """Return the text of a file. The newline at its end is not part of it. Raises InputError."""
        path = self.path(name)
        if not path.is_file():
            raise InputError(f"there is no file {quoted(name)} beside the content file")
        if path.stat().st_size > largest:
            raise InputError(f"{quoted(name)} is larger than {largest // 1024} KiB")
        try:
            raw = Path(self.readable(str(path))).read_bytes()
        except OSError as error:
            raise InputError(f"{quoted(name)} cannot be read: {error.strerror}") from error
        text = list_file.decode(raw, name)
        return text[:-1] if text.endswith("\n") else text

    def path(self, name: str) -> Path:
        """Return the path of a file or folder. Raises InputError if it is outside of this folder."""
        given = PurePosixPath(name)
        if not name or given.is_absolute() or ".." in given.parts:
            raise InputError(f"{quoted(name)} must be a path below the folder of the content file, without '..'")
        try:
            path = (self.root / given).resolve()
            path.stat()
        except FileNotFoundError:
            pass  # the caller says what is missing
        except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a name that is too long or has a NUL
            reason = getattr(error, "strerror", None) or "it is no usable path"
            raise InputError(f"{quoted(name)} cannot be read: {reason}") from error
        if not path.is_relative_to(self.root.resolve()):
            raise InputError(f"{quoted(name)} is a link that leads out of the folder of the content file")
        return path
