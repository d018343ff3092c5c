# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any
from unittest.mock import ANY

import psycopg2
import pytest

from support.law import NO_DIFF, Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY, Sandbox, until

MODULE = "convosphere_db_reindex"
ROWS = 60_000
FILL = """
INSERT INTO user_groups (id, name, description, is_active, is_system)
SELECT gen_random_uuid(), md5(n::text), 'what it is for', true, false FROM generate_series(1, %s) n
"""
NAME_INDEX = "public.ix_user_groups_name"


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    """Create groups of which nine in ten were deleted, so that their indexes are mostly empty."""
    database = PlatformDatabase(tables)
    database.query("ALTER TABLE user_groups SET (autovacuum_enabled = false)")
    database.query("DROP INDEX IF EXISTS ix_user_groups_name")
    database.query("CREATE INDEX ix_user_groups_name ON user_groups (name)")
    database.query(FILL, ROWS)
    database.query("DELETE FROM user_groups WHERE left(name, 1) <> 'a'")
    database.query("VACUUM ANALYZE user_groups")
    return database


def login(database: PlatformDatabase, **options: Any) -> dict[str, Any]:
    """Return options by which only the index on the names is bloated enough."""
    keys = database.query(
        "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE i.indrelid = 'user_groups'::regclass AND c.relname <> 'ix_user_groups_name'"
    )
    skipped = {"skip_indexes": [name for (name,) in keys]}
    return {**database.login, **skipped, "min_bloat_bytes": 100_000, "min_free_bytes": 0, **options}


def size(database: PlatformDatabase, index: str = NAME_INDEX) -> int:
    found: int = database.query("SELECT pg_relation_size(%s::regclass)", index)[0][0]
    return found


def invalid(database: PlatformDatabase) -> list[str]:
    """Return the invalid indexes."""
    found = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
    return [name for (name,) in database.query(found)]


@contextmanager
def session(database: PlatformDatabase, statement: str) -> Iterator[None]:
    """Run one statement in a session that leaves its transaction open."""
    host, port = database.running.address("postgres").split(":")
    connection = psycopg2.connect(host=host, port=port, user="convosphere", password=DATABASE_KEY, dbname=database.name)
    with closing(connection), connection.cursor() as cursor:
        cursor.execute(statement)
        yield


@pytest.mark.law
def test_law(run_law, run_steps, database):
    before = size(database)
    options = login(database)
    seen = run_steps(MODULE, [Step("look", options, check=True)]).task("look").result
    ((found,), bloat) = (seen["candidates"], seen["candidates"][0]["bloat_bytes"])
    assert found == {
        "index": NAME_INDEX,
        "table": "public.user_groups",
        "bloat_bytes": bloat,
        "size_bytes": before,
    }
    rebuilt = {"index": NAME_INDEX, "before_bytes": before}
    assert seen["rebuilt"] == [{**rebuilt, "after_bytes": None, "seconds": None}]

    run = run_law(
        MODULE,
        cases=[
            Case(
                "rebuild",
                options,
                diff={"before": {NAME_INDEX: {"bloat_bytes": bloat}}, "after": {NAME_INDEX: {"bloat_bytes": 0}}},
                returns={
                    "measured_by": "estimate",
                    "candidates": [found],
                    "rebuilt": [{**rebuilt, "after_bytes": ANY, "seconds": ANY}],
                    "left": [],
                    "dropped": [],
                },
            ),
        ],
        refused=[
            Refused("unknown index", {**options, "skip_indexes": ["nowhere"]}, "skip_indexes names nowhere, and there"),
            Refused("no ratio", {**options, "bloat_ratio": 40}, "bloat_ratio is 40: give a number from 0 to 1"),
            Refused("no time", {**options, "index_timeout": 0}, "index_timeout is 0: give a number of at least 1"),
            Refused("no database", {**options, "login_db": "nowhere"}, 'database "nowhere" does not exist'),
        ],
    )

    # The estimate is within a tenth of what the rebuild frees.
    (done,) = run.task("rebuild").result["rebuilt"]
    assert done["after_bytes"] == size(database)
    assert bloat == pytest.approx(before - done["after_bytes"], rel=0.1)
    assert run.task("rebuild").result["free_bytes"] > 0


def test_pgstattuple_measures_if_it_is_installed(run_steps, database):
    database.query("CREATE EXTENSION pgstattuple")
    before = size(database)

    run = run_steps(
        MODULE,
        [
            Step("rebuild", login(database), changed=True, returns={"measured_by": "pgstattuple"}),
            Step("again", login(database), changed=False, diff=NO_DIFF, returns={"candidates": []}),
        ],
    )

    (found,) = run.task("rebuild").result["candidates"]
    assert found["bloat_bytes"] == pytest.approx(before - size(database), rel=0.1)


