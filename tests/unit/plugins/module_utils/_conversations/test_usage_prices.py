# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._conversations.usage_prices import Price, choose
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError

ROWS = [("gpt-4", 0.03, 2), ("gpt-4", 99.0, 2), ("local", None, 1)]


def test_the_first_row_of_a_model_counts():
    assert choose([], ROWS) == [
        Price("gpt-4", 0.03, None, "ai_models", 2),
        Price("local", None, None, "ai_models", 1),
    ]


def test_a_given_model_has_no_price_of_the_platform():
    given = [{"model": "gpt-4", "per_1k": 2, "since": "2026-07-01"}, {"model": "gpt-4", "per_1k": 1, "since": None}]
    assert choose(given, ROWS)[:2] == [Price("gpt-4", 1.0), Price("gpt-4", 2.0, "2026-07-01")]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([{"model": "a", "per_1k": -1}], "prices: a has the price -1.0"),
        ([{"model": "a", "per_1k": float("nan")}], "prices: a has the price nan"),
        ([{"model": "a", "per_1k": 1, "since": "2026-7-1"}], "since is '2026-7-1', give a day such as 2026-07-01"),
        ([{"model": "a", "per_1k": 1}, {"model": "a", "per_1k": 2}], "prices: a has two prices without since"),
    ],
)
def test_prices_that_contradict_each_other_are_refused(given, message):
    with pytest.raises(InputError, match=message):
        choose(given, ())
