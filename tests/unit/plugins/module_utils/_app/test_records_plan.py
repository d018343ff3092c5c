# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._app import records_plan
from ansible_collections.convosphere.platform.plugins.module_utils._app.records_plan import Amount
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError


@pytest.mark.parametrize(
    ("policy", "kinds"),
    [
        ({}, []),
        ({"expired_reset_tokens": False, "search_queries_days": None, "audit_logs_days": None}, []),
        ({"expired_reset_tokens": True}, [("password_reset_tokens", 0)]),
        ({"audit_logs_days": 365, "search_queries_days": 30}, [("search_queries", 30), ("audit_logs", 365)]),
    ],
)
def test_only_what_the_policy_names_is_chosen(policy, kinds):
    assert [(kind.name, days) for kind, days in records_plan.chosen(policy)] == kinds


def test_one_run_removes_a_limited_number_of_each_kind():
    found = records_plan.amounts({"search_queries": 11, "audit_logs": 5}, limit=10, max_deletions=16)

    assert found == {"search_queries": Amount(11, 10), "audit_logs": Amount(5, 5)}


def test_more_than_expected_is_refused_with_the_numbers():
    with pytest.raises(InputError) as refused:
        records_plan.amounts({"search_queries": 0, "audit_logs": 17}, limit=10, max_deletions=16)

    assert str(refused.value) == (
        "17 records expired by the policy (17 of audit_logs), more than max_deletions=16. Nothing was deleted. Check"
        " the days of the policy, or raise max_deletions."
    )
