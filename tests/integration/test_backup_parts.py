# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Uploads and vectors out of real containers and back into them, and the platform standing still meanwhile."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import uploads
from ansible_collections.convosphere.platform.plugins.module_utils._app import weaviate as app_weaviate
from ansible_collections.convosphere.platform.plugins.module_utils._backup import write_freeze
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import (
    ApiError,
    CommandError,
    EngineError,
    InputError,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.tar_stream import Totals
from ansible_collections.convosphere.platform.plugins.module_utils._engine.client import DEFAULT_HOST

from support.platform_parts import API_KEY, WRITER, PlatformParts, platform_parts, wait_for
from support.sandbox import image

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
KEPT = ".convosphere_before_20260102T030405Z"


@pytest.fixture
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformParts]:
    with platform_parts(tmp_path_factory.mktemp("parts")) as running:
        yield running


def volume(parts: PlatformParts) -> uploads.Volume:
    return uploads.find(parts.client, parts.project, DEFAULT_HOST)


def vectors(parts: PlatformParts) -> app_weaviate.VectorStore:
    return app_weaviate.find(parts.client, parts.project, DEFAULT_HOST, api_key=API_KEY)


def restore_uploads(parts: PlatformParts, content: bytes, expected: Totals) -> None:
    new = volume(parts).stage([content], expected, 60)
    volume(parts).swap(new, uploads.kept_name(NOW))


def archived(parts: PlatformParts) -> tuple[bytes, Totals]:
    totals = Totals()
    return b"".join(volume(parts).archive(totals)), totals


# ------------------------------------------------------------------------------------------------------- uploads


@pytest.mark.parametrize("state", ["running", "paused", "exited"])
def test_uploads_are_read_whatever_the_container_does(parts, state):
    backend = parts.run_backend()
    parts.write("a/ä ö.txt", "hello")
    parts.write("b", "x" * 5000)
    {"running": backend.reload, "paused": backend.pause, "exited": backend.kill}[state]()

    content, totals = archived(parts)

    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        assert sorted(archive.getnames()) == ["uploads", "uploads/a", "uploads/a/ä ö.txt", "uploads/b"]
    assert totals == Totals(2, 5005)


def test_a_restore_brings_just_the_archived_files_and_keeps_the_present_ones(parts):
    parts.run_backend()
    parts.write("a/one", "1")
    parts.write("two", "2")
    before = parts.files()
    content, totals = archived(parts)
    parts.write("two", "changed")
    parts.write("three", "3")
    parts.execute("backend", "rm", "/app/uploads/a/one")
    present = parts.files()

    restore_uploads(parts, content, totals)

    found = parts.files()
    assert {name: text for name, text in found.items() if not name.startswith(".")} == before
    assert {name.removeprefix(f"{KEPT}/"): text for name, text in found.items() if name.startswith(".")} == present
    assert archived(parts)[1] == totals  # what is kept is no part of the next backup
    volume(parts).discard([KEPT])
    assert parts.files() == before


def test_a_restore_can_be_undone(parts):
    parts.run_backend()
    parts.write("one", "1")
    content, totals = archived(parts)
    parts.write("two", "2")
    before = parts.files()
    restore_uploads(parts, content, totals)

    volume(parts).undo(KEPT, keep=False)

    assert parts.files() == before


def test_what_was_written_to_a_restore_is_kept_where_it_is_undone(parts):
    parts.run_backend()
    parts.write("one", "1")
    content, totals = archived(parts)
    parts.write("two", "2")
    before = parts.files()
    restore_uploads(parts, content, totals)
    parts.write("three", "3")

    volume(parts).undo(KEPT, keep=True)

    found = parts.files()
    rejected = KEPT.replace("before", "rejected")
    assert {name: text for name, text in found.items() if not name.startswith(".")} == before
    assert sorted(set(found) - set(before)) == [f"{rejected}/one", f"{rejected}/three"]
    assert archived(parts)[1] == Totals(2, 2)  # nor is that a part of the next backup
    assert volume(parts).kept() == [rejected]
    volume(parts).discard([rejected])


