# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import DatabaseError
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_fingerprint import Content
from ansible_collections.convosphere.platform.plugins.module_utils._restore.database_server import Server

from support.compose_project import OBEYS, compose_project, probe, service
from support.dumps import CONNECTION, BackupDirectory
from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase, platform_with_login
from support.sandbox import ADMIN, Sandbox, facts_folder, until

MODULE = "convosphere_db_restore"
REVISION = "2025_08_14_add_agents"


@pytest.fixture
def backups(tables: Sandbox, tmp_path: Path) -> BackupDirectory:
    database = PlatformDatabase(tables)
    for number in range(20):
        database.add_user(f"user{number}@example.com")
    database.query("CREATE TABLE alembic_version (version_num varchar(255) PRIMARY KEY)")
    database.query("INSERT INTO alembic_version VALUES (%s)", REVISION)
    return BackupDirectory(database, tmp_path / "backups")


def options(backups: BackupDirectory, **more: object) -> dict[str, object]:
    return {**backups.options, "confirm": "dev", "backup": "latest", **more}


def restored(name: str, identifier: str, before: dict[str, object] | None = None) -> dict[str, object]:
    was = before or {"backup": None, "written_since": None}
    wanted = {"backup": identifier, "written_since": False}
    after = {key: value for key, value in wanted.items() if was[key] != value}
    return {"before": {name: {key: was[key] for key in after}}, "after": {name: after}}


@pytest.mark.law
def test_law(run_law, backups):
    name = backups.database.name
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    old = backups.back_up(an_hour_ago, label="old")
    backups.database.query("DELETE FROM users")
    new = backups.back_up(verified={"level": "restore", "at": "2026-11-23T15:04:05Z", "duration": 1.0, "host": "x"})
    first = restored(name, old.id)
    first = {
        side: {**first[side], old.id: {"verified": what}} for side, what in (("before", None), ("after", "restore"))
    }
    run_law(
        MODULE,
        cases=[
            Case(
                "one that was never verified",
                options(backups, backup="old"),
                diff=first,
                returns={
                    "restored": True,
                    "backup": {
                        "id": old.id,
                        "label": "old",
                        "created_at": ANY,
                        "schema_revisions": [REVISION],
                        "rows": 21,
                    },
                    "kept": [ANY],
                    "discarded": [],
                },
            ),
            Case(
                "another one",
                options(backups, backup="latest_verified", known_revisions=[REVISION]),
                diff=restored(name, new.id, {"backup": old.id, "written_since": None}),
            ),
            Case(
                "the same after something was written",
                options(backups),
                diff=restored(name, new.id, {"backup": new.id, "written_since": True}),
                setup=[write_to(backups)],
            ),
            Case(
                "discard what was replaced, whatever was written since",
                discard(backups),
                diff={"before": ANY, "after": {}},
                returns={"backup": None, "restored": False, "kept": [], "discarded": [ANY, ANY, ANY]},
                setup=[write_to(backups, "CREATE TABLE written_since AS SELECT 1 AS number")],
            ),
        ],
        refused=[
            Refused("no backup", {**backups.options, "environment_name": "dev"}, "are missing: backup"),
            Refused("unknown", options(backups, backup="nothing"), "There is no backup nothing in"),
            Refused(
                "another environment",
                options(backups, backup=old.id, environment_name="prod"),
                f"{old.id} is of environment dev, not of prod. Nothing was changed",
            ),
            Refused(
                "the latest of another environment",
                options(backups, environment_name="prod"),
                f"which need their id: {old.id} (old, {name} of dev)",
            ),
            Refused(
                "a schema that the backend does not know",
                options(backups, backup="old", known_revisions=["other"]),
                f"{old.id} is at schema revision {REVISION}, which the backend does not know",
            ),
            Refused(
                "no such project", options(backups, backup="old", project_name="nobody"), "no Compose project nobody"
            ),
        ],
    )
    assert backups.databases() == []
    assert backups.leftovers() == []
    assert backups.database.query("SELECT number FROM written_since") == [(1,)]
    assert backups.manifest(old.id)["verified"]["level"] == "restore"


WRITE = "UPDATE alembic_version SET version_num = version_num"


def discard(backups: BackupDirectory) -> dict[str, object]:
    return {**backups.database.login, "environment_name": "dev", "confirm": "dev", "state": "discarded"}


