# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._awx_objects import (
    Settings,
    answer,
    desired,
    survey,
    title,
    variable_problems,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._extra_vars import find_problems
from ansible_collections.convosphere.platform.plugins.plugin_utils._parameters import find_parameter
from ansible_collections.convosphere.platform.plugins.plugin_utils._schedule_plan import Run, plan
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS

GIVEN: dict[str, Any] = {
    "organization": "Org",
    "project": "Project",
    "project_url": "https://git.example.com/a.git",
    "project_branch": "",
    "playbooks": "playbooks",
    "inventory_path": "inventories/prod/hosts.yml",
    "credentials": ["ssh"],
    "execution_environment": "EE",
    "image": "",
    "notifications": [],
    "verbs": ["status"],
    "workflow": False,
}
NIGHTLY = {"name": "nightly", "verb": "maintenance", "every": "day", "at": "01:30", "variables": {"steps": "backup"}}


def objects(**changes: Any) -> Any:
    schedules = plan([NIGHTLY], Run("prod", "awx"))["schedules"]
    return desired(Settings.of("prod", {**GIVEN, **changes}), schedules)


def test_each_playbook_that_is_needed_has_one_job_template():
    assert sorted(objects()["job_templates"]) == ["ConvoSphere prod maintenance", "ConvoSphere prod status"]
    assert "ConvoSphere prod rollback" in objects(workflow=True)["job_templates"]


def test_a_job_template_carries_the_inventory_and_the_environment():
    template = objects()["job_templates"]["ConvoSphere prod maintenance"]

    assert (template["inventory"], template["extra_vars"]) == ("ConvoSphere prod", {"env": "prod"})
    assert (template["ask_variables_on_launch"], template["ask_inventory_on_launch"]) == (False, False)
    assert template["description"] == "Run the nightly steps. Managed by convosphere.platform for prod."


def test_a_schedule_answers_the_survey_and_leaves_the_environment_to_its_template():
    schedule = objects()["schedules"]["ConvoSphere prod nightly"]

    assert schedule["extra_data"] == {"steps": ["backup"]}
    assert (schedule["template"], schedule["inventory"]) == ("ConvoSphere prod maintenance", "")


def test_every_playbook_has_a_survey_that_awx_takes():
    questions = [question for verb in VERBS for question in survey(verb.name).get("spec", [])]

    kinds = {"text", "textarea", "integer", "multiplechoice", "multiselect"}
    assert {question["type"] for question in questions} == kinds
    assert [each for each in questions if each["type"].startswith("multi") != bool(each["choices"])] == []
    assert [each["variable"] for each in questions if "default" in each and each["required"]] == []
    assert {each["required"] for each in questions if each["variable"] == "confirm"} == {True}
    assert "env" not in {question["variable"] for question in questions}


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_the_defaults_that_awx_gives_to_each_job_are_accepted_by_its_playbook(verb):
    questions = survey(verb).get("spec", [])

    given = {question["variable"]: question["default"] for question in questions if "default" in question}
    assert find_problems(given, verb) == []


@pytest.mark.parametrize(
    ("verb", "name", "value", "answered"),
    [
        ("teardown", "volumes", True, "true"),
        ("health", "wait", "60", 60),
        ("maintenance", "steps", "backup, verify", ["backup", "verify"]),
        ("logs", "service", ["backend", "edge"], "backend,edge"),
        ("config", "set", {"A": "b"}, '{"A": "b"}'),
    ],
)
def test_an_answer_has_the_type_of_its_question(verb, name, value, answered):
    parameter = find_parameter(name, verb)

    assert parameter is not None
    assert answer(parameter, value) == answered


def test_a_variable_that_no_survey_asks_for_is_refused():
    schedules = plan([{**NIGHTLY, "variables": {"maintenance_timeouts": {"backup": 1}}}], Run("prod", "awx"))[
        "schedules"
    ]

    assert list(variable_problems(schedules)) == [
        "scheduler_schedules, 'nightly': AWX takes only the parameters of maintenance.yml from a schedule, not"
        " maintenance_timeouts. Set such variables in the inventory. Allowed: steps."
    ]


def test_what_is_missing_is_named():
    found = list(Settings.of("prod", {**GIVEN, "project_url": "", "verbs": ["help"]}).problems())

    assert found[0] == "scheduler_awx_project_url is empty. Set it."
    assert found[1].startswith("scheduler_awx_verbs names 'help'. Allowed: audit, backup")


def test_names_begin_with_the_environment():
    assert (title("prod"), title("prod", "nightly")) == ("ConvoSphere prod", "ConvoSphere prod nightly")
