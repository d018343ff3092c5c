# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content import document_plan, document_spec
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_plan import Planner, Situation
from ansible_collections.convosphere.platform.plugins.module_utils._content.document_spec import (
    NOTES,
    Current,
    SourceFile,
    Task,
)

USER = "8d6d2f0e-8a7e-4b0e-9b5f-6f4b4b1c1d11"
DATABASE = {"title": "A", "description": None, "tags": [], "file_name": "a.md", "file_type": "md", "file_size": 3}
PARAMS = {**dict.fromkeys(document_spec.SHARED), "chunk_size": 500, "chunk_overlap": 50}


def source_file(name: str = "a.md", content: bytes = b"# A") -> SourceFile:
    return SourceFile(Path("/f", name), name, len(content), hashlib.sha256(content).hexdigest())


def stored(**changes: Any) -> Current:
    """Return the document that a run made of `source_file()`, with changed fields."""
    notes = {"sha256": source_file().sha256, "chunking": "500/50", "title": "A", "vectors": None}
    notes.update({name: value for name, value in changes.items() if name in notes and name != "title"})
    fields = {**DATABASE, **notes, "title": "A", "file": "stored", **changes}
    return Current(document_spec.document_id(USER, "f/a.md"), fields, {"foreign": 1, NOTES: notes})


def situation(*documents: Current, **changes: Any) -> Situation:
    current = {"f/a.md": documents} if documents else {}
    return dataclasses.replace(Situation(USER, "f/", current, ()), **changes)


def planned(found: Situation, content: bytes = b"# A", **fields: Any) -> tuple[Task | str, list[str]]:
    problems: list[str] = []
    planner = Planner(found, lambda _file: content, problems)
    (task,) = planner.present([source_file(content=content)], {"a.md": fields}, "500/50")
    return task, problems


def test_a_new_file_is_created_with_the_title_of_its_content():
    task, problems = planned(situation(), language="de")

    assert isinstance(task, Task)
    assert task.change.after == {
        **{name: DATABASE[name] for name in ("title", "file_name", "file_type", "file_size")},
        "language": "de",
        "sha256": source_file().sha256,
        "chunking": "500/50",
    }
    assert (task.id, problems) == (document_spec.document_id(USER, "f/a.md"), [])
    assert (task.writes_file, task.writes_chunks, task.writes_vectors) == (True, True, False)


def test_the_same_file_is_unchanged_and_not_read():
    def never(_file: SourceFile) -> bytes:
        raise AssertionError("the content was read")

    planner = Planner(situation(stored()), never, [])

    assert planner.present([source_file()], {"a.md": {"tags": [], "description": None}}, "500/50") == ["a.md"]


@pytest.mark.parametrize(
    ("current", "found", "fields", "changed", "writes"),
    [
        ({}, {}, {"tags": ["x"]}, {"tags"}, (False, False, False)),
        ({"title": "By hand"}, {}, {}, {"title"}, (True, False, False)),
        ({"file": "missing"}, {}, {}, {"file"}, (True, False, False)),
        ({"chunking": "300/0"}, {}, {}, {"chunking"}, (False, True, False)),
        ({}, {"vectors": "http://w"}, {}, {"vectors"}, (False, False, True)),
        ({"sha256": "0"}, {}, {}, {"sha256"}, (True, True, False)),
        ({"sha256": "0", "vectors": "http://w"}, {"vectors": "http://w"}, {}, {"sha256"}, (True, True, True)),
    ],
)
def test_only_what_differs_is_written(current, found, fields, changed, writes):
    task, problems = planned(situation(stored(**current), **found), **fields)

    assert isinstance(task, Task)
    assert (set(task.change.after or {}), problems) == (changed, [])
    assert (task.writes_file, task.writes_chunks, task.writes_vectors) == writes


def test_objects_are_not_left_stale():
    _task, problems = planned(situation(stored(sha256="0", vectors="http://w")))

    (problem,) = problems
    assert problem.startswith("a.md has objects in the vector store http://w, which would go stale: set weaviate_url")
    assert planned(situation(stored(sha256="0", vectors="http://w"), vectors="http://new"))[1] == []


def test_two_documents_of_one_source_are_refused_with_their_ids():
    twin = dataclasses.replace(stored(), id="11111111-1111-4111-8111-111111111111")
    _task, problems = planned(situation(stored(), twin))

    assert problems == [
        "a.md: several documents have this owner and source: delete all but one, "
        f"{', '.join(sorted([twin.id, stored().id]))}"
    ]


