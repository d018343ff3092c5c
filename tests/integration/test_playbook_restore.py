# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""restore.yml, as an operator runs it: nothing without a confirmation, and everything back with one."""

from __future__ import annotations

import pytest

from support.environment import Environment

COUNTS = """
SELECT table_name, (xpath('/row/n/text()',
  query_to_xml(format('SELECT count(*) AS n FROM public.%I', table_name), false, true, '')))[1]
FROM information_schema.tables WHERE table_schema = 'public' ORDER BY table_name
"""
KEPT = "SELECT datname FROM pg_database WHERE datname LIKE 'convosphere_before_%' ORDER BY datname"
PASSWORD = "Planted-user-password-1"
USERS = [{"email": f"user{number}@example.com", "username": f"user{number}"} for number in range(50)]


def log_in(environment: Environment) -> int:
    """Return the status of a login at the edge."""
    return environment.request("/api/v1/auth/login", {"username": "ada", "password": PASSWORD})[0]


@pytest.fixture(scope="module")
def backed_up(dbtest: Environment) -> str:
    """Return the rows of every table at the backup `whole`, among them a user who can log in."""
    ada = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}
    dbtest.run("users.yml", extra_vars={"users_list": [ada, *USERS]}).succeeded()
    counts = dbtest.sql(COUNTS)
    dbtest.run("backup.yml", extra_vars={"label": "whole"}).succeeded()
    return counts


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "No backup is named. Name one: -e backup=latest_verified, or one of these:\nBACKUPS "),
        ({"backup": "hole", "confirm": "dbtest"}, "(whole)"),
        ({"backup": "whole"}, "Next: -e confirm=dbtest"),
        (
            {"backup": "whole", "confirm": "prod"},
            "This replaces the database of dbtest on ",
        ),
    ],
)
def test_without_a_backup_or_a_confirmation_it_stops_and_says_what_would_be_done(dbtest, backed_up, settings, told):
    before = dbtest.traces()

    run = dbtest.run("restore.yml", extra_vars=settings)

    (failure,) = run.failures
    assert run.rc == 2
    assert told in failure.message
    assert dbtest.traces() == before
    assert dbtest.sql(COUNTS) == backed_up


def test_a_run_that_starts_at_the_restore_finds_the_named_backup(dbtest, backed_up):
    start = ["--start-at-task=convosphere.platform.database : Restore the backup"]

    check = dbtest.run("restore.yml", extra_vars={"backup": "whole"}, check=True, arguments=start).succeeded()

    assert check.tasks[0].name.endswith("Restore the backup")
    assert check.task("Report the restore").result["msg"][0].split(" ", 1)[0].startswith("convosphere-")
    assert dbtest.sql(COUNTS) == backed_up


def test_a_table_that_was_dropped_comes_back_with_every_row_and_users_log_in(dbtest, backed_up):
    check = dbtest.run("restore.yml", extra_vars={"backup": "whole"}, check=True).succeeded()
    assert " would be restored: " in check.task("Report the restore").result["msg"][0]
    dbtest.sql("DROP TABLE users CASCADE")
    assert log_in(dbtest) != 200

    run = dbtest.run("restore.yml", extra_vars={"backup": "whole", "confirm": "dbtest"}, verbosity=3).succeeded()
    again = dbtest.run("restore.yml", extra_vars={"backup": "whole", "confirm": "dbtest"}).succeeded()

    assert dbtest.sql(COUNTS) == backed_up
    assert (run.changed, again.changed) == (1, 0)
    assert PASSWORD not in run.output
    assert log_in(dbtest) == 200
    assert dbtest.health() == "healthy"
    (kept,) = run.task("Restore the backup").result["kept"]
    assert run.task("Report the restore").result["msg"][1:] == [
        f"Kept: {kept}",
        "When the restored data is checked, drop what is kept: ansible-playbook restore_discard.yml -e env=dbtest"
        " -e confirm=dbtest",
    ]


def test_what_restores_have_kept_is_dropped_only_with_a_confirmation(dbtest, backed_up):
    dbtest.sql("DROP TABLE audit_logs")
    dbtest.run("restore.yml", extra_vars={"backup": "whole", "confirm": "dbtest"}).succeeded()
    kept = dbtest.sql(KEPT).split()
    assert kept != []

    refused = dbtest.run("restore_discard.yml", extra_vars={"confirm": "prod"})
    check = dbtest.run("restore_discard.yml", check=True).succeeded()

    (failure,) = refused.failures
    assert "This discards for good what restores of dbtest on " in failure.message
    assert all(f"\n- {name}" in failure.message for name in [*kept, "Compose project convosphere-dbtest"])
    assert "\n- volume convosphere-dbtest_postgres_data (" in failure.message
    assert "Next: -e confirm=dbtest" in failure.message
    assert (check.changed, check.task("Report the dropped databases and files").result["msg"]) == (
        1,
        [f"{name} would be dropped" for name in kept],
    )
    assert dbtest.sql(KEPT).split() == kept

    run = dbtest.run("restore_discard.yml", extra_vars={"confirm": "dbtest"}).succeeded()
    again = dbtest.run("restore_discard.yml").succeeded()  # there is nothing left to be confirmed

    assert (run.changed, run.task("Report the dropped databases and files").result["msg"]) == (
        1,
        [f"{name} was dropped" for name in kept],
    )
    assert (again.changed, again.task("Report the dropped databases and files").result["msg"]) == (
        0,
        ["Earlier restores have kept nothing; there is nothing to drop"],
    )
    assert dbtest.sql(KEPT).split() == []
    assert dbtest.sql(COUNTS) == backed_up
