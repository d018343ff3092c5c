# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase

MODULE = "convosphere_ai_model"
NAMED = {"provider": "openai", "name": "GPT", "display_name": "GPT-4o"}


@pytest.mark.law
def test_law(run_law, tables):
    database = PlatformDatabase(tables)
    model = {**database.login, "provider": "openai", "model_key": "gpt-4o"}
    label = "openai/gpt-4o"
    after: dict[str, Any] = {
        **NAMED,
        "model_key": "gpt-4o",
        "description": None,
        "max_tokens": 8000,
        "cost_per_1k_tokens": 0.0125,
        "is_active": True,
        "is_default": True,
        "is_favorite": False,
        "capabilities": [],
    }
    new = {
        **NAMED,
        "model_key": "gpt-4o",
        "cost_per_1k_tokens": 0.01,
        "capabilities": ["chat"],
        "is_active": True,
        "is_default": False,
        "is_favorite": False,
    }
    changed = {"max_tokens": 8000, "cost_per_1k_tokens": 0.0125, "is_default": True, "capabilities": []}
    run_law(
        MODULE,
        [
            Case(
                "create",
                {**model, **NAMED, "cost_per_1k_tokens": 0.01, "capabilities": ["chat"]},
                diff={"before": {}, "after": {label: new}},
                returns={"created": [label]},
            ),
            Case(
                "change",
                {**model, **changed},
                diff={
                    "before": {label: {name: new.get(name) for name in changed}},
                    "after": {label: changed},
                },
            ),
            Case("absent", {**model, "state": "absent"}, diff={"before": {label: after}, "after": {}}),
        ],
        refused=[
            Refused("price", {**model, **NAMED, "cost_per_1k_tokens": -1}, "cost_per_1k_tokens is -1"),
            Refused("new", model, "name, display_name must be given, because the ai model is new"),
            Refused("half a key", {**database.login, "provider": "openai"}, "model_key or id is missing"),
            Refused(
                "two defaults",
                {
                    **database.login,
                    "ai_models": [{**NAMED, "model_key": key, "is_default": True} for key in ("a", "b")],
                },
                "only one ai model can have is_default",
            ),
        ],
        in_playbook=False,
    )


def test_the_default_is_taken_from_every_other_model(run_steps, tables):
    database = PlatformDatabase(tables)
    models = [{**NAMED, "model_key": key} for key in ("a", "b", "c")]
    run_steps(MODULE, [Step("models", {**database.login, "ai_models": models}, changed=True)])
    database.query("UPDATE ai_models SET is_default = model_key IN ('a', 'b')")
    choose = {**database.login, "provider": "openai", "model_key": "c", "is_default": True}
    updated = {f"openai/{key}": ["is_default"] for key in ("c", "a", "b")}
    run_steps(
        MODULE,
        [
            Step("check", choose, check=True, returns={"updated": updated}),
            Step("choose", choose, returns={"updated": updated}),
            Step("again", choose, changed=False),
        ],
    )
    assert database.query("SELECT model_key FROM ai_models WHERE is_default") == [("c",)]

    [(twin,)] = database.query(
        "INSERT INTO ai_models (id, name, provider, model_key, display_name, is_active, is_default, is_favorite, "
        "capabilities) SELECT gen_random_uuid(), name, provider, model_key, display_name, true, false, false, '[]' "
        "FROM ai_models WHERE model_key = 'a' RETURNING id::text"
    )
    twins = {**database.login, "provider": "openai", "model_key": "a", "max_tokens": 1}
    by_id = {**database.login, "id": twin, "model_key": "d"}
    run_steps(
        MODULE,
        [
            Step("twins", twins, fails="there are several ai models with this key: give the id of one"),
            Step("taken", {**by_id, "model_key": "b"}, fails="another ai model has this key already"),
            Step("rename", by_id, returns={"updated": {twin: ["model_key"]}}),
            Step("one left", twins, changed=True),
        ],
    )