@pytest.mark.parametrize("damage", ["short", "other"])
def test_an_archive_that_is_not_what_the_manifest_says_moves_nothing(parts, damage):
    parts.run_backend()
    parts.write("one", "1" * 20000)
    content, totals = archived(parts)
    before = parts.files()
    size = totals.bytes if damage == "short" else totals.bytes + 1

    with pytest.raises(CommandError, match="Cannot unpack the uploaded files"):
        restore_uploads(parts, content[:9000] if damage == "short" else content, Totals(totals.files, size))

    visible = {name: text for name, text in parts.files().items() if not name.startswith(".convosphere_new_")}
    assert visible == before
    restore_uploads(parts, content, totals)
    assert not [name for name in parts.files() if "_new_" in name]


def test_uploads_that_are_in_no_volume_are_refused(parts):
    labels = {"com.docker.compose.project": parts.project, "com.docker.compose.service": "backend"}
    parts.containers["backend"] = parts.client.containers.create(image("backend"), labels=labels)

    with pytest.raises(InputError, match="is not in a volume"):
        volume(parts)


# ------------------------------------------------------------------------------------------------------- vectors


def taken(store: app_weaviate.VectorStore) -> tuple[str, bytes]:
    name = app_weaviate.new_name(NOW)
    store.start(name)
    store.wait(name, 30)
    content = b"".join(store.archive(name, Totals()))
    store.remove(name)
    return name, content


def test_vectors_go_out_and_come_back_and_leave_nothing(parts):
    parts.run_weaviate()
    parts.add_objects("Documents", 30)
    parts.add_objects("Notes", 2)
    store = vectors(parts)

    name, content = taken(store)

    assert store.names("") == []
    parts.add_objects("Documents", 5)
    parts.add_objects("Later", 1)
    store.stage([content], name, 30)
    kept = store.set_aside(app_weaviate.kept_name(NOW), 30)
    store.replace(name, 30)
    assert parts.objects() == {"Documents": 30, "Notes": 2}
    assert kept == "convosphere_before_20260102t030405z"
    parts.add_objects("Written", 1)
    rejected = app_weaviate.kept_name(NOW, app_weaviate.REJECTED)
    store.undo(kept, 30, new=name, aside=rejected)
    assert parts.objects() == {"Documents": 35, "Notes": 2, "Later": 1}
    store.undo(rejected, 30, new=kept)
    assert parts.objects() == {"Documents": 30, "Notes": 2, "Written": 1}
    store.remove_leftovers()
    assert store.kept() == [kept, rejected]
    store.discard([rejected])
    assert store.names("") == [kept]


def test_what_was_in_the_store_can_be_put_back_where_a_restore_fails(parts):
    weaviate = parts.run_weaviate()
    parts.add_objects("Documents", 3)
    store = vectors(parts)
    name, content = taken(store)
    parts.add_objects("Later", 1)
    # As a disk would that fails: the archive arrives, and the store cannot read it.
    damaged = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(content)) as archive, tarfile.open(fileobj=damaged, mode="w") as other:
        for member in archive:
            if not member.name.endswith("backup_config.json"):
                other.addfile(member, archive.extractfile(member) if member.isfile() else None)

    store.stage([damaged.getvalue()], name, 30)
    kept = store.set_aside(app_weaviate.kept_name(NOW), 30)
    with pytest.raises(ApiError, match="does not exist"):
        store.replace(name, 30)
    assert parts.objects() == {}
    store.undo(kept, 30, new=name)

    assert parts.objects() == {"Documents": 3, "Later": 1}
    weaviate.reload()
    assert weaviate.status == "running"


def test_an_empty_store_comes_back_as_one(parts):
    parts.run_weaviate()
    store = vectors(parts)
    assert store.classes() == []
    parts.add_objects("Later", 1)

    kept = store.set_aside(app_weaviate.kept_name(NOW), 30)
    store.replace(None, 30)

    assert parts.objects() == {}
    store.undo(kept, 30)
    assert parts.objects() == {"Later": 1}


def test_nothing_is_deleted_for_what_is_not_there(parts):
    parts.run_weaviate()
    parts.add_objects("Documents", 1)

    with pytest.raises(ApiError, match="does not exist"):
        vectors(parts).undo("convosphere_before_lost", 30)

    assert parts.objects() == {"Documents": 1}


