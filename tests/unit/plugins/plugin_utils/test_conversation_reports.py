# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

from ansible_collections.convosphere.platform.plugins.filter.report import report

FIGURES: dict[str, Any] = {"messages": 10, "conversations": 2, "tokens": 500, "cost": 1.5, "unpriced_tokens": 40}
USAGE: dict[str, Any] = {
    "timezone": "UTC",
    "period": {"since": None, "until": None},
    "by": ["group", "model"],
    "rows": [{"group": "Köln", "model": "gpt-4", **FIGURES}, {"group": None, "model": None, **FIGURES, "cost": None}],
    "more_rows": 3,
    "total": FIGURES,
    "unpriced": [{"model": None, "messages": 1, "tokens": 40, "reason": "no model is recorded"}],
    "budgets": [
        {"group": "Köln", "measure": "cost", "limit": 2.0, "used": 1.5, "percent": 75.0, "status": "within",
         "forecast": 3.0, "forecast_percent": 150.0, "unpriced_tokens": 40}
    ],
    "month": {"name": "2026-06", "days": 30, "full_days": 15},
    "forecast": {"tokens": 1000, "cost": 3.0, "full_days": 15},
    "notes": ["The sums of groups do not add up"],
}  # fmt: skip


def test_usage():
    assert report(USAGE, "usage", {"currency": "EUR"}) == [
        "From the first message to now, days of UTC",
        "GROUP       MODEL       MESSAGES  CONVERSATIONS  TOKENS  COST EUR  UNPRICED",
        "Köln        gpt-4             10              2     500      1.50        40",
        "(no group)  (no model)        10              2     500         -        40",
        "total                         10              2     500      1.50        40",
        "and 3 more rows: -e limit=20",
        "UNPRICED   no model: 40 tokens, no model is recorded",
        "BUDGET     Köln: within, 1.5 of 2.0 cost, 75.0 %, forecast 150.0 %",
        "           40 tokens of it have no price",
        "FORECAST   2026-06: 1000 tokens, cost 3.00 EUR, from 15 of 30 days",
        "NOTE       The sums of groups do not add up",
    ]


def test_usage_on_the_first_day_of_a_month():
    first = {**USAGE, "by": [], "rows": [], "more_rows": 0, "unpriced": [], "budgets": [], "notes": [],
             "forecast": {"tokens": None}}  # fmt: skip
    assert report(first, "usage") == [
        "From the first message to now, days of UTC",
        "MESSAGES  CONVERSATIONS  TOKENS  COST  UNPRICED",
        "      10              2     500  1.50        40",
        "FORECAST   2026-06: no day of it is over",
    ]


def test_a_forecast_without_a_price():
    unpriced = {**USAGE, "forecast": {"tokens": 1000, "cost": None}}
    assert "FORECAST   2026-06: 1000 tokens, without a price, from 15 of 30 days" in report(unpriced, "usage")


def message(conversation: str, *, hit: bool = True, **more: Any) -> dict[str, Any]:
    return {"conversation": conversation, "user": "ada@example.com", "assistant": "Support", "role": "user",
            "created_at": "2026-06-01T00:00:00Z", "hit": hit, **more}  # fmt: skip


def test_messages():
    found = [message("c1", text="two\nlines\x07"), message("c2", text="b"), message("c1", hit=False, text="c")]
    assert report({"messages": found, "hits": 2, "more": True}, "messages", {"limit": "2"}) == [
        "c1  ada@example.com with Support",
        "* 2026-06-01T00:00:00Z user       two lines\\x07",
        "  2026-06-01T00:00:00Z user       c",
        "c2  ada@example.com with Support",
        "* 2026-06-01T00:00:00Z user       b",
        "2 messages match; there are older ones: -e limit=20",
    ]
    assert report({"messages": [message("c1")], "hits": 1, "more": False}, "messages", {"limit": 2}) == [
        "c1  ada@example.com with Support",
        "* 2026-06-01T00:00:00Z user",
        "1 message matches",
        "Texts are not shown: -e text=excerpt, or -e text=full",
    ]
    assert report({"messages": [], "hits": 0, "more": False}, "messages", {"limit": 2}) == ["0 messages match"]


def test_conversations_export():
    result = {"conversations": 2, "users": 1, "messages": 40, "dest": "/root/x", "sha256": "ab", "size_bytes": 2500000}
    counts = "2 conversations, 40 messages, 1 user"
    assert report({**result, "changed": True}, "conversations_export", {"check_mode": False}) == [
        f"{counts}, 2.5 MB, in /root/x",
        "sha256 ab",
    ]
    assert report({**result, "changed": True}, "conversations_export", {"check_mode": True}) == [
        f"/root/x would be written: {counts}"
    ]
    assert report({**result, "changed": False}, "conversations_export", {"check_mode": True}) == [
        f"/root/x has these {counts} already",
        "sha256 ab",
    ]
