# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write secrets into a file that only its owner can read, in one step, in a directory that not every user may write to.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import InputError
from .._core.plan import Plan, make_plan
from .._core.redaction import Secret
from .._core.work import Invocation, Work

MODE = "0600"
#: The files and directories by which a working tree is known: of Git, and of an Ansible collection.
_TREES = (".git", "galaxy.yml", "MANIFEST.json")
_WRITABLE_BY_ALL = 0o002


class SecretFileWork(Work):
    """The work of convosphere_secret_file."""

    def __init__(self, call: Invocation) -> None:
        self.path = Path(call.params["path"])
        self.content: str = call.params["content"]

    def plan(self) -> Plan:
        """Compare the file with the content. Raises InputError if the path is not one for secrets."""
        problem = path_problem(self.path)
        if problem:
            raise InputError(f"Secrets cannot be written to {self.path}: {problem}", hint="Nothing was written.")
        current = files.read_text(self.path)
        before = {} if current is None else {str(self.path): {"content": Secret(current)}}
        return make_plan({str(self.path): {"content": Secret(self.content)}}, before)

    def apply(self, plan: Plan) -> None:
        """Replace the file."""
        files.write_text(self.path, self.content, MODE)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return where the file is."""
        return {"path": str(self.path)}


def path_problem(path: Path) -> str | None:
    """Return why secrets cannot be written to a path, as the end of a sentence; None if they can."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return "it is no regular file. Give the path of a file"
    if not path.parent.is_dir():
        return f"there is no directory {path.parent}. Create it"
    if path.exists() and files.mode_of(path) != MODE:
        return f"the file exists with the mode {files.mode_of(path)}, and {MODE} is needed. Remove it, or chmod it"
    if path.parent.stat().st_mode & _WRITABLE_BY_ALL:
        return f"every user may write to {path.parent}. Give a path in a directory of your own"
    trees = [parent for parent in path.resolve().parents if any((parent / name).exists() for name in _TREES)]
    if trees:
        return f"{trees[0]} is a working tree, from which it could be committed. Give a path outside of it"
    return None
