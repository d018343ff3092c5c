# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A backup of the whole platform: database, uploads and vectors in one, of one moment, with its copies elsewhere."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.law import Step
from support.object_storage import ObjectStorage, object_storage
from support.platform_database import PlatformDatabase
from support.platform_parts import API_KEY, WRITER, PlatformParts, platform_parts, wait_for
from support.sandbox import Sandbox

MODULE = "convosphere_db_backup"


@pytest.fixture
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformParts]:
    with platform_parts(tmp_path_factory.mktemp("parts")) as running:
        yield running


@pytest.fixture
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture
def options(tables: Sandbox, tmp_path: Path) -> dict[str, Any]:
    return {
        **PlatformDatabase(tables).login,
        "login_container": str(tables.containers["postgres"].name),
        "backup_dir": str(tmp_path / "backups"),
        "environment_name": "dev",
    }


@pytest.fixture
def platform(options: dict[str, Any], parts: PlatformParts) -> dict[str, Any]:
    return {
        **options,
        "include": ["database", "uploads", "vectors"],
        "project_name": parts.project,
        "weaviate_api_key": API_KEY,
    }


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir() if path.name != ".lock")


def manifests(options: dict[str, Any]) -> list[dict[str, Any]]:
    found = sorted(Path(options["backup_dir"]).glob("*.manifest.json"))
    return [json.loads(path.read_text()) for path in found]


def members(path: Path) -> list[str]:
    """List the files in a compressed archive with an operator's own tools."""
    listed = subprocess.run(
        ["tar", "--list", "--zstd", "--file", str(path)], check=True, capture_output=True, text=True
    )
    return [line for line in listed.stdout.splitlines() if not line.endswith("/")]


def test_all_parts_are_in_one_backup_of_one_moment(run_steps, platform, parts):
    backend = parts.run_backend("python3", "-c", WRITER)
    parts.run_weaviate()
    parts.add_objects("Documents", 3)
    wait_for(lambda: len(parts.files()) == 2)

    run_steps(MODULE, [Step("look", platform, check=True, changed=True), Step("back up", platform, changed=True)])

    (manifest,) = manifests(platform)
    assert [file["kind"] for file in manifest["files"]] == ["database", "uploads", "vectors"]
    assert manifest["include"] == ["database", "uploads", "vectors"]
    assert manifest["uploads"]["files"] == 2
    assert manifest["vectors"]["classes"] == ["Documents"]
    assert manifest["write_freeze"]["how"] == f"paused {parts.project}-backend-1"
    assert manifest["created_at"] <= manifest["write_freeze"]["from"] <= manifest["write_freeze"]["to"]
    folder = Path(platform["backup_dir"])
    assert members(folder / manifest["files"][1]["name"]) == ["uploads/a", "uploads/b"]
    assert f"{manifest['vectors']['backup']}/backup_config.json" in members(folder / manifest["files"][2]["name"])
    assert len(names(folder)) == 4
    # The platform goes on, and nothing was left in its containers.
    backend.reload()
    assert backend.status == "running"
    assert parts.execute("weaviate", "ls", "/var/lib/weaviate/backups") == ""


def test_an_empty_platform_without_a_freeze(run_steps, platform, parts):
    parts.run_backend()
    parts.run_weaviate()

    run_steps(MODULE, [Step("back up", {**platform, "freeze": False}, changed=True)])

    (manifest,) = manifests(platform)
    assert manifest["write_freeze"] is None
    assert manifest["uploads"] == {"files": 0, "bytes": 0, "store": "files"}
    assert manifest["vectors"] == {"backup": None, "classes": []}
    assert members(Path(platform["backup_dir"]) / manifest["files"][2]["name"]) == []


def test_the_platform_must_be_named(run_steps, options):
    run_steps(MODULE, [Step("no name", {**options, "include": ["database", "uploads"]}, fails="Set project_name")])


