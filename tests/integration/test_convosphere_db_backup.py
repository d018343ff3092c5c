# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
import yaml
from ansible_collections.convosphere.platform.plugins.module_utils._backup.run_key import RunKeys

from support.backups import NOON, VERIFIED, names_in, put_backup, summary_of
from support.collection import rendered_docs
from support.dumps import other_key, public_key
from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_db_backup"
DAY = timedelta(days=1)
SECRET_KEY = "AGE-SECRET-KEY-1PLANTED0QRS4X5"


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


@pytest.fixture
def options(database: PlatformDatabase, tmp_path: Path) -> dict[str, Any]:
    container = str(database.running.containers["postgres"].name)
    return {
        **database.login,
        "login_container": container,
        "backup_dir": str(tmp_path / "backups"),
        "environment_name": "dev",
    }


@pytest.mark.law
def test_law(run_law, database, options):
    directory = Path(options["backup_dir"])
    name = {"database_name": database.name}
    old = put_backup(directory, NOON - 700 * DAY, label="old", **name)
    verified = put_backup(directory, NOON - 699 * DAY, verified=VERIFIED, **name)
    pinned = put_backup(directory, NOON - 698 * DAY, pinned=True, **name)
    spare = put_backup(directory, NOON - 697 * DAY, **name)
    other = put_backup(directory, NOON - 696 * DAY, label="old")
    foreign = put_backup(directory, NOON - 695 * DAY, label="old")
    new = {"environment": "dev", "include": ["database"], "label": "nightly", "pinned": False, "recipients": []}
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                {**options, "label": "nightly", "max_age": "20h"},
                diff={"before": {}, "after": {"new backup": new}},
                returns={"backup": ANY, "created": ANY, "deleted": []},
            ),
            Case(
                "create each time",
                options,
                diff={"before": {}, "after": {"new backup": {**new, "label": None}}},
                repeats=True,
            ),
            Case(
                "change",
                {**options, "backup": old.id, "label": "kept", "pinned": True},
                diff={
                    "before": {old.id: {"label": "old", "pinned": False}},
                    "after": {old.id: {"label": "kept", "pinned": True}},
                },
                returns={"created": None},
            ),
            Case(
                "retention",
                {**options, "state": "absent", "retention": {"keep_last": 3}},
                diff={"before": {spare.id: summary_of(spare)}, "after": {}},
                returns={"deleted": [spare.id]},
            ),
            Case(
                "absent",
                {**options, "state": "absent", "backup": other.id, "force": True},
                diff={"before": {other.id: summary_of(other)}, "after": {}},
                returns={"deleted": [other.id], "created": None},
            ),
        ],
        refused=[
            Refused(
                "another's", {**options, "backup": foreign.id, "pinned": True}, "is of database convosphere, not of"
            ),
            Refused("pinned", {**options, "state": "absent", "backup": pinned.id}, "not deleted: it is pinned"),
            Refused("proven", {**options, "state": "absent", "backup": verified.id}, "it is the last verified one"),
            Refused("a keyword as label", {**options, "label": "latest_verified"}, "Allowed: 1 to 100 printable"),
            Refused("an id as label", {**options, "backup": old.id, "label": spare.id}, "looks like the id or a file"),
            Refused("no name", {**options, "backup": ""}, "backup contains an empty name"),
            Refused("no directory", {**options, "backup_dir": ""}, "The option backup_dir is empty"),
            Refused("nowhere", {**options, "backup_dir": "a/b"}, "is not an absolute path"),
            Refused(
                "no second place",
                {**options, "copy_to": [{"directory": str(directory)}]},
                "that is not a second place",
            ),
            Refused("whichever", {**options, "state": "absent", "backup": "latest"}, "Give an id"),
            Refused("no policy", {**options, "retention": {}}, "retention keeps nothing: give at least one"),
            Refused("no number", {**options, "retention": {"keep_last": -1}}, "keep_last is -1"),
            Refused("no age", {**options, "max_age": "a day"}, "Give a number and a unit: 12h, 30d or 8w"),
            Refused("no key", {**options, "recipients": ["mine"]}, "age does not accept the recipients"),
            Refused("secret key", {**options, "recipients": [SECRET_KEY]}, "One of the recipients is a secret key"),
            Refused("no database", {**options, "include": ["uploads"]}, "there is no backup without the database"),
            Refused("nothing", {**options, "include": []}, "include is empty"),
            Refused(
                "nothing expected",
                {**options, "expected": {"verified": "restore"}},
                "expected can be used in check mode only",
            ),
            Refused("no such backup", {**options, "backup": "monthly"}, "There is no backup monthly"),
            Refused("no container", {**options, "login_container": "nowhere"}, "login_container is the name"),
            Refused("wrong password", {**options, "login_password": "planted-wrong"}, "authentication failed"),
        ],
        secrets=[SECRET_KEY],
    )
    assert names_in(directory, ".convosphere-*") == []