def test_to_list_what_is_kept_writes_nothing(parts):
    parts.run_weaviate()
    parts.execute("weaviate", "rm", "-r", "/var/lib/weaviate/backups")

    assert vectors(parts).kept() == []

    assert "backups" not in parts.execute("weaviate", "ls", "/var/lib/weaviate")


def test_what_a_killed_run_left_in_the_store_is_removed(parts):
    parts.run_weaviate()
    parts.add_objects("Documents", 1)
    store = vectors(parts)
    name = app_weaviate.new_name(NOW)
    store.start(name)
    store.wait(name, 30)

    store.remove_leftovers()

    assert store.names("") == []


def test_what_the_store_says_is_passed_on(parts):
    parts.run_weaviate()
    parts.add_objects("Documents", 1)
    store = vectors(parts)

    with pytest.raises(
        ApiError, match="start the vector store's backup Not Allowed: 422: 'Not Allowed' is not a valid"
    ):
        store.start("Not Allowed")
    with pytest.raises(ApiError, match=r"401: .*Set weaviate_api_key"):
        app_weaviate.find(parts.client, parts.project, DEFAULT_HOST, api_key="wrong").classes()


def test_a_store_that_cannot_make_backups_is_refused(parts):
    parts.run_weaviate(ENABLE_MODULES="text2vec-openai")

    with pytest.raises(InputError, match="its module backup-filesystem is not enabled"):
        vectors(parts)


# --------------------------------------------------------------------------------------------------------- freeze


def written(parts: PlatformParts) -> tuple[bytes, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archived(parts)[0])) as archive:
        found = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        return tuple(found[f"uploads/{name}"].read() for name in ("a", "b"))  # type: ignore[union-attr,return-value]


def test_nothing_is_written_while_the_platform_is_frozen_and_it_goes_on_after(parts):
    backend = parts.run_backend("python3", "-c", WRITER)
    wait_for(lambda: len(parts.files()) == 2)

    with write_freeze.frozen(parts.client, parts.project, DEFAULT_HOST, 60) as freeze:
        first, second = written(parts), written(parts)

    backend.reload()
    assert backend.status == "running"
    assert first == second
    record = freeze.record()
    assert record["how"] == f"paused {parts.project}-backend-1"
    assert record["from"] <= record["to"]
    later = parts.files()
    wait_for(lambda: parts.files() != later)


def test_the_platform_goes_on_where_the_block_fails(parts):
    backend = parts.run_backend()

    def fail() -> None:
        with write_freeze.frozen(parts.client, parts.project, DEFAULT_HOST, 60):
            backend.reload()
            raise ZeroDivisionError(backend.status)

    with pytest.raises(ZeroDivisionError, match="paused"):
        fail()

    backend.reload()
    assert backend.status == "running"


def test_the_platform_goes_on_where_the_run_is_killed(parts, tmp_path):
    backend = parts.run_backend()
    script = tmp_path / "freeze.py"
    script.write_text(
        "import sys, time, docker\n"
        "from ansible_collections.convosphere.platform.plugins.module_utils._backup import write_freeze\n"
        "with write_freeze.frozen(docker.from_env(), sys.argv[1], 'unix:///var/run/docker.sock', 600):\n"
        "    print('frozen', flush=True)\n"
        "    time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script), parts.project], stdout=subprocess.PIPE, start_new_session=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"frozen\n"
    backend.reload()
    assert backend.status == "paused"

    os.killpg(process.pid, signal.SIGKILL)
    process.wait()

    def goes_on() -> bool:
        backend.reload()
        return bool(backend.status == "running")

    wait_for(goes_on)


def test_a_freeze_that_takes_too_long_ends_and_says_so(parts):
    backend = parts.run_backend()

    def goes_on() -> bool:
        backend.reload()
        return bool(backend.status == "running")

    with (
        pytest.raises(EngineError, match="the backup would be inconsistent"),
        write_freeze.frozen(parts.client, parts.project, DEFAULT_HOST, 0.5),
    ):
        wait_for(goes_on)


def test_a_backend_that_does_not_run_needs_no_freeze(parts):
    parts.run_backend().kill()

    with write_freeze.frozen(parts.client, parts.project, DEFAULT_HOST, 60) as freeze:
        pass

    assert freeze.record()["how"] == f"{parts.project}-backend-1 was exited"
