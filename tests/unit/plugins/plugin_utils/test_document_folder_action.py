# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible_collections.convosphere.platform.plugins.plugin_utils._document_folder_action import DocumentFolderAction


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("docs/a.md", "docs/sub dir/ü.txt", "docs/.git/x.md", "docs/.hidden.md", "file"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "docs/link.md").symlink_to("/etc/hostname")
    return tmp_path


@pytest.fixture
def action(tmp_path: Path) -> DocumentFolderAction:
    """Return the action for another host, which is a directory here: a connection takes a second host."""
    host = tmp_path / "host's own"
    host.mkdir()
    made: Any = object.__new__(DocumentFolderAction)
    shell = Mock(join_path=lambda *parts: "/".join(parts))
    made._connection = Mock(transport="ssh", _shell=shell)
    made._task = Mock(become=False)
    made._make_tmp_path = lambda: str(host)
    made._transfer_file = shutil.copy
    made._fixup_perms2 = lambda _paths: None
    made._find_needle = Mock(side_effect=AnsibleError("could not find it"))

    def execute(command: str) -> dict[str, Any]:
        done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)
        return {"rc": done.returncode, "stderr": done.stderr}

    made._low_level_execute_command = execute
    return made  # type: ignore[no-any-return]


def test_the_folder_is_brought_without_hidden_files_and_links(action, folder):
    temporary: list[str] = []
    brought = Path(action._brought(str(folder / "docs"), temporary))

    assert [str(brought.parent)] == temporary
    files = {str(path.relative_to(brought)): path.read_text() for path in brought.rglob("*") if path.is_file()}
    assert files == {name: f"docs/{name}" for name in ("a.md", "sub dir/ü.txt")}


def test_on_the_controller_itself_nothing_is_copied(action, folder):
    action._connection.transport = "local"
    temporary: list[str] = []

    assert (action._brought(str(folder / "docs"), temporary), temporary) == (str(folder / "docs"), [])


@pytest.mark.parametrize(("name", "message"), [("file", "could not find it"), ("missing", "could not find it")])
def test_what_is_no_folder_is_refused(action, folder, name, message):
    with pytest.raises(AnsibleActionFail, match=message):
        action._brought(str(folder / name), [])


def test_an_archive_that_cannot_be_unpacked_is_an_error(action, folder):
    (folder / "host's own/documents").mkdir()

    with pytest.raises(AnsibleActionFail, match=r"Cannot unpack the documents of .*docs on the host"):
        action._brought(str(folder / "docs"), [])
