# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.lookup.content_files import compare


def test_only_files_that_differ_are_written_and_unused_texts_are_named(tmp_path):
    files = {"prompts/tags/a.description.md": "lang\n", "prompts/tags/b.description.md": "b\n", "prod.yml": "---\n{}\n"}
    first = compare(files, tmp_path)
    (tmp_path / "prompts/tags").mkdir(parents=True)
    (tmp_path / "prompts/tags/b.description.md").write_text("b\n")
    (tmp_path / "prompts/tags/b.description.md").chmod(0o600)
    (tmp_path / "prompts/tags/old.md").write_text("x")
    (tmp_path / "prod.yml").write_text("---\nother\n")

    found = compare(files, tmp_path)

    assert [each["path"] for each in first["write"]] == [str(tmp_path / name) for name in files]
    assert first["folders"] == [str(tmp_path / "prompts/tags")]
    assert found == {
        "write": [
            {"path": str(tmp_path / "prompts/tags/a.description.md"), "content": "lang\n"},
            {"path": str(tmp_path / "prod.yml"), "content": "---\n{}\n"},
        ],
        "folders": [],
        "files": 3,
        "unused": [str(tmp_path / "prompts/tags/old.md")],
    }


def test_an_unchanged_file_that_others_can_read_is_written_again(tmp_path):
    path = tmp_path / "prod.yml"
    path.write_text("---\n{}\n")
    path.chmod(0o644)
    assert compare({"prod.yml": "---\n{}\n"}, tmp_path)["write"] == [{"path": str(path), "content": "---\n{}\n"}]
