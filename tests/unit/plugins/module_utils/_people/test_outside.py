# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of uploaded files, and the script that deletes them; test_restore_platform.py runs it in a container."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import outside


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("local://knowledge-base/documents/1", "knowledge-base/documents/1"),
        ("minio://knowledge-base/documents/1", "knowledge-base/documents/1"),
        ("/app/uploads/a/b", "a/b"),
        ("/app/uploadsother/b", None),
        ("/etc/passwd", None),
        ("local://", None),
    ],
)
def test_a_path_is_a_key_only_in_the_uploads(path, key):
    assert outside.key_of(path, "/app/uploads") == key


def script(root: Path, action: str, *keys: str) -> list[object]:
    done = subprocess.run(
        [sys.executable, "-c", outside._SCRIPT, str(root), action],
        input=json.dumps(keys),
        capture_output=True,
        check=True,
        text=True,
    )
    found: list[object] = json.loads(done.stdout)
    return found


def test_files_and_objects_of_minio_are_removed_and_nothing_else(tmp_path):
    root = tmp_path.resolve() / "uploads"
    (root / "base/object").mkdir(parents=True)
    (root / "base/object/xl.meta").write_text("123")
    (root / "base/one").write_text("12345")
    (root / "base/two").write_text("kept")
    (root.parent / "outside").write_text("kept")
    (root / "link").symlink_to(root.parent)
    keys = ("base/one", "base/object", "base", "../outside", "link/outside", "", "gone")

    assert script(root, "list", *keys) == [["base/one", "base/object"], 2, 8]
    assert script(root, "remove", *keys) == [["base/one", "base/object"], 2, 8]
    assert script(root, "remove", *keys) == [[], 0, 0]
    assert sorted(path.name for path in root.rglob("*")) == ["base", "link", "two"]
    assert (root.parent / "outside").read_text() == "kept"


def test_no_key_leads_out_of_the_directory_into_which_an_archive_is_unpacked(tmp_path):
    root = tmp_path.resolve()
    (root / "one").write_text("1")

    assert script(root, "list", f"../{root.name}/one", "base/../one")[0] == ["one", "one"]
