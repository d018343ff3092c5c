# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults while a backup is created: it is complete or does not exist, and the next one succeeds."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._backup.catalogue import Catalogue
from ansible_collections.convosphere.platform.plugins.module_utils._backup.snapshot import Snapshot
from ansible_collections.convosphere.platform.plugins.module_utils._core import locks
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import Database
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_fingerprint import Content
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_server import Server

from support.backup_module import BackupModule
from support.backups import put_backup
from support.dumps import CONNECTION
from support.platform_database import PlatformDatabase, platform_tables
from support.sandbox import Sandbox, until

#: Everything that a shell, libpq, a URL or an environment file could take for its own.
TOKEN = uuid.uuid4().hex
PASSWORD = f"planted-{TOKEN} '\"\\ $HOME ${{PATH}} `id` %s %% @:/?#[]&=+;|<>(){{}}*~! é"
ODD_NAME = 'Odd "na\'me" =x /y'
DUMPS = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'convosphere.platform dump%'"
ROWS = 120_000


@pytest.fixture(scope="module")
def database(tables: Sandbox) -> PlatformDatabase:
    """Create a database with a table that takes several megabytes, compressed."""
    found = PlatformDatabase(tables)
    found.query(
        "CREATE TABLE noise AS SELECT n, md5(n::text) || md5('a' || n) AS text FROM generate_series(1, %s) n", ROWS
    )
    return found


@pytest.fixture
def module(database: PlatformDatabase, tmp_path: Path) -> BackupModule:
    return BackupModule(options_of(database, tmp_path), tmp_path)


def options_of(database: PlatformDatabase, folder: Path) -> dict[str, Any]:
    return {
        **database.login,
        "login_container": str(database.running.containers["postgres"].name),
        "backup_dir": str(folder / "backups"),
        "environment_name": "dev",
        "lock_timeout": 1,
    }


def assert_whole(module: BackupModule) -> None:
    """Check that every file under a final name matches its manifest and that there is no other file."""
    backups, foreign = Catalogue(module.directory).read()
    assert [item for item in foreign if not item.path.name.startswith(".convosphere-")] == []
    for backup in backups:
        content = backup.path().read_bytes()
        assert hashlib.sha256(content).hexdigest() == backup.manifest.files[0].sha256


def assert_succeeds(module: BackupModule, database: PlatformDatabase) -> dict[str, Any]:
    """Check that the next run succeeds and that nothing of earlier runs is left."""
    until(lambda: not locks.is_locked(module.directory / ".lock"), "the lock to be let go of")
    before = len(module.manifests())
    result = module.run()
    assert len(module.manifests()) == before + 1
    assert [name for name in module.names() if name.startswith(".")] == []
    assert result["backup"]["database"]["tables"]["public.noise"] >= ROWS
    until(lambda: database.query(DUMPS) == [(0,)], "every dump to end")
    return result


@pytest.mark.campaign
def test_an_interruption_at_any_time_leaves_a_complete_backup_or_none(module, database):
    started = time.monotonic()
    module.run()
    whole = time.monotonic() - started
    moments = random.Random(4)
    for _each in range(8):
        run = module.start()
        run.kill_after(whole * moments.uniform(0.2, 1.1))
        assert_whole(module)

    assert_succeeds(module, database)
    assert_whole(module)


def test_the_next_run_removes_the_files_of_an_interrupted_dump(module, database):
    module.start_and_wait().kill()
    assert [name for name in module.names() if not name.startswith(".")] == []
    assert any(name.startswith(".convosphere-") for name in module.names())
    module.open_gate()

    assert_succeeds(module, database)


@pytest.fixture
def no_named_pipe(database: PlatformDatabase) -> Iterator[None]:
    """Take the private directory away from the container."""
    database.running.execute("postgres", "sh", "-c", "mv /tmp /tmp.kept && ln -s tmp.kept /tmp")
    yield
    database.running.execute("postgres", "sh", "-c", "rm /tmp && mv /tmp.kept /tmp")


@pytest.mark.campaign
@pytest.mark.usefixtures("no_named_pipe")
def test_without_a_named_pipe_the_next_run_ends_an_orphaned_dump(module, database):
    # A pg_dump in the container continues when docker exec is killed.
    run = module.start_and_wait()
    until(lambda: database.query(DUMPS) == [(1,)], "pg_dump to connect")
    run.kill()
    module.open_gate()

    assert_succeeds(module, database)


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    disk = folder / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_lack_of_space_is_reported_before_anything_is_written(module, tmp_path):
    with small_disk(tmp_path, "4m") as disk:
        message = module.start(backup_dir=str(disk)).failure()

        assert "There is not enough room for a backup" in message
        assert "and 4194304 are free" in message
        assert list(disk.iterdir()) in ([], [disk / ".lock"])


