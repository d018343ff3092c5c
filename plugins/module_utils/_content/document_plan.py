# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compare a folder with the documents that the platform has of it. Reads only files whose content changed.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from .._core.plan import CREATE, DELETE, Change, Plan, compare
from . import document_text
from .document_spec import OWN, SHARED, STORED, TEXTS, Current, DocumentPlan, SourceFile, Task, document_id

_LENGTHS = {"title": document_text.TITLE_LENGTH, **TEXTS}
_TAG_LENGTH = 100
_SOURCE_LENGTH = 500
_NAME_LENGTH = 255
_SMALLINT = 32767
#: The name of the class of the vector store in a plan.
CLASS = "class Knowledge"


@dataclass(frozen=True)
class Situation:
    """What the plan compares: the owner's id, the documents by source, the stored files, the vector store."""

    user: str
    prefix: str
    current: Mapping[str, Sequence[Current]]
    stored: Collection[str]
    #: Stored files of this collection that no document refers to.
    leftovers: Sequence[str] = ()
    #: Where objects are written, None without a vector store; and whether its class is missing.
    vectors: str | None = None
    lacks_class: bool = False


def shared_fields(params: Mapping[str, Any], problems: list[str]) -> dict[str, Any]:
    """Return the fields that all documents get, without options that are not given."""
    given = {name: params[name] for name in SHARED if params[name] is not None}
    return normalised(given, "", problems)


def own_fields(overrides: Mapping[str, Any], names: Collection[str], problems: list[str]) -> dict[str, dict[str, Any]]:
    """Return the fields of single documents by name. Adds a problem for each that is wrong."""
    found = {}
    for name, fields in overrides.items():
        place = f"overrides.{name}"
        if name not in names:
            problems.append(f"{place}: there is no such document in the folder")
        elif not isinstance(fields, Mapping):
            problems.append(f"{place} must be a dictionary")
        else:
            unknown = sorted(map(str, set(fields) - set(OWN)))
            problems += [f"{place}: there is no field '{key}': {', '.join(OWN)} are possible" for key in unknown]
            found[name] = normalised({key: fields[key] for key in OWN if key in fields}, f"{place}.", problems)
    return found


def normalised(fields: Mapping[str, Any], place: str, problems: list[str]) -> dict[str, Any]:
    """Return the fields as they are stored: an empty text or list becomes null, tags are in lower case and sorted."""
    found: dict[str, Any] = {}
    for name, value in fields.items():
        problem = _problem(name, value)
        if problem:
            problems.append(f"{place}{name} {problem}")
        elif name == "tags":
            found[name] = sorted({tag.strip().lower() for tag in value if tag.strip()})
        else:
            found[name] = value if value not in ("", []) else None
    return found


def _problem(name: str, value: Any) -> str | None:
    if name == "year":
        valid = isinstance(value, int) and not isinstance(value, bool) and -_SMALLINT <= value <= _SMALLINT
        return None if valid else "must be a year"
    if name in ("tags", "keywords"):
        if not isinstance(value, (list, tuple)) or not all(isinstance(item, str) for item in value):
            return "must be a list of texts"
        long = [item for item in value if name == "tags" and len(item.strip()) > _TAG_LENGTH]
        return f"has a tag of more than {_TAG_LENGTH} characters: {long[0]}" if long else None
    if not isinstance(value, str) or (name == "title" and not value.strip()):
        return "must be a text"
    limit = _LENGTHS[name]
    return f"has {len(value)} characters, at most {limit} fit" if limit and len(value) > limit else None


