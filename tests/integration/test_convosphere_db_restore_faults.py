# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Let verifications and restores fail in every way: nothing is lost, and the message names the next action."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from support.compose_project import compose_project, probe, service
from support.dumps import BackupDirectory, fill, other_key
from support.module_process import ModuleProcess, run_module
from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY, Sandbox, until

VERIFY = "convosphere_db_backup_verify"
RESTORE = "convosphere_db_restore"
INFO = "convosphere_db_backup_info"
#: With everything in it that a shell, a URL or libpq could take for its own.
ODD_PASSWORD = "planted '\"\\ $HOME `id` %s @:/?#[]&;|<> é"


@pytest.fixture
def backups(tables: Sandbox, tmp_path: Path) -> BackupDirectory:
    """Return the backups of a database with 20 users."""
    database = PlatformDatabase(tables)
    for number in range(20):
        database.add_user(f"user{number}@example.com")
    return BackupDirectory(database, tmp_path / "backups")


def options(backups: BackupDirectory, **more: Any) -> dict[str, Any]:
    return {**backups.options, "confirm": "dev", "backup": "latest", **more}


def verify(backups: BackupDirectory, **more: Any) -> dict[str, Any]:
    return run_module(VERIFY, {**backups.options, **more}, backups.directory.parent)


def restore(backups: BackupDirectory, **more: Any) -> dict[str, Any]:
    return run_module(RESTORE, options(backups, **more), backups.directory.parent)


def failed(result: dict[str, Any]) -> str:
    assert result.get("failed"), result
    return str(result["msg"])


def side_databases(backups: BackupDirectory) -> list[str]:
    return [name for name in backups.databases() if "_before_" not in name]


# ------------------------------------------------------------------------------------------------ damaged backups


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (flip, "but its manifest says"),
        (lambda path: path.write_bytes(path.read_bytes()[:-10]), "bytes instead of"),
        (lambda path: path.write_bytes(b""), "has 0 bytes instead of"),
        (lambda path: path.unlink(), "is missing"),
        (lambda path: path.with_name(path.name.replace(".dump.zst", ".manifest.json")).unlink(), "There is no backup"),
    ],
    ids=["a flipped byte", "truncated", "empty", "no dump", "no manifest"],
)
def test_a_damaged_backup_is_refused(backups, damage, message):
    made = backups.back_up(verified={"level": "restore", "at": "2026-11-23T15:04:05Z", "duration": 1.0, "host": "x"})
    # A directory without a manifest is known by its marker.
    (backups.directory / ".convosphere.json").write_text(f'{{"environment": "{made.environment}"}}')
    damage(backups.directory / made.files[0].name)

    assert message in failed(verify(backups, backup=made.id, force=True, level="checksum"))
    assert message in failed(verify(backups, backup=made.id, force=True))
    assert message in failed(restore(backups, backup=made.id))
    assert len(backups.database.emails()) == 20
    assert backups.databases() == []
    manifest = backups.directory / made.file_name
    assert not manifest.exists() or message != "but its manifest says" or not backups.manifest(made.id)["verified"]


def test_a_dump_that_was_broken_before_its_checksum_was_taken(backups):
    made = backups.back_up()
    path = backups.directory / made.files[0].name
    flip(path)
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    backups.change(made, files=(replace(made.files[0], sha256=sha256),))

    assert "Cannot" in failed(verify(backups))
    assert "Cannot" in failed(restore(backups))
    assert (len(backups.database.emails()), backups.databases()) == (20, [])


def test_a_dump_with_fewer_rows_than_its_manifest_says(backups):
    made = backups.back_up()
    record = made.database
    assert record
    tables = {**record.tables, "public.users": 21, "public.gone": 1}
    backups.change(made, database=replace(record, tables=tables, schema_revisions=("one",)))

    for message in (failed(verify(backups)), failed(restore(backups))):
        assert "table public.users has 20 rows, and the manifest says 21" in message
        assert "table public.gone is missing" in message
        assert "its schema is at none, and the manifest says one" in message
    assert (len(backups.database.emails()), backups.databases()) == (20, [])


NORMALIZE = "CREATE FUNCTION norm(t text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT unaccent(t)'"
GENERATED = "CREATE TABLE found (name text, plain text GENERATED ALWAYS AS (norm(name)) STORED)"