def test_a_disk_that_fills_up_during_the_dump_leaves_nothing(module, database, tmp_path):
    with small_disk(tmp_path, "2m") as disk:
        # As measured on this one, the next one takes next to nothing.
        put_backup(disk, datetime.now(UTC).replace(microsecond=0) - timedelta(days=1), database_name=database.name)
        before = sorted(path.name for path in disk.iterdir())
        message = module.start(backup_dir=str(disk)).failure()

        assert f"Cannot write a backup to {disk}: the disk is full after" in message
        assert sorted(path.name for path in disk.iterdir() if path.name != ".lock") == before
    until(lambda: database.query(DUMPS) == [(0,)], "the dump to end")


def test_a_second_run_at_the_same_time_is_refused(module, database):
    first = module.start_and_wait()

    assert "Another run is changing the backups in" in module.start().failure()

    module.open_gate()
    assert not first.result().get("failed")
    assert len(module.manifests()) == 1
    assert database.query(DUMPS) == [(0,)]


def test_the_rows_of_a_growing_table_are_those_of_the_dump(module, database):
    rows = database.query("SELECT count(*) FROM noise")[0][0]
    run = module.start_and_wait()
    database.query("INSERT INTO noise SELECT n, 'later' FROM generate_series(1, 5000) n")
    module.open_gate()
    result = run.result()

    assert result["backup"]["database"]["tables"]["public.noise"] == rows
    dump = subprocess.run(["zstd", "-dcq", result["file"]], capture_output=True, check=True).stdout
    container = database.running.containers["postgres"].name
    listed = subprocess.run(
        ["docker", "exec", "-i", container, "pg_restore", "--data-only", "--table=noise", "--file=-"],
        input=dump,
        capture_output=True,
        check=True,
    ).stdout
    assert listed.count(b"\t") == rows


def test_a_locked_table_is_named_with_the_holder_of_the_lock(module, database):
    host, port = database.running.address("postgres").split(":")
    blocker = psycopg2.connect(
        host=host,
        port=port,
        user="convosphere",
        password=database.login["login_password"],
        dbname=database.name,
        application_name="a migration",
    )
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE noise IN ACCESS EXCLUSIVE MODE")
    message = module.start().failure()
    blocker.close()

    assert "a table was locked for more than lock_timeout=1 s: noise by process" in message
    assert "of convosphere (a migration), in a transaction for" in message
    assert module.names() == []


@contextmanager
def role(database: PlatformDatabase, *grants: str) -> Iterator[dict[str, str]]:
    """Create a database role that is no superuser, and yield its login_ options."""
    name = "reader \"of' all"
    quoted = '"' + name.replace('"', '""') + '"'
    database.query(f"CREATE ROLE {quoted} LOGIN PASSWORD %s", PASSWORD)
    try:
        for grant in grants:
            database.query(f"GRANT {grant} TO {quoted}")
        yield {"login_user": name, "login_password": PASSWORD}
    finally:
        database.query(f"DROP OWNED BY {quoted}")
        database.query(f"DROP ROLE {quoted}")


def test_the_privilege_to_read_everything_is_sufficient(module, database):
    with role(database, "pg_read_all_data") as login:
        assert module.run(**login)["changed"]


def test_the_timeouts_of_a_role_do_not_end_a_backup(module, database):
    limits = ("statement_timeout", "idle_in_transaction_session_timeout", "idle_session_timeout")
    with role(database, "pg_read_all_data") as login:
        quoted = '"' + login["login_user"].replace('"', '""') + '"'
        for limit in limits:
            database.query(f"ALTER ROLE {quoted} SET {limit} = '400ms'")
        params = {**CONNECTION, **database.login, **login}
        reader = Database(params, read_only=True)
        with closing(reader.connection), Content(params, database.name) as content:
            snapshot = Snapshot(reader)
            server = Server(params, read_only=True, database=database.name)
            with closing(server):
                for session in (reader, content.database, server):
                    session.fetch("SELECT pg_sleep(0.6)")  # the others do nothing meanwhile
                    assert session.fetch("SELECT setting FROM pg_settings WHERE name = ANY (%s)", (list(limits),)) == [
                        ("0",)
                    ] * len(limits)
            for session in (reader, content.database):
                assert session.fetch("SHOW row_security") == [("off",)]
            assert snapshot.count()["public.noise"] == content.counts()["public.noise"]
        assert module.run(**login)["changed"]


