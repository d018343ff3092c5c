# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scenario of every module for content, users and records beside ConvoSphere's own backend.

Each step is predicted in check mode, made and made again, and leaves every list of the backend working. The exact diffs
are in the test of each module. CONVOSPHERE_REAL_BACKEND=<image> names the backend.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.environment import Environment
from support.law import NO_DIFF
from support.mcp_server import GOOD, McpServer
from support.module_process import run_module
from support.playbook import TaskResult
from support.real_backend import failing_lists, real_environment

pytestmark = pytest.mark.campaign

ABSENT = {"state": "absent"}
TEXT = "Grüße 👋\r\n{{ x }} „Zitat\u201c"
#: What a module creates, changes and removes: the options that all steps have, then those of each step.
LAW: dict[str, tuple[Mapping[str, Any], ...]] = {
    "convosphere_group": ({"name": "Köche"}, {"description": TEXT}, {"permissions": ["a.b"]}, ABSENT),
    "convosphere_user": (
        {"email": "eve@example.com"},
        {"password": "planted-Password-of-eve-1", "bio": TEXT},
        {"role": "manager", "preferences": {"farbe": "grün"}},
        ABSENT,
    ),
    "convosphere_tag": ({"name": "legal"}, {"color": "#aa3300"}, {"description": TEXT, "color": ""}, ABSENT),
    "convosphere_ai_model": (
        {"provider": "openai", "model_key": "gpt-4o"},
        {"name": "gpt-4o", "display_name": "GPT 🤖", "cost_per_1k_tokens": 0.01, "is_default": True},
        {"cost_per_1k_tokens": 0.008, "capabilities": ["chat", "bilder"], "description": TEXT},
        ABSENT,
    ),
    "convosphere_tool": (
        {"function_name": "search_wiki"},
        {"name": "Suche 🔎", "category": "search", "parameters_schema": {"type": "object"}, "owner": "ada"},
        {"description": TEXT, "metadata": {"ü": [1]}, "is_enabled": False, "owner": ""},
        ABSENT,
    ),
    "convosphere_assistant": (
        {"name": "Help desk", "owner": "ada"},
        {"system_prompt": TEXT * 200, "model": "gpt-4o", "temperature": 0.3, "status": "active", "is_public": True},
        {"instructions": TEXT, "max_tokens": 100, "default_for": ["all"], "tags": ["ä"]},
        ABSENT,
    ),
    "convosphere_domain_group": (
        {"name": "Service desk"},
        {"domain_type": "team", "members": [{"user": "ada", "access_level": "owner"}, {"user": "bob"}]},
        {"description": TEXT, "settings": {"farbe": "grün"}, "members": [{"user": "ada", "access_level": "admin"}]},
        ABSENT,
    ),
    "convosphere_knowledge_settings": ({}, {"chunk_size": 800}, {"chunk_overlap": 0, "embedding_model": "ü"}),
    "convosphere_audit_policy": (
        {"name": "logins"},
        {"event_types": ["USER_LOGIN"], "retention_days": 180},
        {"description": TEXT, "compliance_frameworks": ["gdpr"]},
        ABSENT,
    ),
    "convosphere_retention_rule": (
        {"name": "logins"},
        {"retention_days": 365, "event_types": ["USER_LOGIN"]},
        {"action_on_expiry": "anonymize", "description": TEXT},
        ABSENT,
    ),
    "convosphere_audit_alert": (
        {"name": "failed logins"},
        {"threshold_count": 20, "severity_levels": ["WARNING"]},
        {"notification_recipients": ["security@example.com"], "description": TEXT},
        ABSENT,
    ),
    "convosphere_hold": ({"user": "bob@example.com"}, {"reason": "Case 4711"}, {"reason": TEXT}, ABSENT),
}
#: Modules that read, and what they return.
INFO: dict[str, tuple[Mapping[str, Any], str]] = {
    "convosphere_content_info": ({}, "content"),
    "convosphere_deletion_info": ({}, "deletions"),
    "convosphere_message_info": ({"words": ["grüße"]}, "messages"),
    "convosphere_usage_info": ({"by": ["user", "model"]}, "rows"),
    "convosphere_user_info": ({}, "users"),
}


