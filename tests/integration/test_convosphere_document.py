# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A folder as documents: in the tables of a real PostgreSQL, in the volume of a backend, in the vector store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.law import NO_DIFF, Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.platform_parts import API_KEY, PlatformParts, platform_parts
from support.sandbox import Sandbox

MODULE = "convosphere_document"
STORED = "knowledge-base/documents"
FIRST = {"a.md": "# Grüße 👋\n\nOne sentence. Another one.", "sub/b.txt": "x" * 700}
SECOND = {"a.md": "# Gruß\n\nShorter.", "c.html": "<title>Page</title><p>Text</p>"}
#: A file that an interrupted run left: the name is an id of this collection's, and no row has it.
LEFTOVER = "0b7c8e1e-6f53-5b7c-a1b0-0d6f0f6a7c11"


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformParts]:
    with platform_parts(tmp_path_factory.mktemp("parts")) as running:
        running.run_backend()
        running.run_weaviate()
        yield running


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    database = PlatformDatabase(tables)
    database.add_user("librarian@example.com")
    return database


@pytest.fixture
def options(database: PlatformDatabase, parts: PlatformParts, tmp_path: Path) -> dict[str, Any]:
    folder = {"folder": write(tmp_path / "first", FIRST), "source": "kb", "owner": "librarian"}
    return {**database.login, "project_name": parts.project, "environment_name": "dev", **folder}


def write(folder: Path, files: Mapping[str, str]) -> str:
    """Write the files of a folder; return its path."""
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return str(folder)


def shown(name: str, content: str, title: str, **more: Any) -> dict[str, Any]:
    """Return what a diff shows of a new document."""
    raw = content.encode()
    return {
        "title": title,
        "file_name": name.rpartition("/")[2],
        "file_type": name.rpartition(".")[2],
        "file_size": len(raw),
        "sha256": hashlib.sha256(raw).hexdigest(),
        "chunking": "500/50",
        **more,
    }


