# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._awx_plan import plan, removal

MARK = "Managed by convosphere.platform for prod."
RULE = "DTSTART:20260101T013000Z RRULE:FREQ=DAILY;INTERVAL=1"
SCHEDULE = {"template": "T", "rrule": RULE, "enabled": True, "description": f"Nightly. {MARK}"}
WORKFLOW = {
    "organization": "Org",
    "nodes": {
        "backup": {"template": "B", "kind": "job_template", "success": ["approve"], "failure": []},
        "approve": {"template": "Approve", "kind": "workflow_approval", "success": [], "failure": []},
    },
    "description": MARK,
}
DESIRED: Any = {
    "organizations": {"Org": {}},
    "schedules": {"S": SCHEDULE},
    "workflow_job_templates": {"W": WORKFLOW},
}
PREVIEWS = {RULE: {"utc": ["2026-12-01T01:30:00Z"], "error": ""}}


def test_what_is_missing_is_created_in_the_order_in_which_it_is_needed():
    found = plan({}, DESIRED, PREVIEWS, "prod")

    assert found["changes"] == ["create organization Org", "create workflow job template W", "create schedule S"]
    assert found["problems"] == []
    (schedule,) = found["apply"]["schedules"]
    assert (schedule["new"], schedule["rrule"]) == (True, RULE)


def test_an_equal_object_is_not_touched():
    found = plan(deepcopy(DESIRED), DESIRED, PREVIEWS, "prod")

    assert (found["changes"], [each for each in found["apply"].values() if each]) == ([], [])


def test_a_field_that_differs_is_named_with_both_values():
    current = deepcopy(DESIRED)
    current["schedules"]["S"]["enabled"] = False

    found = plan(current, DESIRED, PREVIEWS, "prod")

    assert found["changes"] == ["update schedule S: enabled: False -> True"]
    assert found["apply"]["schedules"][0]["differs"] == ["enabled"]


def test_the_nodes_of_a_workflow_are_those_of_its_module():
    (workflow,) = plan({}, DESIRED, PREVIEWS, "prod")["apply"]["workflow_job_templates"]

    assert workflow["workflow_nodes"] == [
        {
            "identifier": "backup",
            "unified_job_template": {"name": "B", "type": "job_template"},
            "related": {"success_nodes": [{"identifier": "approve"}]},
        },
        {
            "identifier": "approve",
            "unified_job_template": {"name": "Approve", "type": "workflow_approval"},
            "related": {},
        },
    ]


def test_only_marked_objects_of_the_environment_are_removed():
    current = deepcopy(DESIRED)
    current["schedules"] |= {
        "old": {**SCHEDULE, "template": "T2"},
        "mine": {**SCHEDULE, "description": "mine"},
        "other": {**SCHEDULE, "description": "Managed by convosphere.platform for prod-eu."},
    }

    found = plan(current, DESIRED, PREVIEWS, "prod")

    assert found["changes"] == ["delete schedule old"]
    assert [(each["name"], each["template"]) for each in found["remove"]["schedules"]] == [("old", "T2")]
    assert removal(current, "prod")["changes"] == [
        "delete workflow job template W",
        "delete schedule S",
        "delete schedule old",
    ]


def test_an_unmarked_object_of_a_needed_name_is_refused():
    current = deepcopy(DESIRED)
    current["schedules"]["S"]["description"] = "mine"

    (problem,) = plan(current, DESIRED, PREVIEWS, "prod")["problems"]

    assert problem.startswith("AWX has schedule 'S', whose description does not end with 'Managed by")


@pytest.mark.parametrize(
    ("preview", "problem"),
    [
        ({"utc": [], "error": ""}, f"AWX accepts the rule of 'S', {RULE}, and would never run it."),
        ({"utc": [], "error": "no"}, f"AWX refuses the rule of 'S', {RULE}: no"),
    ],
)
def test_a_rule_that_would_not_run_is_refused(preview, problem):
    assert plan({}, DESIRED, {RULE: preview}, "prod")["problems"] == [problem]


def test_of_a_credential_that_differs_only_the_names_of_its_inputs_are_shown():
    fields = {"inputs": {"username": "planted-a", "password": "$encrypted$"}, "description": MARK}
    current = {"credentials": {"C": {**fields, "inputs": {"username": "planted-b", "extra": "planted-c"}}}}

    found = plan(current, {"credentials": {"C": fields}}, {}, "prod")

    assert found["changes"] == ["update credential C: inputs: extra, password, username"]


def test_settings_of_a_notification_that_awx_adds_are_no_difference():
    def template(**settings: Any) -> Any:
        return {"notification_templates": {"N": {"notification_configuration": settings, "description": MARK}}}

    assert plan(template(url="x", more=1), template(url="x"), {}, "prod")["changes"] == []
    assert plan(template(url="y", more=1), template(url="x"), {}, "prod")["changes"] == [
        "update notification template N: notification_configuration: url"
    ]
    assert removal(template(url="y"), "prod")["remove"]["notification_templates"][0]["name"] == "N"


@pytest.mark.parametrize("kind", ["projects", "execution_environments"])
def test_a_shared_object_of_the_same_name_that_is_not_of_the_role_is_refused(kind):
    ours = {kind: {"P": {"description": "All. Managed by convosphere.platform."}}}

    for description in ("mine", MARK):
        (problem,) = plan({kind: {"P": {"description": description}}}, ours, {}, "prod")["problems"]
        assert "'P', whose description does not end with 'Managed by convosphere.platform.'" in problem
    assert plan(ours, ours, {}, "prod")["problems"] == []
