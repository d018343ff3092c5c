# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A checkout is a project of AWX: copied without .git, run from its top folder, the collection installed nowhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.awx import Job, run_job
from support.environment import PLACEMENTS

INVENTORY: dict[str, Any] = {
    "red": {
        "hosts": {"red-1": {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}},
        # Parameters in an inventory count for nothing.
        "vars": {"convosphere_environment": "red", "volumes": True, "confirm": "red"},
    },
    **{placement: {"hosts": {"red-1": {}}} for placement in PLACEMENTS},
}


@pytest.fixture
def teardown(tmp_path: Path):
    """Run teardown.yml as a job, for an environment of which there is a file and no container."""
    stack = tmp_path / "stack"
    stack.mkdir()
    (stack / "compose.yaml").write_text("services: {}\n")
    (stack / ".convosphere.json").write_text('{"environment": "red"}')

    def run(number: int, **extra_vars: Any) -> Job:
        settings = {"stack_project_name": "convosphere-no-such", "stack_directory": str(stack)}
        return run_job("playbooks/teardown.yml", tmp_path, INVENTORY, {**settings, **extra_vars}, number=number)

    return run


def paths(job: Job) -> set[str]:
    """Return the files of the tasks that a job ran."""
    found = [item["event_data"].get("task_path", "") for item in job.events if item["event"] == "runner_on_start"]
    tasks = [item["event_data"]["task_path"] for item in job.events if item["event"] == "playbook_on_task_start"]
    return {path.rpartition(":")[0] for path in [*found, *tasks] if path}


def test_roles_and_modules_are_those_of_the_project(teardown, tmp_path):
    job = teardown(51, env="red", confirm="red", volumes="false")

    assert (job.rc, job.status) == (0, "successful"), job.text
    assert "Remove the stack" in job.tasks("runner_on_ok")
    assert (tmp_path / "stack/compose.yaml").exists(), "volumes: true of the inventory has counted"
    assert paths(job)
    assert {path for path in paths(job) if not path.startswith(str(tmp_path / "job-51/project"))} == set()


def test_a_confirmation_in_the_inventory_does_not_count(teardown, tmp_path):
    job = teardown(52, env="red", volumes="true")

    assert job.rc == 2
    assert job.tasks("runner_on_failed") == ["Remove the stack"]
    assert "confirm is '', not 'red'" in job.text
    assert (tmp_path / "stack/compose.yaml").exists()


def test_a_misspelt_answer_of_a_survey_stops_the_job_and_variables_of_awx_do_not(teardown):
    job = teardown(53, env="red", confirm="red", volums="true", tower_step="x", awx_wait="y")

    assert job.rc != 0
    assert "There is no variable 'volums', but the parameter 'volumes'." in " ".join(job.text.split())
    assert job.tasks("runner_on_ok") == []
