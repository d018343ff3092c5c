# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""convosphere_db_backup_copy: copy to a directory and to a bucket, and fetch from them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import registers
from ansible_collections.convosphere.platform.plugins.module_utils._people.erasure_ledger import LEDGER, Entry
from ansible_collections.convosphere.platform.plugins.module_utils._people.holds import HOLDS, Hold
from ansible_collections.convosphere.platform.plugins.module_utils._people.registers import Directory

from support.backup_files import backup_files
from support.law import Case, Refused, Step
from support.object_storage import ObjectStorage, object_storage

MODULE = "convosphere_db_backup_copy"
DONE = {"files": "all", "manifest": "current"}


@pytest.fixture(scope="module")
def storage() -> Iterator[ObjectStorage]:
    with object_storage() as running:
        yield running


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    backup_files(folder, "convosphere-20260101T000000Z", database=b"one" * 1000, label="first")
    backup_files(folder, "convosphere-20260102T000000Z", database=b"two" * 1000, uploads=b"files")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != ".lock"}


@pytest.mark.law
def test_law(run_law, backups, storage, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    bucket = storage.target(prefix="law")
    options: dict[str, Any] = {
        "environment_name": "dev",
        "backup_dir": str(backups),
        "copy_to": [{"directory": str(share)}, bucket],
    }
    place = f"s3://{storage.bucket}/law at {storage.endpoint}"
    first, second = "convosphere-20260101T000000Z", "convosphere-20260102T000000Z"
    elsewhere = str(tmp_path / "elsewhere")
    empty = tmp_path / "empty"
    empty.mkdir()

    run_law(
        MODULE,
        cases=[
            Case(
                "copy one by its label",
                {**options, "backup": "first"},
                diff={"before": {}, "after": {f"{first} in {share}": DONE, f"{first} in {place}": DONE}},
                returns={
                    "copies": [
                        {
                            "id": first,
                            "place": where,
                            "bytes": 3000,
                            "copied": [f"{first}.dump.zst", f"{first}.manifest.json"],
                        }
                        for where in (str(share), place)
                    ]
                },
            ),
            Case(
                "copy all that are left",
                {**options, "backup": "all"},
                diff={"before": {}, "after": {f"{second} in {share}": DONE, f"{second} in {place}": DONE}},
            ),
            Case(
                "bring one back",
                {"environment_name": "dev", "backup_dir": elsewhere, "copy_from": bucket, "backup": "latest"},
                diff={"before": {}, "after": {f"{second} in {elsewhere}": DONE}},
            ),
        ],
        refused=[
            Refused("unknown backup", {**options, "backup": "third"}, "There is no backup third"),
            Refused("no disk", {**options, "backup": "all", "backup_dir": elsewhere + "x"}, "no directory"),
            Refused("an empty disk", {**options, "backup": "all", "backup_dir": str(empty)}, "no backup in"),
            Refused(
                "unknown copy",
                {"environment_name": "dev", "backup_dir": elsewhere, "copy_from": bucket, "backup": "x"},
                "no copy of a backup x",
            ),
            Refused("no such directory", {**options, "copy_to": [{"directory": str(tmp_path / "no")}]}, "No such file"),
            Refused(
                "nowhere to make it",
                {"environment_name": "dev", "backup_dir": "/proc/none/x", "copy_from": bucket},
                "lies in /proc",
            ),
            Refused(
                "all back",
                {"environment_name": "dev", "backup_dir": elsewhere, "copy_from": bucket, "backup": "all"},
                "fetches one backup",
            ),
            Refused("two places in one", {**options, "copy_to": [{**bucket, "directory": "/x"}]}, "mutually exclusive"),
            Refused(
                "half a key",
                {**options, "copy_to": [{"bucket": "b", "access_key": "planted-half-key"}]},
                "required together",
            ),
        ],
    )

    assert contents(share) == contents(backups)
    assert storage.content() == {f"law/{name}": content for name, content in contents(backups).items()}
    assert contents(Path(elsewhere)) == {
        name: content for name, content in contents(backups).items() if name.startswith(second)
    }
    assert {path.stat().st_mode & 0o777 for path in [*share.iterdir(), *Path(elsewhere).iterdir()]} == {0o600}


def test_only_a_changed_manifest_is_copied_again(run_steps, backups, storage):
    options = {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [storage.target(prefix="again")]}
    run_steps(MODULE, [Step("copy", options, changed=True)])
    storage.requests.clear()
    second = "convosphere-20260102T000000Z"
    name = f"{second} in s3://{storage.bucket}/again at {storage.endpoint}"
    backup_files(backups, second, database=b"two" * 1000, uploads=b"files", pinned=True)

    run_steps(
        MODULE,
        [
            Step(
                "copy again",
                options,
                changed=True,
                diff={"before": {name: {"manifest": "outdated"}}, "after": {name: {"manifest": "current"}}},
            )
        ],
    )

    assert storage.count("PUT", "manifest.json") == 1
    assert storage.count("PUT", ".zst") == storage.count("POST", ".zst") == 0


def test_a_refresh_updates_manifests_of_existing_copies_only(run_steps, backups, storage):
    options = {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [storage.target(prefix="refreshed")]}
    first, second = "convosphere-20260101T000000Z", "convosphere-20260102T000000Z"
    run_steps(MODULE, [Step("copy", options, changed=True)])
    storage.requests.clear()
    backup_files(backups, second, database=b"two" * 1000, uploads=b"files", pinned=True)

    refresh = {**options, "backup": "all", "refresh": True}
    run = run_steps(MODULE, [Step("refresh", refresh, changed=True), Step("and again", refresh, changed=False)])

    assert [copy["id"] for copy in run.task("refresh").result["copies"]] == [second]
    assert storage.count("PUT", "manifest.json") == 1
    assert not [name for name in storage.content() if f"refreshed/{first}" in name]


def test_a_corrupt_copy_is_not_marked_verified_and_is_copied_again(run_steps, backups, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    first, second = "convosphere-20260101T000000Z", "convosphere-20260102T000000Z"
    damaged = {"files": f"all but {second}.dump.zst, {second}.uploads.tar.zst", "manifest": "corrupt"}
    proof = {"level": "restore", "at": "2026-01-03T00:00:00Z", "duration": 1.0, "host": "db-1"}
    backup_files(backups, second, database=b"two" * 1000, uploads=b"files", verified=proof)
    options = {
        "environment_name": "dev",
        "backup_dir": str(backups),
        "copy_to": [{"directory": str(share)}],
        "backup": "all",
    }
    look = {
        "environment_name": "dev",
        "backup_dir": str(share),
        "login_db": "convosphere",
        "backups": ["all"],
        "level": "checksum",
        "force": True,
    }
    run_steps(MODULE, [Step("copy", options, changed=True)])
    (share / f"{second}.dump.zst").write_bytes(b"two" * 999 + b"twO")
    verify = "convosphere_db_backup_verify"

    run_steps(
        MODULE,
        [
            Step("find it out", look, module=verify, fails="has the sha256"),
            Step("leave it", {**options, "refresh": True}),
            Step("look again", look, module=verify, fails="has the sha256"),
            Step(
                "mend it",
                options,
                changed=True,
                diff={
                    "before": {f"{first} in {share}": {"manifest": "outdated"}, f"{second} in {share}": damaged},
                    "after": {f"{first} in {share}": {"manifest": "current"}, f"{second} in {share}": DONE},
                },
            ),
            Step("nothing to mend", options, changed=False),
            Step("prove it", look, module=verify, changed=True),
        ],
    )

    assert (share / f"{second}.dump.zst").read_bytes() == b"two" * 1000


def test_a_corrupt_file_is_not_copied(run_steps, backups, storage, tmp_path):
    share = tmp_path / "share"
    share.mkdir()
    damaged = backups / "convosphere-20260102T000000Z.dump.zst"
    damaged.write_bytes(b"twO" + damaged.read_bytes()[3:])
    targets = ({"directory": str(share)}, storage.target(prefix="decayed"))

    run_steps(
        MODULE,
        [
            Step(
                f"copy {number}",
                {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [target]},
                fails="its size or checksum differs from its manifest",
            )
            for number, target in enumerate(targets)
        ],
    )

    assert list(share.iterdir()) == []
    assert not [key for key in storage.content() if key.startswith("decayed")]
    assert storage.client.list_multipart_uploads(Bucket=storage.bucket).get("Uploads", []) == []


def test_a_changed_copy_is_not_fetched(run_steps, backups, storage, tmp_path):
    target = storage.target(prefix="changed")
    here = tmp_path / "here"
    run_steps(
        MODULE,
        [Step("copy", {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [target]}, changed=True)],
    )
    key = "changed/convosphere-20260102T000000Z.dump.zst"
    storage.client.put_object(Bucket=storage.bucket, Key=key, Body=b"two" * 999 + b"tw0")

    run_steps(
        MODULE,
        [
            Step(
                "fetch",
                {"environment_name": "dev", "backup_dir": str(here), "copy_from": target},
                fails="Cannot fetch ",
            )
        ],
    )

    assert contents(here) == {}


def test_an_incomplete_fetch_is_completed(run_steps, backups, storage, tmp_path):
    target = storage.target(prefix="half")
    here = tmp_path / "here"
    here.mkdir(mode=0o700)
    run_steps(
        MODULE,
        [Step("copy", {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [target]}, changed=True)],
    )
    name = "convosphere-20260102T000000Z.dump.zst"
    shutil.copy(backups / name, here / name)
    storage.requests.clear()

    run_steps(
        MODULE, [Step("fetch", {"environment_name": "dev", "backup_dir": str(here), "copy_from": target}, changed=True)]
    )

    assert storage.count("GET", name) == 0
    assert len(contents(here)) == 3


def test_the_ledger_of_erased_persons_accompanies_a_backup_in_both_directions(run_steps, backups, storage, tmp_path):
    begun, erased = "2026-11-30T10:00:00.000000Z", "2026-11-30T10:00:05.000000Z"
    ids = [f"6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b1{number}" for number in (1, 2)]
    first, second = (Entry(each, "hash", begun, erased, "delete", "delete", "", "run") for each in ids)
    Directory(backups).write("erasures-dev.json", registers.text_of(LEDGER, [first], "dev"))
    here = tmp_path / "here"
    here.mkdir(mode=0o700)
    former = json.dumps({"format": 1, "erasures": [asdict(second)]})
    (here / "erasures.json").write_text(former)
    held = Hold("user", ids[0], "Case 4711", "eve", "2026-11-30T10:00:00Z", begun)
    Directory(backups).write("holds-dev.json", registers.text_of(HOLDS, [held], "dev", "a signature"))
    target = storage.target(prefix="ledger")
    fetch = {"environment_name": "dev", "backup_dir": str(here), "copy_from": target}
    change = {f"erasures-dev.json in {here}": {"erasures": 2}, f"holds-dev.json in {here}": {"holds": 1}}
    done = {"convosphere-20260102T000000Z in " + str(here): DONE}

    run_steps(
        MODULE,
        [
            Step("copy", {"environment_name": "dev", "backup_dir": str(backups), "copy_to": [target]}, changed=True),
            Step("check", fetch, check=True, diff={"before": {}, "after": {**change, **done}}),
            Step("fetch", fetch, changed=True),
            Step("again", fetch, changed=False),
        ],
    )

    assert registers.read(LEDGER, Directory(here), "dev").own == [first, second]
    assert (here / "holds-dev.json").read_text() == (backups / "holds-dev.json").read_text()
    assert (here / "erasures.json").read_text() == former
