# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the price of each model at each time: from the option prices, else from the platform's table ai_models.

The platform keeps one price for each model and no history. A price is in no currency: it is that of the inventory.

This file is private to the collection and may change without notice.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from .._core.errors import InputError

GIVEN, PLATFORM = "prices", "ai_models"
# The first row of a key is the one that counts.
READ = """
SELECT model_key, cost_per_1k_tokens, count(*) OVER (PARTITION BY model_key) FROM ai_models
ORDER BY model_key, is_active DESC, is_default DESC, created_at DESC, id
"""
#: The prices as rows, for a statement that has to join them.
TABLE = """
SELECT model, per_1k::float8 AS per_1k, since::date::timestamp AT TIME ZONE %(timezone)s AS since,
    lead(since::date::timestamp AT TIME ZONE %(timezone)s) OVER (PARTITION BY model ORDER BY since NULLS FIRST) AS until
FROM json_to_recordset(%(prices)s) AS given (model text, per_1k float8, since text)
"""
_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])")


@dataclass(frozen=True)
class Price:
    """What 1,000 tokens of a model cost from the beginning of a day on; None is always, or no price."""

    model: str
    per_1k: float | None
    since: str | None = None
    source: str = GIVEN
    #: How many rows of ai_models have this key. Of several the active, the default, the newest one counts.
    rows: int = 0


def choose(given: Iterable[Mapping[str, Any]], rows: Sequence[Sequence[Any]]) -> list[Price]:
    """Return the prices, sorted by model and day. ``rows`` are those of READ; a given model has none of them.

    Raises InputError for prices that contradict each other.
    """
    desired = [Price(each["model"], float(each["per_1k"]), each.get("since")) for each in given]
    problems = [
        f"prices: since is '{price.since}', give a day such as 2026-07-01"
        for price in desired
        if price.since is not None and not _DAY.fullmatch(price.since)
    ]
    problems += [
        f"prices: {price.model} has the price {price.per_1k}" for price in desired if not (price.per_1k or 0) >= 0
    ]
    known = [(price.model, price.since) for price in desired]
    problems += [
        f"prices: {model} has two prices {f'since {since}' if since else 'without since'}"
        for model, since in sorted({each for each in known if known.count(each) > 1}, key=str)
    ]
    if problems:
        raise InputError.of(problems)
    models = {price.model for price in desired}
    for model, per_1k, number in rows:
        if model not in models:
            models.add(model)
            desired.append(Price(model, per_1k, None, PLATFORM, number))
    return sorted(desired, key=lambda price: (price.model, price.since or ""))


def as_json(prices: Iterable[Price]) -> str:
    """Return the prices for TABLE."""
    return json.dumps([asdict(price) for price in prices])