def chunking(params: Mapping[str, Any], problems: list[str]) -> str:
    """Return how texts are cut, as it is noted beside each document."""
    size, overlap = params["chunk_size"], params["chunk_overlap"]
    if not 100 <= size <= 2000:
        problems.append(f"chunk_size is {size}: 100 to 2000 characters are possible")
    if not 0 <= overlap <= min(500, size // 2):
        problems.append(f"chunk_overlap is {overlap}: 0 to {min(500, size // 2)} characters are possible")
    return f"{size}/{overlap}"


class Planner:
    """Plans one folder. ``read`` returns the bytes of a file."""

    def __init__(self, situation: Situation, read: Callable[[SourceFile], bytes], problems: list[str]) -> None:
        self.situation = situation
        self.read = read
        self.problems = problems

    def present(
        self, files: Iterable[SourceFile], fields: Mapping[str, Mapping[str, Any]], chunks: str
    ) -> list[Task | str]:
        """Return a task for each file that differs, and the names of the others."""
        return [self._task(file, fields[file.name], chunks) for file in files]

    def gone(self, names: Collection[str], *, marked: Collection[str] | None = None) -> list[Task]:
        """Return a task for each document that is not among the names, if this collection wrote it.

        ``marked`` are the ids that may go; without it, all.
        """
        found = []
        for source, documents in sorted(self.situation.current.items()):
            name = source[len(self.situation.prefix) :]
            if name not in names:
                found += [
                    Task(Change(name, DELETE, dict(document.fields), None), document.id, {}, document)
                    for document in documents
                    if document.notes and (marked is None or document.id in marked)
                ]
        for task in found:
            self._refuse_stale_vectors(task.change.name, task.current)
        return found

    def _task(self, file: SourceFile, fields: Mapping[str, Any], chunks: str) -> Task | str:
        source = f"{self.situation.prefix}{file.name}"
        for text, limit in ((source, _SOURCE_LENGTH), (PurePosixPath(file.name).name, _NAME_LENGTH)):
            if len(text) > limit:
                self.problems.append(f"{file.name}: {text} has {len(text)} characters, at most {limit} fit")
        documents = self.situation.current.get(source, ())
        if len(documents) > 1:
            ids = ", ".join(sorted(document.id for document in documents))
            self.problems.append(
                f"{file.name}: several documents have this owner and source: delete all but one, {ids}"
            )
        current = documents[0] if documents else None
        is_same = current is not None and current.fields["sha256"] == file.sha256
        title = str(current.notes.get("title") or "") if current and is_same else self._title(file)
        desired = {"title": title, **fields, **_of_file(file), "chunking": chunks, **self._stored(current)}
        if self.situation.vectors:
            desired["vectors"] = self.situation.vectors
        change = compare(file.name, desired, current.fields if current else None)
        if change is None:
            return file.name
        if {"sha256", "chunking"} & set(change.after or {}):
            self._refuse_stale_vectors(file.name, current)
        identifier = current.id if current else document_id(self.situation.user, source)
        return Task(change, identifier, desired, current, file, title)

    def _title(self, file: SourceFile) -> str:
        """Return the title that a new content gives itself. Adds a problem for a content that is no text."""
        try:
            return document_text.read(file.name, self.read(file)).title
        except ValueError as error:
            self.problems.append(f"{file.name} {error}")
            return ""

    def _stored(self, current: Current | None) -> dict[str, str]:
        """Return that a document's file must be there, for a document that exists."""
        return {"file": "stored"} if current else {}

    def _refuse_stale_vectors(self, name: str, current: Current | None) -> None:
        noted = current.notes.get("vectors") if current else None
        if noted and not self.situation.vectors:
            self.problems.append(
                f"{name} has objects in the vector store {noted}, which would go stale: set weaviate_url to it, or to "
                "the store that has replaced it"
            )


def refuse_held(tasks: Sequence[Task], owner: str) -> list[str]:
    """Return a problem if documents of an owner who is on hold would be deleted."""
    names = [task.change.name for task in tasks if task.change.action == DELETE]
    if not names:
        return []
    return [
        f"Cannot delete {len(names)} documents of {owner}, who is on hold: {', '.join(names)}. Leave them, or release "
        "the hold with convosphere_hold"
    ]


def file_state(document: str, path: str, stored: Collection[str], address: str) -> str:
    """Return whether the file of a document is stored: its bytes, their description, and the address in its row."""
    names = (document, f"{document}.meta")
    return "stored" if path == f"{address}{document}" and all(name in stored for name in names) else "missing"


def joined(
    planned: Sequence[Task | str], gone: Sequence[Task], situation: Situation, *, pruned: bool, vectorizer: str | None
) -> DocumentPlan:
    """Put the tasks together: a class that is missing first, files without a document last."""
    tasks = (*(task for task in planned if isinstance(task, Task)), *gone)
    changes = [task.change for task in tasks]
    creates = situation.lacks_class and any(task.change.action != DELETE for task in tasks)
    if creates:
        changes.insert(0, Change(CLASS, CREATE, None, {"vectorizer": vectorizer}))
    changes += [Change(f"{STORED}/{name}", DELETE, {"file": "unreferenced"}, None) for name in situation.leftovers]
    unchanged = tuple(task for task in planned if isinstance(task, str))
    ids = {task.change.name: task.id for task in tasks if task.change.action != DELETE}
    kept = {name: situation.current[f"{situation.prefix}{name}"][0].id for name in unchanged}
    names = tuple(task.change.name for task in gone) if pruned else ()
    return DocumentPlan(
        Plan(tuple(changes), unchanged), tasks, {**kept, **ids}, names, tuple(situation.leftovers), creates
    )


def _of_file(file: SourceFile) -> dict[str, Any]:
    return {
        "file_name": PurePosixPath(file.name).name,
        "file_type": document_text.extension(file.name),
        "file_size": file.size,
        "sha256": file.sha256,
    }
