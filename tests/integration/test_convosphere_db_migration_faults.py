# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What convosphere_db_migration does when something goes wrong: what it says, and what is in the database then."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import docker
import psycopg2
import pytest

from support.environment import wait_until
from support.migrations import AGENTS, HEADS, MODELS, ModuleProcess, backend_with, backup, record, stamp, tables
from support.platform_database import PlatformDatabase, platform_tables
from support.sandbox import DATABASE_KEY, Sandbox, image

GOOD = (AGENTS, "CREATE TABLE mig_good (id int)")
BOOM = (MODELS, "CREATE TABLE mig_half (id int)", "ALTER TABLE nowhere ADD COLUMN x int")
USERS = (AGENTS, "ALTER TABLE users ADD COLUMN mig_new text")
#: Waits for as long as the table mig_gate has a row.
SLOW = (
    AGENTS,
    "CREATE TABLE mig_slow (id int)",
    "DO $$ BEGIN WHILE EXISTS (SELECT FROM mig_gate) LOOP PERFORM pg_sleep(0.1); END LOOP; END $$",
)
MIGRATING = """
SELECT pid FROM pg_stat_activity
WHERE application_name = 'convosphere.platform migration' AND wait_event = 'PgSleep' AND datname = %s
"""


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    with platform_tables(tmp_path_factory.mktemp("platform")) as running:
        yield running


@pytest.fixture
def database(platform: Sandbox) -> PlatformDatabase:
    """Create a database at the heads of the platform's revisions, with a closed gate."""
    found = stamp(PlatformDatabase(platform), *HEADS)
    found.query("CREATE TABLE mig_gate AS SELECT 1 AS shut")
    return found


@pytest.fixture
def backups(tmp_path: Path) -> Path:
    folder = tmp_path / "backups"
    folder.mkdir(mode=0o700)
    return folder


class Migration:
    """The module's runs on one database."""

    def __init__(self, folder: Path, database: PlatformDatabase) -> None:
        self.folder = folder
        self.database = database
        self.common = {**database.login, "environment_name": "mig", "skip_backup_gate": True}

    def start(self, tag: str, **options: Any) -> ModuleProcess:
        return ModuleProcess(self.folder, {**self.common, "image": tag, **options})

    def run(self, tag: str, **options: Any) -> dict[str, Any]:
        return self.start(tag, **options).result()

    def is_under_way(self) -> bool:
        return bool(self.database.query(MIGRATING, self.database.name))

    def containers(self) -> list[Any]:
        label = f"platform.convosphere.migrates=127.0.0.1:{self.database.login['login_port']}/{self.database.name}"
        return docker.from_env().containers.list(all=True, filters={"label": label})


@pytest.fixture
def migration(tmp_path: Path, database: PlatformDatabase) -> Migration:
    return Migration(tmp_path, database)


def test_a_failed_migration_says_where_it_stands_and_leaves_nothing(migration, database):
    with backend_with(mig_boom=BOOM) as tag:
        result = migration.run(tag)

    assert result["failed"]
    assert result["msg"].startswith(
        f"The migration of {database.name} failed. It is at {AGENTS}, {MODELS}, as before the run: "
        "no change was committed.\n"
        'alembic failed in revision mig_boom: UndefinedTable: relation "nowhere" does not exist'
    )
    assert "Nothing has to be restored." in result["msg"]
    assert result["failure"]["revision"] == "mig_boom"
    assert result["failure"]["sqlstate"] == "42P01"
    assert "ALTER TABLE nowhere ADD COLUMN x int" in result["failure"]["statement"]
    assert "mig_half" not in tables(database)
    assert migration.containers() == []


def test_a_migration_that_fails_in_the_middle_names_the_backup_and_goes_on_where_it_stopped(
    migration, database, backups
):
    good = backup(backups, database.name, HEADS)
    gate = {"skip_backup_gate": False, "backup_dir": str(backups)}
    with backend_with(mig_a_good=GOOD, mig_b_boom=BOOM) as tag:
        result = migration.run(tag, **gate)

    assert (
        f"It is at {MODELS}, mig_a_good; before the run it was at {AGENTS}, {MODELS}. Done: mig_a_good."
        in result["msg"]
    )
    assert (
        f"Nothing was restored. To roll back: ansible-playbook restore.yml -e env=mig -e backup={good} -e confirm=mig"
        in result["msg"]
    )
    assert record(database) == [MODELS, "mig_a_good"]
    mended = (MODELS, "CREATE TABLE mig_half (id int)")
    with backend_with(mig_a_good=GOOD, mig_b_boom=mended) as tag:
        again = migration.run(tag)
    assert [step["revision"] for step in again["steps"]] == ["mig_b_boom"]
    assert record(database) == ["mig_a_good", "mig_b_boom"]


