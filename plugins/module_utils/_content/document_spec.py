# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of convosphere_document, and the shapes of documents: desired, current, planned.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .._core.plan import Change, Plan

#: The directory of documents in that of uploads, and the platform's address of it.
STORED = "knowledge-base/documents"
ADDRESS = f"local://{STORED}/"
#: The key in knowledge_metadata under which this collection keeps its own notes.
NOTES = "convosphere_platform"
ENTITY = "document"
#: The version of UUIDs that are made of a name.
_OWN_VERSION = 5
_NAMESPACE = uuid.UUID("1f0a4c6e-6f0b-5a0b-9a8e-7f0d3a1c2b55")
#: The fields that a folder gives to all of its documents, with the lengths of their columns.
TEXTS = {"description": None, "document_type": 50, "language": 10, "author": 255}
SHARED = (*TEXTS, "year", "keywords", "tags")
#: The fields that one document may have otherwise.
OWN = ("title", *SHARED)

#: Names that an earlier task would give to tags in check mode, see the doc fragment ``entity``.
PLANNED_OPTION: dict[str, Any] = {"planned": {"type": "dict"}}
DOCUMENT_OPTIONS: dict[str, Any] = {
    "owner": {"type": "str", "required": True},
    "folder": {"type": "path"},
    "src": {"type": "path"},
    "source": {"type": "str"},
    "patterns": {"type": "list", "elements": "str", "default": ["*"]},
    "exclude": {"type": "list", "elements": "str", "default": []},
    "description": {"type": "str"},
    "document_type": {"type": "str"},
    "language": {"type": "str"},
    "author": {"type": "str"},
    "year": {"type": "int"},
    "keywords": {"type": "list", "elements": "str", "no_log": False},
    "tags": {"type": "list", "elements": "str"},
    "overrides": {"type": "dict", "default": {}},
    "chunk_size": {"type": "int", "default": 500},
    "chunk_overlap": {"type": "int", "default": 50},
    "weaviate_url": {"type": "str"},
    "weaviate_api_key": {"type": "str", "no_log": True},
    "weaviate_vectorizer": {"type": "str"},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "prune": {"type": "bool", "default": False},
    "prune_limit": {"type": "int", "default": 10},
}


@dataclass(frozen=True)
class SourceFile:
    """A file of the folder: its place there, its size in bytes, and the SHA-256 of its content."""

    path: Path
    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Current:
    """A document in the database. ``fields`` are those that a plan compares."""

    id: str
    fields: Mapping[str, Any]
    metadata: Mapping[str, Any]

    @property
    def notes(self) -> Mapping[str, Any]:
        """What this collection noted; empty for a document that it did not write."""
        notes = self.metadata.get(NOTES)
        return notes if isinstance(notes, Mapping) else {}


@dataclass(frozen=True)
class Task:
    """One document to create, change or delete; ``file`` is None for one to delete."""

    change: Change
    id: str
    desired: Mapping[str, Any]
    current: Current | None = None
    file: SourceFile | None = None
    #: The title that the content gives itself.
    title: str = ""

    @property
    def writes_file(self) -> bool:
        """Whether its file is written, and the description beside it."""
        return self._touches("sha256", "file", "title")

    @property
    def writes_chunks(self) -> bool:
        """Whether its chunks are written."""
        return self._touches("sha256", "chunking")

    @property
    def writes_vectors(self) -> bool:
        """Whether its objects in the vector store are written."""
        return bool(self.desired.get("vectors")) and self._touches("sha256", "chunking", "vectors")

    def _touches(self, *names: str) -> bool:
        return self.file is not None and any(name in (self.change.after or {}) for name in names)


@dataclass(frozen=True)
class DocumentPlan:
    """The changes, and what it takes to make them."""

    plan: Plan = field(default_factory=Plan)
    tasks: tuple[Task, ...] = ()
    #: The ids of the documents that exist afterwards, by name.
    ids: Mapping[str, str] = field(default_factory=dict)
    pruned: tuple[str, ...] = ()
    #: Files that an interrupted run left without a document.
    leftovers: tuple[str, ...] = ()
    #: Whether the class of the vector store is to be created.
    creates_class: bool = False


def document_id(user: str, source: str) -> str:
    """Return the id of a new document: the same in each attempt, so that no interruption leaves two."""
    return str(uuid.uuid5(_NAMESPACE, f"{user}\0{source}"))


def part_id(document: str, number: int) -> str:
    """Return the id of a chunk, in the database and in the vector store."""
    return str(uuid.uuid5(uuid.UUID(document), str(number)))


def is_own_file(name: str) -> bool:
    """Return whether the name of a stored file is an id that ``document_id`` makes: the platform's are of version 4."""
    try:
        return str(uuid.UUID(name)) == name and uuid.UUID(name).version == _OWN_VERSION
    except ValueError:
        return False
