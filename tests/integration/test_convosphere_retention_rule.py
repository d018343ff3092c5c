# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.law import Case, Refused
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_retention_rule"
NAME = "Logins ü"
NEW = {"name": NAME, "retention_days": 30, "legal_hold": False, "action_on_expiry": "delete", "enabled": True}
#: Every field with another value than that of a new row.
OTHERS = {
    "description": "Wer sich anmeldet 🔐",
    "event_types": ["USER_LOGIN"],
    "event_categories": ["AUTHENTICATION"],
    "severity_levels": ["INFO"],
    "compliance_frameworks": ["gdpr"],
    "data_classification": "restricted",
    "retention_days": 365,
    "archive_days": 90,
    "legal_hold": True,
    "action_on_expiry": "anonymize",
    "notify_before_expiry": 30,
    "enabled": False,
}


@pytest.mark.law
def test_law(run_law, tables: Sandbox):
    login = PlatformDatabase(tables).login
    one = {**login, "name": NAME}
    before = {name: NEW.get(name) for name in OTHERS}
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                {**login, "retention_rules": [{"name": NAME, "retention_days": 30}]},
                diff={"before": {}, "after": {NAME: NEW}},
                returns={"created": [NAME], "ids": {NAME: ANY}, "pruned": []},
            ),
            Case(
                "change",
                {**one, **OTHERS},
                diff={"before": {NAME: before}, "after": {NAME: OTHERS}},
                returns={"updated": {NAME: sorted(OTHERS)}},
            ),
            Case(
                "absent",
                {**one, "state": "absent"},
                diff={"before": {NAME: {**NEW, **OTHERS}}, "after": {}},
                returns={"deleted": [NAME]},
            ),
        ],
        refused=[
            Refused(
                "every problem at once",
                {**one, "action_on_expiry": "burn"},
                "2 problems: retention rule Logins ü: action_on_expiry 'burn' is not one of delete, archive, anonymize",
            ),
        ],
        in_playbook=False,
    )
