# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore database, uploads and vectors from one backup, or change nothing."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest

from support.collection import argument_spec
from support.law import Step
from support.module_process import ModuleProcess, run_module
from support.person_rows import ADA, BOB, PersonRows
from support.platform_database import PlatformDatabase
from support.platform_parts import API_KEY, PlatformParts, platform_parts, wait_for
from support.sandbox import Sandbox

BACKUP, RESTORE, VERIFY = "convosphere_db_backup", "convosphere_db_restore", "convosphere_db_backup_verify"
#: Ends at once if a certain file is among the uploads.
SENSITIVE = ("sh", "-c", "test ! -e /app/uploads/bad && exec sleep 3600")


@pytest.fixture
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformParts]:
    with platform_parts(tmp_path_factory.mktemp("parts")) as running:
        yield running


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


@pytest.fixture
def options(database: PlatformDatabase, parts: PlatformParts, tmp_path: Path) -> dict[str, Any]:
    return {
        **database.login,
        "login_container": str(database.running.containers["postgres"].name),
        "backup_dir": str(tmp_path / "backups"),
        "environment_name": "dev",
        "confirm": "dev",
        "include": ["database", "uploads", "vectors"],
        "project_name": parts.project,
        "weaviate_api_key": API_KEY,
    }


def back_up(run_steps: Any, options: dict[str, Any]) -> None:
    """Make a backup with the options of the restore."""
    run_steps(BACKUP, [Step("back up", without_confirmation(options), changed=True)])


def without_confirmation(options: dict[str, Any]) -> dict[str, Any]:
    """Return the options that a backup has too: it needs no confirmation."""
    return {name: value for name, value in options.items() if name != "confirm"}


def visible(parts: PlatformParts) -> dict[str, str]:
    """Return the uploads without those that restores have kept."""
    return {name: text for name, text in parts.files().items() if not name.startswith(".")}


def test_all_of_it_comes_back_and_what_was_there_is_kept_until_it_is_discarded(run_steps, options, database, parts):
    parts.run_backend()
    parts.run_weaviate()
    database.add_user("before@example.com")
    parts.write("a/one", "1")
    parts.add_objects("Documents", 3)
    uploads = visible(parts)
    back_up(run_steps, options)
    database.add_user("after@example.com")
    parts.write("two", "2")
    parts.execute("backend", "rm", "-r", "/app/uploads/a")
    parts.add_objects("Documents", 4)
    restore, discard = {**options, "backup": "latest"}, {**options, "state": "discarded"}

    run = run_steps(
        RESTORE,
        [
            Step("look", restore, check=True, changed=True, returns={"restored": True, "kept": []}),
            Step("restore", restore, changed=True, returns={"restored": True, "kept": [ANY, ANY, ANY]}),
            Step("again", restore, changed=False, returns={"restored": False}),
            Step("discard", discard, changed=True, returns={"kept": []}),
            Step("nothing left", discard, changed=False, returns={"discarded": []}),
        ],
    )

    assert database.emails() == ["before@example.com"]
    assert visible(parts) == parts.files() == uploads
    assert parts.objects() == {"Documents": 3}
    kept = run.task("restore").result["kept"]
    assert run.task("discard").result["discarded"] == kept
    assert kept[0].startswith(f"{database.name}_before_")
    assert kept[1].startswith("uploads in .convosphere_before_")
    assert kept[2].startswith("vectors in convosphere_before_")
    assert parts.execute("weaviate", "ls", "/var/lib/weaviate/backups") == ""


def test_uploads_and_vectors_that_were_lost_after_a_restore_are_restored_again(run_steps, options, parts):
    parts.run_backend()
    parts.run_weaviate()
    parts.write("a/one", "1")
    parts.add_objects("Documents", 2)
    restore = {**options, "backup": "latest"}
    back_up(run_steps, options)
    run_steps(RESTORE, [Step("restore", restore, changed=True)])

    parts.execute("backend", "rm", "-r", "/app/uploads/a")
    run = run_steps(RESTORE, [Step("lost uploads", restore, changed=True)])
    assert list(visible(parts)) == ["a/one"]
    assert list(run.task("lost uploads").result["diff"]["before"].values()) == [{"written_since": True}]
    parts.weaviate("delete", "/v1/schema/Documents")
    run_steps(RESTORE, [Step("lost vectors", restore, changed=True), Step("nothing lost", restore, changed=False)])
    assert parts.objects() == {"Documents": 2}
    run_steps(RESTORE, [Step("force", {**restore, "force": True}, check=True, changed=True)])


