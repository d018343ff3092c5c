# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup import progress as backup_progress
from ansible_collections.convosphere.platform.plugins.module_utils._backup.progress import Progress


@pytest.fixture
def path(tmp_path):
    return tmp_path / ".progress.json"


def test_the_progress_is_written_and_removed_at_the_end(path, monkeypatch):
    monkeypatch.setattr(backup_progress, "EVERY", 0)
    progress = Progress(path, "convosphere-20261123T120000Z")
    progress.begin("database", 1000)
    progress.bytes(300)
    progress.update(tables_counted=2, tables=31)

    found = backup_progress.read(path)
    assert found is not None
    assert found.pop("started_at") <= found.pop("updated_at")
    assert found == {
        "backup": "convosphere-20261123T120000Z",
        "step": "database",
        "expected_bytes": 1000,
        "bytes": 300,
        "tables_counted": 2,
        "tables": 31,
    }
    assert path.stat().st_mode & 0o777 == 0o600
    progress.begin("uploads")
    assert "tables" not in json.loads(path.read_text())
    progress.end()
    progress.end()
    assert os.listdir(path.parent) == []  # noqa: PTH208


def test_the_file_is_written_once_a_second_at_most(path):
    progress = Progress(path, "x")
    progress.begin("database")
    written = path.stat().st_ino
    for count in range(1000):
        progress.bytes(count)

    assert path.stat().st_ino == written


def test_a_full_disk_does_not_fail_the_run(tmp_path):
    Progress(tmp_path / "none" / ".progress.json", "x").begin("database")


@pytest.mark.parametrize("text", ["", "[]", "{", "\xff"])
def test_an_invalid_progress_file_is_ignored(path, text):
    assert backup_progress.read(path) is None
    path.write_text(text, encoding="latin-1")
    assert backup_progress.read(path) is None
