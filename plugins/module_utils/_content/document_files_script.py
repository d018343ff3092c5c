# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write, read, list and remove files of documents. Runs in a container of the backend's own image, as root.

A file gets its name when its content is on the disk. It belongs to the owner of the directory of uploads, and its mode
is the one that the platform gives.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import os
import shutil
import sys
import tarfile
from pathlib import Path
from typing import IO

TEMPORARY = ".convosphere-"
_MODE = 0o640


def store(folder: Path, owner: os.stat_result, archive: IO[bytes]) -> None:
    """Replace files by those of a tar archive. None gets its name before all of them are on the disk."""
    _make(folder, owner)
    for left in folder.glob(f"{TEMPORARY}*"):
        left.unlink()
    written = []
    with tarfile.open(fileobj=archive, mode="r|") as members:
        for member in members:
            read = members.extractfile(member)
            if read is None or os.sep in member.name:
                raise SystemExit(f"{member.name} is not the name of a file")
            with (folder / f"{TEMPORARY}{member.name}").open("wb") as file:
                os.fchmod(file.fileno(), _MODE)
                os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
                shutil.copyfileobj(read, file)
            written.append(member.name)
    os.sync()  # one for all: a call for each of thousands of files would take minutes
    for name in written:
        (folder / f"{TEMPORARY}{name}").replace(folder / name)
    os.sync()


def read(folder: Path, names: IO[bytes], archive: IO[bytes]) -> None:
    """Write files to a tar archive by their names and sizes, one a line. One that is gone or has another is left out.

    A link is left out too: only root could follow it.
    """
    with tarfile.open(fileobj=archive, mode="w|", format=tarfile.GNU_FORMAT) as members:
        for line in names.read().decode().splitlines():
            name, _space, size = line.partition(" ")
            path = folder / name
            if path.is_file() and not path.is_symlink() and path.stat().st_size == int(size):
                members.add(path, name)


def remove(folder: Path, names: IO[bytes]) -> None:
    """Remove files by their names, one a line. One that is gone already is no error."""
    for name in names.read().decode().split():
        (folder / name).unlink(missing_ok=True)


def listing(folder: Path) -> list[str]:
    """Return the names of all files, none for a directory that does not exist."""
    try:
        return sorted(path.name for path in folder.iterdir())
    except FileNotFoundError:
        return []


def _make(folder: Path, owner: os.stat_result) -> None:
    for path in (folder.parent, folder):
        if not path.is_dir():
            path.mkdir(mode=0o755)
            os.chown(path, owner.st_uid, owner.st_gid)


def main(root: str, action: str, inside: str) -> None:
    """Run ``store``, ``read`` or ``remove`` with its input, or print the ``listing``, of ``inside`` the root."""
    folder = Path(root, inside)
    if action == "store":
        store(folder, Path(root).stat(), sys.stdin.buffer)
    elif action == "read":
        read(folder, sys.stdin.buffer, sys.stdout.buffer)
    elif action == "remove":
        remove(folder, sys.stdin.buffer)
    else:
        sys.stdout.write("\n".join(listing(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
