# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.content_file import fields_of
from support.law import Case, Refused
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_audit_policy"
NAME = "Logins ü"
NEW = {
    "name": NAME,
    "enabled": True,
    "log_success": True,
    "log_failure": True,
    "include_context": True,
    "include_metadata": True,
    "retention_days": 365,
    "archive_after_days": 90,
    "legal_hold_retention": 2555,
}
#: Every field with another value than that of a new row.
OTHERS = fields_of("audit_policies")


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
                    "audit_policies": [
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
                {**one, "retention_days": 0, "compliance_frameworks": ["dsgvo"], "data_classification": "secret"},
                "3 problems: audit policy Logins ü: retention_days is 0, and must be at least 1 and at most 3650",
            ),
        ],
        in_playbook=False,
    )
