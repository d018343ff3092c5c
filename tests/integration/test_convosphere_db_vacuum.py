# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2
import pytest

from support.law import NO_DIFF, Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY, Sandbox, until

MODULE = "convosphere_db_vacuum"
ROWS = 4000
FILL = """
INSERT INTO {} (id, name, description, is_active, is_system)
SELECT gen_random_uuid(), 'group ' || n, 'what it is for', true, false FROM generate_series(1, %s) n
"""


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    """Create analyzed groups of which a quarter is dead, and which the server does not vacuum by itself."""
    database = PlatformDatabase(tables)
    database.query("ALTER TABLE user_groups SET (autovacuum_enabled = false)")
    fill(database, "user_groups")
    database.query("ANALYZE user_groups")
    make_dead(database, "user_groups")
    return database


def fill(database: PlatformDatabase, table: str) -> None:
    database.query(FILL.format(table), ROWS)


def make_dead(database: PlatformDatabase, table: str) -> None:
    """Delete a quarter of the rows and wait for the statistics to count them."""
    expected = dead(database, table) + ROWS // 4
    database.query(f"DELETE FROM {table} WHERE right(name, 2)::int % 4 = 1")  # noqa: S608 - a name of this file
    until(lambda: dead(database, table) == expected, "the statistics")


def dead(database: PlatformDatabase, table: str) -> int:
    """Return the number of dead rows that the statistics count."""
    found: int = database.query("SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = %s", table)[0][0]
    return found


@contextmanager
def session(database: PlatformDatabase, statement: str) -> Iterator[None]:
    """Run one statement in a session that leaves its transaction open."""
    host, port = database.running.address("postgres").split(":")
    connection = psycopg2.connect(host=host, port=port, user="convosphere", password=DATABASE_KEY, dbname=database.name)
    try:
        connection.set_session(isolation_level="REPEATABLE READ")
        with connection.cursor() as cursor:
            cursor.execute(statement)
        yield
    finally:
        connection.close()


def diff(**needs: dict[str, str]) -> dict[str, Any]:
    return {
        "before": {f"public.{name}": {"needs": found} for name, found in needs.items()},
        "after": {f"public.{name}": {"needs": {}} for name in needs},
    }


QUARTER = {"vacuum": "1000 of 4000 rows are dead", "analyze": "1000 rows changed since it was last analyzed"}


@pytest.mark.law
def test_law(run_law, database):
    login = database.login
    statement = 'VACUUM (ANALYZE) "public"."user_groups"'
    run_law(
        MODULE,
        cases=[
            Case(
                "vacuum",
                login,
                diff=diff(user_groups=QUARTER),
                returns={
                    "tables": [{"name": "public.user_groups", "statement": statement, "needs": QUARTER}],
                    "postponed": [],
                },
            ),
        ],
        refused=[
            Refused("unknown table", {**login, "tables": ["users", "nowhere"]}, "There is no table nowhere"),
            Refused("no ratio", {**login, "dead_ratio": 10}, "dead_ratio is 10: give a number from 0 to 1"),
            Refused("no time", {**login, "total_timeout": 0}, "total_timeout is 0: give a number of at least 1"),
            Refused("no database", {**login, "login_db": "nowhere"}, 'database "nowhere" does not exist'),
        ],
    )
    assert dead(database, "user_groups") == 0


def test_what_was_never_analyzed_is(run_steps, database):
    database.add_user("ada@example.com")
    options = {**database.login, "tables": ["users", "public.tools"]}
    never = {"analyze": "it was never analyzed"}

    run = run_steps(
        MODULE,
        [
            Step("without", {**options, "analyze": False}, changed=False, diff=NO_DIFF),
            Step("analyze", options, changed=True, diff=diff(users=never)),
            Step("again", options, changed=False, diff=NO_DIFF),
        ],
    )

    assert run.task("analyze").result["tables"][0]["statement"] == 'ANALYZE "public"."users"'
    assert run.task("again").result["unchanged"] == ["public.tools", "public.users"]


def test_old_rows_are_frozen(run_steps, database):
    age = "SELECT age(relfrozenxid) FROM pg_class WHERE relname = 'user_groups'"
    for number in range(5):
        database.query("UPDATE user_groups SET description = %s WHERE name = 'group 2'", str(number))
    present = database.query(age)[0][0]
    options = {
        **database.login,
        "tables": ["user_groups"],
        "freeze_age": present - 1,
        "dead_ratio": 1,
        "analyze": False,
    }

    run = run_steps(
        MODULE,
        [Step("freeze", options, changed=True), Step("again", options, changed=False, diff=NO_DIFF)],
    )

    assert run.task("freeze").result["tables"][0]["statement"] == 'VACUUM (FREEZE) "public"."user_groups"'
    assert database.query(age)[0][0] < present


def test_a_locked_table_is_an_error_and_the_others_are_done(run_steps, database):
    database.query("CREATE TABLE other (LIKE user_groups) WITH (autovacuum_enabled = false)")
    fill(database, "other")
    make_dead(database, "other")
    options = {**database.login, "lock_timeout": 1}

    with session(database, "LOCK TABLE other IN SHARE UPDATE EXCLUSIVE MODE"):
        run = run_steps(MODULE, [Step("vacuum", options, fails="another session held a lock on it for more than 1 s")])

    failure = run.task("vacuum").result["failure"]
    assert (failure["done"], failure["failed"]) == (["public.user_groups"], ["public.other"])
    assert (dead(database, "user_groups"), dead(database, "other")) == (0, ROWS // 4)


def test_dead_rows_that_somebody_still_sees_are_warned_of(run_steps, database):
    database.query("UPDATE user_groups SET description = 'x' WHERE name LIKE '%0'")
    with session(database, "SELECT count(*) FROM users"):
        database.query("DELETE FROM user_groups WHERE description = 'what it is for'")
        until(lambda: dead(database, "user_groups") > ROWS // 2, "the statistics")
        run = run_steps(MODULE, [Step("vacuum", {**database.login, "tables": ["user_groups"]}, changed=True)])
    assert "Dead rows remain in public.user_groups" in str(run.task("vacuum").result["warnings"])

    run_steps(MODULE, [Step("vacuum", {**database.login, "tables": ["user_groups"]}, changed=True)])

    assert dead(database, "user_groups") == 0


def test_tables_of_others_are_left_alone(run_steps, database):
    role = database.name
    database.query(f"CREATE ROLE {role} LOGIN PASSWORD 'planted-other-password'")
    try:
        login = {**database.login, "login_user": role, "login_password": "planted-other-password"}
        run_steps(
            MODULE,
            [
                Step("all", login, changed=False, diff=NO_DIFF),
                Step("named", {**login, "tables": ["user_groups"]}, fails="may not vacuum user_groups"),
            ],
        )
    finally:
        database.query(f"DROP ROLE {role}")
    assert dead(database, "user_groups") == ROWS // 4
