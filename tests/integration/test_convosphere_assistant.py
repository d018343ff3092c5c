# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase

MODULE = "convosphere_assistant"
LABEL = "Hilfe (ada)"
CREATED: dict[str, Any] = {
    "name": "Hilfe",
    "owner": "ada",
    "system_prompt": "Sei hilfreich. 🎉\n" + "Ä" * 20_000,
    "model": "gpt-4o",
    "temperature": 0.7,
    "max_tokens": 4096,
    "status": "draft",
    "is_public": False,
    "is_template": False,
    "tools_enabled": True,
    "tags": [],
    "version": "0.1.2-beta",
    "tools": ["mail", "search"],
}
CHANGED: dict[str, Any] = {
    "description": "Für alle",
    "personality": "ruhig",
    "instructions": "kurz",
    "temperature": 1.5,
    "max_tokens": 100,
    "status": "active",
    "is_public": True,
    "is_template": True,
    "tools_enabled": False,
    "tools": ["search"],
    "category": "x",
    "tags": ["a"],
    "metadata": {"k": [1]},
    "default_for": ["bob"],
}


@pytest.fixture
def database(run_steps, tables) -> PlatformDatabase:
    """Create two users and two tools."""
    database = PlatformDatabase(tables)
    database.add_user("ada@example.com")
    database.add_user("bob@example.com")
    tools = [{"function_name": name, "name": name, "category": "api"} for name in ("mail", "search")]
    run_steps("convosphere_tool", [Step("tools", {**database.login, "tools": tools})])
    return database


@pytest.mark.law
def test_law(run_law, database):
    assistant = {**database.login, "name": "Hilfe", "owner": "ada"}
    new = {**assistant, "system_prompt": CREATED["system_prompt"], "model": "gpt-4o"}
    current = {name: CREATED.get(name) for name in CHANGED if name != "default_for"}
    run_law(
        MODULE,
        [
            Case("create", {**new, "tools": ["search", "mail"]}, diff={"before": {}, "after": {LABEL: CREATED}}),
            Case(
                "change",
                {**assistant, **CHANGED, "owner": "Ada@Example.com", "default_for": ["bob@example.com"]},
                diff={"before": {LABEL: {**current, "default_for": []}}, "after": {LABEL: CHANGED}},
            ),
            Case(
                "new owner, and the default of all",
                {**assistant, "new_owner": "bob", "default_for": ["all"]},
                diff={
                    "before": {LABEL: {"owner": "ada", "default_for": "1 of 2 users"}},
                    "after": {LABEL: {"owner": "bob", "default_for": "all"}},
                },
            ),
            Case(
                "absent",
                {**assistant, "owner": "bob", "state": "absent"},
                diff={
                    "before": {
                        "Hilfe (bob)": {
                            **{name: value for name, value in {**CREATED, **CHANGED}.items() if name != "default_for"},
                            "owner": "bob",
                        }
                    },
                    "after": {},
                },
            ),
        ],
        refused=[
            Refused("owner", {**new, "owner": "eve"}, "owner: there is no user 'eve'"),
            Refused("tool", {**new, "tools": ["gone"]}, "tools: there is no tool 'gone'"),
            Refused("too hot", {**new, "temperature": 2.5}, "temperature is 2.5, and must be at least 0 and at most 2"),
            Refused("status", {**new, "status": "gone"}, "'gone' is not one of active, inactive, draft, maintenance"),
            Refused("no prompt", {**assistant, "model": "m"}, "system_prompt must be given"),
            Refused("empty prompt", {**new, "system_prompt": ""}, "system_prompt cannot be empty"),
            Refused("metadata", {**database.login, "assistants": [{**new, "metadata": ["a"]}]}, "must be an object"),
            Refused(
                "two defaults",
                {
                    **database.login,
                    "assistants": [
                        {"name": name, "owner": "ada", "system_prompt": "p", "model": "m", "default_for": ["bob"]}
                        for name in "ab"
                    ],
                },
                "are both the default for bob",
            ),
        ],
        in_playbook=False,
    )
    assert database.query("SELECT DISTINCT preferences::text FROM users") == [("{}",)]


