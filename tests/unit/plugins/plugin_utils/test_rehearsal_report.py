# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.plugin_utils import _reports

CONTEXT = {"environment": "prod", "check_mode": False}
RESULT = {
    "image": "ghcr.io/convosphere/convosphere/backend:0.1.3",
    "image_id": "sha256:1",
    "backup": "b1",
    "backup_age_hours": 3.1,
    "missing": ["r1", "r2"],
    "at": "2026-11-30T22:00:00Z",
    "seconds": 4.21,
    "steps": [
        {"revision": "r1", "action": "run", "reason": "not recorded", "seconds": 3.9},
        {"revision": "r2", "action": "record", "reason": "it changes nothing", "seconds": None},
    ],
    "locks": [
        {"table": "users", "readers": 3.9, "writers": 3.9, "modes": []},
        {"table": "groups", "readers": 0.0, "writers": 1.2, "modes": []},
        {"table": "jobs", "readers": 0.5, "writers": 1.0, "modes": []},
    ],
    "rewritten": [
        {"table": "users", "rewritten": True, "bytes": 140 * 1024**2, "index_bytes": 1024**2},
        {"table": "small", "rewritten": False, "bytes": 0, "index_bytes": 1024},
    ],
    "only_adds": False,
}


def lines(**changes):
    return _reports.REPORTS["upgrade_rehearsal"]({**RESULT, **changes}, CONTEXT)


def test_what_an_upgrade_does_is_read_in_its_first_lines():
    assert lines() == [
        "backend:0.1.3 would run 1 revision in 4.2 s",
        "users: locked for readers and writers for 3.9 s, rewritten (140.00 MB), indexes built (1.00 MB)",
        "groups: locked for writers for 1.2 s",
        "jobs: locked for writers for 1.0 s, for readers for 0.5 s",
        "small: locked for less than 0.05 s, indexes built (1.00 KB)",
        "run     r1 in 3.9 s: not recorded",
        "record  r2: it changes nothing",
        "To roll back: ansible-playbook restore.yml -e env=prod -e confirm=prod -e backup=(the one "
        "that the migration reports); what is written after it is lost",
        "Rehearsed at 2026-11-30T22:00:00Z on a copy of backup b1, 3.1 h old; the copy is removed",
    ]


def test_revisions_that_only_add_need_no_restore_to_roll_back():
    told = lines(only_adds=True, locks=[], rewritten=[])

    assert told[1] == "No table is locked for readers or writers, and none is rewritten"
    assert told[-2].startswith("To roll back: ansible-playbook rollback.yml -e env=prod; the revisions only add")


def test_a_prediction_names_the_revisions_or_that_the_image_is_missing():
    unmeasured = {"at": None, "seconds": None, "steps": []}

    assert lines(**unmeasured) == ["backend:0.1.3 would be rehearsed on a copy of backup b1, 3.1 h old: r1, r2"]
    (line,) = lines(**unmeasured, missing=[], image_id=None)
    assert line.endswith(": its image is not on the host yet")


def test_an_image_without_new_revisions_migrates_nothing():
    assert lines(missing=[], at=None) == [
        "backend:0.1.3 has no revision that the backup b1, 3.1 h old, lacks: its deploy migrates nothing"
    ]
