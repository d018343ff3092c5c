# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content import document_files_script as script


def archive(**files: bytes) -> io.BytesIO:
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as members:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("_", "."))
            member.size = len(content)
            members.addfile(member, io.BytesIO(content))
    written.seek(0)
    return written


def test_files_are_replaced_listed_and_removed(tmp_path: Path):
    folder = tmp_path / "knowledge-base/documents"
    assert script.listing(folder) == []
    script.store(folder, tmp_path.stat(), archive(one=b"1", one_meta=b"{}"))
    (folder / f"{script.TEMPORARY}left").write_text("of an interrupted run")
    script.store(folder, tmp_path.stat(), archive(one=b"11", two=b"2"))

    assert script.listing(folder) == ["one", "one.meta", "two"]
    assert ((folder / "one").read_bytes(), oct((folder / "one").stat().st_mode & 0o777)) == (b"11", "0o640")
    script.remove(folder, io.BytesIO(b"one\none.meta\nmissing"))
    assert script.listing(folder) == ["two"]


def test_files_of_the_noted_size_are_read_and_no_links(tmp_path: Path):
    script.store(tmp_path, tmp_path.stat(), archive(one=b"1", two=b"22"))
    (tmp_path / "link").symlink_to("/etc/hostname")
    size = Path("/etc/hostname").stat().st_size
    written = io.BytesIO()

    script.read(tmp_path, io.BytesIO(f"one 1\ntwo 3\ngone 1\nlink {size}".encode()), written)

    written.seek(0)
    with tarfile.open(fileobj=written) as members:
        assert members.getnames() == ["one"]


def test_an_archive_that_is_cut_short_leaves_the_old_file(tmp_path: Path):
    folder = tmp_path / "documents"
    script.store(folder, tmp_path.stat(), archive(one=b"old"))

    with pytest.raises((tarfile.ReadError, OSError)):
        script.store(folder, tmp_path.stat(), io.BytesIO(archive(one=b"x" * 5000).getvalue()[:2000]))
    assert (folder / "one").read_bytes() == b"old"


def test_a_path_is_no_name(tmp_path: Path):
    with pytest.raises(SystemExit, match="is not the name of a file"):
        script.store(tmp_path / "documents", tmp_path.stat(), archive(**{"../x": b""}))