def write_to(backups: BackupDirectory, statement: str = WRITE) -> dict[str, object]:
    login = {name: value for name, value in backups.database.login.items() if name != "login_db"}
    return {
        "name": "Write",
        "community.postgresql.postgresql_query": {
            **login,
            "login_host": "127.0.0.1",
            "login_user": "convosphere",
            "login_db": backups.database.name,
            "query": statement,
        },
    }


def test_a_table_is_dropped_and_everything_comes_back_and_users_can_log_in(run_steps, tmp_path):
    with platform_with_login(tmp_path) as running:
        database = PlatformDatabase(running, "convosphere")
        backups = BackupDirectory(database, tmp_path / "backups")
        until(lambda: ADMIN["email"] in database.emails(), "the administrator")
        database.add_group("engineering")
        backups.back_up(label="good")
        counted = backups.describe().tables
        database.query("DROP TABLE user_groups CASCADE")
        database.query("DELETE FROM audit_logs")
        database.query("UPDATE users SET hashed_password = NULL")
        login = {"email": ADMIN["email"], "password": ADMIN["password"]}
        assert running.call("POST", "/api/v1/auth/login", json=login).status_code != 200
        run_steps(MODULE, [Step("restore", options(backups, backup="good"), changed=True)])

        assert backups.describe().tables == counted
        until(lambda: running.call("POST", "/api/v1/auth/login", json=login).status_code == 200, "a login")


def test_services_are_stopped_around_the_swap_and_the_previous_database_returns_if_they_fail(
    run_steps, backups, tmp_path
):
    database = backups.database
    good = backups.back_up()
    database.query("DELETE FROM users")
    services = {
        "backend": service(OBEYS, healthcheck=probe("test ! -f /tmp/ill"), stop_grace_period="1s"),
        "edge": service(OBEYS),
    }
    with compose_project(tmp_path / "stack", services) as project:
        started = {name: project.state(name)["StartedAt"] for name in services}
        restore = options(backups, project_name=project.name, wait_timeout=30)
        slow = service(OBEYS, healthcheck=probe("false"), stop_grace_period="1s")
        run = run_steps(MODULE, [Step("restore", restore, changed=True), Step("again", restore, changed=False)])

        assert len(database.emails()) == 20
        assert project.state("edge")["StartedAt"] == started["edge"]
        assert project.state("backend")["StartedAt"] != started["backend"]
        assert project.state("backend")["Health"]["Status"] == "healthy"
        previous = run.task("restore").result["previous"]
        assert backups.databases() == [previous]
        run_steps(
            MODULE,
            [
                {
                    "name": "Stop the backend",
                    "convosphere.platform.convosphere_service": {
                        "project_name": project.name,
                        "environment_name": project.environment,
                        "service": "backend",
                        "state": "stopped",
                    },
                },
                Step(
                    "nothing to restore, but the backend to start",
                    restore,
                    changed=True,
                    diff={
                        "before": {"service backend": {"state": "exited"}},
                        "after": {"service backend": {"state": "running"}},
                    },
                    returns={"restored": False},
                ),
            ],
        )
        assert project.state("backend")["Running"]

        database.query("DELETE FROM users WHERE email <> 'user0@example.com'")
        project.write({**services, "backend": slow})
        project.compose("up", "--detach", "--no-build")
        failed = "is restored and compared with its manifest, and stays the live database"
        run = run_steps(MODULE, [Step("slow", {**restore, "wait_timeout": 3}, fails=failed)])

        assert len(database.emails()) == 20
        kept = backups.databases()
        assert kept == [previous, run.task("slow").result["failure"]["previous"]]
        database.query("DELETE FROM users WHERE email <> 'user0@example.com'")
        project.write({**services, "backend": service("exit 3")})
        project.compose("up", "--detach", "--no-build")
        failed = "The previous database is live again, and the restored one was dropped"
        run_steps(MODULE, [Step("ends", restore, fails=failed)])

        assert database.emails() == ["user0@example.com"]
        assert backups.databases() == kept
        assert (
            good.id
            in database.running.query(
                "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", database.name
            )[0][0]
        )


