# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.errors import InputError
from ansible_collections.convosphere.platform.plugins.module_utils._core.work import Invocation
from ansible_collections.convosphere.platform.plugins.module_utils._engine import client as engine_client
from ansible_collections.convosphere.platform.plugins.module_utils._host import environment_directory
from ansible_collections.convosphere.platform.plugins.module_utils._stack import mcp_record, project_owner
from ansible_collections.convosphere.platform.plugins.module_utils._stack.mcp_registration import McpRegistration
from ansible_collections.convosphere.platform.plugins.module_utils._stack.mcp_server_run import McpServerRun

URL = "http://mcp:9000/mcp"


@pytest.fixture(autouse=True)
def engine(monkeypatch) -> None:
    """Have an engine without a container; the registration itself has tests of its own."""
    for name in ("connect", "connect_if_there"):
        monkeypatch.setattr(engine_client, name, Mock())
    monkeypatch.setattr(engine_client, "project_containers", lambda _client, _name: {})
    monkeypatch.setattr(project_owner, "refuse_foreign_project", Mock())


def run(
    directory: Path, *entries: dict[str, Any], check_mode: bool = False, **more: Any
) -> tuple[bool, dict[str, Any]]:
    """Run the module as its base does, and return whether it changed something, and its report."""
    server = {"server_url": None, "server_name": None, "min_tools": None, "required": None, "state": "present"}
    place = {"project_name": "p", "project_src": str(directory), "environment_name": "dev"}
    given = {"mcp_servers": [{**server, **entry} for entry in entries], "list_name": "", "prune": False}
    rest = {"prune_limit": 10, "register_now": True, "service": "backend", "service_port": 8000}
    params = {**place, **given, **rest, "docker_host": "unix:///x", "timeout": 5, **more}
    work = McpServerRun(Invocation(params, params, check_mode=check_mode, warn=Mock(), hide=Mock()))
    try:
        plan = work.plan()
        if not check_mode:
            if plan.changed:
                work.apply(plan)
            work.verify(plan)
        return plan.changed, work.report(plan)
    finally:
        work.close()


def test_the_record_is_written_once_with_the_owner_of_the_directory(tmp_path):
    search = {"server_id": "search", "server_url": URL}

    changed, report = run(tmp_path, search, list_name="content")
    assert (changed, report["created"], report["unchanged"]) == (True, ["search"], [])
    assert mcp_record.read(tmp_path).lists == {"search": "content"}
    assert (environment_directory.read_marker(tmp_path) or {})["environment"] == "dev"

    changed, report = run(tmp_path, search, list_name="content")
    assert (changed, report["created"], report["unchanged"]) == (False, [], ["search"])


def test_check_mode_predicts_and_leaves_nothing_behind(tmp_path):
    missing = tmp_path / "none"
    changed, report = run(missing, {"server_id": "search", "server_url": URL}, check_mode=True)

    assert (changed, report["created"]) == (True, ["search"])
    assert list(tmp_path.iterdir()) == []


def test_without_its_directory_a_run_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"The directory .*/none does not exist. Run the playbook setup.yml first"):
        run(tmp_path / "none", {"server_id": "search", "server_url": URL})


def test_a_list_that_lost_entries_prunes_within_the_limit_and_an_empty_one_is_refused(tmp_path):
    run(tmp_path, *({"server_id": name, "server_url": URL} for name in ("one", "two")), list_name="content")
    three = {"server_id": "three", "server_url": URL}

    with pytest.raises(InputError, match=r"prune needs a list that has MCP servers, and this one is empty"):
        run(tmp_path, list_name="content", prune=True)
    with pytest.raises(InputError, match=r"has created: one, two. That is more than prune_limit=1"):
        run(tmp_path, three, list_name="content", prune=True, prune_limit=1)
    changed, report = run(tmp_path, three, list_name="content", prune=True)

    assert (changed, report["deleted"], report["pruned"]) == (True, ["one", "two"], ["one", "two"])
    assert mcp_record.read(tmp_path).removed == {"one", "two"}


def test_a_new_server_is_a_change_and_no_registration_of_something_lost(tmp_path, monkeypatch):
    def register(self: McpRegistration, _containers: object) -> None:
        self.registered |= {"search", "lost"}

    monkeypatch.setattr(McpRegistration, "require", register)
    _changed, report = run(tmp_path, {"server_id": "search", "server_url": URL})

    assert (report["created"], report["registered"]) == (["search"], ["lost"])


@pytest.mark.parametrize(("entries", "way"), [([{"server_id": "a", "server_url": URL}], "require"), ([], "attempt")])
def test_only_who_gives_a_list_is_refused_for_a_required_server(tmp_path, monkeypatch, entries, way):
    called = {name: Mock() for name in ("require", "attempt")}
    for name, mock in called.items():
        monkeypatch.setattr(McpRegistration, name, mock)

    run(tmp_path, *entries)
    run(tmp_path, *entries, register_now=False)

    assert {name: mock.call_count for name, mock in called.items()} == {"require": 0, "attempt": 0, way: 1}