def test_an_intact_backup_that_does_not_load_here_keeps_its_verification(backups):
    query = backups.database.query
    verified = {"level": "checksum", "at": "2026-11-23T15:04:05Z", "duration": 1.0, "host": "x"}
    query("CREATE EXTENSION unaccent")
    query(NORMALIZE)
    made = []
    for statement in ("CREATE INDEX ON users (norm(email))", GENERATED):
        query(statement)
        made.append(backups.back_up(datetime(2026, 11, len(made) + 1, tzinfo=UTC), verified=verified))
        query("DROP INDEX users_norm_idx" if len(made) == 1 else "SELECT 1")

    for one, found in ((made[0], verify(backups, backup=made[0].id)), (made[1], restore(backups, backup=made[1].id))):
        message = failed(found)
        assert "ERROR:  function unaccent(text) does not exist" in message
        assert "HINT:  No function matches the given name and argument types" in message
        assert "does not load here, and is not corrupt" in message
        assert "ALTER FUNCTION <name> SET search_path" in message
        assert (found["failure"]["verdict"], found["failure"]["sqlstate"]) == ("could not tell", "42883")
        manifest = backups.manifest(one.id)
        assert (manifest["verified"], manifest["damaged_at"]) == (verified, None)
        assert "unaccent" in manifest["not_loaded"]["reason"]
    assert (len(backups.database.emails()), backups.databases()) == (20, [])
    query("ALTER FUNCTION norm(text) SET search_path = public, pg_temp")
    good = backups.back_up()
    assert verify(backups, backup=good.id)["changed"]


def test_one_damaged_backup_does_not_keep_the_others_from_being_verified(backups):
    made = [backups.back_up(datetime(2026, 11, day, tzinfo=UTC)) for day in (1, 2, 3)]
    flip(backups.directory / made[1].files[0].name)
    message = failed(verify(backups, backup=["all"], level="checksum"))

    assert made[1].id in message
    assert made[0].id not in message
    assert [bool(backups.manifest(each.id)["verified"]) for each in made] == [True, False, True]


def test_the_latest_that_is_cut_short_is_not_silently_passed_over(backups):
    whole = backups.back_up(datetime.now(UTC) - timedelta(hours=1))
    short = backups.back_up()
    path = backups.directory / short.files[0].name
    path.write_bytes(path.read_bytes()[:-10])

    message = failed(verify(backups))
    assert "bytes instead of" in message
    assert f"The newest intact backup is {whole.id}" in message
    assert not backups.manifest(whole.id)["verified"]
    listed = run_module(INFO, {"backup_dir": str(backups.directory), "backup": "latest"}, backups.directory.parent)
    restored = restore(backups)
    for found in (listed, restored):
        assert not found.get("failed"), found
        warning = f"latest means {whole.id}, because newer backups are unusable: {short.file_name}"
        assert warning in str(found["warnings"])


def test_the_wrong_key(backups, tmp_path):
    backups.back_up(encrypted=True)
    message = failed(restore(backups, identity_file=str(other_key(tmp_path))))

    assert "no identity matched any of the recipients" in message
    assert "identity_file" in message
    assert backups.databases() == []
    assert not restore(backups, identity_file=str(backups.key)).get("failed")


def test_what_is_missing_on_the_host_condemns_no_backup(backups, tmp_path):
    """A key that is not mounted, a container that does not run, and a killed program say nothing about a backup."""
    made = backups.back_up(datetime(2026, 1, 1, tzinfo=UTC), encrypted=True)
    key, broken = {"identity_file": str(backups.key)}, tmp_path / "broken.key"
    broken.write_text("no key\n")
    broken.chmod(0o600)
    assert not verify(backups, **key).get("failed")
    before = backups.manifest(made.id)
    killed = tmp_path / "programs"
    killed.mkdir()
    (killed / "zstd").write_text("#!/bin/sh\nkill -KILL $$\n")
    (killed / "zstd").chmod(0o755)
    of_all: dict[str, Any] = {"backup": ["all"], "level": "checksum", "force": True, **key}

    for path, message in ((tmp_path / "gone.key", "Cannot read the key in"), (broken, "is the file of an age or")):
        assert message in failed(restore(backups, identity_file=str(path)))
        assert message in failed(verify(backups, identity_file=str(path), force=True))
        assert message in failed(verify(backups, **{**of_all, "identity_file": str(path)}))
    assert "login_container is the name of a running container" in failed(
        verify(backups, **of_all, login_container="nobody")
    )
    path = f"{killed}:{os.environ['PATH']}"
    assert "signal 9" in failed(run_module(VERIFY, {**backups.options, **of_all}, tmp_path, PATH=path))
    assert backups.manifest(made.id) == before
    assert (len(backups.database.emails()), backups.databases()) == (20, [])
    assert not restore(backups, backup="latest_verified", **key).get("failed")


