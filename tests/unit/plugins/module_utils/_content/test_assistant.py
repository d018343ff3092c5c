# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._content.assistant import ASSISTANT, respecting

DEPARTURE = ASSISTANT.departure


def test_conversations_refuse_the_deletion_unless_the_options_decide():
    refused = DEPARTURE.refuse({}, {"on_conversations": "refuse"}, {"conversations": 2})

    assert refused.startswith("has 2 conversations: set on_conversations to keep")
    assert DEPARTURE.refuse({}, {"on_conversations": "delete"}, {"conversations": 2}) == ""
    assert DEPARTURE.refuse({}, {"on_conversations": "delete"}, {"new_table": 1}) == "is still used by 1 new_table"
    assert DEPARTURE.refuse({}, {"on_conversations": "refuse"}, {}) == ""


def test_an_assistant_is_put_out_of_use_only_if_it_has_conversations():
    keep = {"on_conversations": "keep"}

    assert DEPARTURE.instead(keep, {"conversations": 1}) == {"status": "inactive", "is_public": False}
    assert DEPARTURE.instead(keep, {}) is None
    assert DEPARTURE.instead({"on_conversations": "delete"}, {"conversations": 1}) is None


def test_an_assistant_on_hold_is_not_deleted():
    held = respecting(lambda _database, kind: ["1"] if kind == "assistant" else [])

    assert held.departure.blocked(None, ["1", "2"]) == {"1": "is on hold"}  # type: ignore[arg-type]
    assert held.fields == ASSISTANT.fields