def test_services_that_do_not_come_up_get_all_back_that_was_there(run_steps, options, database, parts):
    backend = parts.run_backend()
    parts.run_weaviate()
    parts.write("bad", "ends the backend")
    parts.add_objects("Documents", 1)
    back_up(run_steps, options)
    parts.execute("backend", "rm", "/app/uploads/bad")
    backend.remove(force=True)
    parts.run_backend(*SENSITIVE)
    database.add_user("after@example.com")
    parts.write("two", "2")
    parts.add_objects("Documents", 4)

    run_steps(
        RESTORE,
        [
            Step(
                "restore",
                {**options, "backup": "latest", "wait_timeout": 20},
                fails="The previous database is live again",
            )
        ],
    )

    assert database.emails() == ["after@example.com"]
    assert list(parts.files()) == ["two"]
    assert parts.objects() == {"Documents": 5}


@pytest.fixture
def killed(options, database, parts, tmp_path) -> dict[str, str]:
    """Interrupt a restore after uploads and vectors were swapped, and before the databases were.

    Return the previous uploads: the file `two`. The vector store had four objects more.
    """
    backend = parts.run_backend()
    parts.run_weaviate()
    parts.write("bad", "ends the backend")
    parts.add_objects("Documents", 1)
    assert run_module(BACKUP, without_confirmation(options), tmp_path)["changed"]
    parts.execute("backend", "rm", "/app/uploads/bad")
    parts.write("two", "2")
    parts.add_objects("Documents", 4)
    database.add_user("after@example.com")
    before = parts.files()
    with database.rename_held() as wait_for_rename:
        process = ModuleProcess(RESTORE, {**options, "backup": "latest"}, tmp_path)
        wait_for_rename()
        process.kill()
    backend.remove(force=True)
    parts.run_backend(*SENSITIVE[:2], "exec sleep 3600")
    assert (list(visible(parts)), parts.objects()) == (["bad"], {"Documents": 1})
    return before


def test_an_interrupted_swap_is_undone_by_the_next_restore(run_steps, options, database, parts, killed):
    parts.write("meanwhile", "3")
    parts.add_objects("Meanwhile", 1)
    parts.containers["backend"].remove(force=True)
    parts.run_backend(*SENSITIVE[:2], "test ! -e /app/uploads/bad -o -e /app/uploads/meanwhile && exec sleep 3600")
    verify = {**options, "backup": "latest", "level": "restore", "force": True}
    known = {name: verify[name] for name in argument_spec(VERIFY) if name in verify}
    restore, discard = {**options, "backup": "latest", "wait_timeout": 20}, {**options, "state": "discarded"}
    alone = {name: value for name, value in discard.items() if name not in ("include", "project_name")}

    run_steps(VERIFY, [Step("verify", known, changed=True)])
    run_steps(
        RESTORE,
        [
            Step("discard", discard, fails="was interrupted while it swapped uploads and vectors: the kept"),
            Step("discard the database", alone, fails="Restore any backup"),
            Step("look", restore, check=True, changed=True, returns={"restored": True}),
            Step("a rejected restore", restore, fails="The previous database is live again"),
        ],
    )

    assert database.emails() == ["after@example.com"]
    assert visible(parts) == killed
    assert parts.objects() == {"Documents": 5}
    kept = {name.partition("/")[::2] for name in parts.files() if name.startswith(".convosphere_rejected_")}
    assert {name for _folder, name in kept} >= {"bad", "meanwhile"}
    run = run_steps(RESTORE, [Step("discard", discard, changed=True, returns={"kept": []})])
    assert "vectors in convosphere_rejected_" in " ".join(run.task("discard").result["discarded"])
    assert parts.files() == killed


@pytest.mark.campaign
def test_an_empty_vector_store_gets_back_what_was_in_it(run_steps, options, database, parts, killed):
    """As if the restore was interrupted after it deleted the classes, and before it restored those of the backup."""
    parts.weaviate("delete", "/v1/schema/Documents")
    alone = {name: value for name, value in options.items() if name not in ("include", "project_name")}
    parts.containers["weaviate"].stop()
    unreachable = {**alone, "backup": "latest", "weaviate_api_key": API_KEY}
    run_steps(RESTORE, [Step("no store", unreachable, fails="that an earlier, interrupted restore left")])
    parts.containers["weaviate"].start()
    wait_for(parts._is_ready)

    run_steps(
        RESTORE,
        [
            Step("restore the database", unreachable, changed=True, returns={"restored": True}),
            Step("again", unreachable, changed=False),
        ],
    )

    assert database.emails() == []
    assert visible(parts) == killed
    assert parts.objects() == {"Documents": 5}


