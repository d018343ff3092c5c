# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils import _database_reports as reports

from support.collection import rendered_docs

CONTEXT: dict[str, Any] = {
    "environment": "dev",
    "check_mode": False,
    "backup_dir": "/backups",
    "database": "convosphere",
    "host": "127.0.0.1",
    "port": 5432,
    "verify_level": "restore",
}
CHECK = {**CONTEXT, "check_mode": True}
MADE: dict[str, Any] = {
    "id": "b1",
    "duration": 1.26,
    "files": [{"name": "b1.dump", "size": 1024}, {"name": "b1.tar", "size": 1024}],
    "database": {"size": 4096, "tables": {"users": 2, "groups": 3}},
    "recipients": [],
}
LISTED: dict[str, Any] = {
    "id": "b1",
    "age_hours": 2.04,
    "bytes": 2048,
    "environment": "dev",
    "database": {"name": "convosphere"},
    "verified": None,
    "damaged_at": None,
    "not_loaded": None,
    "label": None,
    "pinned": False,
}
INFO: dict[str, Any] = {
    "reachable": True,
    "server": {"version": "15.3 (Debian)"},
    "size_bytes": 2048,
    "revisions": ["a", "b"],
    "drift": [],
    "tables": [{"name": "public.users", "rows": 3, "bytes": 1024}],
    "connections": {"server_total": 4, "max": 100},
    "longest_transaction": None,
}
NO_BACKUPS: dict[str, Any] = {"backups": [], "foreign": [], "in_progress": None}


# ---------------------------------------------------------------------------------------------------------- backups


def test_a_backup_that_was_created():
    assert reports.backup({"created": "b1", "backup": MADE}, CONTEXT) == [
        "b1 created in 1.3 s: 2.00 KB of 4.00 KB, 2 tables, 5 rows",
        "In /backups: b1.dump, b1.tar",
        "Verify it: ansible-playbook backup_verify.yml -e env=dev -e backup=b1",
    ]


def test_an_encrypted_backup_names_the_number_of_recipients():
    result = {"created": "b1", "backup": {**MADE, "recipients": ["age1", "age2"]}}

    assert reports.backup(result, CONTEXT)[0].endswith("5 rows, encrypted to 2 recipients")


def test_a_backup_that_would_be_created():
    assert reports.backup({"created": "new backup", "backup": {"id": "new backup"}}, CHECK) == [
        "A backup would be created in /backups"
    ]


@pytest.mark.parametrize(("context", "verb"), [(CONTEXT, "created"), (CHECK, "would be created")])
def test_a_backup_that_is_reused(context, verb):
    assert reports.backup({"created": None, "backup": MADE}, context) == [f"b1 is recent enough; no new backup {verb}"]


@pytest.mark.parametrize(
    ("context", "action", "verified", "text"),
    [
        (CONTEXT, "verified", {"level": "checksum"}, "b1 verified (checksum)"),
        (CONTEXT, "unchanged", {"level": "restore"}, "b1 was verified before (restore)"),
        (CHECK, "verified", {"level": "checksum"}, "b1 would be verified (restore)"),
        (CHECK, "verified", None, "b1 would be verified (restore)"),
    ],
)
def test_a_verification(context, action, verified, text):
    found = {"id": "b1", "action": action, "verified": verified, "tables": 2, "rows": 5}

    assert reports.backup_verification({"backups": [found]}, context) == [f"{text}: 2 tables, 5 rows"]


def test_retention():
    assert reports.backup_retention({"skipped": True}, CONTEXT) == ["all backups are kept: database_retention is empty"]
    assert reports.backup_retention({"deleted": []}, CONTEXT) == ["0 backups removed"]
    assert reports.backup_retention({"deleted": ["b1", "b2"]}, CHECK) == ["2 backups would be removed: b1, b2"]


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({}, "b1, 2.0 h old, 2.00 KB, not verified"),
        ({"verified": {"level": "restore"}, "damaged_at": "x"}, "b1, 2.0 h old, 2.00 KB, verified (restore)"),
        ({"damaged_at": "x", "not_loaded": "y"}, "b1, 2.0 h old, 2.00 KB, corrupt"),
        (
            {"verified": {"level": "restore"}, "proofs": [{"level": "boot", "result": "failed"}]},
            "b1, 2.0 h old, 2.00 KB, verified (restore), does not boot",
        ),
        ({"not_loaded": "y"}, "b1, 2.0 h old, 2.00 KB, not verified, does not load here"),
        ({"label": "nightly", "pinned": True}, "b1, 2.0 h old, 2.00 KB, not verified, nightly, pinned"),
        ({"environment": "prod"}, "b1, 2.0 h old, 2.00 KB, not verified, convosphere of prod"),
        ({"database": None}, "b1, 2.0 h old, 2.00 KB, not verified, no database of dev"),
    ],
)
def test_a_backup_in_the_list(more, text):
    result = {**NO_BACKUPS, "backups": [{**LISTED, **more}]}

    assert reports.backups(result, CONTEXT) == ["BACKUPS      1 in /backups, the newest:", f"{'':12} {text}"]


