# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._operations.report import expiry

from support import reports


def expiring(days: int = 30, **more: Any) -> list[tuple[str, str, int]]:
    parts = {"measured": {}, "overrides": [], "backups": [], "retention": None, **more}
    found = expiry.expiring(*parts.values(), days=(reports.at(), days))
    return [(each["kind"], each["name"], each["days_left"]) for each in found]


def test_the_next_end_comes_first_and_what_has_ended_is_negative():
    rows = [
        {"host": "a", "name": name, "expires": reports.at(days)} for name, days in (("x", 12.5), ("y", 40), ("z", -1))
    ]
    override = {"name": "LOG_LEVEL", "by": "ada", "reason": "why", "until": reports.at(2), "active": True}

    found = expiring(measured={"certificates": {"at": reports.at(), "rows": rows, "more": {}}}, overrides=[override])
    assert found == [("certificate", "z on a", -1), ("override", "LOG_LEVEL", 2), ("certificate", "x on a", 12)]


def test_a_secret_ends_by_its_age_since_it_was_measured():
    rows = [{"host": "a", "name": name, "age_days": age} for name, age in (("old", 170), ("young", 1), ("new", None))]
    part = {"at": reports.at(-1), "rows": rows, "more": {"max_age_days": 180}}

    assert expiring(measured={"secrets": part}) == [("secret", "old", 9)]
    assert expiring(measured={"secrets": {**part, "more": {}}}) == []
    assert expiring(measured={"secrets": {**part, "more": {"max_age_days": 10**9}}}) == []


def test_backups_end_if_retention_keeps_them_by_their_age():
    kept = [reports.backup(-3), reports.backup(-2), reports.backup(-1, pinned=True)]

    assert expiring(backups=kept, retention={"keep_within": "7d"}) == [("backups", "2 backups", 4)]
    assert expiring(backups=kept, retention={"keep_last": 3}) == []
    assert expiring(1, backups=kept, retention={"keep_within": "7d"}) == []