def before_deletion(document: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return what a diff shows of a document that is deleted."""
    absent = dict.fromkeys(("description", "document_type", "language", "author", "year", "keywords", "vectors"))
    return {**absent, "tags": [], "file": "stored", **document, **more}


def vectors(parts: PlatformParts) -> dict[str, str]:
    """Return the options of the vector store."""
    parts.containers["weaviate"].reload()
    networks = parts.containers["weaviate"].attrs["NetworkSettings"]["Networks"]
    url = f"http://{networks[parts.project]['IPAddress']}:8080"
    return {"weaviate_url": url, "weaviate_api_key": API_KEY, "weaviate_vectorizer": "text2vec-openai"}


@pytest.mark.law
def test_law(run_law, database, parts, options, tmp_path):
    search = vectors(parts)
    url = search["weaviate_url"]
    more = {"tags": ["handbook"], "vectors": url}
    first = {
        "a.md": shown("a.md", FIRST["a.md"], "Grüße 👋", **more),
        "sub/b.txt": shown("sub/b.txt", FIRST["sub/b.txt"], "b", **more),
    }
    page = shown("c.html", SECOND["c.html"], "Page", tags=["new"], vectors=url)
    changed = shown("a.md", SECOND["a.md"], "Gruß", tags=["new"], vectors=url)
    differing = [name for name in changed if changed[name] != first["a.md"][name]]
    second = {**options, **search, "folder": write(tmp_path / "second", SECOND), "tags": ["New "], "prune": True}
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                {**options, **search, "tags": ["Handbook"]},
                diff={"before": {}, "after": {"class Knowledge": {"vectorizer": "text2vec-openai"}, **first}},
                returns={"created": ["a.md", "sub/b.txt"], "ids": {"a.md": ANY, "sub/b.txt": ANY}},
            ),
            Case(
                "change",
                second,
                diff={
                    "before": {
                        "a.md": {name: first["a.md"][name] for name in differing},
                        "sub/b.txt": before_deletion(first["sub/b.txt"]),
                    },
                    "after": {"a.md": {name: changed[name] for name in differing}, "c.html": page},
                },
                returns={"pruned": ["sub/b.txt"], "deleted": ["sub/b.txt"], "created": ["c.html"]},
            ),
            Case(
                "absent",
                {**options, **search, "state": "absent", "folder": None},
                diff={"before": {"a.md": before_deletion(changed), "c.html": before_deletion(page)}, "after": {}},
                returns={"deleted": ["a.md", "c.html"], "ids": {}, "pruned": []},
            ),
        ],
        refused=[
            Refused("no owner", {**options, "owner": "nemo"}, "There is no user nemo"),
            Refused("no folder", {**options, "folder": "/nowhere"}, "There is no folder /nowhere"),
            Refused("chunks", {**options, "chunk_size": 50}, "chunk_size is 50: 100 to 2000 characters"),
            Refused("override", {**options, "overrides": {"x.md": {}}}, "overrides.x.md: there is no such document"),
            Refused("language", {**options, "language": "x" * 11}, "language has 11 characters, at most 10 fit"),
            Refused("another environment", {**options, "environment_name": "prod"}, "environment"),
            Refused(
                "format",
                {**options, "folder": write(tmp_path / "other", {"a.pdf": "x", "b.md": "y"})},
                "a.pdf is of a format that needs a library to read: csv, htm, html, json",
            ),
        ],
    )
    assert counts(database) == (0, 0, 0)
    assert database.query("SELECT name, usage_count FROM tags ORDER BY name") == [("handbook", 0), ("new", 0)]
    assert [name for name in parts.files() if name.startswith(STORED)] == []
    assert parts.objects() == {"Knowledge": 0}


def counts(database: PlatformDatabase) -> tuple[int, ...]:
    """Return the numbers of documents, chunks and tagged documents."""
    tables = ("documents", "document_chunks", "document_tag_association")
    return tuple(database.query(f"SELECT count(*) FROM {table}")[0][0] for table in tables)  # noqa: S608 - as above


def test_rows_files_and_objects_belong_together(run_steps, database, parts, options, tmp_path):
    database.query("INSERT INTO tags (id, name, is_system, usage_count) VALUES (gen_random_uuid(), 'old', false, 7)")
    search = vectors(parts)
    step = Step("Bring", {**options, **search, "tags": ["old", "New"], "overrides": {"sub/b.txt": {"title": "Bé"}}})
    found = run_steps(MODULE, [step]).task("Bring").result

    rows = dict(database.query("SELECT source, id::text FROM documents"))
    assert rows == {f"kb/{name}": key for name, key in found["ids"].items()}
    document = rows["kb/sub/b.txt"]
    columns = "title, status, file_path, mime_type, file_size, created_at IS NOT NULL"
    assert database.query(f"SELECT {columns} FROM documents WHERE id = %s", document) == [  # noqa: S608 - as above
        ("Bé", "processed", f"local://{STORED}/{document}", "text/plain", 700, True)
    ]
    chunks = "SELECT chunk_index, content, chunk_size FROM document_chunks WHERE document_id = %s ORDER BY chunk_index"
    assert database.query(chunks, document) == [(0, "x" * 500, 500), (1, "x" * 200, 200)]
    assert database.query("SELECT name, usage_count FROM tags ORDER BY name") == [("new", 2), ("old", 2)]
    files = parts.files()
    assert files[f"{STORED}/{document}"] == f"1000 640 {'x' * 700}"
    about = json.loads(files[f"{STORED}/{document}.meta"].split(" ", 2)[2])
    assert (about["title"], about["file_name"]) == ("Bé", "b.txt")
    objects = parts.weaviate("get", "/v1/objects?class=Knowledge&limit=100")["objects"]
    texts = {item["properties"]["content"] for item in objects if item["properties"]["doc_id"] == document}
    assert texts == {"x" * 500, "x" * 200}
    absent = Step("Remove", {**options, **search, "state": "absent"}, changed=True)
    stale = Step("Without the store", {**options, "state": "absent"}, fails="which would go stale: set weaviate_url")
    place = {"environment_name": "dev", "backup_dir": str(tmp_path / "backups")}
    hold: dict[str, Any] = {**database.login, **place, "user": "librarian@example.com"}
    run_steps(
        MODULE,
        [
            stale,
            Step("Hold", {**hold, "reason": "why", "held_by": "eve"}, module="convosphere_hold", changed=True),
            Step("On hold", absent.options, check=True, fails="Cannot delete 2 documents of librarian, who is on hold"),
            Step("Release", {**hold, "state": "absent"}, module="convosphere_hold", changed=True),
            absent,
        ],
    )


def test_what_an_interruption_left_is_mended(run_steps, database, parts, options):
    mend = {**options, "patterns": ["*.md"]}
    (document,) = run_steps(MODULE, [Step("Bring", mend)]).task("Bring").result["ids"].values()
    parts.write(f"{STORED}/{LEFTOVER}", "of a run that was killed")
    parts.write(f"{STORED}/6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11", "of the platform")
    parts.execute("backend", "rm", f"/app/uploads/{STORED}/{document}")
    diff = {
        "before": {"a.md": {"file": "missing"}, f"{STORED}/{LEFTOVER}": {"file": "unreferenced"}},
        "after": {"a.md": {"file": "stored"}},
    }
    run_steps(
        MODULE,
        [
            Step("Check", mend, check=True, changed=True, diff=diff),
            Step("Mend", mend, changed=True, diff=diff),
            Step("Again", mend, changed=False, diff=NO_DIFF),
            Step("Too many", {**mend, "patterns": ["b*"], "prune": True, "prune_limit": 0}, fails="prune_limit is 0"),
            Step("Nothing", {**mend, "patterns": ["z*"], "prune": True}, fails="prune needs a folder with documents"),
        ],
    )

    names = {name.rpartition("/")[2] for name in parts.files() if name.startswith(STORED)}
    assert names == {document, f"{document}.meta", "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"}
    assert counts(database) == (1, 1, 0)
