# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import MagicMock

import psycopg2.errors
import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import DatabaseError
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.statement_runner import StatementRunner


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
    return StatementRunner(
        connection, seconds, each, 5, "tables could not be vacuumed", "table_timeout", clock=lambda: connection.now
    )


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
