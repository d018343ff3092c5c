# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents as folders on the controller: from the tables of a real PostgreSQL and the volume of a backend."""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.law import NO_DIFF, Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.platform_parts import PlatformParts, platform_parts
from support.sandbox import Sandbox

MODULE = "convosphere_document_export"
DOCUMENT = "convosphere_document"
FILES = {"a.md": "# Grüße 👋\n\nOne sentence.", "sub/b.txt": "x" * 700, "c.html": "<title>Page</title><p>Text</p>"}
FOLDER = {
    "source": "kb",
    "owner": "librarian",
    "src": "documents/kb.librarian",
    "language": "de",
    "tags": ["handbook"],
    "chunk_size": 300,
    "chunk_overlap": 20,
    "overrides": {"c.html": {"title": "Seite", "year": 2026, "tags": []}},
}
UPLOADED = """
INSERT INTO documents (id, title, file_name, file_path, file_type, file_size, status, user_id, created_at)
SELECT gen_random_uuid(), 'Uploaded', 'u.pdf', 'local://knowledge-base/documents/u', 'pdf', 1, 'processed', id, now()
FROM users
"""


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformParts]:
    with platform_parts(tmp_path_factory.mktemp("parts")) as running:
        running.run_backend()
        yield running


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    database = PlatformDatabase(tables)
    database.add_user("librarian@example.com")
    return database


@pytest.fixture
def options(database: PlatformDatabase, parts: PlatformParts) -> dict[str, Any]:
    return {**database.login, "project_name": parts.project, "environment_name": "dev"}


def write(folder: Path) -> str:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return str(folder)


@pytest.mark.law
def test_law(run_law, run_steps, run_playbook, options, database, parts, tmp_path):
    given = {name: value for name, value in FOLDER.items() if name != "src"}
    bring = {**options, **given, "folder": write(tmp_path / "kb")}
    ids = run_steps(DOCUMENT, [Step("Bring", bring)]).task("Bring").result["ids"]
    database.query(UPLOADED)
    root = tmp_path / "content/documents"
    written = {str(root / "kb.librarian" / name): {"sha256": sha256(text)} for name, text in FILES.items()}
    uploaded = {"owner": "librarian", "reason": ANY, "count": 1, "names": ["Uploaded"]}
    run_law(
        MODULE,
        cases=[
            Case(
                "all",
                {**options, "dest": str(root)},
                diff={"before": {}, "after": written},
                returns={
                    "folders": [FOLDER],
                    "not_exported": [uploaded],
                    "remarks": [],
                    "written": sorted(written),
                    "unused": [],
                },
            ),
        ],
        refused=[
            Refused("both", {**options, "dest": str(root), "archive": "/nowhere/x"}, "mutually exclusive"),
            Refused("size", {**options, "dest": str(tmp_path / "other"), "max_mib": 0}, "max_mib is 0"),
            Refused("no directory", {**options, "archive": "/nowhere/x"}, "The directory of archive, /nowhere, does"),
        ],
    )
    assert {name: (root / "kb.librarian" / name).read_text() for name in FILES} == FILES

    # What is exported is what the other module takes, without a change.
    again = {**options, **given, "folder": str(root / "kb.librarian"), "prune": True}
    archive = tmp_path / "documents.tar"
    run_steps(
        MODULE,
        [
            Step("same", again, changed=False, diff=NO_DIFF, module=DOCUMENT),
            Step("archive", {**options, "archive": str(archive), "ids": [ids["a.md"]]}, changed=True),
            Step("other project", {**options, "environment_name": "prod"}, returns={"folders": []}),
        ],
    )
    with tarfile.open(archive) as members:
        assert members.getnames() == [ids["a.md"]]

    # A file that is lost or has another content is named. The controller finds the latter, so it takes a playbook.
    parts.write(f"knowledge-base/documents/{ids['sub/b.txt']}", "y" * 700)
    parts.execute("backend", "rm", f"/app/uploads/knowledge-base/documents/{ids['c.html']}")
    other = {**options, "dest": str(tmp_path / "other/documents")}
    run = run_playbook([{"name": "Export", f"convosphere.platform.{MODULE}": other}]).succeeded()
    found = run.task("Export").result
    assert [one["name"] for one in found["documents"]] == ["a.md"]
    lost = [(each["count"], each["names"]) for each in found["not_exported"] if each["names"] != ["Uploaded"]]
    assert lost == [(1, ["kb/c.html"]), (1, ["kb/sub/b.txt"])]
    place = {"source": "kb", "owner": "librarian"}
    assert found["lost"] == [{**place, "name": name} for name in ("c.html", "sub/b.txt")]
    assert [path.name for path in (tmp_path / "other").rglob("*") if path.is_file()] == ["a.md"]


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
