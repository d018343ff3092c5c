# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.law import Refused, Step
from support.platform_database import PlatformDatabase

MODULE = "convosphere_content_info"
MODEL = {"provider": "openai", "model_key": "gpt-4o", "name": "gpt-4o", "display_name": "GPT-4o"}
FLAGS = {"is_active": True, "is_default": False, "is_favorite": False}


@pytest.mark.law
def test_law(run_info_law, run_steps, tables):
    database = PlatformDatabase(tables)
    login = database.login
    run_steps(
        "convosphere_tag",
        [
            Step("managed", {**login, "tags": [{"name": "legal", "color": "#aa3300"}]}),
            Step("not managed", {**login, "name": "hr"}),
            Step("model", {**login, **MODEL}, module="convosphere_ai_model"),
        ],
    )
    add_assistant(database)
    run_info_law(
        MODULE,
        {**login, "entities": ["tags", "ai_models", "assistants"]},
        returns={
            "content": {
                "tags": [{"name": "hr"}, {"name": "legal", "color": "#aa3300"}],
                "ai_models": [{**MODEL, **FLAGS, "capabilities": []}],
                "assistants": [ANY],
            },
            "counts": {
                "tags": {"total": 2, "managed": 1},
                "ai_models": {"total": 1, "managed": 0},
                "assistants": {"total": 1, "managed": 0},
            },
            "unreadable": [
                {
                    "entity": "assistants",
                    "id": ANY,
                    "name": "a (ada)",
                    "reasons": [
                        "temperature must be a number, not '0,7'",
                        "max_tokens must be a number, not '8k'",
                        "tags must not be NULL",
                        "version must not be NULL",
                        "tools_config must be a list of objects",
                    ],
                }
            ],
        },
        refused=[Refused("entity", {**login, "entities": ["bots"]}, "there is no entity 'bots'. Allowed: tags")],
        in_playbook=False,
    )
    run = run_steps(
        MODULE,
        [
            Step("managed", {**login, "entities": ["tags"], "list_name": "", "return_ids": True}, changed=False),
            Step("defaults", {**login, "entities": ["assistants"]}, changed=False),
        ],
    )
    assert run.task("defaults").result["content"]["assistants"][0]["default_for"] == ["ada"]
    assert run.task("managed").result["content"]["tags"] == [
        {"id": ANY, "name": "legal", "color": "#aa3300", "managed": True, "list_name": ""}
    ]


def add_assistant(database: PlatformDatabase) -> None:
    """Add an assistant that makes the list of its owner fail, in each way that the tables allow."""
    database.add_assistant(database.add_user("ada@example.com"))
    database.query(
        "UPDATE assistants SET name = 'a', temperature = '0,7', max_tokens = '8k', tags = NULL, version = NULL, "
        "tools_config = '{}'"
    )
    database.query("UPDATE users SET preferences = json_build_object('default_assistant_id', a.id) FROM assistants a")
    database.add_user("bob@example.com")