def test_a_connection_that_was_lost_is_renewed_with_its_lock(backups):
    login = {**CONNECTION, **backups.database.login}
    server, other = Server(login, read_only=False), Server(login, read_only=False)
    server.lock("live")
    pid = server.fetch("SELECT pg_backend_pid()")[0][0]
    other.fetch("SELECT pg_terminate_backend(%s)", (pid,))
    with pytest.raises(DatabaseError) as caught:
        server.transact(["SELECT 1"], step="rename")
    assert "was not changed" not in str(caught.value)

    server.reconnect("live")

    assert backups.database.name in server.databases()
    with pytest.raises(DatabaseError, match="Another run"):
        other.lock("live")
    for each in (server, other):
        each.close()


def test_whatever_is_written_is_noticed_and_what_only_looks_like_it_is_not(backups):
    database = backups.database
    login = {**CONNECTION, **database.login}
    database.query("CREATE SEQUENCE numbers")
    nothing = ["ANALYZE", "VACUUM (FREEZE)", "SELECT pg_stat_reset()", "SELECT * FROM users FOR UPDATE"]
    nothing += ["BEGIN; DELETE FROM users; CREATE TABLE undone (id int); ROLLBACK", "CHECKPOINT"]
    something = ["UPDATE users SET email = email WHERE email = 'user0@example.com'", "SELECT nextval('numbers')"]
    something += ["DELETE FROM users WHERE email = 'user0@example.com'", "INSERT INTO alembic_version VALUES ('x')"]
    something += [
        "TRUNCATE user_group_association",
        "ALTER TABLE users ADD COLUMN more int",
        "DROP TABLE tools CASCADE",
    ]
    something += ["CREATE INDEX ON users (bio)", "GRANT SELECT ON users TO PUBLIC", "SELECT lo_create(0)"]
    for statement in [*nothing, *something]:
        with Content(login, database.name) as content:
            before = content.state()
        database.query(statement)
        with Content(login, database.name) as content:
            assert content.is_unchanged_since(before) is (statement in nothing), statement
            assert not content.is_unchanged_since({**before, "xid": before["xid"] + 2**40}), "of another server"
            assert not content.is_unchanged_since({}), "of nothing"


