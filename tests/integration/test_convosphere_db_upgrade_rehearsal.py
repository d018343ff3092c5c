# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module convosphere_db_upgrade_rehearsal: the revisions of another image, on a copy of a real backup."""

from __future__ import annotations

import signal
import statistics
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._migration.alembic_client import APPLICATION
from ansible_collections.convosphere.platform.plugins.module_utils._migration.lock_sampler import LockSampler
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_fingerprint import Content

from support.dumps import CONNECTION, BackupDirectory, fill
from support.environment import wait_until
from support.law import Case, Refused, Step
from support.migrations import AGENTS, HEADS, MODELS, backend_with, stamp, tables
from support.module_process import ModuleProcess
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox, image

MODULE = "convosphere_db_upgrade_rehearsal"
ENUM = "2025_08_16_fix_enum_types_and_timestamps"
#: Rewrites a table, and holds its lock for at least half a second.
WIDE = (AGENTS, "ALTER TABLE ballast ALTER COLUMN id TYPE bigint", "SELECT pg_sleep(0.5)")
INDEX = ("rehearsal_wide", "CREATE INDEX ballast_text ON ballast (md5(text))")
BROKEN = (MODELS, "CREATE TABLE half (id int)", "ALTER TABLE nowhere ADD COLUMN x int")
SLEEPS = (AGENTS, "SELECT pg_sleep(600)")
#: How often each of the two is measured.
TIMES = 5
ASLEEP = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname LIKE %s"


@pytest.fixture(scope="module")
def next_image() -> Iterator[str]:
    with backend_with(rehearsal_wide=WIDE, rehearsal_index=INDEX) as tag:
        yield tag


@pytest.fixture
def backups(tables: Sandbox, tmp_path: Path) -> BackupDirectory:
    """Return the directory of the backups of a database at the heads of the platform's revisions."""
    database = stamp(PlatformDatabase(tables), *HEADS)
    fill(database, 2000)
    return BackupDirectory(database, tmp_path / "backups")


def verified(backups: BackupDirectory, **how: Any) -> str:
    """Back up, and note that the backup was verified by a restore; return its id."""
    made = backups.back_up(**how)
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    backups.change(made, verified={"level": "restore", "at": at, "duration": 1.0, "host": "here"})
    return made.id


@pytest.mark.law
def test_law(run_law, backups, next_image, tmp_path):
    identifier = verified(backups)
    empty = tmp_path / "empty"
    empty.mkdir()
    options = {**backups.options, "image": next_image}
    with Content({**CONNECTION, **backups.database.login}, backups.database.name) as content:
        before = content.state()
    shown = {"backup": identifier, "image": next_image, "revisions": ["rehearsal_wide", "rehearsal_index"]}
    step = {"action": "run", "reason": ANY, "seconds": ANY}
    run = run_law(
        MODULE,
        cases=[
            Case(
                "rehearse",
                options,
                diff={"before": {}, "after": {"rehearsal": shown}},
                returns={
                    "backup": identifier,
                    "revisions_before": HEADS,
                    "revisions": [MODELS, "rehearsal_index"],
                    "steps": [{"revision": name, **step} for name in shown["revisions"]],
                    "only_adds": False,
                },
            ),
            Case(
                "rehearse once more",
                {**options, "force": True},
                diff={"before": {"rehearsal": {**shown, "at": ANY}}, "after": {"rehearsal": shown}},
                repeats=True,
            ),
        ],
        refused=[
            Refused("no image", {**options, "image": "nowhere/backend:1"}, "The host has no image nowhere/backend:1"),
            Refused("misspelt", {**options, "accept": ["f00"]}, "has no revision f00"),
            Refused("no path", {**options, "identity_file": "a\0b"}, "identity_file contains a NUL"),
            Refused("no backup", {**options, "backup_dir": str(empty)}, "It has no backup. Nothing was changed"),
            Refused("other environment", {**options, "environment_name": "prod"}, "of environment prod without"),
        ],
    )

    measured = run.task("rehearse").result
    (lock,) = measured["locks"]
    assert lock == {"table": "ballast", "readers": ANY, "writers": ANY, "modes": ["AccessExclusiveLock", "ShareLock"]}
    assert 0.5 <= lock["readers"] <= lock["writers"] <= measured["seconds"]
    assert measured["steps"][0]["seconds"] >= 0.5
    (written,) = measured["rewritten"]
    assert (written["table"], written["rewritten"]) == ("ballast", True)
    assert written["bytes"] > 1_000_000
    assert written["index_bytes"] > 100_000
    again = run.task("rehearse again").result
    assert again["locks"] == measured["locks"], "the recorded result is returned"
    assert backups.databases() == []
    assert backups.leftovers() == []
    with Content({**CONNECTION, **backups.database.login}, backups.database.name) as content:
        assert content.is_unchanged_since(before), "the live database was written to"


