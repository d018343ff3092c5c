# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write the documents of a support bundle into one archive on the controller, in one step.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from .._core import files
from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work

SUFFIX = ".tar.gz"
_MODE = "0600"


class SupportArchiveWork(Work):
    """The work of convosphere_support_bundle."""

    def __init__(self, call: Invocation) -> None:
        self.params = call.params
        self.path = Path(call.params["path"])
        self.content = b""

    def plan(self) -> Plan:
        """Make the archive in memory, and compare it with the file. Raises InputError if it cannot be written there."""
        documents = _checked(self.params["documents"])
        if self.path.is_dir():
            self.path = self.path / f"{self.params['name']}{SUFFIX}"
        problem = _problem(self.path)
        if problem:
            raise InputError(f"path is {self.params['path']}: {problem}", hint="Nothing was written.")
        self.content = archive(self.params["name"], documents)
        current = files.read_bytes(self.path)
        before = {} if current is None else {str(self.path): {"sha256": files.sha256([current])}}
        return make_plan({str(self.path): {"sha256": files.sha256([self.content])}}, before)

    def apply(self, plan: Plan) -> None:
        """Write the file, which only its owner can read."""
        files.write_bytes(self.path, self.content, _MODE)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return where the archive is, and its size."""
        return {
            "path": str(self.path),
            "size_bytes": len(self.content),
            "sha256": files.sha256([self.content]),
            "documents": [document["path"] for document in self.params["documents"]],
        }


def archive(name: str, documents: Sequence[Mapping[str, str]]) -> bytes:
    """Return an archive of the documents below a directory ``name``. The same documents give the same bytes."""
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", mtime=0) as compressed,
        tarfile.open(fileobj=compressed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for document in documents:
            content = document["content"].encode("utf-8", "replace")
            entry = tarfile.TarInfo(f"{name}/{document['path']}")
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _checked(documents: Sequence[Any]) -> Sequence[Mapping[str, str]]:
    """Return the documents. Raises InputError for one that would be unpacked elsewhere, or is not text."""
    problems = []
    for index, document in enumerate(documents):
        given = document if isinstance(document, Mapping) else {}
        path, content = given.get("path"), given.get("content")
        if not isinstance(path, str) or not isinstance(content, str) or set(given) != {"path", "content"}:
            problems.append(f"documents[{index}] needs path and content, both texts, and nothing else")
        elif not path or path.startswith("/") or ".." in PurePosixPath(path).parts or "\0" in path:
            problems.append(f"documents[{index}].path is '{path}': give a relative path without '..'")
    if problems:
        raise InputError.of(problems)
    return documents


def _problem(path: Path) -> str | None:
    if not path.name.endswith(SUFFIX):
        return f"give an existing directory, or the path of a file that ends with {SUFFIX}"
    if not path.parent.is_dir():
        return f"there is no directory {path.parent} on the controller. Create it"
    return f"{path} is not a file" if path.exists() and not path.is_file() else None
