# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import ANY

import psycopg2
import pytest

from support.law import NO_DIFF, Refused, Step
from support.platform_database import PlatformDatabase
from support.playbook import ROOT
from support.sandbox import DATABASE_KEY, Sandbox, image, until

MODULE = "convosphere_db_info"
LAYOUT = json.loads((ROOT / "roles/database/files/layouts/0.1.2-beta.json").read_text())
HEADS = ["2025_08_14_add_agents", "2025_08_16_add_ai_models_and_settings_tables"]
CLOSED_PORT = 1


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    """Create the platform's tables with two users."""
    database = PlatformDatabase(tables)
    database.add_user("ada@example.com")
    database.add_user("bob@example.com")
    return database


@pytest.fixture
def info(database: PlatformDatabase, run_steps: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Build a function that runs the module with some options and returns its result."""

    def read(**options: Any) -> dict[str, Any]:
        run = run_steps(MODULE, [Step("read", {**database.login, **options}, changed=False)])
        result: dict[str, Any] = run.task("read").result
        return result

    return read


@contextmanager
def session(database: PlatformDatabase, application: str, *statements: str) -> Iterator[None]:
    """Run some statements in a session that leaves its transaction open."""
    host, port = database.running.address("postgres").split(":")
    connection = psycopg2.connect(
        host=host, port=port, user="convosphere", password=DATABASE_KEY, dbname=database.name,
        application_name=application,
    )  # fmt: skip
    try:
        for statement in statements:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        yield
    finally:
        connection.close()


def table(result: dict[str, Any], name: str) -> dict[str, Any]:
    [found] = [entry for entry in result["tables"] if entry["name"] == f"public.{name}"]
    return dict(found)


@pytest.mark.law
def test_law(run_info_law, database):
    database.query("ANALYZE users")
    run = run_info_law(
        MODULE,
        {**database.login, "layout": LAYOUT, "heads": HEADS},
        returns={
            "reachable": True,
            "reason": None,
            "server": {
                "version": ANY, "version_number": ANY, "started_at": ANY, "standby": False, "autovacuum": True,
            },
            "size_bytes": database.query("SELECT pg_database_size(current_database())")[0][0],
            "encoding": "UTF8",
            "revisions": [],
            "heads": HEADS,
            "at_heads": False,
            "drift": [],
            "layout": None,
            "connections": {
                "total": 0, "by_state": {}, "server_total": ANY, "max": 100, "reserved": 3,
            },
            "longest_transaction": None,
            "replication": {"standbys": [], "slots": [], "lag_seconds": None},
            "wraparound": {
                "age": ANY, "multixact_age": ANY, "freeze_max_age": 200_000_000, "used_percent": 0.0,
            },
        },
        refused=[
            Refused("a NUL", {**database.login, "login_user": "a\0b"}, "option login_user contains a NUL"),
            Refused("no database", {**database.login, "login_db": ""}, "Leave it out for convosphere, or give a value"),
            Refused("no layout", {**database.login, "layout": {"tables": []}}, "layout has no tables and enums"),
            Refused("no columns", {**database.login, "layout": {"tables": {"users": 1}, "enums": {}}}, "table users"),
            Refused("no time", {**database.login, "query_timeout": 0}, "query_timeout is 0"),
            Refused("two sources", {**database.login, "heads": HEADS, "image": "x"}, "mutually exclusive"),
            Refused("no image", {**database.login, "image": "cvtest-nowhere:1"}, "cvtest-nowhere:1"),
            Refused("unknown way", {**database.login, "rows": "guess"}, "estimate, exact, got: guess"),
            Refused(
                "not there",
                {**database.login, "login_port": CLOSED_PORT, "fail_unreachable": True},
                "Cannot connect to database",
            ),
        ],
    )  # fmt: skip
    result = run.task("read").result
    assert {entry["name"] for entry in result["tables"]} == {f"public.{name}" for name in LAYOUT["tables"]}
    users = table(result, "users")
    assert users == {
        "name": "public.users", "rows": 2, "rows_from": "statistics", "bytes": ANY, "heap_bytes": ANY,
        "index_bytes": ANY, "toast_bytes": 8192, "locked": False, "dead_rows": 0, "dead_ratio": 0.0,
        "bloat_bytes": ANY, "last_vacuum": None, "last_analyze": ANY, "changed_since_analyze": 0, "age": ANY,
    }  # fmt: skip
    assert users["bytes"] == users["heap_bytes"] + users["index_bytes"] + users["toast_bytes"]
    assert table(result, "tools")["rows_from"] == "count"


@pytest.mark.parametrize(
    ("login", "reason"),
    [
        ({"login_port": CLOSED_PORT}, "port 1, as convosphere: "),
        ({"login_db": "nowhere"}, 'database "nowhere" does not exist'),
        ({"login_password": "planted-wrong-password"}, "password authentication failed"),
        ({"login_password": None, "login_env_file": "/nowhere/.env"}, "There is no file /nowhere/.env"),
    ],
)
def test_a_database_that_cannot_be_reached_is_a_result(info, login, reason):
    result = info(**login)

    assert result["reachable"] is False
    assert reason in result["reason"]
    assert "tables" not in result


def test_rows_are_counted_only_on_request(info, database):
    database.query("ALTER TABLE users SET (autovacuum_enabled = false)")
    database.query("SELECT pg_stat_reset()")

    estimated, counted = table(info(), "users"), table(info(rows="exact"), "users")

    assert (estimated["rows"], estimated["rows_from"]) == (None, None)
    assert (counted["rows"], counted["rows_from"]) == (2, "count")


def test_drift_names_each_difference(info, database):
    database.query("DROP TABLE audit_alerts")
    database.query("ALTER TABLE users ALTER email TYPE text, ALTER email DROP NOT NULL, DROP phone, ADD nickname text")
    database.query("DROP INDEX ix_users_username")
    database.query("CREATE INDEX ON users (email) WHERE is_verified")
    database.query("ALTER TABLE messages DROP CONSTRAINT messages_conversation_id_fkey")
    database.query("ALTER TYPE userrole ADD VALUE 'ROBOT'")
    database.query("CREATE TABLE notes (id int)")
    database.query("CREATE TABLE alembic_version (version_num varchar(255) PRIMARY KEY)")

    found = info(layout=LAYOUT, return_layout=True)

    assert [(entry["kind"], entry["object"]) for entry in found["drift"]] == [
        ("missing", "table audit_alerts"),
        ("extra", "table notes"),
        ("missing", "reference messages: FOREIGN KEY (conversation_id) REFERENCES conversations(id)"),
        ("different", "column users.email"),
        ("extra", "column users.nickname"),
        ("missing", "column users.phone"),
        ("extra", "index users: btree (email) WHERE is_verified"),
        ("missing", "index users: unique btree (username)"),
        ("different", "enum userrole"),
    ]
    assert found["drift"][3]["expected"] == "character varying(255) not null"
    assert found["drift"][3]["found"] == "text"
    assert info(layout=found["layout"])["drift"] == []


def test_revisions_are_compared_with_the_heads(info, database):
    database.query("CREATE TABLE alembic_version (version_num varchar(255) PRIMARY KEY)")
    assert (info()["revisions"], info()["at_heads"]) == ([], None)

    database.query("INSERT INTO alembic_version SELECT unnest(%s)", HEADS)

    assert info(heads=HEADS[::-1])["at_heads"] is True
    assert info(heads=HEADS[:1])["at_heads"] is False
    by_image = info(image=image("backend"))
    assert (by_image["heads"], by_image["at_heads"]) == (HEADS, True)


def test_the_longest_transaction_is_told_without_values(info, database):
    statement = "SELECT email FROM users WHERE phone = 'planted-secret' AND id::text <> E'\\'planted-secret'"
    with session(database, "report", statement):
        found = info()

    assert found["connections"]["by_state"] == {"idle in transaction": 1}
    assert found["longest_transaction"] == {
        "pid": ANY, "age": ANY, "started_at": ANY, "state": "idle in transaction", "application": "report",
        "user": "convosphere", "waits_for": "Client",
        "query": "SELECT email FROM users WHERE phone = ? AND id::text <> ?",
    }  # fmt: skip


def test_a_locked_table_is_told_and_not_waited_for(info, database):
    with session(database, "migration", "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"):
        found = info(rows="exact", layout=LAYOUT)

    users = table(found, "users")
    assert (users["locked"], users["bytes"], users["bloat_bytes"]) == (True, None, None)
    assert users["rows_from"] == "statistics"
    assert [(entry["kind"], entry["object"]) for entry in found["drift"]] == [("unknown", "table users")]


def test_rows_that_are_gone_are_bloat_and_dead(info, database):
    database.query("ALTER TABLE user_groups SET (autovacuum_enabled = false)")
    database.query(
        "INSERT INTO user_groups (id, name, description, is_active, is_system) "
        "SELECT gen_random_uuid(), 'group ' || n, repeat('x', 100), true, false FROM generate_series(1, 20000) n"
    )
    database.query("DELETE FROM user_groups WHERE name LIKE '%5'")
    until(lambda: table(info(), "user_groups")["dead_rows"] == 2000, "the statistics")
    database.query("DELETE FROM user_groups WHERE name LIKE '%1' OR name LIKE '%2' OR name LIKE '%3'")
    database.query("VACUUM ANALYZE user_groups")

    groups = table(info(), "user_groups")

    assert (groups["rows"], groups["dead_rows"]) == (12000, 0)
    assert groups["last_vacuum"].endswith("Z")
    assert 0.35 < groups["bloat_bytes"] / groups["heap_bytes"] < 0.45


def test_slots_are_told_with_what_they_keep(run_steps, database):
    name = f"slot_{database.name}"
    database.query("SELECT pg_create_physical_replication_slot(%s, true)", name)
    try:
        run = run_steps(MODULE, [Step("read", database.login, changed=False, diff=NO_DIFF)])
    finally:
        database.query("SELECT pg_drop_replication_slot(%s)", name)

    slots = run.task("read").result["replication"]["slots"]
    assert slots == [
        {"name": name, "type": "physical", "active": False, "retained_bytes": ANY, "wal_status": "reserved"}
    ]


def test_a_role_that_may_not_look_gets_what_it_may(info, database):
    database.query(f"CREATE ROLE {database.name} LOGIN PASSWORD 'planted-reader-password'")
    try:
        with session(database, "hidden", "SELECT 1"):
            found = info(login_user=database.name, login_password="planted-reader-password", rows="exact")
    finally:
        database.query(f"DROP ROLE {database.name}")

    assert table(found, "users")["rows"] == 2
    assert table(found, "users")["rows_from"] == "statistics"
    assert found["connections"]["total"] == 1
