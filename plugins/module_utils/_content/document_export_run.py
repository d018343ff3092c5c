# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read the folders of documents, and their stored files into an archive on the host.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from .._core import files
from .._core.errors import ConvosphereError, InputError
from .._core.plan import Plan, make_plan
from .._core.work import Invocation, Work
from .._engine import client as engine_client
from .._entities import managed_marks
from .._postgres.connection import Database
from .._stack import project_owner
from . import document_export, document_store
from .document_export import FOREIGN, LOST
from .document_spec import ENTITY, NOTES, SHARED
from .document_store import DocumentStore

MODE = "0600"
_COLUMNS = ("title", *(name for name in SHARED if name != "tags"), "source", "file_path", "file_size")
_OWN = f"json_typeof(d.knowledge_metadata -> '{NOTES}') = 'object'"
_READ = f"""
SELECT d.id::text, u.username, d.knowledge_metadata, {", ".join(f"d.{name}" for name in _COLUMNS)},
       ARRAY(SELECT t.name::text FROM document_tag_association a JOIN tags t ON t.id = a.tag_id
             WHERE a.document_id = d.id ORDER BY t.name)
FROM documents d JOIN users u ON u.id = d.user_id WHERE {_OWN} ORDER BY d.source, d.id
"""  # noqa: S608 - names of this file
_FOREIGN = f"""
SELECT u.username, count(*), (array_agg(d.title::text ORDER BY d.title))[1:5]
FROM documents d JOIN users u ON u.id = d.user_id WHERE ({_OWN}) IS NOT TRUE GROUP BY 1 ORDER BY 1
"""  # noqa: S608 - as above


class DocumentExport(Work):
    """The work of convosphere_document_export on the host."""

    def __init__(self, call: Invocation) -> None:
        self.params = call.params
        self.database = Database(call.params, read_only=True)
        self.archive = Path(call.params["archive"]) if call.params["archive"] else None
        self.files: DocumentStore | None = None
        self.documents: list[dict[str, Any]] = []
        self.lost: list[dict[str, Any]] = []
        self.not_exported: list[dict[str, Any]] = []

    def plan(self) -> Plan:
        """Read the documents, and which of their files are stored. Raises InputError."""
        rows = list(self._rows())
        stored, cause = self._stored() if rows else (set(), "")
        address = self.files.address if self.files else ""
        marks = managed_marks.of(self.database, ENTITY)
        left_out = []
        for row in rows:
            found = document_export.exported(row, marks.get(row["id"]))
            if isinstance(found, str):
                left_out.append((row["owner"], found, str(row["source"])))
            elif cause or not document_export.is_stored(row, stored, address):
                left_out.append((row["owner"], cause or LOST, str(row["source"])))
                self.lost.append(found)
            else:
                self.documents.append(found)
        several = document_export.several(self.documents)
        self.lost += [one for one in self.documents if one["id"] in several]
        left_out += [
            (one["owner"], "several documents have the same source", f"{one['source']}/{one['name']}")
            for one in self.documents
            if one["id"] in several
        ]
        self.documents = [one for one in self.documents if one["id"] not in several]
        self.not_exported = document_export.reasons(left_out)
        self.not_exported += [
            {"owner": owner, "reason": FOREIGN, "count": count, "names": list(names)}
            for owner, count, names in self.database.fetch(_FOREIGN)
        ]
        if self.archive is None:
            return Plan()
        if not self.archive.parent.is_dir():
            raise InputError(f"The directory of archive, {self.archive.parent}, does not exist")
        return make_plan({str(self.archive): {"documents": len(self._chosen())}}, {})

    def apply(self, plan: Plan) -> None:
        """Write the archive, under a temporary name until it is complete."""
        if self.archive is not None and self.files is not None:
            with files.replacing(self.archive, MODE) as target:
                self.files.read({one["id"]: one["size"] for one in self._chosen()}, target.write)

    def report(self, plan: Plan) -> dict[str, Any]:
        """Return the folders, their documents, and what is not exported."""
        entries, remarks = document_export.folders(self.documents)
        return {
            "folders": entries,
            "documents": self.documents,
            "lost": [{option: one[option] for option in ("source", "owner", "name")} for one in self.lost],
            "not_exported": self.not_exported,
            "remarks": remarks,
        }

    def close(self) -> None:
        """Close the connection."""
        self.database.close()

    def _chosen(self) -> list[dict[str, Any]]:
        given = self.params["ids"]
        ids = set(given or ())
        return [one for one in self.documents if given is None or one["id"] in ids]

    def _rows(self) -> Iterator[dict[str, Any]]:
        for identifier, owner, metadata, *values, tags in self.database.fetch(_READ):
            found = {"id": identifier, "owner": owner, "metadata": metadata, "tags": list(tags)}
            yield {**found, **dict(zip(_COLUMNS, values))}

    def _stored(self) -> tuple[Collection[str], str]:
        """Return the names of the stored files, and why they cannot be read: the rest is exported nevertheless."""
        try:
            client = engine_client.connect(self.params["docker_host"], self.params["timeout"])
            project = self.params["project_name"]
            project_owner.refuse_foreign_project(client, project, self.params["environment_name"])
            self.files = document_store.of(client, self.params["docker_host"], project)
            return self.files.names(), ""
        except ConvosphereError as error:
            return set(), f"their files cannot be read: {error.message}"