def test_a_content_that_is_no_text_is_a_problem():
    _task, problems = planned(situation(), content=b"\xff")

    assert problems == ["a.md is not text in UTF-8 (byte 0)"]


def test_a_long_source_is_a_problem():
    _task, problems = planned(situation(prefix="f" * 500 + "/"))

    assert problems == [f"a.md: {'f' * 500}/a.md has 505 characters, at most 500 fit"]


def test_only_documents_of_this_collection_are_pruned():
    foreign = dataclasses.replace(stored(), metadata={"foreign": 1})
    adopted = dataclasses.replace(stored(), id="11111111-1111-4111-8111-111111111111")
    found = situation(current={"f/a.md": [stored()], "f/other.md": [foreign], "f/third.md": [adopted]})
    planner = Planner(found, lambda _file: b"", [])
    gone = planner.gone(set(), marked={stored().id, foreign.id})
    plan = document_plan.joined([], gone, found, pruned=True, vectorizer=None)

    assert (plan.pruned, [change.name for change in plan.plan]) == (("a.md",), ["a.md"])
    assert [task.change.name for task in planner.gone(set())] == ["a.md", "third.md"]
    assert planner.gone(set(), marked=set()) == []


def test_the_plan_shows_the_class_and_the_leftovers():
    found = situation(vectors="http://w", lacks_class=True, leftovers=["x"])
    task, _problems = planned(found)
    plan = document_plan.joined([task], [], found, pruned=False, vectorizer="text2vec-transformers")

    assert [change.name for change in plan.plan] == [document_plan.CLASS, "a.md", "knowledge-base/documents/x"]
    assert (plan.creates_class, plan.leftovers) == (True, ("x",))
    assert plan.plan.diff()["before"] == {"knowledge-base/documents/x": {"file": "unreferenced"}}


def test_fields_are_normalised():
    problems: list[str] = []
    params = {**PARAMS, "tags": [" Travel", "travel", "ÄRGER", " "], "keywords": [], "author": "", "year": 2024}

    assert document_plan.shared_fields(params, problems) == {
        "tags": ["travel", "ärger"],
        "keywords": None,
        "author": None,
        "year": 2024,
    }
    assert problems == []


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"b.md": {}}, "overrides.b.md: there is no such document in the folder"),
        ({"a.md": []}, "overrides.a.md must be a dictionary"),
        ({"a.md": {"color": "red"}}, "overrides.a.md: there is no field 'color': title, description,"),
        ({"a.md": {"title": " "}}, "overrides.a.md.title must be a text"),
        ({"a.md": {"year": "soon"}}, "overrides.a.md.year must be a year"),
        ({"a.md": {"tags": ["x", 1]}}, "overrides.a.md.tags must be a list of texts"),
        ({"a.md": {"tags": ["x" * 101]}}, "overrides.a.md.tags has a tag of more than 100 characters"),
        ({"a.md": {"language": "x" * 11}}, "overrides.a.md.language has 11 characters, at most 10 fit"),
    ],
)
def test_wrong_overrides_are_problems(overrides, problem):
    problems: list[str] = []
    document_plan.own_fields(overrides, ["a.md"], problems)

    (found,) = problems
    assert found.startswith(problem)


@pytest.mark.parametrize(("size", "overlap", "count"), [(100, 50, 0), (99, 0, 1), (2001, 0, 1), (100, 51, 1)])
def test_chunks_have_limits(size, overlap, count):
    problems: list[str] = []
    document_plan.chunking({"chunk_size": size, "chunk_overlap": overlap}, problems)

    assert len(problems) == count


def test_a_stored_file_has_its_description_and_its_address():
    address = "local://knowledge-base/documents/"

    assert document_plan.file_state("i", f"{address}i", {"i", "i.meta"}, address) == "stored"
    assert document_plan.file_state("i", f"{address}i", {"i"}, address) == "missing"
    assert document_plan.file_state("i", "minio://i", {"i", "i.meta"}, address) == "missing"


def test_only_names_of_own_documents_are_own_files():
    assert document_spec.is_own_file(document_spec.document_id(USER, "f/a.md"))
    for name in ("6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11", ".", "notes"):
        assert not document_spec.is_own_file(name)


def test_no_document_of_an_owner_on_hold_is_deleted():
    gone = Planner(situation(stored()), lambda _file: b"", []).gone(set())
    new, _problems = planned(situation())
    assert isinstance(new, Task)

    assert document_plan.refuse_held([new], "ada") == []
    assert document_plan.refuse_held([new, *gone], "ada") == [
        "Cannot delete 1 documents of ada, who is on hold: a.md. Leave them, or release the hold with convosphere_hold"
    ]
