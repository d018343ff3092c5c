# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._operations import usage_page

FIGURES = {"messages": 8220, "conversations": 412, "tokens": 2240580, "cost": 20.043, "unpriced_tokens": 9}
USAGE: dict[str, Any] = {
    "timezone": "Europe/Berlin",
    "period": {"since": "2026-05-31T22:00:00Z", "until": None},
    "total": FIGURES,
    "tables": {
        "group": [{"group": "<b>Köln", **FIGURES}, {"group": None, **FIGURES, "cost": None}],
        "user": [{"user": f"person{number}@example.com", **FIGURES} for number in range(30)],
    },
    "days": [{"day": "2026-06-01", **FIGURES}, {"day": "2026-06-04", **FIGURES}],
    "unpriced": [{"model": None, "messages": 1, "tokens": 9, "reason": "no model is recorded"}],
    "prices": [{"model": "gpt-4", "per_1k": 0.03, "since": None, "source": "ai_models", "rows": 2}],
    "month": {"name": "2026-06", "days": 30, "full_days": 12},
    "forecast": {"tokens": 5000000, "cost": 50.1, "full_days": 12, "used": {"tokens": 1, "cost": 1.0}},
    "budgets": [
        {"group": "<b>Köln", "measure": "cost", "limit": 25.0, "used": 20.043, "percent": 80.2, "status": "warning",
         "forecast": 50.1, "forecast_percent": 200.4, "unpriced_tokens": 9}
    ],
    "verdict": {"status": "warning", "line": "<b>Köln used 80.2 % of its cost budget"},
    "notes": ["The sums of groups do not add up"],
}  # fmt: skip


def test_the_page_has_every_figure_and_no_name_has_an_effect():
    page = usage_page.render(USAGE, "prod", "EUR")

    assert '<h1 class="attention">&lt;b&gt;Köln used 80.2 % of its cost budget</h1>' in page
    assert "<b>" not in page
    assert "20.04 EUR" in page
    assert "2\u202f240\u202f580" in page
    assert "The sums of groups do not add up." in page
    assert "The first 20 of 30." in page
    assert "no group" in page
    assert "no model is recorded" in page
    assert "ai_models, 1 of 2 rows" in page
    assert page.count("<figure") == 4
    assert "person20@" not in page


def test_without_budgets_and_figures_the_page_is_whole():
    empty = dict.fromkeys(FIGURES, 0)
    usage = {
        **USAGE, "budgets": [], "days": [], "tables": {}, "unpriced": [], "prices": [],
        "total": {**empty, "cost": None},
        "forecast": {**USAGE["forecast"], "tokens": None, "cost": None}, "verdict": {"status": "within", "line": "x"},
    }  # fmt: skip
    page = usage_page.render(usage, "prod")

    assert '<h1 class="well">0 tokens were used</h1>' in page
    assert page.count("Not measured yet") == 4
    assert "Forecast" not in page


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "\N{EN DASH}"), (0, "0.00 EUR"), (0.015, "0.0150 EUR"), (1.5, "1.50 EUR"), (-1234.5, "-1\u202f234.50 EUR")],
)
def test_a_cost_has_as_many_digits_as_it_needs(value, shown):
    assert usage_page.money(value, "EUR") == shown


def test_a_day_without_messages_is_a_point_of_0():
    assert usage_page.points(USAGE["days"], "tokens") == [
        {"at": f"2026-06-{day:02}T00:00:00Z", "tokens": tokens}
        for day, tokens in ((1, 2240580), (2, 0), (3, 0), (4, 2240580))
    ]
