# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read and write documents, their chunks and their tags in the platform's tables, all of a folder at once.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from .._core.plan import CREATE, DELETE, UPDATE
from .._entities import references
from .._entities.entity import Planned
from .._postgres.connection import Database
from . import document_text, domain_resources
from .chunker import Chunk
from .document_plan import file_state
from .document_spec import NOTES, Current, Task, is_own_file, part_id

_RIGHTS = {
    "documents": "SELECT, INSERT, UPDATE, DELETE",
    "document_chunks": "SELECT, INSERT, DELETE",
    "document_tag_association": "SELECT, INSERT, DELETE",
    "document_processing_jobs": "SELECT, DELETE",
    "tags": "SELECT, INSERT, UPDATE",
    "audit_logs": "INSERT",
}
#: Those that a deletion needs too.
_RIGHTS_TO_DELETE = dict.fromkeys(domain_resources.SHARED, "SELECT, DELETE")
#: The second half of the advisory lock's key: files of one run must not look like leftovers to another.
_LOCK = 0x646F
#: Fields of a plan that are columns under the same names.
_COLUMNS = (
    "title", "description", "document_type", "language", "author", "year", "keywords", "file_name", "file_type",
    "file_size",
)  # fmt: skip
_READ = f"""
SELECT d.id::text, d.source, d.file_path, d.knowledge_metadata, {", ".join(f"d.{name}" for name in _COLUMNS)},
       ARRAY(SELECT ARRAY[t.id::text, t.name::text] FROM document_tag_association a JOIN tags t ON t.id = a.tag_id
             WHERE a.document_id = d.id ORDER BY t.name)
FROM documents d WHERE d.user_id = %s::uuid AND starts_with(d.source, %s) ORDER BY d.source, d.id
"""  # noqa: S608 - names of this file
_COUNT_TAGS = """
UPDATE tags SET usage_count = used.number, updated_at = now() AT TIME ZONE 'UTC'
FROM (
    SELECT t.id, count(a.tag_id) AS number FROM tags t LEFT JOIN document_tag_association a ON a.tag_id = t.id
    WHERE t.name = ANY (%s::text[]) GROUP BY t.id
) AS used
WHERE tags.id = used.id AND tags.usage_count <> used.number
"""
#: What belongs to a document, and goes before it.
_PARTS = ("document_tag_association", "document_chunks", "document_processing_jobs")
#: Timestamps of these tables are in UTC, and have no zone.
_NOW = "SELECT (now() AT TIME ZONE 'UTC')::text"


