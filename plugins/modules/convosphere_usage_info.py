#!/usr/bin/python
# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: convosphere_usage_info
short_description: Count ConvoSphere's messages, tokens and their cost
version_added: 1.0.0
author: ConvoSphere Platform contributors (@ConvoSphere)
description:
  - Returns messages, conversations, tokens and cost by user, group, assistant, model and day, compares groups with
    their budgets, and forecasts the month. The platform itself has no route with tokens or cost.
  - A user in several groups counts in each of them. The sums of groups do not add up to the total.
  - Tokens without a price are in no cost. They are returned as RV(unpriced), and never count as free.
  - The platform's own counters of conversations are not read, because nothing maintains them.
extends_documentation_fragment:
  - convosphere.platform.database
  - convosphere.platform.conversations
  - convosphere.platform.attributes.info
options:
  since:
    description:
      - The begin of the period, in the form of O(until). A day begins in O(timezone).
      - Without O(since) and O(until) the period is O(month).
  by:
    description: By what to count; several of them together, such as V(group) and V(model).
    type: list
    elements: str
    choices: [user, group, assistant, model, day]
    default: []
  overview:
    description: Whether to return RV(tables) and RV(days), which a page shows.
    type: bool
    default: false
  limit:
    description: The number of rows of each table, the greatest first; with V(day) the first days.
    type: int
    default: 1000
  timezone:
    description: The time zone in which days and months begin, such as V(Europe/Berlin).
    type: str
    default: UTC
  month:
    description: The month of the budgets and of the forecast, such as V(2026-11). If not given, the current one.
    type: str
  prices:
    description:
      - The price of each model. A model that is not here has the price of C(ai_models), for all times, because the
        platform keeps no history. Of several rows there with one C(model_key) the active, the default, the newest
        counts.
      - The platform has one price for questions and answers, and no currency.
    type: list
    elements: dict
    default: []
    suboptions:
      model:
        description: The model, as C(model_used) of the messages.
        type: str
        required: true
      per_1k:
        description: The price of 1,000 tokens.
        type: float
        required: true
      since:
        description: The day from which on it holds. Before the first day the model has no price.
        type: str
  budgets:
    description: The budget of groups for a month.
    type: list
    elements: dict
    default: []
    suboptions:
      group:
        description: The name of the group.
        type: str
        required: true
      tokens:
        description: How many tokens its members may use.
        type: int
      cost:
        description: What its members may cost, in the unit of the prices.
        type: float
seealso:
  - module: convosphere.platform.convosphere_message_info
"""

EXAMPLES = r"""
- name: Count the tokens of the current month by group and model
  convosphere.platform.convosphere_usage_info:
    login_env_file: /opt/convosphere/prod/.env
    by: [group, model]
    timezone: Europe/Berlin

- name: Compare a group with its budget, at a price that rose in July
  convosphere.platform.convosphere_usage_info:
    login_env_file: /opt/convosphere/prod/.env
    month: 2026-07
    prices:
      - {model: gpt-4, per_1k: 0.03}
      - {model: gpt-4, per_1k: 0.04, since: "2026-07-01"}
    budgets:
      - {group: Research, cost: 500}
"""

RETURN = r"""
timezone:
  description: The value of O(timezone).
  returned: success
  type: str
  sample: Europe/Berlin
period:
  description: The period, in UTC; null for an end that is not given.
  returned: success
  type: dict
  sample: {since: "2026-05-31T22:00:00Z", until: "2026-06-30T22:00:00Z"}
total:
  description: >-
    The figures of the period, in which each message counts once. C(cost) is null if nothing has a price;
    C(unpriced_tokens) are not in it.
  returned: success
  type: dict
  sample: {messages: 8220, conversations: 412, tokens: 2240580, cost: 20.043, unpriced_tokens: 1349232}
by:
  description: The columns of RV(rows).
  returned: success
  type: list
  elements: str
  sample: [group]
