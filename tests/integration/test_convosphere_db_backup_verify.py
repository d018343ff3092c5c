# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_fingerprint import Content

from support.backups import put_backup
from support.dumps import CONNECTION, BackupDirectory, other_key
from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_db_backup_verify"


@pytest.fixture
def backups(tables: Sandbox, tmp_path: Path) -> BackupDirectory:
    database = PlatformDatabase(tables)
    for number in range(20):
        database.add_user(f"user{number}@example.com")
    database.query("CREATE TABLE alembic_version (version_num varchar(255) PRIMARY KEY)")
    database.query("INSERT INTO alembic_version VALUES ('2025_08_14_add_agents'), ('another head')")
    return BackupDirectory(database, tmp_path / "backups")


def diff(identifier: str, level: str, before: object = None) -> dict[str, object]:
    return {"before": {identifier: {"verified": before}}, "after": {identifier: {"verified": {"level": level}}}}


@pytest.mark.law
def test_law(run_law, backups, tmp_path):
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    old = backups.back_up(an_hour_ago, label="old")
    new = backups.back_up()
    secret = backups.back_up(an_hour_ago - timedelta(hours=1), encrypted=True)
    options = backups.options
    empty = tmp_path / "empty"
    empty.mkdir()
    verified = {"level": "checksum", "at": ANY, "duration": ANY, "host": ANY}
    one = {"id": old.id, "label": "old", "action": "verified", "tables": 32, "rows": 22, "boot": None}
    proof = {"level": "restore", "result": "passed", "at": ANY, "host": ANY, "seconds": ANY, "reason": None}
    proof |= {"rto_seconds": None, "rpo_seconds": None}
    run_law(
        MODULE,
        cases=[
            Case(
                "by checksum",
                {**options, "backup": "old", "level": "checksum"},
                diff=diff(old.id, "checksum"),
                returns={"backups": [{**one, "verified": verified, "proof": None}]},
            ),
            Case(
                "by restore",
                {**options, "backup": "old"},
                diff=diff(old.id, "restore", {"level": "checksum", "at": ANY}),
                returns={"backups": [{**one, "verified": {**verified, "level": "restore"}, "proof": proof}]},
            ),
            Case("the latest by default", options, diff=diff(new.id, "restore")),
            Case(
                "all that are not, one of them encrypted",
                {**options, "backups": ["all"], "identity_file": str(backups.key), "jobs": 1},
                diff=diff(secret.id, "restore"),
            ),
            Case(
                "force",
                {**options, "force": True},
                diff=diff(new.id, "restore", {"level": "restore", "at": ANY}),
                repeats=True,
            ),
        ],
        refused=[
            Refused("unknown", {**options, "backup": "nothing"}, "There is no backup nothing in"),
            Refused("no name", {**options, "backup": f"{backups.directory}\0/x"}, "contains a NUL character"),
            Refused("nothing", {**options, "backups": []}, "backups is an empty list: there is nothing to do"),
            Refused("no path", {**options, "identity_file": "a\0b"}, "identity_file contains a NUL"),
            Refused(
                "never",
                {**options, "reverify_after": 9999999999},
                "reverify_after is 9999999999: give a number from 0 to",
            ),
            Refused(
                "no disk",
                {**options, "backups": ["all"], "backup_dir": "/nowhere"},
                "no directory /nowhere. Check that the disk",
            ),
            Refused(
                "an empty disk", {**options, "backups": ["all"], "backup_dir": str(empty)}, f"no backup in {empty}"
            ),
            Refused("without the key", {**options, "backup": secret.id, "force": True}, "identity_file is not set"),
            Refused(
                "with another key",
                {**options, "backup": secret.id, "force": True, "identity_file": str(other_key(tmp_path))},
                "no identity matched any of the recipients",
            ),
        ],
    )
    assert backups.databases() == []
    assert backups.leftovers() == []
    assert backups.manifest(secret.id)["verified"]["level"] == "restore", "a wrong key says nothing of the backup"


def test_only_a_backup_of_the_same_database_is_the_latest(run_steps, backups):
    own = backups.back_up(datetime.now(UTC) - timedelta(hours=1), label="nightly")
    staging = backups.back_up(datetime.now(UTC) - timedelta(minutes=30), label="nightly", environment="staging")
    analytics = put_backup(backups.directory, datetime.now(UTC), label="nightly", database_name="analytics")
    options = {**backups.options, "level": "checksum"}
    run_steps(
        MODULE,
        [
            Step("latest", {**options, "environment_name": "staging"}, diff=diff(staging.id, "checksum")),
            Step("label", {**options, "backup": "nightly"}, diff=diff(own.id, "checksum")),
        ],
    )
    assert backups.manifest(analytics.id)["verified"] is None


def test_it_is_due_again_after_some_days_and_when_a_file_was_written(run_steps, backups):
    made = backups.back_up()
    at = (datetime.now(UTC) - timedelta(days=8)).strftime("%Y-%m-%dT%H:%M:%SZ")
    verified = {"level": "restore", "at": at, "duration": 1.0, "host": "db-1"}
    backups.change(made, verified=verified)
    options = {**backups.options, "level": "checksum"}
    path = backups.directory / made.files[0].name
    run_steps(
        MODULE,
        [
            Step("written after it was verified", options, changed=True, check=True),
            {
                "name": "As old as its verification",
                "ansible.builtin.command": {"argv": ["touch", f"--date={at}", str(path)]},
            },
            Step("verified by more than that", options, changed=False),
            Step("not due yet", {**options, "reverify_after": 9}, changed=False),
            Step("due", {**options, "reverify_after": 7}, changed=True),
            Step("done", {**options, "reverify_after": 7}, changed=False),
        ],
    )


def test_an_encrypted_backup_never_gets_unpacked_to_the_disk_of_the_backups(run_steps, backups):
    made = backups.back_up(encrypted=True)
    options = {**backups.options, "identity_file": str(backups.key)}
    run_steps(
        MODULE,
        [
            Step("sums need no key", {**backups.options, "level": "checksum"}, changed=True),
            Step("with the key", options, changed=True),
        ],
    )

    assert backups.manifest(made.id)["verified"]["level"] == "restore"
    assert backups.leftovers() == []


def test_the_live_database_is_not_touched_and_what_is_somebody_elses_stays(run_steps, backups):
    backups.back_up()
    database = backups.database
    others = f"{database.name}_verify_0123abcd"
    database.running.query(f'CREATE DATABASE "{others}"')
    with Content({**CONNECTION, **database.login}, database.name) as content:
        before = content.state()
    run_steps(MODULE, [Step("verify", backups.options, changed=True)])

    assert backups.databases() == [others]
    with Content({**CONNECTION, **database.login}, database.name) as content:
        assert content.is_unchanged_since(before)
    database.running.query(f'DROP DATABASE "{others}"')