class DocumentRepository:
    """The tables of documents. ``database`` is connected when it is first asked."""

    def __init__(self, database: Database, planned: Planned) -> None:
        self.database = database
        #: What earlier tasks would have done with tags in check mode: their names by id, and the ids of removed ones.
        self.planned = planned

    def lock(self) -> None:
        """Wait until no other run changes documents. The lock ends with the connection."""
        self.database.lock("documents", _LOCK)

    def owner(self, username: str) -> str | None:
        """Return the id of a user, None without such a user."""
        rows = self.database.fetch("SELECT id::text FROM users WHERE username = %s", (username,))
        return str(rows[0][0]) if rows else None

    def current(self, user: str, prefix: str, stored: Collection[str], address: str) -> dict[str, list[Current]]:
        """Return the documents of a user whose source begins with ``prefix``, by source, in one query."""
        found: dict[str, list[Current]] = {}
        for identifier, source, path, metadata, *values, tags in self.database.fetch(_READ, (user, prefix)):
            current = Current(identifier, {}, metadata if isinstance(metadata, Mapping) else {})
            fields = {
                **dict(zip(_COLUMNS, values)),
                "tags": self._planned_tags(tags),
                **{name: current.notes.get(name) for name in ("sha256", "chunking", "vectors")},
                "file": file_state(identifier, path, stored, address),
            }
            found.setdefault(source, []).append(Current(identifier, fields, current.metadata))
        return found

    def _planned_tags(self, tags: Iterable[tuple[str, str]]) -> list[str]:
        gone, names = references.removed(self.planned), self.planned.get("tags")
        new = names if isinstance(names, Mapping) else {}
        return sorted(new.get(identifier, name) for identifier, name in tags if identifier not in gone)

    def leftovers(self, stored: Iterable[str]) -> list[str]:
        """Return the stored files of this collection that no document refers to."""
        own = sorted({name.partition(".")[0] for name in stored if is_own_file(name.partition(".")[0])})
        rows = self.database.fetch("SELECT id::text FROM documents WHERE id = ANY (%s::uuid[])", (own,))
        return sorted(set(own) - {identifier for (identifier,) in rows})

    def missing_rights(self, *, deletes: bool) -> list[str]:
        """Return a problem for each privilege that the database role lacks."""
        return self.database.missing_rights({**_RIGHTS, **(_RIGHTS_TO_DELETE if deletes else {})})

    def taken(self, ids: Sequence[str]) -> list[str]:
        """Return which ids of new documents exist already, with another owner or source."""
        rows = self.database.fetch("SELECT id::text FROM documents WHERE id = ANY (%s::uuid[])", (list(ids),))
        return [identifier for (identifier,) in rows]

    def write(
        self, tasks: Sequence[Task], chunks: Mapping[str, Sequence[Chunk]], user: str, prefix: str, address: str
    ) -> None:
        """Delete, update and insert documents with all that belongs to them.

        ``chunks`` are those to write, by id; the store has the files below ``address``.
        """
        by_action = {action: [task for task in tasks if task.change.action == action] for action in (CREATE, UPDATE)}
        tags = _named_tags(tasks)
        self._delete([task.id for task in tasks if task.change.action == DELETE])
        now = str(self.database.fetch(_NOW)[0][0])
        updated = [{"id": task.id, **_changed(task, now, address)} for task in by_action[UPDATE]]
        self.database.update("documents", updated, sorted({name for row in updated for name in row} - {"id"}))
        created = [_new(task, now, user, prefix, address) for task in by_action[CREATE]]
        self.database.insert("documents", created, sorted({name for row in created for name in row}))
        self._write_chunks(chunks, now)
        self._write_tags([task for task in tasks if "tags" in (task.change.after or {})], now)
        if tags:
            self.database.execute(_COUNT_TAGS, (tags,), step="count the documents of tags")

    def _delete(self, ids: Sequence[str]) -> None:
        if ids:
            domain_resources.forget(self.database, "document", ids)
        for table, column in (*((table, "document_id") for table in _PARTS), ("documents", "id")):
            if ids:
                self.database.execute(
                    f"DELETE FROM {table} WHERE {column} = ANY (%s::uuid[])",  # noqa: S608 - names of this file
                    (list(ids),),
                    step=f"delete rows of {table}",
                )

    def _write_chunks(self, chunks: Mapping[str, Sequence[Chunk]], now: str) -> None:
        if not chunks:
            return
        statement = "DELETE FROM document_chunks WHERE document_id = ANY (%s::uuid[])"
        self.database.execute(statement, (list(chunks),), step="delete chunks of documents")
        rows = (
            {
                "id": part_id(document, number),
                "document_id": document,
                "content": chunk.content,
                "chunk_index": number,
                "chunk_size": len(chunk.content),
                "token_count": chunk.tokens,
                "chunk_type": "text",
                "section_title": chunk.section,
                "created_at": now,
            }
            for document, pieces in chunks.items()
            for number, chunk in enumerate(pieces)
        )
        names = (
            "id", "document_id", "content", "chunk_index", "chunk_size", "token_count", "chunk_type", "section_title",
            "created_at",
        )  # fmt: skip
        self.database.insert("document_chunks", rows, names)

    def _write_tags(self, tasks: Sequence[Task], now: str) -> None:
        if not tasks:
            return
        wanted = {task.id: task.desired["tags"] or [] for task in tasks}
        statement = "DELETE FROM document_tag_association WHERE document_id = ANY (%s::uuid[])"
        self.database.execute(statement, (list(wanted),), step="delete tags of documents")
        names = sorted({name for tags in wanted.values() for name in tags})
        known = self._tag_ids(names)
        fresh = [
            {"id": str(uuid.uuid4()), "name": name, "is_system": False, "usage_count": 0, "created_at": now}
            for name in names
            if name not in known
        ]
        self.database.insert("tags", fresh, ("id", "name", "is_system", "usage_count", "created_at"))
        known.update({row["name"]: row["id"] for row in fresh})
        pairs = [{"document_id": document, "tag_id": known[name]} for document, tags in wanted.items() for name in tags]
        self.database.insert("document_tag_association", pairs, ("document_id", "tag_id"))

    def _tag_ids(self, names: Sequence[str]) -> dict[str, Any]:
        return dict(
            self.database.fetch("SELECT name, id::text FROM tags WHERE name = ANY (%s::text[])", (list(names),))
        )


def _named_tags(tasks: Iterable[Task]) -> list[str]:
    """Return the names of all tags whose number of documents may change."""
    found: set[str] = set()
    for task in tasks:
        if task.change.action == DELETE or "tags" in (task.change.after or {}):
            before = task.current.fields["tags"] if task.current else []
            found |= {*before, *(task.desired.get("tags") or ())}
    return sorted(found)


def _changed(task: Task, now: str, address: str) -> dict[str, Any]:
    """Return the columns to write for one document; its foreign metadata stays."""
    after = task.change.after or {}
    row: dict[str, Any] = {name: after[name] for name in _COLUMNS if name in after}
    before = dict(task.current.notes) if task.current else {}
    notes = {name: task.desired[name] for name in ("sha256", "chunking", "vectors") if name in task.desired}
    foreign = dict(task.current.metadata) if task.current else {}
    row["knowledge_metadata"] = {**foreign, NOTES: {**before, **notes, "title": task.title}}
    if task.writes_file:
        kind = document_text.FORMATS[document_text.extension(task.change.name)]
        row.update(file_path=f"{address}{task.id}", mime_type=kind, status="processed", processed_at=now)
    return {**row, "updated_at": now}


def _new(task: Task, now: str, user: str, prefix: str, address: str) -> dict[str, Any]:
    source = f"{prefix}{task.change.name}"
    row = {"id": task.id, "user_id": user, "source": source, "created_at": now, **_changed(task, now, address)}
    return {**dict.fromkeys(_COLUMNS), **row}
