# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines of person.yml that its integration test does not reach: backups, leftovers, kept databases."""

from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.plugin_utils import _people_reports

CONTEXT = {"environment": "prod", "check_mode": False, "action": "erase", "who": "ada@example.com"}
ERASED: dict[str, Any] = {
    "deleted": {"messages": 2, "users": 1},
    "updated": {},
    "files": 1,
    "objects": 0,
    "mode": "delete",
    "erased_at": "2026-11-30T10:00:05.120931Z",
    "unreachable_files": [],
    "leftovers": {"messages": 12},
    "leftover_rows": [{"table": "messages", "id": f"id-{number}"} for number in range(12)],
    "ledger": "/var/backups/prod/erasures-prod.json",
    "ledger_copies": ["/mnt/prod"],
    "kept_databases": ["convosphere_before_20261129T020000Z"],
    "backups": {"ids": ["one", "two"], "pinned": [], "until": "2027-05-30T02:00:00Z"},
}


def test_an_erasure_names_what_still_has_the_person():
    assert _people_reports.person(ERASED, CONTEXT) == [
        "ada@example.com erased (delete) from prod",
        "deleted: 2 messages, 1 users; 1 files, 0 vectors",
        "changed: nothing",
        "12 rows of 1 tables of others still name the person in a text, and were not changed:",
        *(f"  messages id-{number}" for number in range(10)),
        "  and 2 more",
        "Ledger: /var/backups/prod/erasures-prod.json, /mnt/prod. A restore of an older backup erases the person again",
        "2 backups have the person, until 2027-05-30T02:00:00Z by the retention: one, two",
        "convosphere_before_20261129T020000Z, which a restore has kept, may have the person: restore_discard.yml",
    ]


def test_pinned_backups_have_no_end():
    backups = {"ids": ["one"], "pinned": ["one"], "until": ""}
    nothing = {"leftovers": {}, "leftover_rows": [], "kept_databases": [], "backups": backups}
    lines = _people_reports.person({**ERASED, **nothing}, CONTEXT)

    assert lines[3] == "No other row has the id or the address in its text"
    assert lines[-1] == "1 backups have the person, until they are deleted; pinned: one: one"


def test_a_hold_that_exists_is_not_placed_again():
    hold = {"kind": "user", "id": "id-1", "since": "2026-11-30T10:00:05Z", "held_by": "eve", "reason": "Case"}
    files = {"file": "/var/backups/prod/holds-prod.json", "file_copies": ["/mnt/prod"]}
    lines = _people_reports.person({"changed": False, "holds": [hold], **files}, {**CONTEXT, "action": "hold"})

    assert lines == [
        "ada@example.com is on hold already",
        "1 holds in prod",
        "  user id-1 since 2026-11-30T10:00:05Z by eve: Case",
        "Holds: /var/backups/prod/holds-prod.json, /mnt/prod. A restore of an older backup keeps them",
    ]
