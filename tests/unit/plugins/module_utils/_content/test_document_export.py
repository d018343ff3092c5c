# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content import document_export
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_spec import ADDRESS, NOTES, SHARED

ID = "0b7c8e1e-6f53-5b7c-a1b0-0d6f0f6a7c11"
STORED = {ID, f"{ID}.meta"}


def row(**changes: Any) -> dict[str, Any]:
    """Return a document as the database has it."""
    notes = {"sha256": "ab", "chunking": "500/50", "title": "A", "vectors": None}
    own = {"id": ID, "owner": "ada", "source": "kb/sub/a.md", "title": "A", "file_path": f"{ADDRESS}{ID}"}
    return {**dict.fromkeys(SHARED), "tags": [], **own, "file_size": 3, "metadata": {NOTES: notes}, **changes}


def document(name: str, **changes: Any) -> dict[str, Any]:
    """Return a document as an export has it; ``changes`` of the fields are those of its folder."""
    fields = {option: changes.pop(option, None) for option in SHARED}
    own = {"id": name, "owner": "ada", "source": "kb", "name": name, "sha256": "ab", "size": 3, "title": None}
    return {**own, "fields": fields, "chunking": "500/50", "vectors": None, **changes}


def test_a_document_that_was_written_is_exported_with_its_path_in_the_folder():
    found = row(title="B", tags=["z", "a"], keywords=[], language="", year=0)

    expected = document("sub/a.md", id=ID, title="B", tags=["a", "z"], year=0)
    assert document_export.exported(found, "kb") == expected


@pytest.mark.parametrize(
    ("changes", "folder", "reason"),
    [
        ({}, None, "does not say to which folder"),
        ({}, "other", "does not begin with other/"),
        ({"source": "kb/../../etc/a.md"}, "kb", "no path of a text file"),
        ({"source": "kb//a.md"}, "kb", "no path of a text file"),
        ({"source": "kb/.git/a.md"}, "kb", "no path of a text file"),
        ({"source": "kb/a.pdf"}, "kb", "no path of a text file"),
        ({"metadata": {NOTES: {"sha256": "ab"}}}, "kb", "does not have the checksum"),
        ({"metadata": {NOTES: {"sha256": "ab", "chunking": "a/b"}}}, "kb", "how it was cut"),
        ({"metadata": {NOTES: {"sha256": "ab", "chunking": "1/2/3"}}}, "kb", "how it was cut"),
    ],
)
def test_a_document_that_cannot_be_exported_has_a_reason(changes, folder, reason):
    assert reason in document_export.exported(row(**changes), folder)


def test_a_file_without_its_description_or_in_another_store_is_lost():
    assert document_export.is_stored(row(), STORED, ADDRESS)
    assert not document_export.is_stored(row(), {ID}, ADDRESS)
    assert not document_export.is_stored(row(file_path=f"minio://x/{ID}"), STORED, ADDRESS)


def test_a_folder_has_what_most_documents_have_and_others_override_it():
    documents = [
        document("a.md", tags=["x"], language="de", year=2026),
        document("b.md", tags=["x"], language="de"),
        document("c.md", title="See", vectors=None),
    ]

    entries, remarks = document_export.folders(documents)

    assert entries == [
        {
            "source": "kb",
            "owner": "ada",
            "language": "de",
            "tags": ["x"],
            "chunk_size": 500,
            "chunk_overlap": 50,
            "overrides": {"a.md": {"year": 2026}, "c.md": {"title": "See", "language": "", "tags": []}},
        }
    ]
    assert remarks == []


def test_what_one_list_cannot_say_is_a_remark():
    documents = [document(name, vectors="http://w") for name in ("a.md", "b.md")]
    documents.append(document("c.md", chunking="100/0", vectors="http://w"))

    entries, remarks = document_export.folders(documents)

    assert entries[0]["weaviate_url"] == "http://w"
    assert remarks == [
        "kb (ada): chunking of 1 documents is another one than 500/50, and content.yml would change it: c.md",
        "kb (ada) has objects in http://w: add weaviate_api_key if the vector store needs a key",
    ]


def test_documents_of_the_same_source_are_several():
    assert document_export.several([document("a"), document("b"), document("a", id="2")]) == {"a", "2"}


def test_reasons_are_counted_with_the_first_names():
    left_out = [("ada", "lost", f"kb/{number}") for number in range(7)] + [("bob", "lost", "x")]

    assert document_export.reasons(left_out) == [
        {"owner": "ada", "reason": "lost", "count": 7, "names": [f"kb/{number}" for number in range(5)]},
        {"owner": "bob", "reason": "lost", "count": 1, "names": ["x"]},
    ]