def test_data_is_not_changed_without_a_backup_that_will_do(migration, database, backups):
    gate = {"skip_backup_gate": False, "backup_dir": str(backups)}
    yesterday = datetime.now(UTC) - timedelta(hours=25)
    with backend_with(mig_a_good=GOOD) as tag:
        nothing = migration.run(tag, **gate)
        predicted = migration.run(tag, **gate, _ansible_check_mode=True)
        backup(backups, database.name, HEADS, created_at=yesterday)
        old = migration.run(tag, **gate)
        backup(backups, database.name, [AGENTS], verified=None)
        other = migration.run(tag, **gate)
        assert "mig_good" not in tables(database)
        made = backup(backups, database.name, HEADS, created_at=datetime.now(UTC) + timedelta(seconds=2))
        done = migration.run(tag, **gate)

    assert (
        f"{database.name} without a backup to restore. There is no backup of database {database.name}"
        in (nothing["msg"])
    )
    assert "ansible-playbook backup.yml -e env=mig, ansible-playbook backup_verify.yml -e env=mig" in nothing["msg"]
    assert predicted["backup_missing"].startswith("There is no backup")
    assert predicted["changed"]
    assert "is 25.0 hours old, and 24 are allowed" in old["msg"]
    assert f"is not verified and has the schema {AGENTS}, and the database has the schema" in other["msg"]
    assert done["backup"] == made
    assert "mig_good" in tables(database)


@pytest.mark.campaign
def test_two_migrations_at_once_run_one_after_the_other(migration, database):
    with backend_with(mig_slow=SLOW) as tag:
        first = migration.start(tag)
        wait_until(migration.is_under_way, "the migration", seconds=120)
        refused = migration.run(tag, lock_timeout=1)
        second = migration.start(tag, lock_timeout=60)
        release(database)
        results = [first.result(), second.result()]

    assert "Cannot wait for another run that is changing the schema of the database" in refused["msg"]
    assert [result["changed"] for result in results] == [True, False]
    assert record(database) == [MODELS, "mig_slow"]


def test_killed_midway_nothing_is_left_and_the_next_run_carries_on(migration, database):
    with backend_with(mig_slow=SLOW) as tag:
        killed = migration.start(tag)
        wait_until(migration.is_under_way, "the migration", seconds=120)
        killed.process.kill()
        killed.process.communicate()
        wait_until(lambda: migration.containers() == [], "the container that ends with its run", seconds=120)
        left = database.query(MIGRATING, database.name)  # in the server, which does not notice before it is done
        second = migration.start(tag)
        wait_until(
            lambda: database.query(MIGRATING, database.name) not in ([], left), "the second migration", seconds=120
        )
        release(database)
        result = second.result()

    assert len(left) == 1

    assert result["changed"], result
    assert record(database) == [MODELS, "mig_slow"]


@pytest.mark.campaign
def test_a_migration_that_takes_too_long_is_ended_and_leaves_nothing(migration, database):
    with backend_with(mig_slow=SLOW) as tag:
        run = migration.start(tag, migration_timeout=20)
        wait_until(migration.is_under_way, "the migration", seconds=120)
        result = run.result()
        left = database.query(MIGRATING, database.name)

    assert "docker did not end within 20 s" in result["msg"]
    assert "no change was committed" in result["msg"]
    assert left == []  # nor does the server work on
    assert "mig_slow" not in tables(database)
    assert migration.containers() == []


def test_a_table_that_is_locked_is_not_waited_for_for_ever(migration, database):
    with backend_with(mig_users=USERS) as tag, reading(database, "users") as process:
        result = migration.run(tag, lock_timeout=1)
        never = migration.run(tag, lock_timeout=2, idle_transaction_timeout=0)
    with backend_with(mig_users=USERS) as tag, reading(database, "users", "REPEATABLE READ") as dumping:
        snapshot = migration.run(tag, lock_timeout=3, idle_transaction_timeout=1)

    assert snapshot["failure"]["holders"][0]["process"] == dumping  # others may be dumping what it sees

    for failed in (result, never):
        assert (
            "alembic failed in revision mig_users: LockNotAvailable: canceling statement due to lock timeout. "
            f"The lock is held by: process {process} of convosphere (reader), idle in transaction for "
        ) in failed["msg"]
        assert failed["failure"]["holders"][0]["process"] == process
    assert "mig_new" not in columns(database, "users")