def test_what_belongs_to_the_database_itself_is_carried_over(run_steps, backups):
    database = backups.database
    query = database.running.query
    name = '"' + database.name + '"'
    query("DROP ROLE IF EXISTS reader, keeper")
    query("CREATE ROLE reader; CREATE ROLE keeper CREATEDB")
    query(f"ALTER DATABASE {name} OWNER TO keeper")
    query(f"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC")
    query(f"GRANT CONNECT ON DATABASE {name} TO reader WITH GRANT OPTION")
    query(f"""ALTER DATABASE {name} SET search_path TO "$user", public, 'odd, name' """)
    query(f"ALTER DATABASE {name} SET timezone TO 'Europe/Berlin'")
    query(f"ALTER ROLE reader IN DATABASE {name} SET statement_timeout TO '7s'")
    query(f"ALTER DATABASE {name} CONNECTION LIMIT 77")
    query(f"COMMENT ON DATABASE {name} IS 'Ask o''brien\\first'")
    database.query("CREATE EXTENSION IF NOT EXISTS pgcrypto")
    database.query("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    database.query("ALTER TABLE users OWNER TO keeper")
    database.query("GRANT SELECT ON users TO reader")
    backups.back_up()
    before = belongings(database)
    database.query("DROP TABLE user_groups CASCADE")
    run_steps(MODULE, [Step("restore", options(backups), changed=True)])

    after = belongings(database)
    assert after.pop("comment").startswith("Ask o'brien\\first\n[convosphere.platform {")
    assert before.pop("comment") == "Ask o'brien\\first"
    assert after == before
    run_steps(MODULE, [Step("discard", discard(backups), changed=True)])
    query(f"ALTER DATABASE {name} OWNER TO convosphere")
    database.query("REASSIGN OWNED BY keeper TO convosphere; DROP OWNED BY reader, keeper")
    query("DROP ROLE reader, keeper")


def belongings(database: PlatformDatabase) -> dict[str, object]:
    row = database.query(
        "SELECT pg_get_userbyid(datdba)::text, datconnlimit, shobj_description(oid, 'pg_database'), "
        "ARRAY(SELECT a::text FROM unnest(datacl) a ORDER BY 1), datcollate, datctype, encoding "
        "FROM pg_database WHERE datname = current_database()"
    )[0]
    names = ("owner", "limit", "comment", "privileges", "collate", "ctype", "encoding")
    settings = database.query(
        "SELECT setrole::regrole::text, setconfig FROM pg_db_role_setting "
        "WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1"
    )
    table = database.query("SELECT tableowner::text FROM pg_tables WHERE tablename = 'users'")
    access = database.query("SELECT relacl::text FROM pg_class WHERE relname = 'users'")
    extensions = database.query("SELECT extname::text, extversion FROM pg_extension ORDER BY 1")
    return {**dict(zip(names, row, strict=True)), "all": [settings, table, access, extensions]}


def test_a_backup_of_another_database_comes_in_its_place_only_by_force(run_steps, backups, tmp_path):
    verified = {"level": "restore", "at": "2026-11-23T15:04:05Z", "duration": 1.0, "host": "x"}
    own = backups.back_up(datetime.now(UTC) - timedelta(hours=1), label="nightly", verified=verified)
    other = backups.back_up(label="nightly", database=replace(backups.describe(), name="analytics"))
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(backups.directory, elsewhere)
    (elsewhere / ".convosphere.json").write_text('{"environment": "elsewhere"}')
    forced = {**options(backups, backup=other.id, force=True), "backup_dir": str(elsewhere)}
    backups.database.query("DELETE FROM users")
    run_steps(
        MODULE,
        [
            Step("look", options(backups, backup="nightly"), check=True, diff=restored(backups.database.name, own.id)),
            Step(
                "refused",
                options(backups, backup=other.id),
                fails=f"{other.id} is of database analytics, not of {backups.database.name}. Nothing was changed",
            ),
            Step("restore", options(backups, backup="nightly"), changed=True),
            Step("forced", forced, changed=True),
            Step("discard", discard(backups), changed=True),
        ],
    )


def test_names_that_need_quoting_and_are_as_long_as_can_be(run_steps, tables, tmp_path):
    names = ["od\"d n'ame=%s\\", "x" * 63]
    for number, name in enumerate(names):
        quoted = name.replace('"', '""')
        tables.query(f'CREATE DATABASE "{quoted}" TEMPLATE convosphere')
        database = PlatformDatabase(tables, name)
        database.add_user("ada@example.com")
        database.query('CREATE TABLE "Qu\'o""ted T%s" AS SELECT generate_series(1, 7) AS "i d"'.replace("%s", "%%"))
        backups = BackupDirectory(database, tmp_path / f"backups{number}")
        backups.back_up()
        database.query("DELETE FROM users")
        run = run_steps(MODULE, [Step(f"restore {number}", options(backups), changed=True)])

        assert database.emails() == ["ada@example.com"]
        assert run.task(f"restore {number}").result["previous"] in backups.databases()
        steps = [Step("again", options(backups), changed=False), Step("discard", discard(backups), changed=True)]
        run_steps(MODULE, steps)
        assert [found for found in backups.databases() if found not in names] == []
        tables.query(f'DROP DATABASE "{quoted}"')


def test_the_platforms_own_schema_where_it_is_at_hand(run_steps, tables, tmp_path):
    schema = (facts_folder() or tmp_path) / "schema.sql"
    name = f"schema_{tmp_path.name[-20:]}"
    tables.query(f'CREATE DATABASE "{name}"')
    database = PlatformDatabase(tables, name)
    text = schema.read_text() if schema.exists() else "CREATE TABLE users (id uuid PRIMARY KEY, email text);"
    # Without psql's own commands, and without the search path that the rest of a dump is written for.
    lines = [line for line in text.splitlines() if not line.startswith("\\") and "set_config('search_path'" not in line]
    database.query("\n".join(lines))
    backups = BackupDirectory(database, tmp_path / "backups")
    made = backups.back_up()
    before = columns(database)
    run_steps(
        MODULE,
        [
            Step("verify", {**backups.options}, module="convosphere_db_backup_verify", changed=True),
            Step("restore", options(backups, backup="latest_verified"), changed=True),
        ],
    )

    assert columns(database) == before
    assert backups.manifest(made.id)["verified"]["level"] == "restore"


def columns(database: PlatformDatabase) -> list[tuple[object, ...]]:
    return database.query(
        "SELECT table_name::text, column_name::text, udt_name::text, is_nullable, column_default "
        "FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
    )