def manifests(options: dict[str, Any]) -> list[dict[str, Any]]:
    """Read the manifests in the backup directory, oldest first."""
    return [json.loads(path.read_text()) for path in sorted(Path(options["backup_dir"]).glob("*.manifest.json"))]


def restored(database: PlatformDatabase, dump: bytes) -> PlatformDatabase:
    """Restore a dump in PostgreSQL's custom format into a new database."""
    name = f"{database.name}_restored"
    database.running.query(f'CREATE DATABASE "{name}"', database="postgres")
    restore = ["docker", "exec", "-i", database.running.containers["postgres"].name, "pg_restore", "-U", "convosphere"]
    subprocess.run([*restore, "-d", name], input=dump, check=True)
    return PlatformDatabase(database.running, name)


def test_a_backup_holds_what_its_manifest_says(run_steps, database, options):
    ada = database.add_user("ada@example.com")
    database.query('CREATE TABLE "Odd ""Name" AS SELECT 7 AS seven')
    database.query("CREATE TABLE alembic_version (version_num varchar(255) PRIMARY KEY)")
    database.query("INSERT INTO alembic_version VALUES ('b'), ('a')")
    run = run_steps(MODULE, [Step("Back up", {**options, "label": "first"}, changed=True)])
    result = run.task("Back up").result

    (manifest,) = manifests(options)
    assert result["backup"] == manifest
    assert manifest["database"]["name"] == database.name
    assert manifest["database"]["schema_revisions"] == ["a", "b"]
    assert manifest["database"]["server_version"].startswith("15.")
    assert manifest["database"]["dump_version"].startswith("15.")
    assert manifest["database"]["tables"]["public.users"] == 1
    assert manifest["database"]["tables"]['public."Odd ""Name"'] == 1
    assert manifest["collection_version"] == "1.0.0"
    files = [Path(result["file"]), Path(options["backup_dir"]) / f"{manifest['id']}.manifest.json"]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600, 0o600]
    assert Path(options["backup_dir"]).stat().st_mode & 0o777 == 0o700
    checksum = subprocess.run(["sha256sum", files[0]], capture_output=True, text=True, check=True).stdout.split()[0]
    assert manifest["files"][0]["sha256"] == checksum

    dump = subprocess.run(["zstd", "-dcq", files[0]], capture_output=True, check=True).stdout
    assert restored(database, dump).query("SELECT id FROM users") == [(ada,)]


def test_an_encrypted_backup_is_read_with_each_of_its_keys(run_steps, database, options, tmp_path):
    database.add_user("ada@example.com")
    keys = [tmp_path / "first", tmp_path / "second"]
    for key in keys:
        subprocess.run(["age-keygen", "-o", key], capture_output=True, check=True)
    public = [public_key(key) for key in keys]
    run = run_steps(MODULE, [Step("Back up", {**options, "recipients": public})])
    file = run.task("Back up").result["file"]

    assert file.endswith(".dump.zst.age")
    assert manifests(options)[0]["recipients"] == public
    assert b"ada@example.com" not in Path(file).read_bytes()
    for key in keys:
        plain = subprocess.run(["age", "-d", "-i", key, file], capture_output=True, check=True).stdout
        dump = subprocess.run(["zstd", "-dcq"], input=plain, capture_output=True, check=True).stdout
        assert dump.startswith(b"PGDMP")


def test_a_recent_backup_of_another_kind_is_not_enough(run_steps, options, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["age-keygen", "-o", key], capture_output=True, check=True)
    public = public_key(key)
    young = {**options, "max_age": "1h"}
    run_steps(
        MODULE,
        [
            Step("first", young, changed=True),
            Step("again", young, changed=False),
            Step("labelled", {**young, "label": "nightly"}, changed=True),
            Step("encrypted", {**young, "recipients": [public]}, changed=True),
            Step("of prod", {**young, "environment_name": "prod"}, changed=True),
            Step("all again", {**young, "label": "nightly"}, changed=False),
            Step("pinned", {**young, "label": "nightly", "pinned": True}, changed=True, returns={"created": None}),
        ],
    )
    assert len(manifests(options)) == 4


def test_old_backups_are_deleted_after_the_new_one_is_complete(run_steps, database, options):
    directory = Path(options["backup_dir"])
    old = [put_backup(directory, NOON - day * DAY, database_name=database.name) for day in range(500, 503)]
    foreign = put_backup(directory, NOON - 600 * DAY, database_name=database.name, environment="prod")
    policy = {**options, "retention": {"keep_last": 2}}
    gone = sorted(manifest.id for manifest in old[1:])
    run = run_steps(
        MODULE,
        [
            Step("predict", policy, check=True, changed=True),
            Step("fail", {**policy, "login_password": "planted-wrong"}, fails="authentication failed"),
            Step("do", policy, changed=True),
        ],
    )

    assert sorted(run.task("predict").result["deleted"]) == gone
    assert sorted(run.task("do").result["deleted"]) == gone
    assert {manifest["id"] for manifest in manifests(options)} == {
        old[0].id,
        foreign.id,
        run.task("do").result["created"],
    }


