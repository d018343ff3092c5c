# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest

from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase

MODULE = "convosphere_tool"
SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}}}


@pytest.mark.law
def test_law(run_law, tables):
    database = PlatformDatabase(tables)
    database.add_user("ada@example.com")
    tool = {**database.login, "function_name": "search"}
    created: dict[str, Any] = {
        "function_name": "search",
        "name": "Suche 🔍",
        "category": "search",
        "version": "0.1.2-beta",
        "parameters_schema": SCHEMA,
        "is_builtin": False,
        "is_enabled": True,
        "requires_auth": False,
        "required_permissions": ["a.b"],
        "tags": [],
        "metadata": {},
        "owner": "ada",
    }
    changed: dict[str, Any] = {
        "category": "database",
        "parameters_schema": None,
        "required_permissions": [],
        "metadata": {"team": "x"},
        "owner": None,
    }
    run_law(
        MODULE,
        [
            Case(
                "create",
                {
                    **tool,
                    **{name: created[name] for name in ("name", "parameters_schema", "required_permissions")},
                    "category": "Search",
                    "owner": "ADA@example.com",
                },
                diff={"before": {}, "after": {"search": created}},
            ),
            Case(
                "change",
                {**tool, **changed, "parameters_schema": {}, "owner": ""},
                diff={"before": {"search": {name: created[name] for name in changed}}, "after": {"search": changed}},
            ),
            Case(
                "absent",
                {**tool, "state": "absent"},
                diff={
                    "before": {
                        "search": {
                            **created,
                            **changed,
                            "description": None,
                            "implementation_path": None,
                            "rate_limit": None,
                        }
                    },
                    "after": {},
                },
            ),
        ],
        refused=[
            Refused("category", {**tool, "name": "x", "category": "y"}, "'y' is not one of search, file, api"),
            Refused("owner", {**tool, "name": "x", "category": "api", "owner": "nobody"}, "there is no user 'nobody'"),
            Refused("new", tool, "name, category must be given, because the tool is new"),
        ],
        in_playbook=False,
    )
    events = database.query("SELECT event_type::text FROM audit_logs WHERE resource_type = 'tool' ORDER BY created_at")
    assert [row[0] for row in events] == ["TOOL_CREATE", "TOOL_UPDATE", "TOOL_DELETE"]


def test_a_tool_that_is_removed_leaves_its_assistants_and_others_are_not_written(run_steps, tables):
    database = PlatformDatabase(tables)
    login = database.login
    database.add_user("ada@example.com")
    tools = [{"function_name": name, "name": name, "category": "api"} for name in ("mail", "search")]
    assistants = [
        {"name": name, "owner": "ada", "system_prompt": "p", "model": "m", "tools": [tool]}
        for name, tool in (("a", "mail"), ("b", "search"))
    ]
    shared = [{"type": "tool", "name": name} for name in ("mail", "search")]
    run_steps(
        MODULE,
        [
            Step("tools", {**login, "tools": tools}),
            Step("assistants", {**login, "assistants": assistants}, module="convosphere_assistant"),
            Step("group", {**login, "name": "g", "resources": shared}, module="convosphere_domain_group"),
        ],
    )
    database.query("UPDATE assistants SET tools_config = ('[{\"note\": 1},' || substr(tools_config::text, 2))::json")
    before = dict(database.query("SELECT name, xmin::text FROM assistants"))
    ((mail,),) = database.query("SELECT id::text FROM tools WHERE function_name = 'mail'")
    # In check mode "remove" has not happened: it is told to those that follow.
    later = {**login, "planned": {"removed": [mail]}}
    group = {"name": "g", "resources": shared[1:]}
    ((search,),) = database.query("SELECT id::text FROM tools WHERE function_name = 'search'")
    renamed = {**login, "planned": {"tools": {search: "find"}}}
    run = run_steps(
        MODULE,
        [
            Step("check", {**login, "function_name": "mail", "state": "absent"}, check=True,
                 returns={"deleted": ["mail"], "deleted_ids": [mail]}),
            Step("named", {**later, "assistants": assistants}, module="convosphere_assistant", check=True,
                 fails="tools: there is no tool 'mail'"),
            Step("unnamed", {**later, "assistants": [{**assistants[0], "tools": []}]}, module="convosphere_assistant",
                 check=True, changed=False),
            Step("shared", {**later, "name": "g", "resources": shared}, module="convosphere_domain_group", check=True,
                 fails="resources: there is no tool 'mail'"),
            Step("unshared", {**later, **group}, module="convosphere_domain_group", check=True, changed=False),
            Step("rename", {**login, "id": search, "function_name": "find"}, check=True,
                 returns={"new_names": {search: "find"}}),
            Step("former", {**renamed, "assistants": assistants}, module="convosphere_assistant", check=True,
                 fails="tools: there is no tool 'search'"),
            Step("new", {**renamed, "assistants": [{**assistants[1], "tools": ["find"]}]}, check=True,
                 module="convosphere_assistant", changed=False),
            Step("remove", {**login, "function_name": "mail", "state": "absent"}, changed=True),
            Step("as predicted", {**login, "assistants": assistants}, module="convosphere_assistant",
                 fails="tools: there is no tool 'mail'"),
            Step("done", {**login, **group}, module="convosphere_domain_group", changed=False),
        ],
    )  # fmt: skip

    after = {
        name: (config, xmin)
        for name, config, xmin in database.query("SELECT name, tools_config, xmin::text FROM assistants")
    }
    assert run.task("remove").diff["before"]["mail"]["assistants"] == ["a (ada)"]
    assert after["a"][0] == [{"note": 1}]
    assert after["b"][1] == before["b"]
    assert database.query("SELECT resource_name FROM domain_resources") == [("search",)]