rows:
  description: The figures for each value of O(by); null is no group, or no model.
  returned: success
  type: list
  elements: dict
  sample:
    - {group: Research, messages: 1240, conversations: 62, tokens: 339400, cost: 3.036, unpriced_tokens: 204384}
more_rows:
  description: The number of rows beyond O(limit).
  returned: success
  type: int
  sample: 0
tables:
  description: The rows by user, group, assistant and model; empty without O(overview).
  returned: success
  type: dict
  sample: {}
days:
  description: The rows by day; empty without O(overview).
  returned: success
  type: list
  elements: dict
  sample: []
unpriced:
  description: The models whose tokens have no price, with the reason; null is a message that names no model.
  returned: success
  type: list
  elements: dict
  sample: [{model: llama-3, messages: 822, tokens: 448140, reason: unknown to ai_models and prices}]
prices:
  description: The prices that counted, and the number of rows of C(ai_models) with that key.
  returned: success
  type: list
  elements: dict
  sample: [{model: gpt-4, per_1k: 0.03, since: null, source: ai_models, rows: 2}]
month:
  description: The month of budgets and forecast, and how many of its days are over.
  returned: success
  type: dict
  sample: {name: 2026-06, days: 30, full_days: 12}
forecast:
  description: >-
    What the month comes to if its days go on like its full ones, for all users; null before the end of its first
    day. C(used) is what it has used so far.
  returned: success
  type: dict
  sample: {tokens: 2240580, cost: 20.043, full_days: 12, used: {tokens: 896232, cost: 8.017}}
budgets:
  description: >-
    A verdict for each limit: C(within), C(warning) from 80 % on, C(exceeded) from 100 % on, and the forecast.
  returned: success
  type: list
  elements: dict
  sample:
    - group: Research
      measure: cost
      limit: 500.0
      used: 410.5
      percent: 82.1
      status: warning
      forecast: 1026.25
      forecast_percent: 205.2
      unpriced_tokens: 0
verdict:
  description: The worst of them, and one line.
  returned: success
  type: dict
  sample: {status: warning, line: Research used 82.1 % of its cost budget}
notes:
  description: What a reader of the figures has to know.
  returned: success
  type: list
  elements: str
  sample: [1349232 tokens have no price and are in no cost]
"""

from datetime import datetime, timezone
from typing import Any

from ansible_collections.convosphere.platform.plugins.module_utils._conversations import usage_report
from ansible_collections.convosphere.platform.plugins.module_utils._conversations.selection import CONVERSATION_OPTIONS
from ansible_collections.convosphere.platform.plugins.module_utils._conversations.usage_query import DIMENSIONS
from ansible_collections.convosphere.platform.plugins.module_utils._core.module import InfoModule
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.connection import (
    DATABASE_OPTIONS,
    Database,
)

PRICE = {
    "model": {"type": "str", "required": True},
    "per_1k": {"type": "float", "required": True},
    "since": {"type": "str"},
}
BUDGET = {
    "group": {"type": "str", "required": True},
    "tokens": {"type": "int", "no_log": False},
    "cost": {"type": "float"},
}


class UsageInfo(InfoModule):
    """The usage of a period."""

    argument_spec = {
        **DATABASE_OPTIONS,
        **CONVERSATION_OPTIONS,
        "by": {"type": "list", "elements": "str", "choices": list(DIMENSIONS), "default": []},
        "overview": {"type": "bool", "default": False},
        "limit": {"type": "int", "default": 1000},
        "timezone": {"type": "str", "default": "UTC"},
        "month": {"type": "str"},
        "prices": {"type": "list", "elements": "dict", "options": PRICE, "default": []},
        "budgets": {"type": "list", "elements": "dict", "options": BUDGET, "default": []},
    }
    least = {"limit": 1}

    def report(self) -> dict[str, Any]:
        """Return the figures."""
        database = Database(self.params, read_only=True)
        return usage_report.compose(database, self.params, datetime.now(timezone.utc))


def main() -> None:
    UsageInfo.main()


if __name__ == "__main__":
    main()
