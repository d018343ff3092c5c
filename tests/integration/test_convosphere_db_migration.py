# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module convosphere_db_migration on databases as the platform leaves them: made by it, stamped, partly stamped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest.mock import ANY

import pytest

from support.law import Case, Refused
from support.migrations import AGENTS, HEADS, MODELS, record, stamp, tables
from support.platform_database import PlatformDatabase, platform_tables
from support.sandbox import Sandbox, facts_folder, image

ROOT, TABLES = "ad2434bca38f", "c02ce5c4f07b"
KNOWLEDGE, RESET = "2024_01_01_enhance_knowledge_base", "add_password_reset_fields"
ENUM = "2025_08_16_fix_enum_types_and_timestamps"
MODULE = "convosphere.platform.convosphere_db_migration"
MADE = {"action": "record", "reason": "the backend created its tables"}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with platform_tables(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
def database(platform: Sandbox) -> PlatformDatabase:
    """Create a database as the backend does: all tables, and no record of a revision."""
    return PlatformDatabase(platform)


def migrate(run_playbook: Any, database: PlatformDatabase, **options: Any) -> Any:
    settings = {name: options.pop(name) for name in ("check", "diff") if name in options}
    task = {
        "name": "Migrate",
        MODULE: {**database.login, "environment_name": "dev", "image": image("backend"), **options},
    }
    run = run_playbook([task], **settings)
    return run.task("Migrate")


@pytest.mark.law
def test_law(run_law, platform):
    made, behind, ahead = (PlatformDatabase(platform) for _number in range(3))
    stamp(behind, MODELS)
    stamp(ahead, AGENTS).query("CREATE TABLE agents (id uuid)")
    common = {"image": image("backend"), "environment_name": "dev", "skip_backup_gate": True}
    nothing = {"action": "record", "reason": "it changes nothing"}
    recorded = {
        "alembic_version": {"revisions": HEADS},
        **{f"revision {name}": nothing for name in (ROOT, TABLES)},
        **{f"revision {name}": MADE for name in (KNOWLEDGE, RESET, MODELS)},
        f"revision {AGENTS}": {**MADE, "reason": "the backend created its tables, but for table agents"},
        f"revision {ENUM}": {**MADE, "reason": "the backend created its tables without it"},
    }
    agents = {"action": "run", "reason": "missing: table agents", "sql": ANY}
    run_law(
        "convosphere_db_migration",
        cases=[
            Case(
                "record what the backend made",
                {**common, **made.login, "state": "latest"},
                diff={"before": {}, "after": recorded},
                returns={"situation": "unstamped", "revisions": HEADS, "revisions_before": [], "heads": HEADS},
            ),
            Case(
                "run what is missing",
                {**common, **behind.login},
                diff={
                    "before": {"alembic_version": {"revisions": [MODELS]}},
                    "after": {"alembic_version": {"revisions": HEADS}, f"revision {AGENTS}": agents},
                },
                returns={"situation": "behind", "steps": [{"revision": AGENTS, "action": "run", "reason": ANY}]},
            ),
            Case(
                "go back",
                {**common, **ahead.login, "revision": ROOT, "accept": [ROOT]},
                diff={
                    "before": {
                        "alembic_version": {"revisions": [AGENTS]},
                        f"revision {AGENTS}": {"action": "undo", "reason": "it comes after the desired revision"},
                    },
                    "after": {"alembic_version": {"revisions": [ROOT]}},
                },
                returns={"situation": "ahead", "revisions": [ROOT]},
            ),
        ],
        refused=[
            Refused("a revision that is none", {**common, **made.login, "revision": "f00"}, "has no revision f00"),
            Refused(
                "an image that is not there",
                {**common, **made.login, "image": "nowhere/backend:1"},
                "The host has no image",
            ),
            Refused(
                "to go back unasked",
                {**common, **made.login, "revision": RESET},
                "add add_password_reset_fields to accept",
            ),
        ],
    )
    assert record(made) == HEADS
    assert "agents" in tables(behind)
    assert "agents" not in tables(ahead)


def test_an_empty_database_is_left_for_the_backend_to_fill(run_playbook, platform):
    empty = PlatformDatabase(platform, "mig_empty")
    platform.query("CREATE DATABASE mig_empty", database="postgres")

    task = migrate(run_playbook, empty)

    assert (task.status, task.changed, task.result["situation"]) == ("ok", False, "empty")
    assert tables(empty) == set()
    asked = migrate(run_playbook, empty, revision=ROOT)
    assert "The backend creates its tables when it first starts: deploy it first." in asked.message


def test_a_record_that_is_too_short_is_widened(run_playbook, database):
    stamp(database, ROOT, width=32)

    migrate(run_playbook, database)

    assert record(database) == HEADS
    width = "SELECT character_maximum_length FROM information_schema.columns WHERE column_name = 'version_num'"
    assert database.query(width) == [(255,)]


def test_one_revision_back_whose_tables_are_there_is_recorded(run_playbook, database):
    stamp(database, AGENTS, ENUM)

    task = migrate(run_playbook, database)

    assert task.result["steps"] == [{"revision": MODELS, "action": "record", "reason": ANY}]
    assert record(database) == HEADS
    assert "agents" not in tables(database)


def test_a_revision_that_loses_super_admins_is_refused_and_named(run_playbook, database):
    stamp(database, AGENTS, RESET)

    task = migrate(run_playbook, database, check=True)

    assert task.status == "failed"
    assert (
        f"Revision {ENUM} is not run unless it is in accept: it gives users.role a type that has no SUPER_ADMIN"
        in task.message
    )
    assert record(database) == [AGENTS, RESET]
    migrate(run_playbook, database, assume=[ENUM])
    assert record(database) == HEADS
    labels = database.query("SELECT unnest(enum_range(NULL::userrole))::text")
    assert ("SUPER_ADMIN",) in labels


def test_the_code_of_a_revision_is_run_where_it_is_accepted(run_playbook, database):
    stamp(database, AGENTS, RESET)

    task = migrate(run_playbook, database, revision=ENUM, accept=[ENUM], skip_backup_gate=True)

    assert task.result["revisions"] == [AGENTS, ENUM]
    kind = "SELECT udt_name::text FROM information_schema.columns WHERE table_name = 'users' AND column_name = 'role'"
    assert database.query(kind) == [("user_role",)]


def test_a_missing_column_is_migrated_and_not_taken_for_done(run_playbook, database):
    stamp(database, AGENTS, KNOWLEDGE)
    database.query("ALTER TABLE users DROP COLUMN password_reset_token, DROP COLUMN password_reset_expires_at")

    task = migrate(run_playbook, database, revision=RESET, skip_backup_gate=True, diff=True)

    assert task.diff["after"][f"revision {RESET}"]["sql"][0] == (
        "ALTER TABLE users ADD COLUMN password_reset_token VARCHAR(255);"
    )
    columns = "SELECT column_name FROM information_schema.columns WHERE table_name = 'users'"
    assert ("password_reset_token",) in database.query(columns)
    assert record(database) == [AGENTS, RESET]


def test_a_database_that_is_newer_than_the_backend_is_refused(run_playbook, database):
    stamp(database, *HEADS, "2026_11_from_the_future")

    task = migrate(run_playbook, database)

    assert "at revision 2026_11_from_the_future, which this version of the backend does not have" in task.message


def test_another_database_is_not_taken_for_the_platforms(run_playbook, platform):
    other = PlatformDatabase(platform, "mig_films")
    platform.query("CREATE DATABASE mig_films", database="postgres")
    other.query("CREATE TABLE films (id int)")

    task = migrate(run_playbook, other)

    assert "has 1 tables, and none of them is of the platform's revisions" in task.message
    assert tables(other) == {"films"}


def test_the_platforms_own_schema_is_recorded(run_playbook, platform):
    # The measured tables if available, else those of the reference backend, which other tests compare with them.
    folder = facts_folder()
    if folder is None:
        own = PlatformDatabase(platform)
    else:
        own = PlatformDatabase(platform, "mig_real")
        platform.query("CREATE DATABASE mig_real", database="postgres")
        lines = (folder / "schema.sql").read_text().splitlines()
        own.query("\n".join(line for line in lines if not line.startswith("\\")))  # which is for psql itself
    before = tables(own)

    task = migrate(run_playbook, own)

    assert (task.changed, task.result["situation"], task.result["revisions"]) == (True, "unstamped", HEADS)
    assert record(own) == HEADS
    assert tables(own) - before == {"alembic_version"}
    assert len(before) == 31
    assert not migrate(run_playbook, own).changed