def test_a_session_that_has_long_done_nothing_with_its_lock_is_ended(migration, database):
    with (
        backend_with(mig_users=USERS) as tag,
        reading(database, "users") as process,
        reading(database, "assistants") as beside,
    ):
        result = migration.run(tag, idle_transaction_timeout=1)
        left = [row[0] for row in database.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'reader'")]

    assert result["changed"], result
    assert [item["process"] for item in result["ended_sessions"]] == [process]
    ended = f"a lock which a revision waited for: process {process} of convosphere (reader), idle in transaction"
    assert ended in str(result["warnings"])
    assert left == [beside]
    assert "mig_new" in columns(database, "users")


@pytest.mark.campaign
def test_a_database_that_goes_away_in_the_middle_is_told(migration, database):
    with backend_with(mig_slow=SLOW) as tag:
        run = migration.start(tag)
        wait_until(migration.is_under_way, "the migration", seconds=120)
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        database.query(f"SELECT pg_terminate_backend(pid) {others}")
        result = run.result()

    assert "alembic failed in revision mig_slow: " in result["msg"]
    assert f"It is at {AGENTS}, {MODELS}, as before" in result["msg"]


def test_no_password_is_seen_anywhere(tmp_path, platform):
    name, secret = 'mig "odd" %s\'db', "planted %2F% @/:?#[]$pass'word\" \\ é"
    platform.query('CREATE DATABASE "mig ""odd"" %s\'db" TEMPLATE convosphere', database="postgres")
    database = stamp(PlatformDatabase(platform, name), *HEADS)
    database.query("CREATE TABLE mig_gate AS SELECT 1 AS shut")
    database.query('CREATE ROLE "mig user@x" SUPERUSER LOGIN PASSWORD %s', secret)
    migration = Migration(tmp_path, database)
    with backend_with(mig_slow=SLOW) as tag:
        run = migration.start(tag, login_user="mig user@x", login_password=secret)
        wait_until(migration.is_under_way, "the migration", seconds=120)
        seen = [command_lines(), json.dumps([item.attrs for item in migration.containers()], ensure_ascii=False)]
        release(database)
        result = run.result()

    assert result["changed"], result
    assert "convosphere-alembic" in seen[0]
    assert "--interactive" not in seen[1]
    for text in [*seen, json.dumps(result, ensure_ascii=False)]:
        assert "planted %2F" not in text
    assert record(database) == [MODELS, "mig_slow"]


def test_an_image_that_is_not_there_yet_is_no_error_in_check_mode(migration):
    result = migration.run("nowhere/backend:1", _ansible_check_mode=True)

    assert (result["changed"], result["situation"], result["schema"]) == (False, "unknown", None)


def test_an_image_of_something_else_is_named(migration):
    result = migration.run(image("postgres"))

    assert "Cannot read the revisions of the image" in result["msg"]


def test_a_password_that_is_wrong_is_told_without_it(migration):
    result = migration.run(image("backend"), login_password="planted-wrong-one")

    assert "password authentication failed" in result["msg"]
    assert "planted-wrong-one" not in json.dumps(result)


def release(database: PlatformDatabase) -> None:
    """Open the gate that a slow revision waits at."""
    database.query("DELETE FROM mig_gate")


@contextmanager
def reading(database: PlatformDatabase, table: str, isolation: str = "READ COMMITTED") -> Iterator[int]:
    """Read a table in a session that keeps its transaction open, as the platform may do at each start."""
    host, port = database.running.address("postgres").split(":")
    connection = psycopg2.connect(
        host=host, port=port, user="convosphere", password=DATABASE_KEY, dbname=database.name,
        application_name="reader",
    )  # fmt: skip
    try:
        connection.set_session(isolation_level=isolation)
        connection.cursor().execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name of the tests
        yield connection.info.backend_pid
    finally:
        connection.close()


def columns(database: PlatformDatabase, table: str) -> set[str]:
    """Return the names of a table's columns."""
    found = database.query("SELECT column_name FROM information_schema.columns WHERE table_name = %s", table)
    return {row[0] for row in found}


def command_lines() -> str:
    """Return the command lines and initial environments of all processes on this machine."""
    found = []
    for process in Path("/proc").iterdir():
        for name in ("cmdline", "environ"):
            try:
                found.append((process / name).read_bytes().replace(b"\0", b" ").decode(errors="replace"))
            except OSError:
                continue  # no process, or one that has ended
    return "\n".join(found)