# -------------------------------------------------------------------------------------------------------- killed


@pytest.mark.campaign
def test_killed_at_random_moments_while_verifying(backups, tmp_path):
    fill(backups.database, 20_000)
    made = backups.back_up()
    began = time.monotonic()
    assert verify(backups)["changed"]
    whole = time.monotonic() - began
    choose = random.Random(4)
    killed = 0
    for _attempt in range(6):
        process = ModuleProcess(VERIFY, {**backups.options, "force": True}, tmp_path)
        killed += process.kill_after(choose.uniform(0.2, 1) * whole)
        assert backups.manifest(made.id)["verified"]["level"] == "restore"
    assert killed
    assert verify(backups, force=True)["changed"]
    assert backups.databases() == []
    assert len(backups.database.emails()) == 20


@pytest.mark.campaign
def test_killed_at_random_moments_while_restoring(backups, tmp_path):
    fill(backups.database, 20_000)
    backups.back_up()
    backups.database.add_user("late@example.com")
    began = time.monotonic()
    assert restore(backups)["restored"]
    whole = time.monotonic() - began
    choose = random.Random(4)
    killed = 0
    for attempt in range(6):
        backups.database.add_user(f"late{attempt}@example.com")
        process = ModuleProcess(RESTORE, options(backups), tmp_path)
        killed += process.kill_after(choose.uniform(0.2, 1.05) * whole)
        # The old one or the new one, and nothing that was written is lost.
        assert len(backups.database.emails()) in (20, 21 + attempt, 21)
        assert f"late{attempt}@example.com" in everybody(backups)
    assert killed
    result = restore(backups)
    assert not result.get("failed"), result
    assert len(backups.database.emails()) == 20
    assert side_databases(backups) == []
    assert "late@example.com" in everybody(backups)


def everybody(backups: BackupDirectory) -> set[str]:
    """Return the emails in the live database and in the kept ones."""
    kept = [name for name in backups.databases() if "_before_" in name]
    databases = [backups.database, *(PlatformDatabase(backups.database.running, name) for name in kept)]
    return {email for database in databases for email in database.emails()}


def test_killed_in_the_swap_and_after_it(backups, tmp_path):
    backups.back_up()
    backups.database.add_user("late@example.com")
    name = backups.database.name
    healthy = probe("test -f /tmp/up")
    services = {"backend": service(healthcheck={**healthy, "start_period": "60s"}, stop_grace_period="1s")}
    with compose_project(tmp_path / "stack", services) as project:
        up = ("exec", "backend", "touch", "/tmp/up")
        project.compose(*up)
        settings = options(backups, project_name=project.name, wait_timeout=60)
        with closing(connection(backups, "postgres")) as holder, holder.cursor() as cursor:
            cursor.execute(f"COMMENT ON DATABASE {name} IS 'held'")  # keeps it from being renamed
            process = ModuleProcess(RESTORE, settings, tmp_path)
            until(lambda: waits_for_a_lock(backups), "the rename")
            assert not project.state("backend")["Running"]
            process.kill()
            holder.rollback()
        assert len(backups.database.emails()) == 21

        process = ModuleProcess(RESTORE, settings, tmp_path)
        until(lambda: len(backups.database.emails()) == 20, "the swap")
        assert process.running
        process.kill()
        assert side_databases(backups) == []

        process = ModuleProcess(RESTORE, settings, tmp_path)
        until(lambda: project.state("backend")["Running"], "the backend")
        project.compose(*up)
        result = process.result()
        assert (result.get("failed", False), result["restored"]) == (False, False)
        assert project.state("backend")["Running"]
    assert len(backups.databases()) == 1


def waits_for_a_lock(backups: BackupDirectory) -> bool:
    # Not asked in the database itself, which refuses connections meanwhile.
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER DATABASE%'"
    return bool(backups.database.running.query(waiting))


def connection(backups: BackupDirectory, database: str) -> Any:
    login = backups.database.login
    return psycopg2.connect(
        host="127.0.0.1", port=login["login_port"], user="convosphere", password=DATABASE_KEY, dbname=database
    )


# ---------------------------------------------------------------------------------------- the server and its clients


