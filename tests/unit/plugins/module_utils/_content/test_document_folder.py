# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content import document_folder
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("b.md", "a/ü.txt", "a/x.pdf", ".git/c.md", ".hidden.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "link.md").symlink_to("/etc/hostname")
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "exclude", "names"),
    [
        (["*"], ["*.pdf"], ["a/ü.txt", "b.md"]),
        (["*.md"], [], ["b.md"]),
        (["a/*"], ["x.*"], ["a/ü.txt"]),
        (["*.MD"], [], []),
    ],
)
def test_patterns_are_of_paths_and_of_names(folder, patterns, exclude, names):
    problems: list[str] = []
    found = document_folder.scan(folder, patterns, exclude, problems)

    assert ([file.name for file in found], problems) == (names, [])
    assert [document_folder.content(file) for file in found] == [name.encode() for name in names]


def test_a_format_that_needs_a_library_is_a_problem(folder):
    problems: list[str] = []
    document_folder.scan(folder, ["*"], [], problems)

    (problem,) = problems
    assert problem.startswith("a/x.pdf is of a format that needs a library to read: csv, htm, html, json,")


def test_a_file_that_is_too_large_is_a_problem(folder, monkeypatch):
    monkeypatch.setattr(document_folder, "LARGEST", 3)
    problems: list[str] = []

    assert document_folder.scan(folder, ["*.md"], [], problems) == []
    assert problems == ["b.md has 4 bytes, and at most 3 are possible"]


def test_a_change_during_the_run_is_refused(folder):
    (file,) = document_folder.scan(folder, ["b.md"], [], [])
    file.path.write_text("other")

    with pytest.raises(InputError, match="was changed during the run"):
        document_folder.content(file)


def test_a_folder_that_is_not_there_is_refused(folder):
    with pytest.raises(InputError, match="There is no folder"):
        document_folder.scan(folder / "missing", ["*"], [], [])
