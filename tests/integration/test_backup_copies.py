# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults while a backup is copied: nothing is lost, the message names the next action, and the next run continues."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.backup_files import backup_files
from support.law import Step
from support.object_storage import ACCESS_KEY, SECRET_KEY, ObjectStorage, object_storage

MODULE = "convosphere_db_backup_copy"
IDENTIFIER = "convosphere-20260101T000000Z"
DUMP = f"{IDENTIFIER}.dump.zst"
#: Three parts, the last one of one byte.
CONTENT = bytes(32 * 1024 * 1024 + 1)


@pytest.fixture
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    backup_files(tmp_path / "backups", IDENTIFIER, database=CONTENT)
    return tmp_path / "backups"


@pytest.fixture
def small_share(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system that has room for one file."""
    folder = tmp_path / "share"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m,nr_inodes=2", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def start(options: dict[str, Any], folder: Path) -> subprocess.Popen[bytes]:
    """Start the module as a process in a process group of its own."""
    arguments = folder / "arguments.json"
    arguments.write_text(json.dumps({"ANSIBLE_MODULE_ARGS": options}))
    module = f"ansible_collections.convosphere.platform.plugins.modules.{MODULE}"
    return subprocess.Popen([sys.executable, "-m", module, str(arguments)], start_new_session=True)


def sent_parts(storage: ObjectStorage) -> list[int]:
    return [
        int(request.partition("partNumber=")[2].partition("&")[0])
        for request in storage.requests
        if request.startswith("PUT") and "partNumber=" in request
    ]


def copied(storage: ObjectStorage) -> bool:
    found = storage.content()
    return found.get(f"backups/dev/{DUMP}") == CONTENT and f"backups/dev/{IDENTIFIER}.manifest.json" in found


def test_an_interrupted_upload_is_continued(run_steps, backups, storage, tmp_path):
    options = {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [storage.target()]}
    third = storage.fail("PUT", "partNumber=3")
    process = start(options, tmp_path)
    assert third.reached.wait(60)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    third.go_on.set()
    storage.faults.clear()
    assert storage.content() == {}
    storage.requests.clear()

    run_steps(MODULE, [Step("again", options, changed=True), Step("and again", options, changed=False)])

    assert set(sent_parts(storage)) <= {3}  # which may have arrived although nobody waited for the answer
    assert copied(storage)


def test_a_full_storage_is_reported_and_the_next_run_continues(run_steps, backups, storage):
    options = {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [storage.target()]}
    storage.fail("PUT", "partNumber=2", "507 Insufficient Storage", "XMinioStorageFull")

    run_steps(MODULE, [Step("full", options, fails="XMinioStorageFull: said by the storage. Free some space")])

    assert storage.content() == {}
    storage.faults.clear()
    storage.requests.clear()
    run_steps(MODULE, [Step("again", options, changed=True)])
    assert sent_parts(storage) == [2, 3]
    assert copied(storage)


@pytest.mark.parametrize(
    ("method", "where", "message"),
    [
        ("GET", "list-type", "Cannot list the objects in s3://"),
        ("POST", "uploads", f"Cannot write {DUMP} in s3://"),
        ("PUT", "partNumber=1", f"Cannot write {DUMP} in s3://"),
        ("PUT", "manifest.json", f"Cannot write {IDENTIFIER}.manifest.json in s3://"),
    ],
)
def test_the_error_of_a_storage_is_reported_with_the_step(run_steps, backups, storage, method, where, message):
    options = {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [storage.target()]}
    storage.fail(method, where, "403 Forbidden", "AccessDenied")

    run = run_steps(MODULE, [Step("refused", options, fails=message)])

    assert "AccessDenied: said by the storage. The key needs the rights" in run.task("refused").message
    storage.faults.clear()
    assert not [key for key in storage.content() if key.endswith("manifest.json")]


def test_an_unreachable_storage_is_reported(run_steps, backups, storage):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        away = storage.target(endpoint_url=f"http://127.0.0.1:{closed.getsockname()[1]}")
        run = run_steps(
            MODULE,
            [
                Step(
                    "away",
                    {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [away]},
                    fails="Could not connect",
                )
            ],
        )

    assert "Run it again when the storage responds" in run.task("away").message


def test_a_missing_bucket_is_not_created(run_steps, backups, storage):
    target = storage.target(bucket="nobody-made-it")

    run_steps(
        MODULE,
        [
            Step(
                "no bucket",
                {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [target]},
                fails="Create the bucket first",
            )
        ],
    )


def test_the_checksum_of_the_storage_is_compared(run_steps, backups, storage):
    # A storage that reports success but stores other content is detected, and the object is removed.
    storage.damage = True

    run_steps(
        MODULE,
        [
            Step(
                "damaged",
                {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [storage.target()]},
                fails="has another size or checksum than the file that was sent",
            )
        ],
    )

    assert storage.content() == {}


def test_the_key_may_come_from_the_environment(run_steps, backups, storage):
    target = {name: value for name, value in storage.target().items() if not name.endswith("_key")}
    options = {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [target]}
    login = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}

    run_steps(
        MODULE,
        [
            Step("no key", options, fails="Set access_key and secret_key"),
        ],
        env={"AWS_EC2_METADATA_DISABLED": "true"},
    )
    run_steps(MODULE, [Step("key", options, changed=True)], secrets=[SECRET_KEY], env=login)

    assert copied(storage)


def test_a_certificate_is_checked_against_the_authority_that_was_given(run_steps, backups, tmp_path):
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    request = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*request, *files], check=True, capture_output=True)
    with object_storage((str(certificate), str(key))) as storage:
        options = {"environment_name": "dev", "backup_dir": str(backups)}
        run_steps(
            MODULE,
            [
                Step("unknown", {**options, "copy_to": [storage.target()]}, fails="Set ca_cert to"),
                Step("known", {**options, "copy_to": [storage.target(ca_cert=str(certificate))]}, changed=True),
            ],
        )


def test_a_full_share_keeps_its_files(run_steps, backups, small_share):
    options = {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [{"directory": str(small_share)}]}

    run = run_steps(MODULE, [Step("full", options, fails="No space left on device. Free some space there")])

    # The dump has room, and the manifest has none: half a copy, which is none, and is not copied anew later on.
    assert [path.name for path in small_share.iterdir()] == [DUMP]
    subprocess.run(["mount", "-o", "remount,nr_inodes=10", str(small_share)], check=True)
    again = run_steps(MODULE, [Step("again", options, changed=True)])
    assert run.task("full").status == "failed"
    assert again.task("again").result["copies"][0]["copied"] == [f"{IDENTIFIER}.manifest.json"]


def test_a_share_without_enough_space_is_refused_before_anything_is_written(run_steps, backups, small_share):
    backup_files(backups, IDENTIFIER, database=CONTENT * 3)
    options = {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [{"directory": str(small_share)}]}

    run_steps(MODULE, [Step("too small", options, fails="are free there. Free some space")])

    assert list(small_share.iterdir()) == []