def test_clients_that_come_back_at_once_do_not_keep_it_from_being_replaced(backups):
    backups.back_up()
    backups.database.add_user("late@example.com")
    over = threading.Event()
    served: list[int] = []

    def insist() -> None:
        while not over.is_set():
            with suppress(psycopg2.Error), closing(connection(backups, backups.database.name)) as client:
                client.autocommit = True
                while not over.is_set():
                    with client.cursor() as cursor:
                        cursor.execute("SELECT count(*) FROM users")
                        served.append(cursor.fetchone()[0])

    clients = [threading.Thread(target=insist) for _each in range(4)]
    for client in clients:
        client.start()
    try:
        result = restore(backups, drain_timeout=1)
        until(lambda: served[-1] == 20, "an answer of the restored database")
    finally:
        over.set()
        for client in clients:
            client.join()

    assert result["restored"], result
    assert set(served) == {20, 21}


@pytest.mark.campaign
def test_a_server_that_restarts_while_a_dump_is_loaded(tables, tmp_path):
    database = PlatformDatabase(tables)
    backups = BackupDirectory(database, tmp_path / "backups")
    fill(database, 60_000)
    backups.back_up()
    database.add_user("late@example.com")
    process = ModuleProcess(RESTORE, options(backups), tmp_path)
    until(lambda: side_databases(backups), "the new database")
    tables.containers["postgres"].restart(timeout=0)
    message = failed(process.result())
    tables.wait_for_database()

    assert "Cannot" in message
    assert database.emails() == ["late@example.com"]
    result = restore(backups)
    assert result.get("restored"), result
    assert (database.emails(), side_databases(backups)) == ([], [])


@pytest.mark.campaign
def test_a_disk_that_fills_up(tables, tmp_path):
    tables.execute("postgres", "mkdir", "/dev/shm/small")
    tables.execute("postgres", "chown", "postgres", "/dev/shm/small")
    tables.query("CREATE TABLESPACE small LOCATION '/dev/shm/small'")  # 64 MB of memory
    tables.query("CREATE DATABASE filling TEMPLATE convosphere TABLESPACE small")
    database = PlatformDatabase(tables, "filling")
    backups = BackupDirectory(database, tmp_path / "backups")
    database.add_user("ada@example.com")
    fill(database, 36_000)
    made = backups.back_up()

    for message in (failed(verify(backups)), failed(restore(backups))):
        assert "could not extend file" in message
    assert backups.manifest(made.id)["damaged_at"] is None, "it is not the backup's fault"
    assert database.emails() == ["ada@example.com"]
    assert backups.databases() == []


def test_a_disk_that_is_too_small_from_the_beginning(backups):
    made = backups.back_up()
    assert made.database
    backups.change(made, database=replace(made.database, size=10**16))

    for message in (failed(verify(backups)), failed(restore(backups))):
        assert "the disk of PostgreSQL, under /var/lib/postgresql/data, has" in message


def test_a_role_that_is_no_superuser_and_has_an_odd_password(tables, tmp_path):
    literal = ODD_PASSWORD.replace("'", "''")
    tables.query("DROP ROLE IF EXISTS plain")
    tables.query(f"CREATE ROLE plain LOGIN PASSWORD '{literal}'")
    tables.query("CREATE DATABASE plains OWNER plain TEMPLATE template0")
    database = PlatformDatabase(tables, "plains")
    database.query("SET ROLE plain; CREATE TABLE kept AS SELECT generate_series(1, 5) AS id; CREATE EXTENSION pgcrypto")
    backups = BackupDirectory(database, tmp_path / "backups")
    backups.back_up()
    database.query("TRUNCATE kept")
    mine = {"login_user": "plain", "login_password": ODD_PASSWORD}

    assert "may not create databases (CREATEDB)" in failed(verify(backups, **mine))
    assert "may not create databases (CREATEDB)" in failed(restore(backups, **mine))
    tables.query("ALTER ROLE plain CREATEDB")
    with watching() as commands:
        results = [verify(backups, **mine), restore(backups, **mine)]
    assert all(result.get("changed") for result in results), results
    assert any("pg_restore" in command for command in commands())
    assert not [command for command in commands() if "planted" in command]
    assert database.query("SELECT count(*) FROM kept") == [(5,)]
    discard = {**backups.database.login, **mine, "environment_name": "dev", "confirm": "dev", "state": "discarded"}
    assert run_module(RESTORE, discard, tmp_path)["kept"] == []
    tables.query("DROP DATABASE plains")
    tables.query("DROP ROLE plain")


@contextmanager
def watching() -> Iterator[Callable[[], list[str]]]:
    """Return the command lines of all processes while the block runs, those in containers too."""
    script = Path(__file__).parents[1] / "support/watch_processes.py"
    found: list[str] = []
    with subprocess.Popen(
        ["python3", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, errors="replace"
    ) as process:
        try:
            yield lambda: found
        finally:
            found += process.communicate("")[0].split("\0")