def test_the_list_begins_with_the_newest_backups():
    result = {**NO_BACKUPS, "backups": [{**LISTED, "id": f"b{number}"} for number in range(7)]}

    lines = reports.backups(result, CONTEXT)

    assert [line.split(",")[0].split()[-1] for line in lines[1:]] == ["b6", "b5", "b4", "b3", "b2"]


def test_other_files_and_a_backup_that_is_under_way():
    running = {"backup": "b2", "step": "dump", "bytes": 1024}
    foreign = [{"path": "/backups/notes.txt", "reason": "not a manifest"}]

    assert reports.backups({"backups": [], "foreign": foreign, "in_progress": running}, CONTEXT) == [
        "BACKUPS      0 in /backups",
        "NO BACKUP    notes.txt: not a manifest",
        "UNDER WAY    b2, dump, 1.00 KB so far",
    ]


# ---------------------------------------------------------------------------------------------------------- restore


def restored(**more: Any) -> dict[str, Any]:
    backup = {"id": "b1", "rows": 5, "created_at": "2026-11-28"}
    return {"backup": backup, "restored": True, "duration": 2.0, "skipped": [], "kept": [], **more}


@pytest.mark.parametrize(
    ("context", "more", "text"),
    [
        (CONTEXT, {}, "b1 restored in 2.0 s: 5 rows, as of 2026-11-28"),
        (CHECK, {}, "b1 would be restored: 5 rows, as of 2026-11-28"),
        (CONTEXT, {"restored": False}, "b1 is restored already, and nothing was written since; nothing was restored"),
        (
            CHECK,
            {"restored": False},
            "b1 is restored already, and nothing was written since; nothing would be restored",
        ),
    ],
)
def test_a_restore(context, more, text):
    assert reports.restore(restored(**more), context) == [text]


def test_what_a_restore_skipped_and_kept():
    result = restored(skipped=["role a"], kept=["old", "older"])

    assert reports.restore(result, CONTEXT)[1:] == [
        "Not restored: role a",
        "Kept: old",
        "Kept: older",
        "When the restored data is checked, drop what is kept: ansible-playbook restore_discard.yml -e env=dev"
        " -e confirm=dev",
    ]
    assert reports.restore(result, CHECK)[1] == "Would not be restored: role a"


def test_what_was_dropped():
    assert reports.restore_discard({"discarded": ["old"]}, CONTEXT) == ["old was dropped"]
    assert reports.restore_discard({"discarded": ["old"]}, CHECK) == ["old would be dropped"]
    assert reports.restore_discard({"discarded": []}, CONTEXT) == [
        "Earlier restores have kept nothing; there is nothing to drop"
    ]


# -------------------------------------------------------------------------------------------------------- migration


def migrated(**more: Any) -> dict[str, Any]:
    steps = [{"action": "run", "revision": "b", "reason": "missing"}]
    return {"steps": steps, "revisions": ["b"], "backup_missing": None, "backup": "b1", "changed": True, **more}


def test_a_migration_names_its_steps_and_how_to_roll_back():
    assert reports.migration(migrated(), CONTEXT) == [
        "run     b: missing",
        "Revisions: b",
        "To roll back: ansible-playbook restore.yml -e env=dev -e backup=b1 -e confirm=dev",
    ]


def test_a_migration_in_check_mode_names_the_backup_that_is_missing():
    assert reports.migration(migrated(backup_missing="none is recent"), CHECK) == [
        "run     b: missing",
        "Revisions: b (would be)",
        "A backup would be created and verified first: none is recent",
    ]