def test_a_vector_store_that_fails_leaves_no_backup_and_lets_the_platform_go_on(run_steps, platform, parts):
    backend = parts.run_backend()
    parts.run_weaviate()
    parts.add_objects("Documents", 1)
    # The store can list its classes, and cannot write where its backups go.
    parts.execute("weaviate", "rmdir", "/var/lib/weaviate/backups")
    parts.execute("weaviate", "ln", "-s", "/proc", "/var/lib/weaviate/backups")

    run = run_steps(MODULE, [Step("fails", {**platform, "freeze_timeout": 3}, fails="vector store's backup")])

    assert manifests(platform) == []
    assert names(Path(platform["backup_dir"])) == []
    backend.reload()
    assert backend.status == "running"
    assert "convosphere_run_" in run.task("fails").message


def test_a_new_backup_is_copied_everywhere_and_surplus_copies_go_where_that_is_asked(
    run_steps, options, storage, tmp_path
):
    share = tmp_path / "share"
    share.mkdir()
    targets = [{"directory": str(share)}, storage.target(retention=True)]
    settings = {**options, "copy_to": targets, "retention": {"keep_last": 1}}
    place = f"s3://{storage.bucket}/backups/dev at {storage.endpoint}"

    run = run_steps(
        MODULE,
        [
            Step("look", settings, check=True, changed=True, returns={"copies": [str(share), place]}),
            Step("first", settings, changed=True, returns={"copies": [str(share), place], "deleted_copies": []}),
            Step("young enough", {**settings, "max_age": "1d"}, changed=False),
            Step("second", settings, changed=True),
        ],
    )

    first, second = (run.task(name).result["created"] for name in ("first", "second"))
    assert names(Path(options["backup_dir"])) == [f"{second}.dump.zst", f"{second}.manifest.json"]
    assert run.task("second").result["deleted_copies"] == [{"id": first, "place": place}]
    assert sorted(storage.content()) == [f"backups/dev/{second}.dump.zst", f"backups/dev/{second}.manifest.json"]
    assert len(names(share)) == 4


def test_a_copy_learns_that_its_backup_was_verified_and_is_kept_for_it(run_steps, options, storage):
    settings = {**options, "copy_to": [storage.target(retention=True)]}
    first = run_steps(MODULE, [Step("first", settings, changed=True)]).task("first").result["created"]
    path = Path(options["backup_dir"]) / f"{first}.manifest.json"
    proof = {"level": "restore", "at": "2026-01-01T00:00:00Z", "duration": 1.0, "host": "here"}
    path.write_text(json.dumps({**json.loads(path.read_text()), "verified": proof}))
    retention = {**settings, "state": "absent", "retention": {"keep_last": 1}}

    run = run_steps(
        MODULE,
        [
            Step("learn", retention, changed=True),
            Step("know", retention, changed=False),
            Step("second", settings, changed=True),
            Step("keep", retention, changed=False, returns={"deleted": [], "deleted_copies": []}),
        ],
    )

    name = f"{first} in s3://{storage.bucket}/backups/dev at {storage.endpoint}"
    assert run.task("learn").diff == {
        "before": {name: {"manifest": "outdated"}},
        "after": {name: {"manifest": "current"}},
    }
    copy = json.loads(storage.content()[f"backups/dev/{first}.manifest.json"])
    assert copy["verified"] == proof
    assert len(storage.content()) == 4


def test_a_place_that_is_away_keeps_no_backup_from_being_made(run_steps, options, storage, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    settings = {**options, "copy_to": [storage.target(), {"directory": str(share)}], "max_age": "1d"}
    storage.fail("GET", "list-type", "403 Forbidden", "AccessDenied")

    run = run_steps(
        MODULE,
        [
            Step("look", settings, check=True, fails="copies are not up to date"),
            Step("away", settings, fails="is complete in"),
            Step("still away", settings, fails="AccessDenied: said by the storage"),
        ],
    )
    storage.faults.clear()
    again = run_steps(MODULE, [Step("again", settings, changed=True), Step("and again", settings, changed=False)])

    (manifest,) = manifests(options)
    assert manifest["id"] in run.task("away").message
    assert again.task("again").result["created"] is None
    assert len(names(share)) == len(storage.content()) == 2
