# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MCP servers are recorded on every host with a backend, before any container of the deploy is created."""

from __future__ import annotations

from typing import Any

from support.collection import ROOT, load_yaml

MODULE = "convosphere.platform.convosphere_mcp_server"
TASKS = ROOT / "roles/stack/tasks"


def task(file: str) -> tuple[int, dict[str, Any]]:
    """Return the position and the text of the only task with the module."""
    ((position, found),) = [each for each in enumerate(load_yaml(TASKS / file)) if MODULE in each[1]]
    return position, found


def test_the_record_comes_before_the_deploy_and_is_written_on_each_host():
    position, found = task("deploy.yml")
    imports = [each.get("ansible.builtin.import_tasks") for each in load_yaml(TASKS / "deploy.yml")]

    assert position < imports.index("deploy_on_hosts.yml")
    # The deploy registers, once the new containers are healthy.
    assert found[MODULE]["register_now"] is False
    assert not {"run_once", "delegate_to"} & found.keys()
    assert "'backend' in __stack_model.services" in found["when"]


def test_a_restore_and_the_nightly_health_check_register_again_what_is_recorded():
    _position, found = task("register_mcp_servers.yml")

    assert found[MODULE] is None
    for file in ("start_backends.yml", "health_of_host.yml"):
        imports = [each.get("ansible.builtin.import_tasks") for each in load_yaml(TASKS / file)]
        assert "register_mcp_servers.yml" in imports
