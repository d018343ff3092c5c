# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import retention_rules
from ansible_collections.convosphere.platform.plugins.module_utils._people.retention_rules import Rule

OLD = {"name": "old", "records": "conversations", "action": "delete", "older_than": "365d"}
TOKENS = {"name": "tokens", "records": "reset_tokens", "action": "delete"}


def test_rules_keep_their_order_and_their_options():
    narrow = {**OLD, "name": "narrow", "action": "archive", "delete_after": "90d", "groups": ["A", "A", "B"]}

    rules, problems = retention_rules.read([narrow, OLD, TOKENS])

    assert problems == []
    assert rules == [
        Rule("narrow", "conversations", "archive", 365, 90, groups=("A", "B")),
        Rule("old", "conversations", "delete", 365),
        Rule("tokens", "reset_tokens", "delete"),
    ]
    assert [(stage.title, stage.archived_for, stage.loses_data) for stage in retention_rules.stages(rules)] == [
        ("narrow: archive conversations", None, False),
        ("narrow: delete conversations", 90, True),
        ("old: delete conversations", None, True),
        ("tokens: delete reset_tokens", None, False),
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": ""}, "rules[0]: name is missing: give a text by which the record of the deletion names the rule"),
        ({"records": "users"}, "records is 'users'. Allowed: conversations, search_queries, audit_logs, "),
        ({"records": ["users"]}, "records is ['users']. Allowed: conversations, "),
        ({"action": "drop"}, "action is 'drop'. Allowed for conversations: archive, delete, anonymize"),
        ({"action": None}, "action is None. Allowed for conversations"),
        ({"older_than": None}, "older_than is missing: give days, such as 365d"),
        ({"older_than": 365}, "older_than is 365: give days from 1d to 36500d, such as 365d"),
        ({"older_than": "1y"}, "older_than is '1y': give days"),
        ({"older_than": "0d"}, "older_than is '0d': give days"),
        ({"older_than": "2000000d"}, "older_than is '2000000d': give days"),
        ({"delete_after": "9d"}, "delete_after counts from the archiving, and action is 'delete'"),
        ({"groups": "A"}, "groups is 'A': give a list of texts"),
        ({"groups": [1]}, "groups is [1]: give a list of texts"),
        ({"assistants": {}}, "assistants is {}: give a list of texts"),
        ({"event_types": ["USER_LOGIN"]}, "event_types does not apply to conversations. Allowed: older_than, "),
        ({"user": "ada"}, "there is no option user. Allowed: name, records, action, older_than, "),
    ],
)
def test_a_problem_names_rule_option_and_what_is_allowed(change: dict[str, Any], problem: str):
    rules, problems = retention_rules.read([{**OLD, **change}])

    assert rules == []
    assert len(problems) == 1
    assert problems[0].startswith("rules[0]" if "name" in change else "rules[0] (old): ")
    assert problem in problems[0]


def test_all_problems_are_reported_together():
    queries = {"name": "q", "records": "search_queries", "action": "anonymize", "older_than": "x"}

    rules, problems = retention_rules.read([OLD, queries, "text", {**TOKENS, "older_than": "9d"}, OLD])

    assert rules == [Rule("old", "conversations", "delete", 365)] * 2
    assert problems == [
        "rules[1] (q): action is 'anonymize'. Allowed for search_queries: delete",
        "rules[1] (q): older_than is 'x': give days from 1d to 36500d, such as 365d",
        "rules[2] is not a dictionary with name, records and action",
        "rules[3] (tokens): older_than does not apply to reset_tokens. Allowed: no further option",
        "2 rules have the name old",
    ]