def test_a_migration_that_is_done_does_not_name_a_missing_backup():
    lines = reports.migration(migrated(backup_missing="the gate was skipped", backup=None), CONTEXT)

    assert lines == ["run     b: missing", "Revisions: b"]


def test_a_schema_that_is_current():
    result = migrated(steps=[], revisions=[], changed=False)

    assert reports.migration(result, CONTEXT) == ["The schema is current; nothing to do.", "Revisions: none"]


def test_vacuum():
    result = {"tables": ["a"], "unchanged": ["b", "c"], "postponed": []}

    assert reports.vacuum(result, CONTEXT) == ["1 of 3 tables vacuumed or analyzed"]
    assert reports.vacuum({**result, "postponed": ["d"]}, CHECK) == [
        "1 of 3 tables would be vacuumed or analyzed; postponed, because the time was up: d"
    ]


# ----------------------------------------------------------------------------------------------------------- status


def status(info: dict[str, Any], migration: dict[str, Any] | None = None) -> list[str]:
    result = {"info": {**INFO, **info}, "migration": migration or {}, "backups": NO_BACKUPS}
    return reports.database_status(result, CONTEXT)


def test_the_status_of_a_database():
    assert status({}, {"steps": [{"action": "run", "revision": "c"}]}) == [
        "DATABASE     convosphere 15.3, 2.00 KB, at 127.0.0.1:5432",
        "REVISIONS    a, b",
        f"{'':12} to run: c",
        "DRIFT        none",
        "TABLES       1, the largest:",
        f"{'':12} public.users, 3 rows, 1.00 KB",
        "CONNECTIONS  4 of 100, the oldest transaction: none",
        "BACKUPS      0 in /backups",
    ]


def test_a_database_that_is_not_reachable_has_its_backups_listed():
    assert status({"reachable": False}) == ["DATABASE     not reachable", "BACKUPS      0 in /backups"]


@pytest.mark.parametrize(
    ("drift", "text"),
    [
        (None, "not known for this version of the platform"),
        ([{"kind": "missing", "object": "table a"}, {"kind": "extra", "object": "b"}], "missing table a, extra b"),
    ],
)
def test_drift(drift, text):
    assert f"DRIFT        {text}" in status({"drift": drift})


def test_the_largest_tables_come_first_and_locked_ones_last():
    tables = [{"name": f"t{number}", "rows": number, "bytes": 1024 * number} for number in range(1, 7)]
    locked = {"name": "locked", "rows": None, "bytes": None}

    lines = status({"tables": [locked, *tables]})
    at = lines.index("TABLES       7, the largest:")
    assert [line.split(",")[0].strip() for line in lines[at + 1 : at + 6]] == ["t6", "t5", "t4", "t3", "t2"]
    assert f"{'':12} locked, ? rows, locked" in status({"tables": [locked]})


def test_a_comparison_that_failed_is_reported_by_its_first_line():
    assert f"{'':12} not compared with a backend: no backend" in status({}, {"failed": True, "msg": "no backend\nx"})
    assert f"{'':12} not compared with a backend: " in status({}, {"failed": True, "msg": None})


def test_the_oldest_transaction_and_a_database_without_revisions():
    lines = status({"revisions": [], "longest_transaction": {"age": 12.4, "application": "", "user": "ada"}})

    assert "REVISIONS    none recorded" in lines
    assert "CONNECTIONS  4 of 100, the oldest transaction: 12 s, ada" in lines


# ----------------------------------------------------------------------------------------------------------- fixtures


@pytest.mark.parametrize(
    ("module", "path", "values"),
    [
        ("db_backup", (), {"backup": MADE, "created": "b1", "deleted": []}),
        ("db_backup", ("backup",), MADE),
        ("db_backup_info", (), NO_BACKUPS),
        ("db_backup_info", ("backups",), LISTED),
        ("db_info", (), INFO),
        ("db_info", ("tables",), INFO["tables"][0]),
        ("db_info", ("connections",), INFO["connections"]),
        ("db_restore", (), {**restored(), "discarded": []}),
        ("db_restore", ("backup",), restored()["backup"]),
        ("db_migration", (), migrated()),
        ("db_migration", ("steps",), migrated()["steps"][0]),
    ],
)
def test_reports_read_values_that_the_modules_return(module, path, values):
    documented = rendered_docs()[f"convosphere_{module}"]["return"]
    for key in path:
        documented = documented[key]["contains"]

    assert set(values) - {"changed"} - set(documented) == set()
