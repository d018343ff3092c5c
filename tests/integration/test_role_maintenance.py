# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The order of the steps over several hosts. Nothing is deployed on them: each step is skipped, or fails at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from support.playbook import run_playbook

HOSTS = {"app-1": "app", "db-1": "database"}


@pytest.fixture
def night(tmp_path):
    """Return a function that runs steps on an app host, which is first, and the host of the database."""

    def run(steps: str, **settings: Any) -> dict[str, dict[str, Any]]:
        place = f"{tmp_path}/{{{{ inventory_hostname }}}}"
        variables = {
            "ansible_connection": "local",
            "ansible_python_interpreter": "/usr/bin/python3",
            "convosphere_environment": "itnight",
            "maintenance_lock": f"{place}.maintenance",
            "maintenance_environment_lock": f"{place}.lock",
            "maintenance_runs_file": f"{place}.runs.jsonl",
            "stack_directory": f"{place}.stack",
            "database_backup_dir": f"{place}.backups",
            "database_login_port": 1,
            "maintenance_reports_directory": f"{place}.reports",
        }
        groups = {group: {"hosts": {host: {}}} for host, group in HOSTS.items()}
        hosts = {"itnight": {"hosts": {host: {} for host in HOSTS}}, **groups}
        inventory = tmp_path / "inventory.yml"
        inventory.write_text(yaml.safe_dump({"all": {"vars": variables, "children": hosts}}))
        tasks = [{"name": "Maintain", "ansible.builtin.import_role": {"name": "convosphere.platform.maintenance"}}]
        play = {"name": "Night", "hosts": "itnight", "gather_facts": False, "tasks": tasks}
        done = run_playbook([play], tmp_path, inventory=inventory, extra_vars={"maintenance_only": steps, **settings})
        reported: dict[str, Any] = {}
        for task in done.tasks:
            if task.name.endswith("Store the results as an artifact in AWX"):
                reported.update(task.result["ansible_stats"]["data"]["maintenance"])
        messages = {task.host: task.message for task in done.failures if task.name.endswith("Fail if a step failed")}
        # The report, which is no step, is not what these tests are about.
        for host, found in reported.items():
            found["steps"] = [step for step in found["steps"] if step["step"] != "report"]
            found["message"] = messages.get(host)
        return reported

    return run


def test_each_host_runs_its_steps_in_the_fixed_order(night):
    found = night("vacuum,prune,verify")

    # The app host has no step before prune.
    assert {host: [step["step"] for step in found[host]["steps"]] for host in found} == {
        "app-1": ["prune"],
        "db-1": ["verify", "vacuum", "prune"],
    }


def test_a_step_that_judges_fails_the_run_and_its_figures_are_recorded(night, tmp_path):
    found = night("disk", maintenance_disk_min_free=101)

    for host, of_host in found.items():
        (step,) = of_host["steps"]
        assert step["status"] == "failed"
        assert "less than maintenance_disk_min_free=101 %" in step["message"]
        assert str(of_host["message"]).startswith(f"The maintenance of itnight on {host} failed at disk")
        record = json.loads((tmp_path / f"{host}.runs.jsonl").read_text().splitlines()[-1])
        assert record["result"] == "failed"
        assert record["details"].items() >= {"disk": "failed", **step["data"]}.items()
    assert found.keys() == HOSTS.keys()