def test_a_row_that_does_not_differ_is_not_written_and_numbers_are_texts(run_steps, database):
    assistant = {**database.login, "name": "a", "owner": "ada", "system_prompt": "p", "model": "m", "tools": ["mail"]}
    columns = (
        "SELECT temperature, max_tokens, version, tags::text, assistant_metadata::text, xmin::text FROM assistants"
    )
    run_steps(MODULE, [Step("create", {**assistant, "temperature": 1, "max_tokens": 50}, changed=True)])
    [written] = database.query(columns)
    assert written[:5] == ("1.0", "50", "0.1.2-beta", "[]", "{}")

    run_steps(
        MODULE,
        [
            Step("the same", {**assistant, "temperature": 1.0, "max_tokens": 50}, changed=False),
            Step("no options", {**database.login, "name": "a", "owner": "ada"}, changed=False),
            Step("empty", {**database.login, "name": "a", "owner": "ada", "metadata": {}, "tags": []}, changed=False),
        ],
    )
    assert database.query(columns) == [written]


def test_a_tool_that_does_not_exist_any_more_may_stay_or_go(run_steps, database):
    login = database.login
    assistant = {"name": "a", "owner": "ada", "system_prompt": "p", "model": "m"}
    run_steps(MODULE, [Step("create", {**login, **assistant, "tools": ["mail"]}, changed=True)])
    database.query(
        'UPDATE assistants SET tools_config = tools_config::jsonb || \'[{"id": "gone", "limit": 1}]\'::jsonb'
    )
    info = [Step("export", {**login, "entities": ["assistants"]})]
    exported = run_steps("convosphere_content_info", info).task("export").result["content"]["assistants"]
    assert exported[0]["tools"] == ["gone", "mail"]

    run_steps(
        MODULE,
        [
            Step("import", {**login, "assistants": exported}, changed=False),
            Step("elsewhere", {**login, "assistants": [{**exported[0], "name": "b"}]}, fails="there is no tool 'gone'"),
            Step("go", {**login, **assistant, "tools": ["search"]}, changed=True),
        ],
    )
    assert database.query("SELECT json_array_length(tools_config) FROM assistants") == [(1,)]


def test_conversations_refuse_the_removal_are_kept_or_deleted(run_steps, database):
    assistants = [{"name": name, "owner": "ada", "system_prompt": "p", "model": "m"} for name in ("a", "b", "stays")]
    run_steps(MODULE, [Step("create", {**database.login, "assistants": assistants}, changed=True)])
    database.query(
        "INSERT INTO conversations (id, title, user_id, assistant_id, is_active, is_archived, message_count, "
        "total_tokens) SELECT gen_random_uuid(), 't', u.id, a.id, true, false, 0, 0 FROM users u, assistants a"
    )
    database.query(
        "INSERT INTO messages (id, content, role, message_type, conversation_id, tokens_used) "
        "SELECT gen_random_uuid(), 'x', 'USER', 'TEXT', id, 1 FROM conversations"
    )
    gone = {**database.login, "name": "a", "owner": "ada", "state": "absent"}
    prune = {**database.login, "assistants": assistants[2:], "prune": True, "on_conversations": "keep"}
    hold = (
        "CREATE TABLE convosphere_platform.holds (subject_kind text, subject_id text, reason text, held_by text, "
        "held_since timestamptz DEFAULT now())"
    )
    database.query(hold)
    database.query(
        "INSERT INTO convosphere_platform.holds SELECT 'conversation', c.id::text, 'case 7', 'ada' "
        "FROM conversations c JOIN assistants a ON a.id = assistant_id WHERE name = 'a' LIMIT 1"
    )
    out_of_use = {f"{name} (ada)": ["status"] for name in "ab"}
    run_steps(
        MODULE,
        [
            Step("refuse", gone, fails="has 2 conversations: set on_conversations to keep"),
            Step("on hold", {**gone, "on_conversations": "delete"}, fails="has conversations on hold"),
            Step("keep", prune, returns={"updated": out_of_use, "deleted": [], "pruned": []}),
            Step("keep again", prune, changed=False),
        ],
    )
    database.query("TRUNCATE convosphere_platform.holds")
    run_steps(
        MODULE, [Step("delete", {**gone, "on_conversations": "delete"}, returns={"deleted": ["a (ada)"]}, changed=True)]
    )
    assert database.query("SELECT count(*) FROM conversations") == [(4,)]
    assert database.query("SELECT count(*) FROM messages") == [(4,)]
    names = "SELECT name, status::text FROM assistants ORDER BY name"
    assert database.query(names) == [("b", "INACTIVE"), ("stays", "DRAFT")]