def test_what_the_limits_of_one_run_leave_is_returned_with_the_reason(run_steps, database):
    huge = 2 * shutil.disk_usage("/").total
    limits = {
        "max_indexes=0 is reached": {"max_indexes": 0},
        "and 1000 are left of max_bytes": {"max_bytes": 1000},
        "are needed with min_free_bytes": {"min_free_bytes": huge, "data_path": "/"},
    }

    steps = [
        Step(reason, login(database, **option), changed=False, diff=NO_DIFF, returns={"rebuilt": []})
        for reason, option in limits.items()
    ]
    run = run_steps(MODULE, steps)

    for reason in limits:
        ((left,),) = [run.task(reason).result["left"]]
        assert left["index"] == NAME_INDEX
        assert reason in left["reason"]


def test_a_locked_table_is_an_error_that_leaves_no_invalid_index(run_steps, database):
    before = size(database)
    options = login(database, lock_timeout=1)

    with session(database, "LOCK user_groups IN ROW EXCLUSIVE MODE"):
        run = run_steps(MODULE, [Step("rebuild", options, fails="another session held a lock on it for more than 1 s")])

    assert run.task("rebuild").result["failure"]["failed"] == [NAME_INDEX]
    assert size(database) == before
    run_steps(MODULE, [Step("next", options, changed=True)])
    assert (invalid(database), size(database) < before / 2) == ([], True)


def test_a_killed_rebuild_is_finished_by_the_next_run(run_steps, database):
    options = login(database)
    host, port = database.running.address("postgres").split(":")
    killed = psycopg2.connect(host=host, port=port, user="convosphere", password=DATABASE_KEY, dbname=database.name)
    killed.autocommit = True
    with session(database, "LOCK user_groups IN ROW EXCLUSIVE MODE"), closing(killed), killed.cursor() as cursor:
        cursor.execute("SET statement_timeout = '2s'")
        with pytest.raises(psycopg2.errors.QueryCanceled):
            cursor.execute("REINDEX INDEX CONCURRENTLY ix_user_groups_name")
    until(lambda: invalid(database) == ["ix_user_groups_name_ccnew"], "the invalid index")

    run_steps(
        MODULE,
        [
            Step("check", options, check=True, changed=True, returns={"dropped": ["public.ix_user_groups_name_ccnew"]}),
            Step("next", options, changed=True, returns={"dropped": ["public.ix_user_groups_name_ccnew"]}),
            Step("again", options, changed=False, diff=NO_DIFF),
        ],
    )

    assert invalid(database) == []


def test_an_index_that_a_session_builds_is_not_touched(run_steps, database):
    database.query("CREATE INDEX slow_ccnew ON user_groups (description)")
    database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'slow_ccnew'::regclass")

    with session(database, "LOCK user_groups IN SHARE UPDATE EXCLUSIVE MODE"):
        options = login(database, max_indexes=0, skip_indexes=[])
        run_steps(MODULE, [Step("meanwhile", options, changed=False, returns={"dropped": []})])

    run_steps(MODULE, [Step("later", options, changed=True, returns={"dropped": ["public.slow_ccnew"]})])


def test_indexes_of_other_roles_are_not_touched_by_the_owner_of_the_database_either(run_steps, database):
    before, role = size(database), database.name
    other = login(database, login_user=role, login_password="planted-other-password")
    database.query("CREATE INDEX other_ccnew ON user_groups (description)")
    database.query("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'other_ccnew'::regclass")
    database.query(f"CREATE ROLE {role} LOGIN PASSWORD 'planted-other-password'")
    try:
        database.query(f"GRANT SELECT ON user_groups TO {role}")
        database.query(f"ALTER DATABASE {role} OWNER TO {role}")
        nothing = {"candidates": [], "dropped": []}
        run_steps(MODULE, [Step("all", other, changed=False, diff=NO_DIFF, returns=nothing)])
    finally:
        database.query(f"ALTER DATABASE {role} OWNER TO convosphere")
        database.query(f"DROP OWNED BY {role}")
        database.query(f"DROP ROLE {role}")
    assert size(database) == before
    assert invalid(database) == ["other_ccnew"]


def test_a_role_that_is_no_superuser_rebuilds_its_own_indexes(run_steps, database):
    before, role = size(database), database.name
    database.query(f"CREATE ROLE {role} LOGIN PASSWORD 'planted-other-password'")
    try:
        database.query(f"ALTER TABLE user_groups OWNER TO {role}")
        own = login(database, login_user=role, login_password="planted-other-password")
        run_steps(MODULE, [Step("own", own, changed=True, returns={"measured_by": "estimate", "left": []})])
    finally:
        database.query("ALTER TABLE user_groups OWNER TO convosphere")
        database.query(f"DROP ROLE {role}")
    assert size(database) < before