def test_tables_without_privilege_are_named_before_anything_is_written(module, database):
    with role(database, "SELECT ON noise") as login:
        message = module.start(**login).failure()

    assert "has no privilege to read table public.ai_models" in message
    assert "public.noise" not in message
    assert "pg_read_all_data" in message
    assert module.names() == []


def test_a_password_is_on_no_command_line(module, database):
    container = database.running.containers["postgres"]
    with role(database, "pg_read_all_data") as login:
        watcher = Path(__file__).parents[1] / "support" / "watch_processes.py"
        with subprocess.Popen(
            [sys.executable, watcher], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        ) as process:
            run = module.start_and_wait(**login)
            until(lambda: database.query(DUMPS) == [(1,)], "pg_dump to connect")
            inside = container.top(ps_args="-eo pid,args")["Processes"]
            module.open_gate()
            result = run.result()
            seen, _errors = process.communicate(b"")

    assert not result.get("failed")
    assert b"pg_dump" in seen
    assert any("pg_dump" in line for _pid, line in inside)
    assert TOKEN.encode() not in seen
    assert TOKEN not in str(inside)
    assert TOKEN not in str(result)


def test_a_database_may_have_any_name(module, database):
    quoted = '"' + ODD_NAME.replace('"', '""') + '"'
    database.running.query(f"CREATE DATABASE {quoted} TEMPLATE convosphere", database="postgres")
    try:
        for container in (module.options["login_container"], None):
            result = module.run(login_db=ODD_NAME, login_container=container)
            assert result["backup"]["database"]["name"] == ODD_NAME
            assert result["backup"]["id"].startswith("Odd__na_me___x__y-")
    finally:
        database.running.query(f"DROP DATABASE {quoted}", database="postgres")


def test_programs_on_the_host_create_the_same_backup(module):
    found = [module.run(login_container=container) for container in (module.options["login_container"], None)]

    assert found[0]["backup"]["database"]["tables"] == found[1]["backup"]["database"]["tables"]
    assert abs(found[0]["backup"]["files"][0]["size"] - found[1]["backup"]["files"][0]["size"]) < 10_000


@pytest.mark.parametrize("missing", ["zstd", "age"])
def test_a_missing_program_is_named_before_anything_is_written(module, missing, tmp_path):
    key = tmp_path / "key"
    subprocess.run(["age-keygen", "-o", key], capture_output=True, check=True)
    public = subprocess.run(["age-keygen", "-y", key], capture_output=True, check=True, text=True).stdout.strip()
    module.without(missing)

    message = module.start(recipients=[public]).failure()
    assert f"{missing} is not installed on the host. Run the playbook setup.yml" in message
    assert module.names() == []


def test_programs_of_another_major_version_are_refused(module, database):
    fake = "printf '#!/bin/sh\\necho \"pg_dump (PostgreSQL) 13.2\"\\n' > /usr/local/bin/pg_dump"
    database.running.execute("postgres", "sh", "-c", f"{fake}; chmod 755 /usr/local/bin/pg_dump")
    try:
        message = module.start().failure()
    finally:
        database.running.execute("postgres", "rm", "/usr/local/bin/pg_dump")

    assert "has version 13.2, and the server has version 15." in message


def test_after_the_clock_was_set_back_old_backups_stay_and_the_new_one_counts(module, database):
    ahead = datetime.now(UTC).replace(microsecond=0) + timedelta(days=400)
    future = [
        put_backup(module.directory, ahead + timedelta(days=day), database_name=database.name) for day in range(3)
    ]
    first = module.run(retention={"keep_last": 1})
    second = module.run(retention={"keep_last": 1})

    assert first["deleted"] == []
    assert second["deleted"] == [first["created"]]
    assert {manifest["id"] for manifest in module.manifests()} == {*(item.id for item in future), second["created"]}


@pytest.mark.campaign
def test_the_server_may_stop_in_the_middle(tmp_path_factory, tmp_path):
    with platform_tables(tmp_path_factory.mktemp("images")) as running:
        database = PlatformDatabase(running)
        database.query("CREATE TABLE noise AS SELECT md5(n::text) AS text FROM generate_series(1, %s) n", ROWS)
        module = BackupModule(options_of(database, tmp_path), tmp_path)
        run = module.start_and_wait()
        until(lambda: database.query(DUMPS) == [(1,)], "pg_dump to connect")
        running.containers["postgres"].restart(timeout=0)
        module.open_gate()
        message = run.failure()

        assert f"Cannot dump database {database.name}: pg_dump" in message
        assert "The server or its container was stopped or restarted" in message
        assert module.names() == []
        running.wait_for_database()
        assert_succeeds(BackupModule(options_of(database, tmp_path), tmp_path), database)
