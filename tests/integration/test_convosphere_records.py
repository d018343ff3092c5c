# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from contextlib import closing

import psycopg2
import pytest

from support.law import NO_DIFF, Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import DATABASE_KEY, Sandbox

MODULE = "convosphere_records"
POLICY = {"expired_reset_tokens": True, "search_queries_days": 30, "audit_logs_days": 365}
AUDIT = """
INSERT INTO audit_logs (id, event_type, severity, description, created_at)
SELECT gen_random_uuid(), 'USER_LOGIN', 'INFO', 'login', now() - make_interval(days => %s) FROM generate_series(1, %s)
"""
SEARCHES = """
INSERT INTO search_queries (id, user_id, query, query_type, created_at) SELECT gen_random_uuid(), %s, 'secret plans',
    'text', now() AT TIME ZONE 'UTC' - make_interval(days => %s) FROM generate_series(1, %s)
"""


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    """Two users with tokens, of which one has expired, and rows on both sides of the policy."""
    database = PlatformDatabase(tables)
    expired, valid = (database.add_user(f"{name}@example.com") for name in ("ada", "bob"))
    for user, hours in ((expired, -1), (valid, 1)):
        database.query(
            "UPDATE users SET password_reset_token = 'planted-token-' || username,"
            " password_reset_expires_at = now() + make_interval(hours => %s) WHERE id = %s",
            hours,
            user,
        )
    for days, count in ((366, 4500), (364, 7)):
        database.query(AUDIT, days, count)
    for days, count in ((31, 20), (29, 8)):
        database.query(SEARCHES, valid, days, count)
    return database


def counts(database: PlatformDatabase) -> tuple[int, ...]:
    """Return the number of tokens, search queries and rows of the audit log."""
    queries = ("users WHERE password_reset_token IS NOT NULL", "search_queries", "audit_logs")
    return tuple(database.query(f"SELECT count(*) FROM {query}")[0][0] for query in queries)  # noqa: S608


@pytest.mark.law
def test_law(run_law, database):
    options = {**database.login, **POLICY}
    rows = {"password_reset_tokens": 1, "search_queries": 20, "audit_logs": 4500}

    run_law(
        MODULE,
        cases=[
            Case(
                "remove",
                options,
                diff={
                    "before": {name: {"expired": count} for name, count in rows.items()},
                    "after": {name: {"expired": 0} for name in rows},
                },
                returns={"rows": rows, "remaining": dict.fromkeys(rows, 0), "limit": 50_000},
            )
        ],
        refused=[
            Refused("no days", {**options, "audit_logs_days": 0}, "audit_logs_days is 0: give a number of at least 1"),
            Refused("no database", {**options, "login_db": "nowhere"}, 'database "nowhere" does not exist'),
        ],
        secrets=["planted-token-ada", "planted-token-bob", "secret plans"],
    )

    assert counts(database) == (1, 8, 7)
    assert database.query("SELECT username FROM users WHERE password_reset_token IS NOT NULL") == [("bob",)]


def test_nothing_is_removed_without_a_policy(run_steps, database):
    before = counts(database)

    run_steps(MODULE, [Step("none", database.login, changed=False, diff=NO_DIFF, returns={"rows": {}})])

    assert counts(database) == before


def test_days_that_lead_to_a_year_before_christ_expire_nothing(run_steps, database):
    nothing = {"rows": {"audit_logs": 0}, "remaining": {"audit_logs": 0}}

    run_steps(
        MODULE,
        [
            Step(f"{days}", {**database.login, "audit_logs_days": days}, changed=False, diff=NO_DIFF, returns=nothing)
            for days in (1_000_000, 2_000_000)
        ],
    )


def test_a_policy_that_hits_more_than_expected_deletes_nothing(run_steps, database):
    before, options = counts(database), {**database.login, **POLICY, "max_deletions": 4520}
    message = (
        "4521 records expired by the policy (1 of password_reset_tokens, 20 of search_queries, 4500 of audit_logs)"
    )

    run_steps(MODULE, [Step("check", options, check=True, fails=message), Step("run", options, fails=message)])

    assert counts(database) == before


def test_the_limit_leaves_the_newest_for_the_next_run(run_steps, database):
    options = {**database.login, "audit_logs_days": 365, "limit": 4000}

    run_steps(
        MODULE,
        [
            Step("check", options, check=True, changed=True, returns={"rows": {"audit_logs": 4000}}),
            Step("first", options, changed=True, returns={"remaining": {"audit_logs": 500}}),
            Step(
                "second", options, changed=True, returns={"rows": {"audit_logs": 500}, "remaining": {"audit_logs": 0}}
            ),
            Step("third", options, changed=False, diff=NO_DIFF),
        ],
    )


def test_rows_that_the_platform_has_locked_stay_for_the_next_run(run_steps, database):
    host, port = database.running.address("postgres").split(":")
    login = {"user": "convosphere", "password": DATABASE_KEY, "dbname": database.name}
    with closing(psycopg2.connect(host=host, port=port, **login)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM users WHERE username = 'ada' FOR UPDATE")
        options = {**database.login, **POLICY}
        run_steps(
            MODULE,
            [
                Step(
                    "meanwhile",
                    options,
                    changed=True,
                    returns={"remaining": {"password_reset_tokens": 1, "search_queries": 0, "audit_logs": 0}},
                )
            ],
        )

    run_steps(
        MODULE,
        [
            Step(
                "later",
                options,
                changed=True,
                returns={"rows": {"password_reset_tokens": 1, "search_queries": 0, "audit_logs": 0}},
            )
        ],
    )
