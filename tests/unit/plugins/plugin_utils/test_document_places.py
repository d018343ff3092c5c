# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import hashlib
import io
import stat
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.plugin_utils import _document_places
from ansible_collections.convosphere.platform.plugins.plugin_utils._document_places import Places


def document(identifier: str, name: str = "sub/a.md", content: bytes = b"# A") -> dict[str, Any]:
    checksum = hashlib.sha256(content).hexdigest()
    return {"id": identifier, "owner": "ada", "source": "kb", "name": name, "sha256": checksum, "size": len(content)}


def archive(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w") as members:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            members.addfile(member, io.BytesIO(content))
    return path


def test_files_that_differ_are_written_privately_and_only_with_the_noted_content(tmp_path):
    documents = [document("1"), document("2", "b.md"), document("3", "c.md"), document("4", "d.md")]
    places = Places(tmp_path / "content/documents", documents)
    sent = {"1": b"# A", "2": b"# B", "3": b"# longer", "../../evil": b"# A"}

    written = list(places.write(archive(tmp_path / "a.tar", sent), documents))

    path = tmp_path / "content/documents/kb.ada/sub/a.md"
    assert written == ["1"]
    assert [each for each in (tmp_path / "content").rglob("*") if each.is_file()] == [path]
    assert path.read_bytes() == b"# A"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [one["id"] for one in places.differing(documents)] == ["2", "3", "4"]
    path.chmod(0o644)
    assert len(places.differing(documents)) == 4


@pytest.mark.parametrize(
    "place", ["content/documents", "content/documents/kb.ada/sub", "content/documents/kb.ada/sub/a.md"]
)
def test_no_link_is_followed(tmp_path, place):
    (tmp_path / "outside").mkdir()
    link = tmp_path / place
    link.parent.mkdir(parents=True)
    link.symlink_to(tmp_path / "outside")
    places = Places(tmp_path / "content/documents", [document("1")])

    with pytest.raises(InputError, match="is a link: remove it"):
        places.differing([document("1")])
    with pytest.raises(InputError, match="is a link: remove it"):
        list(places.write(archive(tmp_path / "a.tar", {"1": b"# A"}), [document("1")]))
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_name_that_the_disk_cannot_have_is_refused(tmp_path):
    long = document("1", f"{'a' * 256}.md")
    places = Places(tmp_path, [long])
    (tmp_path / "kb.ada").mkdir()

    with pytest.raises(InputError, match=r"Cannot read or write .*a\.md: File name too long"):
        places.differing([long])
    with pytest.raises(InputError, match="File name too long"):
        list(places.write(archive(tmp_path / "a.tar", {"1": b"# A"}), [long]))


@pytest.mark.parametrize(("name", "other"), [("Sub/a.md", "sub/A.md"), ("k\u00fc.md", "ku\u0308.md")])
def test_two_documents_with_one_file_are_refused(tmp_path, name, other):
    """A hard link stands in for a disk that ignores case or the forms of letters."""
    places = Places(tmp_path, [document("1", name), document("2", other)])
    first, second = places.paths.values()
    for path in (first, second):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# A")
    places.refuse_same_files()

    second.unlink()
    second.hardlink_to(first)
    with pytest.raises(InputError, match="are one file on this disk"):
        places.refuse_same_files()


def test_files_of_no_document_are_named(tmp_path):
    for name in ("kb.ada/old.md", "kb.ada/.hidden.md", "other/x.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")

    assert Places(tmp_path, [document("1")]).unused() == [str(tmp_path / "kb.ada/old.md"), str(tmp_path / "other/x.md")]


def test_the_file_of_a_lost_document_is_in_use_and_stays_in_its_folder(tmp_path):
    both = [document("1"), document("2", "b.md")]
    (tmp_path / "kb.ada").mkdir()
    (tmp_path / "kb.ada/b.md").write_text("x")

    assert Places(tmp_path, both[:1], both[1:]).unused() == []
    assert Places(tmp_path, [], both).unused() == []
    assert Places(tmp_path, both[:1]).unused() == [str(tmp_path / "kb.ada/b.md")]


def test_a_batch_is_bounded_and_a_large_file_is_one_of_its_own():
    documents = [{"id": str(size), "size": size} for size in (4, 5, 20, 1, 2)]

    batches = [[one["size"] for one in batch] for batch in _document_places.batches(documents, 10)]

    assert batches == [[4, 5], [20], [1, 2]]
