# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep the files of documents in the backend's directory of uploads.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import inspect
import json
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from .._app.uploads import Volume
from .._core.errors import InputError
from .._engine import execution
from . import document_files_script, document_folder
from .document_spec import ADDRESS, STORED, Task


@dataclass(frozen=True)
class DocumentFiles:
    """The directory of documents of one backend."""

    volume: Volume

    #: What stands before the id of a document in its row.
    address: ClassVar[str] = ADDRESS

    def names(self) -> set[str]:
        """Return the names of all files in the directory."""
        container = self.volume.container
        if container.status != "running":
            return set(self._work("list").split("\n"))
        # With -a it always prints something, so that silence is not taken for an empty directory.
        listed = execution.read(container, ["ls", "-1a", "--", f"{self.volume.path}/{STORED}"], user="0")
        if listed.exit_code and b"No such file" not in listed.errors:
            raise InputError(f"Cannot list {STORED} in {container.name}: {listed.text.strip()}")
        return set(listed.output.decode("utf-8", errors="replace").split("\n"))

    def read(self, sizes: Mapping[str, int], sink: Callable[[bytes], Any]) -> None:
        """Write a tar archive of the files of documents, by their ids and sizes, to ``sink``. Others are left out."""
        script = inspect.getsource(document_files_script)
        names = "\n".join(f"{document} {size}" for document, size in sizes.items()).encode()
        self.volume.work(
            script, "read", STORED, step="read files of documents", timeout=None, source=[names], sink=sink
        )

    def store(self, tasks: Sequence[Task], user: str) -> None:
        """Write the files of documents, each with the description that the platform expects beside it."""
        if tasks:
            self._work("store", _archive(tasks, user))

    def remove(self, documents: Iterable[str]) -> None:
        """Remove the files of documents."""
        names = [name for document in documents for name in (document, f"{document}.meta")]
        if names:
            self._work("remove", ["\n".join(names).encode()])

    def _work(self, action: str, source: Iterable[bytes] | None = None) -> str:
        script = inspect.getsource(document_files_script)
        step = f"{action} files of documents"
        return self.volume.work(script, action, STORED, step=step, timeout=None, source=source)


def _archive(tasks: Iterable[Task], user: str) -> Iterator[bytes]:
    """Yield a tar archive of the documents' files, one file at a time in memory."""
    for task in tasks:
        if task.file is not None:
            about = {"user_id": user, "title": task.desired["title"], "file_name": task.desired["file_name"]}
            yield from member(f"{task.id}.meta", json.dumps(about, ensure_ascii=False).encode())
            yield from member(task.id, document_folder.content(task.file))
    yield tarfile.NUL * tarfile.BLOCKSIZE * 2


def member(name: str, content: bytes) -> Iterator[bytes]:
    """Yield a file of a tar archive."""
    header = tarfile.TarInfo(name)
    header.size = len(content)
    yield header.tobuf(tarfile.GNU_FORMAT)
    yield content + tarfile.NUL * (-len(content) % tarfile.BLOCKSIZE)
