# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of documents beside the files of the uploads."""

from __future__ import annotations

import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.corruption import CorruptError
from ansible_collections.convosphere.platform.plugins.module_utils._backup.manifest import FileRecord
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot import documents
from ansible_collections.convosphere.platform.plugins.module_utils._restore.boot.documents import Document, Stored

DIGEST = hashlib.sha256(b"hello").hexdigest()
PATH = "knowledge-base/documents/1"


def row(**columns: Any) -> dict[str, Any]:
    return {"id": "1", "file_path": f"local://{PATH}", "file_size": 5, "knowledge_metadata": None, **columns}


@pytest.mark.parametrize(
    ("columns", "store", "expected"),
    [
        ({}, "files", Document("1", PATH, 5, None)),
        ({"knowledge_metadata": {"sha256": DIGEST.upper()}}, "files", Document("1", PATH, 5, DIGEST)),
        ({"knowledge_metadata": {"sha256": "short", "checksum": DIGEST}}, "files", Document("1", PATH, 5, DIGEST)),
        ({"knowledge_metadata": ["sha256"]}, "files", Document("1", PATH, 5, None)),
        ({"file_path": "minio://knowledge-base/x"}, "minio", Document("1", "knowledge-base/x", 5, None)),
        ({"file_path": "minio://knowledge-base/x"}, "files", None),
        ({"file_path": "/somewhere/else"}, "files", None),
    ],
)
def test_a_row_names_its_file(columns, store, expected):
    assert documents.document(row(**columns), store) == expected


class Archive:
    """An archive of uploads whose bytes are given, in pieces."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.path = Path("/backups/x.uploads.tar.zst")
        self.record = FileRecord("uploads", "x.uploads.tar.zst", len(content), "0" * 64)

    def unpack(self, sink: Any) -> None:
        for start in range(0, len(self.content), 700):
            sink(self.content[start : start + 700])


def packed(files: dict[str, bytes], root: str = "uploads") -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(f"{root}/{name}")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text))
    return content.getvalue()


def test_an_archive_is_counted_and_only_what_is_asked_for_is_compared():
    found = documents.read(Archive(packed({PATH: b"hello", "a": b"x" * 5000})), {PATH, "missing"}, "files")

    assert (found.files, found.bytes) == (2, 5005)
    assert found.stored == {PATH: Stored(5, DIGEST)}


def test_records_of_minio_are_not_counted():
    found = documents.read(Archive(packed({".minio.sys/x": b"y", "bucket/x": b"z"}, "data")), {"bucket/x"}, "minio")

    assert (found.files, found.bytes, list(found.stored)) == (1, 1, ["bucket/x"])


@pytest.mark.parametrize("content", [b"no archive" * 200, packed({PATH: b"h" * 9000})[:3000]])
def test_what_is_no_archive_is_corrupt(content):
    with pytest.raises(CorruptError, match="is not a tar archive"):
        documents.read(Archive(content), {PATH}, "files")


@pytest.mark.parametrize(
    ("document", "stored", "problem"),
    [
        (Document("1", PATH, 5, DIGEST), Stored(5, DIGEST), None),
        (Document("1", PATH, 5, None), Stored(5, "other"), None),
        (Document("1", PATH, 6, DIGEST), Stored(5, DIGEST), "has 5 bytes, and its row says 6"),
        (Document("1", PATH, 5, DIGEST), Stored(5, "other"), "has the sha256 other, and its row"),
        (Document("1", PATH, 5, DIGEST), None, "is not among the uploads"),
    ],
)
def test_a_row_and_its_file_agree_or_the_difference_is_named(document, stored, problem):
    found = documents.Uploads(1, 5, {PATH: stored} if stored else {})

    problems = documents.problems([document], found, "files", {"files": 1, "bytes": 5})

    assert [problem in each for each in problems] == ([True] if problem else [])


def test_another_number_of_files_than_the_manifest_says_is_named():
    found = documents.Uploads(1, 5, {})

    assert documents.problems([], found, "files", {"files": 2, "bytes": 5}) == [
        "the uploads have 1 files of 5 bytes, and the manifest says 2 of 5"
    ]
