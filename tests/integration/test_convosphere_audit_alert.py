# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.law import Case, Refused
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_audit_alert"
NAME = "Logins ü"
NEW = {"name": NAME, "threshold_count": 1, "threshold_period": 3600, "enabled": True}
#: Every field with another value than that of a new row.
OTHERS = {
    "description": "Wer sich nicht anmelden kann 🔐",
    "event_types": ["USER_LOGIN"],
    "severity_levels": ["WARNING"],
    "threshold_count": 1000,
    "threshold_period": 60,
    "notification_channels": ["email"],
    "notification_recipients": ["sicherheit@example.com"],
    "escalation_rules": {"nach": 3, "an": ["öl@example.com"]},
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
                {
                    **login,
                    "audit_alerts": [
                        {
                            "name": NAME,
                        }
                    ],
                },
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
                {**one, "threshold_period": 59, "threshold_count": 1001},
                "2 problems: audit alert Logins ü: threshold_count is 1001, and must be at least 1 and at most 1000",
            ),
        ],
        in_playbook=False,
    )
