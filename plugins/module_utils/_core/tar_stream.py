# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter and count a tar archive while it is read from Docker Engine, and detect a truncated one.

The engine ends an archive early if it fails, without an error: only the end marker shows that the archive is complete.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from .errors import EngineError

BLOCK = 512
#: The end marker of an archive.
EMPTY = bytes(2 * BLOCK)
#: More than the size of any name or list of attributes.
_LONGEST_HEADER = 1024 * 1024
_EXTENSIONS = (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)


@dataclass
class Totals:
    """The number of files that passed, and of their bytes."""

    files: int = 0
    bytes: int = 0


def passing(
    chunks: Iterable[bytes],
    totals: Totals,
    left_out: Callable[[str], bool],
    uncounted: Callable[[str], bool] = lambda _path: False,
) -> Iterator[bytes]:
    """Yield the archive in ``chunks`` without the members whose path is ``left_out``; ``totals`` counts the others.

    Members whose path is ``uncounted`` are yielded, and not counted.

    Raises EngineError if the archive is truncated, or is not an archive.
    """
    source = _Source(chunks)
    while (header := source.take(BLOCK)).strip(b"\0"):
        extension, path, size = bytearray(), "", None
        member = _parse(header)
        while member.type in _EXTENSIONS:
            if member.size > _LONGEST_HEADER:
                raise EngineError(
                    f"Docker Engine sent an archive with a header of {member.size} bytes; allowed: {_LONGEST_HEADER}"
                )
            content = source.take(_padded(member.size))
            extension += header + content
            path, size = _extended(member, content[: member.size], path, size)
            header = source.take(BLOCK)
            member = _parse(header)
        length = member.size if size is None else size
        skipped = left_out(path or member.name)
        if not skipped and not uncounted(path or member.name):
            totals.files += member.isfile() or member.islnk()
            totals.bytes += length
        if not skipped:
            yield bytes(extension) + header
        for piece in source.pieces(_padded(length)):
            if not skipped:
                yield piece
    yield header
    yield from source.rest()


class _Source:
    """Read chunks of any size in portions of other sizes."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self.chunks = iter(chunks)
        self.left = memoryview(b"")

    def take(self, size: int) -> bytes:
        """Return exactly ``size`` bytes."""
        return b"".join(self.pieces(size))

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield ``size`` bytes, in portions of any size."""
        while size:
            if not self.left:
                chunk = next(self.chunks, None)
                if chunk is None:
                    raise EngineError(
                        "Docker Engine sent a truncated archive",
                        hint="Files that change while they are read can cause this: pause the services that write. "
                        "Otherwise check the engine's log.",
                    )
                self.left = memoryview(chunk)
            portion, self.left = self.left[:size], self.left[size:]
            size -= len(portion)
            yield bytes(portion)

    def rest(self) -> Iterator[bytes]:
        """Yield the rest: the padding after the end marker."""
        yield bytes(self.left)
        yield from self.chunks


def _parse(header: bytes) -> tarfile.TarInfo:
    try:
        return tarfile.TarInfo.frombuf(header, "utf-8", "surrogateescape")
    except tarfile.HeaderError as error:
        raise EngineError(f"Docker Engine did not send an archive: {error}") from error


def _extended(member: tarfile.TarInfo, content: bytes, path: str, size: int | None) -> tuple[str, int | None]:
    """Return the path and size of the next member from an extension, which has them if the header has no room."""
    if member.type == tarfile.GNUTYPE_LONGNAME:
        return content.rstrip(b"\0").decode("utf-8", "surrogateescape"), size
    if member.type != tarfile.GNUTYPE_LONGLINK:
        for key, value in _records(content):
            if key == b"path":
                path = value.decode("utf-8", "surrogateescape")
            elif key == b"size":
                size = int(value)
    return path, size


def _records(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the ``length key=value`` records of an extended header; a value may contain line feeds."""
    while content:
        length = int(content.split(b" ", 1)[0])
        key, _sign, value = content[:length].split(b" ", 1)[1].partition(b"=")
        yield key, value[:-1]
        content = content[length:]


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