def test_check_mode_on_an_empty_host_touches_nothing(run_steps, options):
    run_steps(MODULE, [Step("predict", options, check=True, changed=True, returns={"created": "new backup"})])

    assert not Path(options["backup_dir"]).exists()


def test_a_year_of_nights_is_thinned_out(run_steps, options):
    # A year of nightly backups, with a restore drill each Sunday and one pinned backup.
    directory = Path(options["backup_dir"])
    nights = [NOON - night * DAY for night in range(365)]
    for night in nights:
        drill = VERIFIED if night.weekday() == 6 else None
        pinned = night == nights[200]
        put_backup(directory, night, database_name=options["login_db"], verified=drill, pinned=pinned)
    policy = {**options, "state": "absent", "retention": {"keep_daily": 7, "keep_weekly": 5, "keep_monthly": 12}}
    run = run_steps(
        MODULE,
        [
            Step("predict", policy, check=True, changed=True),
            Step("do", policy, changed=True),
            Step("again", policy, changed=False),
        ],
    )

    kept = [manifest["created_at"][:10] for manifest in manifests(options)]
    days = [f"2026-11-{day}" for day in range(17, 24)]
    weeks = ["2026-11-01", "2026-11-08", "2026-11-15", "2026-11-22"]
    months = [f"2026-{month}" for month in ("10-31", "09-30", "08-31", "07-31", "06-30", "05-31", "04-30", "03-31")]
    months += ["2026-02-28", "2026-01-31", "2025-12-31"]
    assert kept == sorted({*days, *weeks, *months, f"{nights[200]:%Y-%m-%d}"})
    assert run.task("predict").result["deleted"] == run.task("do").result["deleted"]
    assert len(run.task("do").result["deleted"]) == 365 - len(kept)


def test_the_examples_do_what_they_say(run_playbook, database, options, tmp_path):
    (tmp_path / ".env").write_text(f"POSTGRES_PASSWORD={database.login['login_password']}\n")
    text = rendered_docs()[MODULE]["examples"]
    for old, new in {
        "/opt/convosphere/prod/.env": str(tmp_path / ".env"),
        "/var/backups/convosphere/prod": options["backup_dir"],
        "convosphere-prod-postgres-1": options["login_container"],
    }.items():
        text = text.replace(old, new)
    tasks = [task for task in yaml.safe_load(text) if "project_name" not in str(task)]
    login = {name: options[name] for name in ("login_port", "login_db")}
    defaults = {"group/convosphere.platform.database": login}
    play = {"name": "Examples", "hosts": "localhost", "gather_facts": False, "module_defaults": defaults}

    run = run_playbook([{**play, "tasks": tasks}]).succeeded()

    assert [task.changed for task in run.tasks] == [True, True, True, False]
    assert [manifest["label"] for manifest in manifests(options)] == ["nightly", "before-2.0"]
    assert [manifest["pinned"] for manifest in manifests(options)] == [False, False]


VERIFY = "convosphere_db_backup_verify"


def test_the_host_verifies_its_encrypted_backup_and_tries_do_not_accumulate(run_steps, options, tmp_path):
    # The private key is on another machine. The run key is kept until the backup is verified or the host restarts.
    directory = Path(options["backup_dir"])
    keys = RunKeys(directory)
    before = {**options, "label": "before", "recipients": [public_key(other_key(tmp_path))], "reuse_unverified": True}
    verify = {**options, "backup": "before"}
    gone = {"name": "Restart", "ansible.builtin.file": {"path": str(keys.folder), "state": "absent"}}

    def unverified() -> list[str]:
        return [manifest["id"] for manifest in manifests(options) if not manifest["verified"]]

    run_steps(
        MODULE,
        [
            Step("first try", before, changed=True),
            Step("second try, foreseen", before, check=True, changed=False),
            Step("second try", before, changed=False),
        ],
    )
    (first,) = unverified()
    assert keys.find(first)
    run_steps(
        MODULE,
        [
            gone,
            Step("without any key", verify, module=VERIFY, fails="one-run key does not exist any more"),
            Step("third try", before, changed=True),
            gone,
            Step("fourth try", before, changed=True, diff={"before": ANY, "after": ANY}),
        ],
    )
    assert first not in unverified()
    assert len(unverified()) == 2, "the one of this try, and the last one before it"
    run_steps(
        MODULE,
        [
            Step("checksum", {**verify, "level": "checksum"}, module=VERIFY, changed=True),
            Step("verify", verify, module=VERIFY, changed=True),
            Step("again", verify, module=VERIFY, changed=False),
        ],
    )
    assert len(unverified()) == 1
    assert [*keys.folder.iterdir()] == []
