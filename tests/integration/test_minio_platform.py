# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads in MinIO: back up and restore its volume, on the host of the database; write documents as objects."""

from __future__ import annotations

import json
import tarfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.law import Step
from support.minio_parts import BUCKET, DATA, MinioParts, minio_parts
from support.module_process import ModuleProcess, run_module
from support.person_rows import ADA, BOB, PersonRows
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox, image, until

BACKUP, RESTORE, VERIFY = "convosphere_db_backup", "convosphere_db_restore", "convosphere_db_backup_verify"
DOCUMENT = "convosphere_document"


@pytest.fixture
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MinioParts]:
    with minio_parts(tmp_path_factory.mktemp("parts")) as running:
        yield running


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


@pytest.fixture
def options(database: PlatformDatabase, parts: MinioParts, tmp_path: Path) -> dict[str, Any]:
    return {
        **database.login,
        "login_container": str(database.running.containers["postgres"].name),
        "backup_dir": str(tmp_path / "backups"),
        "environment_name": "dev",
        "include": ["database", "uploads"],
        "project_name": parts.project,
    }


@pytest.fixture
def restore(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of a restore on a database host whose backends run elsewhere."""
    return {**options, "backup": "latest", "confirm": "dev", "services": [], "image": image("backend")}


def manifest(options: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of the only backup."""
    (path,) = Path(options["backup_dir"]).glob("*.manifest.json")
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def test_uploads_come_back_into_minio_which_stands_still_only_meanwhile(run_steps, options, restore, database, parts):
    parts.run_minio()
    database.add_user("before@example.com")
    parts.put("documents/one", "1" * 300000)
    parts.put("documents/two", "2")
    started = parts.started("minio")
    run_steps(BACKUP, [Step("look", options, check=True, changed=True), Step("back up", options, changed=True)])
    assert parts.started("minio") == started
    parts.put("documents/two", "changed")
    parts.put("later", "3")
    parts.record("format.json", '{"id": "another"}')
    database.add_user("after@example.com")
    verify = {name: value for name, value in options.items() if name not in ("include", "project_name")}
    discard = {**options, "state": "discarded", "confirm": "dev", "image": image("backend")}

    run_steps(VERIFY, [Step("verify", {**verify, "level": "checksum"}, changed=True)])
    run = run_steps(
        RESTORE,
        [
            Step("look", restore, check=True, changed=True, returns={"restored": True, "kept": []}),
            Step("restore", restore, changed=True, returns={"restored": True, "kept": [ANY, ANY]}),
            Step("again", restore, changed=False, returns={"restored": False}),
        ],
    )

    assert parts.objects_in_bucket() == {"documents/one": "1" * 300000, "documents/two": "2"}
    assert parts.execute("minio", "cat", "/data/.minio.sys/format.json") == '{"id": "planted"}'
    assert database.emails() == ["before@example.com"]
    assert manifest(options)["uploads"] == {"files": 2, "bytes": 300001, "store": "minio"}
    assert manifest(options)["write_freeze"]["how"] == f"paused {parts.project}-minio-1"
    kept = run.task("restore").result["kept"][1].removeprefix("uploads in ")
    assert parts.execute("minio", "cat", f"/data/{kept}/knowledge-base/later") == "3"
    # What MinIO writes by itself is no upload.
    parts.record("usage.json", "{}")
    run_steps(RESTORE, [Step("own records", restore, changed=False), Step("discard", discard, changed=True)])
    assert sorted(parts.folders()) == [".minio.sys", "knowledge-base"]


def test_a_backend_on_the_same_host_says_where_uploads_are(run_steps, options, restore, parts):
    parts.run_minio()
    parts.run_backend(STORAGE_PROVIDER="minio")
    parts.write("left-over", "of the time before")
    parts.put("one", "1")
    run_steps(BACKUP, [Step("back up", options, changed=True)])
    assert manifest(options)["uploads"] == {"files": 1, "bytes": 1, "store": "minio"}
    parts.put("two", "2")
    own = {name: value for name, value in restore.items() if name not in ("services", "image")}
    backend = parts.started("backend")

    run_steps(RESTORE, [Step("restore", own, changed=True)])

    assert parts.objects_in_bucket() == {"one": "1"}
    assert list(parts.files()) == ["left-over"]
    assert parts.started("backend") > backend


@pytest.mark.parametrize(("before", "after"), [("local", "minio"), ("minio", "local")])
def test_one_kind_of_uploads_is_not_restored_as_the_other(run_steps, options, restore, database, parts, before, after):
    parts.run_minio()
    parts.run_backend(STORAGE_PROVIDER=before).reload()
    parts.write("one", "1")
    parts.put("one", "1")
    run_steps(BACKUP, [Step("back up", options, changed=True)])
    parts.containers["backend"].remove(force=True)
    parts.run_backend(STORAGE_PROVIDER=after)
    database.add_user("after@example.com")
    states = [parts.started("minio"), parts.started("backend"), parts.folders()]

    refused = "one is not restored as the other"
    run_steps(RESTORE, [Step("look", restore, check=True, fails=refused), Step("restore", restore, fails=refused)])

    assert [parts.started("minio"), parts.started("backend"), parts.folders()] == states
    assert database.emails() == ["after@example.com"]
    run_steps(RESTORE, [Step("the rest", {**restore, "include": ["database"]}, changed=True)])
    assert database.emails() == []


def test_an_erased_person_leaves_no_upload_in_minio(run_steps, options, database, parts):
    parts.run_minio()
    parts.run_weaviate()
    rows = PersonRows(database)
    rows.fill()
    document, shared = rows.last["documents"], f"minio://{BUCKET}/documents/shared"
    place = "UPDATE documents SET file_path = %s WHERE id = %s"
    database.query(place, f"minio://{BUCKET}/documents/{document}", document)
    database.query(place, shared, rows.add("documents"))
    bob = database.query("SELECT id FROM users WHERE email = %s", BOB)[0][0]
    database.query(place, shared, rows.add("documents", user_id=bob))
    for name in (document, f"{document}.meta", f"{document}0", "shared"):
        parts.put(f"documents/{name}", name)
    own = {name: value for name, value in options.items() if name not in ("include", "login_container")}
    erase = {**own, "user": ADA, "confirm": ADA, "image": image("backend")}

    run = run_steps(
        "convosphere_person_erasure",
        [
            Step("look", erase, check=True, changed=True, returns={"files": 2, "unreachable_files": []}),
            Step("erase", erase, changed=True, returns={"files": 2, "unreachable_files": []}),
            Step("again", erase, changed=False),
        ],
    )

    assert run.task("look").result["deleted"] == run.task("erase").result["deleted"]
    left = [f"documents/{document}0", "documents/shared"]
    assert sorted(parts.execute("minio", "ls", f"{DATA}/{BUCKET}/documents").split()) == [f"{document}0", "shared"]
    # The stand-in remembers for some minutes which objects a directory had.
    parts.containers["minio"].restart(timeout=0)
    until(parts._answers, "MinIO")
    assert sorted(parts.objects_in_bucket()) == left


def test_writes_wait_while_minio_is_read_and_none_is_lost(options, parts, tmp_path):
    parts.run_minio()
    parts.put("large", "x" * 30_000_000)
    over, written = threading.Event(), []

    def write() -> None:
        while not over.is_set():
            parts.put(f"number-{len(written)}", "1")
            written.append(1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert run_module(BACKUP, options, tmp_path)["changed"]
    finally:
        over.set()
        thread.join(30)

    found = parts.objects_in_bucket()
    assert len(found) == len(written) + 1
    assert 1 < manifest(options)["uploads"]["files"] <= len(found)


def test_documents_are_objects_of_minio(run_steps, database, parts, tmp_path):
    parts.run_minio()
    parts.run_backend(STORAGE_PROVIDER="minio")
    database.add_user("ada@example.com")
    (tmp_path / "kb").mkdir()
    for name, text in (("a.md", "# Grüße"), ("b.txt", "x" * 700)):
        (tmp_path / "kb" / name).write_text(text)
    platform = {**database.login, "project_name": parts.project, "environment_name": "dev"}
    given = {**platform, "folder": str(tmp_path / "kb"), "source": "kb", "owner": "ada"}
    archive = tmp_path / "documents.tar"

    run = run_steps(DOCUMENT, [Step("bring", given, changed=True), Step("again", given, changed=False)])
    ids = run.task("bring").result["ids"]
    key = {name: f"documents/{identifier}" for name, identifier in ids.items()}
    assert parts.objects_in_bucket() == {key["a.md"]: "# Grüße", key["b.txt"]: "x" * 700}
    paths = [(f"minio://knowledge-base/{each}",) for each in sorted(key.values())]
    assert database.query("SELECT file_path FROM documents ORDER BY 1") == paths

    parts.s3.delete_object(Bucket="knowledge-base", Key=key["b.txt"])
    lost = {"before": {"b.txt": {"file": "missing"}}, "after": {"b.txt": {"file": "stored"}}}
    run_steps(
        DOCUMENT,
        [
            Step("mend", given, changed=True, diff=lost),
            Step("archive", {**platform, "archive": str(archive)}, module=f"{DOCUMENT}_export"),
            Step("remove", {**given, "state": "absent"}, changed=True),
        ],
    )
    with tarfile.open(archive) as members:
        assert sorted(members.getnames()) == sorted(ids.values())
    assert parts.objects_in_bucket() == {}


def test_a_killed_restore_is_undone_by_the_next_one_while_minio_is_stopped(
    run_steps, options, restore, database, parts, tmp_path
):
    parts.run_minio()
    parts.put("one", "1")
    assert run_module(BACKUP, options, tmp_path)["changed"]
    parts.put("two", "2")
    # As an interrupted restore leaves it: the databases are not renamed, and the volume is swapped.
    with database.rename_held() as wait_for_rename:
        process = ModuleProcess(RESTORE, restore, tmp_path)
        wait_for_rename()
        process.kill()
    parts.containers["minio"].start()
    until(parts._answers, "MinIO")
    assert parts.objects_in_bucket() == {"one": "1"}
    alone = {name: value for name, value in restore.items() if name not in ("include", "project_name", "services")}

    run_steps(RESTORE, [Step("the database alone", {**alone, "force": True}, fails="Set project_name")])
    run_steps(RESTORE, [Step("restore", restore, changed=True, returns={"restored": True})])

    assert parts.objects_in_bucket() == {"one": "1"}
    assert any("before" in name for name in parts.folders())
