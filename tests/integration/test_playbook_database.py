# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""database.yml, which shows the database, migrate.yml, which brings its schema up to date, and its rehearsal."""

from __future__ import annotations

import json

from support.migrations import AGENTS, backend_with

ASSUMED = "2025_08_16_fix_enum_types_and_timestamps"


def test_the_state_names_version_tables_drift_and_backups(dbtest):
    run = dbtest.run("database.yml").succeeded()

    lines = run.task("Report the status of the database and its backups").result["msg"]
    words = {line.split()[0]: line for line in lines if line[0] != " "}
    assert run.changed == 0
    assert words["DATABASE"].startswith("DATABASE     convosphere 15.")
    assert words["DRIFT"].split() == ["DRIFT", "none"]
    assert words["TABLES"].split()[1] == "32,"
    assert any("public.users, " in line for line in lines)
    assert "BACKUPS" in words


def test_a_database_that_is_newer_than_the_backend_is_shown_all_the_same(dbtest):
    dbtest.sql("INSERT INTO alembic_version VALUES ('f00')")
    try:
        run = dbtest.run("database.yml").succeeded()
    finally:
        dbtest.sql("DELETE FROM alembic_version WHERE version_num = 'f00'")

    lines = run.task("Report the status of the database and its backups").result["msg"]
    at = next(number for number, line in enumerate(lines) if line.startswith("REVISIONS "))
    assert "f00" in lines[at]
    assert "not compared with a backend: The database is at revision f00" in lines[at + 1]
    words = [line.split()[0] for line in lines]
    assert {"DATABASE", "DRIFT", "TABLES", "CONNECTIONS", "BACKUPS"} <= set(words)


def test_a_database_that_is_down_fails_and_its_backups_are_shown_all_the_same(dbtest):
    with dbtest.without("postgres"):
        run = dbtest.run("database.yml")

    assert run.rc == 2
    assert "Check that the service postgres runs" in run.failures[0].message
    assert any(
        line.startswith("BACKUPS ")
        for line in run.task("Report the status of the database and its backups").result["msg"]
    )


def test_a_migration_has_a_backup_made_and_proven_first_and_is_then_done(dbtest):
    dbtest.sql("DROP TABLE alembic_version")
    dbtest.sql("ALTER TABLE users DROP COLUMN password_reset_token, DROP COLUMN password_reset_expires_at")
    settings = {"database_assume_revisions": ASSUMED}

    refused = dbtest.run("migrate.yml")
    check = dbtest.run("migrate.yml", extra_vars=settings, check=True).succeeded()
    run = dbtest.run("migrate.yml", extra_vars=settings, verbosity=3).succeeded()
    again = dbtest.run("migrate.yml").succeeded()

    assert f"Revision {ASSUMED} is not run unless it is in accept" in refused.failures[0].message
    assert "A backup would be created and verified first: " in "\n".join(
        check.task("Report the migration").result["msg"]
    )
    assert [task.name.rpartition(" : ")[2] for task in run.tasks if task.changed] == [
        "Create a backup",
        "Verify the backup",
        "Migrate the schema to the revisions of the backend",
    ]
    assert (check.changed, run.changed, again.changed) == (1, 3, 0)
    columns = "SELECT count(*) FROM information_schema.columns WHERE column_name LIKE 'password\\_reset\\_%'"
    assert dbtest.sql(columns) == "2"
    assert dbtest.sql("SELECT count(*) FROM alembic_version") == "2"


def test_an_upgrade_is_rehearsed_on_a_copy_and_the_release_that_serves_is_untouched(dbtest):
    released = dbtest.inspect("backend")["Image"]
    dbtest.run("backup.yml").succeeded()
    dbtest.run("backup_verify.yml").succeeded()
    with backend_with(rehearsal_theme=(AGENTS, "ALTER TABLE users ALTER COLUMN email TYPE text")) as tag:
        given = {"stack_images": {"backend": tag}, "version": tag.rpartition(":")[2]}
        refused = dbtest.run("rehearse_upgrade.yml", extra_vars={**given, "version": "9.8.7"})
        check = dbtest.run("rehearse_upgrade.yml", extra_vars=given, check=True).succeeded()
        run = dbtest.run("rehearse_upgrade.yml", extra_vars=given, verbosity=3).succeeded()
        again = dbtest.run("rehearse_upgrade.yml", extra_vars=given).succeeded()

    assert "The version 9.8.7 does not change it. Nothing was changed." in refused.failures[0].message
    (predicted,) = check.task("Report the rehearsal").result["msg"]
    assert predicted.endswith("h old: rehearsal_theme")
    lines = run.task("Report the rehearsal").result["msg"]
    assert lines[0].startswith(f"{tag.rpartition('/')[2]} would run 1 revision in ")
    assert f"To roll back: ansible-playbook restore.yml -e env={dbtest.name}" in "\n".join(lines)
    assert (check.changed, run.changed, again.changed) == (1, 1, 0)
    recorded = [json.loads(line)["what"] for line in dbtest.runs_file.read_text().splitlines()]
    assert recorded[-2:] == [f"rehearse_upgrade.yml of {dbtest.name}"] * 2, "it holds the lock of the environment"
    assert again.task("Report the rehearsal").result["msg"][0] == lines[0]
    assert dbtest.inspect("backend")["Image"] == released
    assert dbtest.sql("SELECT count(*) FROM pg_database WHERE datname LIKE '%\\_upgrade\\_%'") == "0"
