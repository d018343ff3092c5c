# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import platform_retention

ROW: dict[str, Any] = {
    **dict.fromkeys(platform_retention.COLUMNS),
    "name": "logins",
    "event_types": ["user_login"],
    "retention_days": 30,
    "legal_hold": False,
    "action_on_expiry": "delete",
}

LABELS = {"event_types": ("USER_LOGIN", "USER_UPDATE"), "severity_levels": ("INFO",)}


def test_a_rule_is_about_both_audit_logs():
    holds, rules, skipped = platform_retention.read([{**ROW, "severity_levels": ["INFO"]}], LABELS)

    assert (holds, skipped) == ([], [])
    assert [(rule.name, rule.records, rule.action, rule.older_than) for rule in rules] == [
        ("logins (platform)", "audit_logs", "delete", 30),
        ("logins (platform)", "extended_audit_logs", "delete", 30),
    ]
    assert [(rule.event_types, rule.severities) for rule in rules] == [(("USER_LOGIN",), ("INFO",))] * 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"event_categories": ["SECURITY"]},
            "it has a condition that this collection does not apply: event_categories",
        ),
        ({"data_classification": "PUBLIC"}, "does not apply: data_classification"),
        ({"event_types": {"a": 1}}, "event_types is not a list of texts"),
        ({"action_on_expiry": "shred"}, "action_on_expiry is 'shred'. Allowed: archive, delete, anonymize"),
        ({"event_types": ["user_login", "logout"]}, "event_types has logout, which does not exist"),
        ({"severity_levels": ["loud"]}, "severity_levels has loud, which does not exist"),
        ({"retention_days": 0}, "retention_days is 0. Allowed: 1 to 36500"),
    ],
)
def test_a_rule_that_is_not_understood_is_skipped_and_named(change, reason):
    holds, rules, skipped = platform_retention.read([{**ROW, **change}], LABELS)

    assert (holds, rules) == ([], [])
    assert skipped[0].startswith("The platform's retention rule logins is not applied: ")
    assert reason in skipped[0]


def test_a_legal_hold_keeps_rather_more_than_it_says():
    odd = {**ROW, "legal_hold": True, "event_types": "user_login", "event_categories": ["SECURITY"]}

    holds, rules, skipped = platform_retention.read([odd], LABELS)

    assert (rules, skipped) == ([], [])
    assert [(rule.records, rule.action, rule.event_types) for rule in holds] == [
        ("audit_logs", "keep", ()),
        ("extended_audit_logs", "keep", ()),
    ]


def test_a_legal_hold_on_events_that_do_not_exist_keeps_all():
    holds, _rules, skipped = platform_retention.read(
        [{**ROW, "legal_hold": True, "event_types": ["user.login"], "severity_levels": ["info"]}], LABELS
    )

    assert skipped == []
    assert [(rule.event_types, rule.severities) for rule in holds] == [((), ("INFO",))] * 2