@pytest.fixture(scope="module")
def env(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Environment]:
    with real_environment("reallaw", tmp_path_factory.mktemp("reallaw")) as found:
        yield found


@pytest.fixture
def login(env: Environment) -> dict[str, Any]:
    return {"login_port": env.postgres_port, "login_env_file": str(env.directory / ".env")}


@pytest.fixture
def stack(env: Environment) -> dict[str, Any]:
    names = {"environment_name": env.name, "project_name": env.project}
    return {**names, "project_src": str(env.directory)}


def run(module: str, options: Mapping[str, Any], folder: Path, *, check: bool = False) -> TaskResult:
    result = run_module(module, options, folder, check=check)
    assert not result.get("failed"), result
    return TaskResult(module, module, "localhost", "ok", result)


def make(env: Environment, module: str, options: Mapping[str, Any], folder: Path) -> None:
    """Predict a change, make it, make it again; no list of the backend may fail after it."""
    predicted, made = (run(module, options, folder, check=check) for check in (True, False))
    again = run(module, options, folder)

    assert (predicted.changed, made.changed, again.changed) == (True, True, False), (predicted, made, again)
    assert (predicted.diff, again.diff) == (made.diff, NO_DIFF)
    assert made.diff != NO_DIFF
    assert failing_lists(env) == []


@pytest.mark.parametrize("module", LAW)
def test_a_module_creates_changes_and_removes(env, login, tmp_path, module):
    common, *steps = LAW[module]
    for step in steps:
        make(env, module, {**login, **common, **step}, tmp_path)


def test_documents_of_a_folder(env, login, stack, tmp_path):
    names = {name: stack[name] for name in ("environment_name", "project_name")}
    options = {**login, **names, "owner": "ada", "source": "handbuch"}
    folder = tmp_path / "handbuch"
    folder.mkdir()
    (folder / "grüße.md").write_text("# Grüße 👋\n\nEin Satz.")
    make(env, "convosphere_document", {**options, "folder": str(folder), "tags": ["ä"]}, tmp_path)
    (folder / "zwei.txt").write_text("x" * 3000)
    (folder / "grüße.md").unlink()
    make(env, "convosphere_document", {**options, "folder": str(folder), "tags": ["ä"], "prune": True}, tmp_path)
    make(env, "convosphere_document", {**options, **ABSENT}, tmp_path)


def test_mcp_servers(env, stack, tmp_path):
    (network,) = env.inspect("backend")["NetworkSettings"]["Networks"].values()
    with McpServer() as server:
        entry = {"server_id": "search", "server_url": server.url(GOOD, network["Gateway"])}
        for change in ({}, {"server_name": "Suche im Archiv", "min_tools": 2}):
            make(env, "convosphere_mcp_server", {**stack, "mcp_servers": [{**entry, **change}]}, tmp_path)
        make(env, "convosphere_mcp_server", {**stack, "mcp_servers": [{"server_id": "search", **ABSENT}]}, tmp_path)


def test_an_override_is_recorded_and_removed(stack, tmp_path):
    options = {name: stack[name] for name in ("environment_name", "project_src")}
    given = {"set": {"LOG_LEVEL": "DEBUG"}, "reason": "Uploads fail.", "expires": "4h"}
    for step in (given, {**given, "set": {"LOG_LEVEL": "INFO"}}, {"unset": ["LOG_LEVEL"]}):
        made = run("convosphere_config_override", {**options, **step}, tmp_path)
        again = run("convosphere_config_override", {**options, **step}, tmp_path)
        assert (made.changed, again.changed) == (True, False)


@pytest.mark.parametrize("module", INFO)
def test_a_module_reads_and_changes_nothing(login, tmp_path, module):
    options, returned = INFO[module]

    found = [run(module, {**login, **options}, tmp_path, check=check) for check in (True, False)]

    assert [each.changed for each in found] == [False, False]
    assert [returned in each.result for each in found] == [True, True], found[0].result.keys()
