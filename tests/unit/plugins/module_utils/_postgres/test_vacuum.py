# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from unittest.mock import MagicMock

import psycopg2.errors
import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import DatabaseError, InputError
from ansible_collections.convosphere.platform.plugins.module_utils._postgres import vacuum
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.table_statistics import Table

LIMITS = vacuum.Thresholds(dead_ratio=0.1, min_dead_rows=1000, max_age=3600, freeze_age=1_000_000, analyze=True)
CLEAN = Table(
    schema="public", name="users", is_default_schema=True, locked=False, planned_rows=9000.0, width=100.0, nulls=False,
    columns=5, fill_factor=100, block=8192, main_bytes=8192, total_bytes=8192, index_bytes=0, toast_bytes=0, live=9000,
    dead=0, changed=0, written=9000, vacuumed_at="2026-01-31T12:00:00Z", since_vacuum=60.0,
    analyzed_at="2026-01-31T12:00:00Z", age=5, may_vacuum=True, may_read=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("found", "needed"),
    [
        ({}, []),
        ({"dead": 1000}, ["vacuum"]),
        ({"dead": 999}, []),
        ({"dead": 1000, "live": 9001}, []),
        ({"dead": 1, "since_vacuum": 3600.0}, ["vacuum"]),
        ({"dead": 1, "since_vacuum": None, "vacuumed_at": None}, ["vacuum"]),
        ({"dead": 0, "since_vacuum": 1e9}, []),
        ({"changed": 1000}, ["analyze"]),
        ({"changed": 1000, "live": 10_001}, []),
        ({"changed": 999}, []),
        ({"analyzed_at": None}, ["analyze"]),
        ({"analyzed_at": None, "live": 0}, []),
        ({"age": 1_000_000}, ["freeze"]),
        ({"age": 2_000_000, "dead": 9000, "changed": 9000}, ["analyze", "freeze", "vacuum"]),
    ],
)
def test_the_thresholds_decide(found, needed):
    assert sorted(vacuum.needs(replace(CLEAN, **found), LIMITS)) == needed


def test_nothing_is_analyzed_on_request():
    assert vacuum.needs(replace(CLEAN, changed=9000, analyzed_at=None), replace(LIMITS, analyze=False)) == {}


@pytest.mark.parametrize(
    ("needed", "analyze", "statement"),
    [
        (["vacuum"], True, 'VACUUM (ANALYZE) "public"."a ""b"""'),
        (["vacuum"], False, 'VACUUM "public"."a ""b"""'),
        (["analyze"], True, 'ANALYZE "public"."a ""b"""'),
        (["freeze", "analyze"], True, 'VACUUM (FREEZE, ANALYZE) "public"."a ""b"""'),
    ],
)
def test_one_statement_does_it_all(needed, analyze, statement):
    assert vacuum.statement(replace(CLEAN, name='a "b"'), needed, analyze=analyze) == statement


def test_tables_are_chosen_with_or_without_their_schema():
    other = replace(CLEAN, schema="other", is_default_schema=False)
    foreign = replace(CLEAN, name="foreign", may_vacuum=False)

    assert vacuum.chosen([CLEAN, other, foreign], None) == [CLEAN, other]
    assert vacuum.chosen([CLEAN, other], ["users", "public.users", "other.users"]) == [CLEAN, other]
    with pytest.raises(InputError, match=r"There is no table x; The database role may not vacuum foreign"):
        vacuum.chosen([CLEAN, foreign], ["x", "foreign"])


def test_the_most_urgent_come_first():
    old, worse, bad = (replace(CLEAN, name=name, dead=dead) for name, dead in (("old", 0), ("worse", 9), ("bad", 3)))
    found = {"public.old": {"freeze": "x"}, "public.worse": {"vacuum": "x"}, "public.bad": {"vacuum": "x"}}

    assert vacuum.by_urgency([bad, worse, old], found) == [old, worse, bad]


class Connection:
    """Runs what it is given; a statement takes as many seconds as its text says, or fails with the error named."""

    def __init__(self):
        self.now, self.notices, self.closed = 0.0, [], 0
        self.seen: list[str] = []

    def cursor(self):
        cursor = MagicMock()
        cursor.__enter__.return_value.execute = self.execute
        cursor.__exit__.return_value = False
        return cursor

    def execute(self, statement, values=()):
        if statement.startswith("SET"):
            return
        self.seen.append(statement)
        what = statement.partition(" ")[2]
        if what == "skipped":
            self.notices.append("WARNING:  skipping it --- only its owner can vacuum it\n")
        elif what == "lost":
            self.closed = 2
            raise psycopg2.OperationalError("server closed the connection")
        elif what.isdigit():
            self.now += int(what)
        else:
            raise getattr(psycopg2.errors, what)(what)


@pytest.fixture
def connection():
    return Connection()


def work(connection, seconds=100, each=50):
    return vacuum.Work(connection, seconds, each, 5, clock=lambda: connection.now)


def test_the_rest_is_postponed_when_the_time_is_up(connection):
    done = work(connection)

    done.run({"a": "VACUUM 40", "b": "VACUUM 60", "c": "VACUUM 1"})

    assert (done.done, done.postponed) == (["a", "b"], ["c"])


def test_one_that_the_end_of_the_time_stopped_is_postponed_too(connection):
    class Stopped(psycopg2.errors.QueryCanceled):
        pgcode = "57014"

    psycopg2.errors.Stopped = Stopped
    done = work(connection)

    done.run({"a": "VACUUM 70", "b": "VACUUM Stopped"})

    assert (done.done, done.postponed) == (["a"], ["b"])


@pytest.mark.parametrize(
    ("what", "reason"), [("skipped", "skipping it --- only its owner"), ("DiskFull", "the server said")]
)
def test_a_failure_does_not_keep_the_others_from_being_done(connection, what, reason):
    with pytest.raises(DatabaseError, match="1 of 3 tables could not be") as failed:
        work(connection).run({"a": "VACUUM 1", "b": f"VACUUM {what}", "c": "VACUUM 1"})

    assert reason in str(failed.value)
    assert (failed.value.details["done"], failed.value.details["failed"]) == (["a", "c"], ["b"])


def test_a_lost_connection_ends_it(connection):
    with pytest.raises(DatabaseError, match="server closed the connection"):
        work(connection).run({"a": "VACUUM lost", "b": "VACUUM 1"})

    assert connection.seen == ["VACUUM lost"]
