# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._people import retention_plan, retention_rules
from ansible_collections.convosphere.platform.plugins.module_utils._people.retention_plan import Amount
from ansible_collections.convosphere.platform.plugins.module_utils._people.retention_rules import Rule

ARCHIVE, DELETE = retention_rules.stages([Rule("old", "conversations", "archive", 365, 90)])
(TOKENS,) = retention_rules.stages([Rule("tokens", "reset_tokens", "delete")])


def test_a_run_takes_what_is_not_on_hold_within_the_limit():
    amount = Amount(DELETE, expired=30, held=10, limit=15)

    assert (amount.due, amount.taken) == (20, 15)
    assert retention_plan.changes([amount]).diff() == {
        "before": {"old: delete conversations": {"expired": 20}},
        "after": {"old: delete conversations": {"expired": 5}},
    }


def test_an_interrupted_record_is_a_change():
    assert retention_plan.changes([Amount(DELETE, 2, 2, 9)], ["run7"]).diff() == {
        "before": {"record of the run run7": {"written": False}},
        "after": {"record of the run run7": {"written": True}},
    }


@pytest.mark.parametrize(
    ("amounts", "needed"),
    [
        ([], False),
        ([Amount(DELETE, 0, 0, 9), Amount(ARCHIVE, 7, 0, 9), Amount(TOKENS, 3, 0, 9)], False),
        ([Amount(DELETE, 5, 5, 9)], False),
        ([Amount(ARCHIVE, 7, 0, 9), Amount(DELETE, 5, 4, 9)], True),
    ],
)
def test_only_a_run_that_loses_data_needs_a_backup(amounts, needed):
    assert retention_plan.loses_data(amounts) is needed


@pytest.mark.parametrize(
    ("amounts", "total", "refused"),
    [
        ([Amount(DELETE, 50, 0, 9)], 100, False),
        ([Amount(DELETE, 51, 0, 9)], 100, True),
        ([Amount(DELETE, 60, 10, 9)], 100, False),
        ([Amount(DELETE, 20, 0, 9)], 20, False),
        ([Amount(DELETE, 21, 0, 9)], 21, True),
        ([Amount(ARCHIVE, 100, 0, 9)], 100, False),
    ],
)
def test_more_than_a_share_is_refused_unless_it_is_a_few_rows(amounts, total, refused):
    problems = retention_plan.excessive(amounts, {"conversations": total}, 50)

    assert bool(problems) is refused


def test_the_refusal_has_the_numbers():
    found = retention_plan.excessive([Amount(DELETE, 51, 0, 9), Amount(TOKENS, 99, 0, 9)], {"conversations": 60}, 50)

    assert found == [
        "The rules take 51 of 60 conversations (51 by old: delete conversations), which is 85 percent and more than "
        "max_share=50"
    ]
