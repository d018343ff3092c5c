# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _retention_reports

NOTHING: dict[str, Any] = {
    "rules": [],
    "skipped_rules": [],
    "limit": 10,
    "backup": None,
    "backup_missing": None,
    "record_files": [],
}
ARCHIVED = {
    "rule": "old",
    "records": "conversations",
    "action": "archive",
    "rows": 3,
    "remaining": 0,
    "held": 0,
    "tables": {"conversations": 3},
}
DELETED = {**ARCHIVED, "action": "delete", "rows": 2, "tables": {"conversations": 2, "messages": 40}, "held": 1}


def test_each_rule_has_a_line_for_each_of_its_actions():
    result = {**NOTHING, "rules": [ARCHIVED, DELETED], "backup": "b1", "record_files": ["/r/1.json"]}

    found = [" ".join(line.split()) for line in _retention_reports.lines(result, {"check_mode": False})]

    assert found == [
        "RULE RECORDS ACTION ROWS REMAINING HELD TABLES",
        "old conversations archive 3 0 0 3 conversations",
        "old conversations delete 2 0 1 2 conversations, 40 messages",
        "The backup b1 has what was deleted",
        "Recorded in /r/1.json",
    ]


def test_check_mode_says_that_the_run_would_be_refused():
    result = {**NOTHING, "rules": [DELETED], "backup_missing": "There is no backup"}

    assert _retention_reports.lines(result, {"check_mode": True})[-1] == "REFUSED without --check: There is no backup"
    assert _retention_reports.summary(result, {"check_mode": True}) == (
        "2 conversations would be deleted (old); 1 are on hold; refused without --check: There is no backup"
    )


def test_no_rule():
    assert _retention_reports.summary(NOTHING, {"check_mode": False}) == "nothing, because there is no rule"


DELETION = {
    "deleted_at": "2026-12-01T02:00:46Z",
    "run": "4711",
    "rule": "old, other",
    "records": "audit_logs",
    "action": "archive",
    "first_at": "2025-11-25T22:48:00Z",
    "last_at": "2025-11-30T22:48:00Z",
    "tables": {"audit_logs": 7},
    "files": [{"name": "a.jsonl", "rows": 7, "sha256": "0f"}],
    "signed": True,
}


def test_deletions_are_lines_and_csv():
    result = {"deletions": [DELETION], "total": 3}

    assert _retention_reports.deletion_lines(result, {}) == [
        "2026-12-01T02:00:46Z  old, other: archived 7 audit_logs, used from 2025-11-25T22:48:00Z to "
        "2025-11-30T22:48:00Z; run 4711, signed",
        "and 2 older ones",
    ]
    assert _retention_reports.deletion_csv(result, {}) == [
        "deleted_at,run,rule,records,action,first_at,last_at,signed,tables,files",
        '2026-12-01T02:00:46Z,4711,"old, other",audit_logs,archive,2025-11-25T22:48:00Z,2025-11-30T22:48:00Z,signed,'
        "7 audit_logs,a.jsonl:0f",
    ]
    assert _retention_reports.deletion_lines({"deletions": [], "total": 0}, {}) == ["No deletion is recorded"]
