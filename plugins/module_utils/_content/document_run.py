# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a folder the documents of a user: read, plan, write files, then objects, then rows.

Files and objects come first and rows last: an interruption leaves at most files and objects of rows that are not there
yet, which the next run writes again or removes.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from .._app.audit_log import Trail
from .._core.errors import InputError
from .._core.plan import CREATE, DELETE, UPDATE, Plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._entities import managed_marks
from .._entities.dependents import Held
from .._postgres.connection import Database
from .._stack import project_owner
from . import chunker, document_folder, document_plan, document_store, document_text
from .chunker import Chunk
from .document_plan import Planner, Situation
from .document_repository import DocumentRepository
from .document_spec import ENTITY, DocumentPlan, SourceFile, Task
from .document_store import DocumentStore
from .document_vectors import Vectors

_UNCHANGED = "Nothing was changed."
_EMPTY = "Is the folder complete? To remove all of its documents set state: absent"


class DocumentWork(Work):
    """The work of convosphere_document."""

    def __init__(self, call: Invocation, held: Held) -> None:
        self.call = call
        self.held = held
        self.params = call.params
        self.repository = DocumentRepository(
            Database(call.params, read_only=call.check_mode), (call.params["planned"] or {}) if call.check_mode else {}
        )
        self.trail = Trail(self.repository.database, call.params, ENTITY)
        #: The place of the documents on this host, and the name of all of them in the platform.
        self.folder = Path(call.params["folder"] or call.params["src"] or "/")
        self.source = (call.params["source"] or str(self.folder)).rstrip("/")
        self.prefix = f"{self.source}/"
        self.files: DocumentStore | None = None
        self.vectors: Vectors | None = None
        self.has_class = False
        self.user = ""
        self.planned = DocumentPlan()

    def plan(self) -> Plan:
        """Read the folder, then the documents that the platform has of it. Raises InputError with all problems."""
        problems: list[str] = []
        chunks = document_plan.chunking(self.params, problems)
        files = self._scan(problems)
        shared = document_plan.shared_fields(self.params, problems)
        own = document_plan.own_fields(self.params["overrides"], [file.name for file in files], problems)
        if problems:
            raise InputError.of(problems, hint=_UNCHANGED)
        situation = self._situation()
        planner = Planner(situation, document_folder.content, problems)
        fields = {file.name: {**shared, **own.get(file.name, {})} for file in files}
        tasks = planner.present(files, fields, chunks)
        is_absent = self.params["state"] == "absent"
        gone = planner.gone(set(fields), marked=None if is_absent else self._marked())
        self.planned = document_plan.joined(
            tasks, gone, situation, pruned=not is_absent, vectorizer=self.params["weaviate_vectorizer"]
        )
        if self.planned.pruned and not files:
            problems.append(f"prune needs a folder with documents, and {self.folder} has none. {_EMPTY}")
        self._refuse(situation, problems)
        return self.planned.plan

    def apply(self, plan: Plan) -> None:
        """Write files, then objects, then rows; remove the files of deleted documents at the end."""
        if self.files is None:
            raise AssertionError("apply comes after plan")
        written = [task for task in self.planned.tasks if task.writes_file]
        self.files.store(written, self.user)
        chunks = {task.id: self._cut(task) for task in self.planned.tasks if task.writes_chunks or task.writes_vectors}
        self._write_vectors(chunks)
        deleted = [task.id for task in self.planned.tasks if task.change.action == DELETE]
        rows = {task.id: chunks[task.id] for task in self.planned.tasks if task.writes_chunks}
        self.repository.write(self.planned.tasks, rows, self.user, self.prefix, self.files.address)
        self._mark(deleted)
        self.trail.write((task.change, task.id) for task in self.planned.tasks)
        self.repository.database.commit()
        self.files.remove([*deleted, *self.planned.leftovers])

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return which documents were created, updated, deleted and unchanged, and their ids."""
        names = {
            action: [task.change.name for task in self.planned.tasks if task.change.action == action]
            for action in (CREATE, DELETE)
        }
        updates = [task.change for task in self.planned.tasks if task.change.action == UPDATE]
        return {
            "created": names[CREATE],
            "updated": {change.name: sorted(change.after or {}) for change in updates},
            "deleted": names[DELETE],
            "pruned": list(self.planned.pruned),
            "unchanged": list(plan.unchanged),
            "ids": dict(self.planned.ids),
            "deleted_ids": [task.id for task in self.planned.tasks if task.change.action == DELETE],
            **({"new_names": self._new_names()} if self.call.check_mode else {}),
        }

    def close(self) -> None:
        """Close the connection, which releases the lock."""
        self.repository.database.close()

    def _new_names(self) -> dict[str, str]:
        """Return the titles that documents would get, by id."""
        return {task.id: task.desired["title"] for task in self.planned.tasks if "title" in (task.change.after or {})}

    def _marked(self) -> set[str]:
        """Return the ids that pruning may delete: those that a run for this source has created."""
        marks = managed_marks.of(self.repository.database, ENTITY) if self.params["prune"] else {}
        return {identifier for identifier, name in marks.items() if name == self.source}

    def _mark(self, deleted: list[str]) -> None:
        created = [task.id for task in self.planned.tasks if task.change.action == CREATE]
        database = self.repository.database
        managed_marks.record(database, ENTITY, created, self.source, self.folder.name)
        managed_marks.forget(database, ENTITY, deleted)

    def _scan(self, problems: list[str]) -> list[SourceFile]:
        if self.params["state"] == "absent":
            return []
        return document_folder.scan(self.folder, self.params["patterns"], self.params["exclude"], problems)

    def _situation(self) -> Situation:
        """Read the vector store, the stored files and the documents."""
        url = (self.params["weaviate_url"] or "").rstrip("/") or None
        self.vectors = Vectors(url, self.params["weaviate_api_key"]) if url else None
        vectorizer = self.vectors.vectorizer() if self.vectors else None
        self.has_class = vectorizer is not None
        if vectorizer == "none":
            self.call.warn(
                "The class Knowledge of the vector store has no vectorizer: the platform finds nothing in it."
            )
        if not self.call.check_mode:
            self.repository.lock()
        user = self.repository.owner(self.params["owner"])
        if user is None:
            raise InputError(
                f"There is no user {self.params['owner']}", hint=f"Create the user, or correct owner. {_UNCHANGED}"
            )
        self.user = user
        client = engine_client.connect(self.params["docker_host"], self.params["timeout"])
        project = self.params["project_name"]
        project_owner.refuse_foreign_project(client, project, self.params["environment_name"])
        self.files = document_store.of(client, self.params["docker_host"], project)
        stored = self.files.names()
        current = self.repository.current(user, self.prefix, stored, self.files.address)
        leftovers = self.repository.leftovers(stored)
        return Situation(user, self.prefix, current, stored, leftovers, url, url is not None and not self.has_class)

    def _refuse(self, situation: Situation, problems: list[str]) -> None:
        """Raise InputError for all that speaks against the plan."""
        planned = self.planned
        limit = self.params["prune_limit"]
        if len(planned.pruned) > limit:
            problems.append(f"prune would delete {len(planned.pruned)} documents, and prune_limit is {limit}")
        if planned.creates_class and not self.params["weaviate_vectorizer"]:
            problems.append(
                f"the vector store {situation.vectors} has no class Knowledge: set weaviate_vectorizer to create it"
            )
        if self.user in self.held(self.repository.database, "user"):
            problems += document_plan.refuse_held(planned.tasks, self.params["owner"])
        new = {task.id: task.change.name for task in planned.tasks if task.change.action == CREATE}
        problems += [
            f"{new[identifier]}: document {identifier} has been handed to another owner or source"
            for identifier in (self.repository.taken(list(new)) if new else ())
        ]
        if planned.plan.changed and not problems:
            self.trail.check()
            deletes = any(task.change.action == DELETE for task in planned.tasks)
            problems += self.repository.missing_rights(deletes=deletes)
            problems += managed_marks.refuse_missing_rights(self.repository.database) if new else []
        if problems:
            raise InputError.of(problems, hint=_UNCHANGED)

    def _cut(self, task: Task) -> list[Chunk]:
        if task.file is None:
            raise AssertionError("a deletion has no chunks")
        text = document_text.read(task.file.name, document_folder.content(task.file)).text
        return chunker.split(text, self.params["chunk_size"], self.params["chunk_overlap"])

    def _write_vectors(self, chunks: dict[str, list[Chunk]]) -> None:
        if self.vectors is None:
            return
        if self.planned.creates_class:
            self.vectors.create(self.params["weaviate_vectorizer"])
        for task in self.planned.tasks:
            if task.writes_vectors:
                about = {"title": task.desired["title"], "tags": task.desired.get("tags")}
                source = f"{self.prefix}{task.change.name}"
                self.vectors.replace(task.id, source, chunks[task.id], json.dumps(about, ensure_ascii=False))
            elif task.change.action == DELETE and self.has_class:
                self.vectors.remove(task.id)