def test_a_failing_revision_is_named_with_its_statement_and_nothing_is_left(run_steps, backups):
    identifier = verified(backups)
    with backend_with(rehearsal_broken=BROKEN) as tag:
        failed = Step("broken", {**backups.options, "image": tag}, fails='relation "nowhere" does not exist')
        run = run_steps(MODULE, [failed, Step("repeated", failed.options, changed=True, check=True)])

    task = run.task("broken")
    assert task.result["failure"]["revision"] == "rehearsal_broken"
    assert f"failed on a copy of the backup {identifier}" in task.message
    assert "The statement: ALTER TABLE nowhere ADD COLUMN x int" in task.message
    assert "The copy is removed, and the live database was not changed" in task.message
    assert backups.databases() == []
    assert "half" not in tables_of(backups)


def test_the_revision_of_the_platform_that_always_fails_is_found_before_an_upgrade(run_steps, backups):
    database = backups.database
    database.query("DELETE FROM alembic_version WHERE version_num = %s", MODELS)
    database.query("INSERT INTO alembic_version VALUES (%s)", ENUM)
    database.query("DROP TABLE ai_models, knowledge_settings CASCADE")
    verified(backups)
    options = {**backups.options, "image": image("backend")}
    refused = f"Revision {MODELS} is not run unless it is in accept: it always fails"
    run = run_steps(
        MODULE,
        [
            Step("refused", options, fails=refused),
            Step("accepted", {**options, "accept": [MODELS]}, fails=f"alembic failed in revision {MODELS}"),
        ],
    )

    failure = run.task("accepted").result["failure"]
    assert failure["revision"] == MODELS
    assert failure["sqlstate"] == "42804", failure
    assert backups.databases() == []


def test_an_encrypted_backup_is_rehearsed_with_its_key(run_steps, backups, next_image):
    verified(backups, encrypted=True)
    options = {**backups.options, "image": next_image}
    run_steps(
        MODULE,
        [
            Step("without the key", options, fails="identity_file is not set"),
            Step("with the key", {**options, "identity_file": str(backups.key)}, changed=True),
        ],
    )
    assert backups.databases() == []


def test_check_mode_needs_no_image_and_touches_nothing(run_steps, backups):
    verified(backups)
    before = sorted(path.name for path in backups.directory.iterdir())
    options = {**backups.options, "image": "nowhere/backend:1"}

    run_steps(MODULE, [Step("predicted", options, check=True, changed=True, returns={"image_id": None, "missing": []})])

    assert sorted(path.name for path in backups.directory.iterdir()) == before
    assert backups.databases() == []


def test_an_image_without_new_revisions_has_nothing_to_rehearse(run_steps, backups):
    verified(backups)
    returns = {"missing": [], "steps": [], "at": None, "revisions": HEADS}

    run_steps(MODULE, [Step("current", {**backups.options, "image": image("backend")}, changed=False, returns=returns)])


def test_what_a_killed_rehearsal_left_is_removed_by_the_next_one(run_steps, backups, next_image, tmp_path):
    verified(backups)
    with backend_with(rehearsal_sleeps=SLEEPS) as tag:
        killed = ModuleProcess(MODULE, {**backups.options, "image": tag}, tmp_path)
        sleeping = f"{backups.database.name}_upgrade_%"
        wait_until(lambda: backups.database.query(ASLEEP, sleeping), "the revision runs", seconds=120)
        killed.process.send_signal(signal.SIGKILL)
        killed.process.wait()
    assert len(backups.databases()) == 1

    run_steps(MODULE, [Step("next", {**backups.options, "image": next_image}, changed=True)])

    assert backups.databases() == []


def tables_of(backups: BackupDirectory) -> set[str]:
    return tables(backups.database)


@pytest.mark.campaign
def test_a_million_rows_are_locked_as_long_as_in_the_live_migration(run_steps, backups):
    database = backups.database
    database.query("CREATE TABLE large AS SELECT i AS id, md5(i::text) AS text FROM generate_series(1, 1000000) i")
    database.query("ALTER TABLE large ADD PRIMARY KEY (id)")
    verified(backups)
    database.query("VACUUM ANALYZE large")
    copies = [PlatformDatabase(database.running, f"{database.name}_{number}") for number in range(TIMES)]
    for copy in copies:
        database.running.query(f"CREATE DATABASE {copy.name} TEMPLATE {database.name}", database="postgres")
    with backend_with(rehearsal_large=(AGENTS, "ALTER TABLE large ALTER COLUMN id TYPE bigint")) as tag:
        options = {"environment_name": "dev", "image": tag}
        given = {**backups.options, **options, "force": True}
        results, live = [], []
        # In turns, because other programs of the machine slow both down.
        for copy in copies:
            results.append(run_steps(MODULE, [Step("rehearse", given, changed=True)]).task("rehearse").result)
            with LockSampler({**CONNECTION, **copy.login}, APPLICATION) as sampler:
                migrated = {**copy.login, **options, "skip_backup_gate": True}
                run_steps("convosphere_db_migration", [Step("migrate", migrated, changed=True)])
            live += sampler.times.tables()

    rehearsed = [result["locks"][0] for result in results]
    assert {each["table"] for each in [*rehearsed, *live]} == {"large"}
    foreseen, measured = (sorted(each["readers"] for each in some) for some in (rehearsed, live))
    assert statistics.median(foreseen) == pytest.approx(statistics.median(measured), rel=0.2), (foreseen, measured)
    assert results[0]["rewritten"][0]["bytes"] > 60_000_000