def test_a_damaged_part_is_found_before_anything_is_stopped(run_steps, options, database, parts):
    backend = parts.run_backend()
    parts.run_weaviate()
    parts.write("one", "1")
    back_up(run_steps, options)
    (archive,) = Path(options["backup_dir"]).glob("*.uploads.tar.zst")
    content = bytearray(archive.read_bytes())
    content[-1] ^= 1
    archive.write_bytes(content)
    database.add_user("after@example.com")
    backend.reload()
    started = backend.attrs["State"]["StartedAt"]

    run_steps(RESTORE, [Step("restore", {**options, "backup": "latest"}, fails="has the sha256")])

    assert database.emails() == ["after@example.com"]
    assert list(parts.files()) == ["one"]
    backend.reload()
    assert backend.attrs["State"]["StartedAt"] == started


def test_what_a_backup_lacks_is_refused(run_steps, options, parts):
    parts.run_backend()
    alone = {name: value for name, value in options.items() if name not in ("include", "project_name")}
    back_up(run_steps, alone)

    run_steps(
        RESTORE,
        [
            Step("not there", {**options, "backup": "latest"}, fails="does not include uploads"),
            Step(
                "no name", {**alone, "include": options["include"], "backup": "latest"}, fails="project_name is not set"
            ),
        ],
    )


def test_a_person_who_was_erased_is_erased_again_and_a_hold_stays(run_steps, options, database, parts, tmp_path):
    parts.run_backend()
    parts.run_weaviate()
    rows = PersonRows(database)
    ada = rows.fill()
    document = rows.last["documents"]
    path = f"knowledge-base/documents/{document}"
    database.query("UPDATE documents SET file_path = %s WHERE id = %s", f"local://{path}", document)
    for name in (path, f"{path}.meta", "knowledge-base/documents/other"):
        parts.write(name, "content")
    parts.add_objects("Knowledge", 2)
    vector = {"class": "Knowledge", "id": document, "properties": {"doc_id": document}, "vector": [0.1, 0.2]}
    parts.weaviate("post", "/v1/objects", json=vector)
    back_up(run_steps, options)
    places = {name: value for name, value in options.items() if name not in ("include", "login_container")}
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True)
    signed = {"signing_key": str(tmp_path / "key")}
    erase = {**places, **signed, "user": ADA, "confirm": ADA}
    restore = {**options, **signed, "backup": "latest"}
    own = {name: options[name] for name in (*database.login, "environment_name", "backup_dir")}
    hold = Step("hold", {**own, **signed, "user": BOB, "reason": "Case 4711"}, module="convosphere_hold", changed=True)

    run = run_steps(
        "convosphere_person_erasure",
        [
            Step("check", erase, check=True, changed=True, returns={"files": 2, "objects": 1}),
            Step("erase", erase, changed=True, returns={"files": 2, "objects": 1, "unreachable_files": []}),
            hold,
        ],
    )
    assert len(run.task("erase").result["backups"]["ids"]) == 1
    for by_the_file_alone in (False, True):
        assert list(visible(parts)) == ["knowledge-base/documents/other"]
        assert parts.objects() == {"Knowledge": 2}
        assert rows.naming(ada) == {}
        if by_the_file_alone:
            database.query("DROP SCHEMA convosphere_platform CASCADE")
        parts.write("written", "since")
        run_steps(
            RESTORE,
            [
                Step("restore", restore, changed=True, returns={"erased_again": 1}),
                Step("again", restore, changed=False, returns={"erased_again": None}),
            ],
        )

    assert list(visible(parts)) == ["knowledge-base/documents/other"]
    assert rows.naming(ada) == {}
    assert database.query("SELECT user_id::text FROM convosphere_platform.erasures") == [(ada,)]
    assert database.query("SELECT reason FROM convosphere_platform.holds WHERE released_at IS NULL") == [("Case 4711",)]
    ledger = Path(options["backup_dir"]) / "erasures-dev.json"
    ledger.write_text(ledger.read_text().replace(ada, str(uuid.uuid4())))
    run_steps(RESTORE, [Step("changed", {**restore, "force": True}, check=True, fails="The signature of erasures-dev")])
