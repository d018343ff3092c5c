# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a folder of documents from the controller to the module that reads it."""

from __future__ import annotations

import shlex
import tarfile
import tempfile
from pathlib import Path

from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.convosphere.platform.plugins.plugin_utils._list_file_action import ListFileAction

_ARCHIVE, _FOLDER = "documents.tar", "documents"


class DocumentFolderAction(ListFileAction):
    """Brings the folder ``src`` as one archive to a host that is not the controller."""

    FILE_OPTION = "src"

    def _brought(self, path: str, temporary: list[str]) -> str:
        """Return the path of the folder for the module; add a directory that is created for it to ``temporary``."""
        if not isinstance(path, str) or "\0" in path:
            raise AnsibleActionFail("src must be the path of a folder")
        here = Path(path).expanduser().absolute()
        try:
            source = here if here.is_dir() else Path(self._find_needle("files", path))
        except AnsibleError as error:
            raise AnsibleActionFail(f"src: {error}") from error
        if not source.is_dir():
            raise AnsibleActionFail(f"src: {source} is not a folder. Nothing was changed.")
        if self._is_here():
            return str(source)
        temporary.append(self._make_tmp_path())
        archive, folder = (self._connection._shell.join_path(temporary[0], name) for name in (_ARCHIVE, _FOLDER))
        with tempfile.NamedTemporaryFile() as local:
            pack(source, Path(local.name))
            self._transfer_file(local.name, archive)
        self._fixup_perms2((temporary[0], archive))
        command = f"mkdir {shlex.quote(folder)} && tar -xf {shlex.quote(archive)} -C {shlex.quote(folder)}"
        done = self._low_level_execute_command(command)
        if done["rc"]:
            raise AnsibleActionFail(f"Cannot unpack the documents of {source} on the host: {done['stderr'].strip()}")
        return str(folder)


def pack(folder: Path, archive: Path) -> None:
    """Write the files of a folder into a tar archive, without names that begin with a dot, and without links."""

    def chosen(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        is_hidden = Path(member.name).name.startswith(".")
        return member if (member.isfile() or member.isdir()) and not is_hidden else None

    with tarfile.open(archive, "w") as packed:
        for path in sorted(folder.iterdir()):
            packed.add(path, path.name, filter=chosen)
