# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedules of an environment in AWX, by the real modules of awx.awx.

AWX itself is replaced by a server that accepts and refuses what AWX 24.6.2 was measured to accept and refuse. A real
AWX was never asked, and no job runs.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.awx_server import PASSWORD, USER, Awx, awx_server
from support.environment import PLACEMENTS
from support.law import assert_no_secret
from support.playbook import ROOT, PlaybookRun, run_playbook

PLAYBOOK = ROOT / "playbooks/schedules.yml"
PLAYBOOKS = [f"playbooks/{path.name}" for path in (ROOT / "playbooks").glob("*.yml")]
NIGHTLY = {
    "name": "nightly",
    "verb": "maintenance",
    "every": "day",
    "at": "01:30",
    "timezone": "Europe/Berlin",
    "variables": {"steps": ["backup", "verify"]},
}
SECRETS = {"planted-key", "planted-registry", "planted-hook", "planted-other"}
OWN: dict[str, Any] = {
    "scheduler_awx_own_credential_types": [
        {
            "name": "registry",
            "inputs": {"fields": [{"id": "token", "label": "Token", "type": "string", "secret": True}]},
            "injectors": {"env": {"REGISTRY_TOKEN": "{{ '{{ token }}' }}"}},
        }
    ],
    "scheduler_awx_own_credentials": [
        {"name": "key", "type": "Machine", "inputs": {"username": "ops"}, "secrets": {"ssh_key_data": "planted-key"}},
        {"name": "registry", "type": "registry", "secrets": {"token": "planted-registry"}},
        {"name": "git", "type": "Source Control", "inputs": {"username": "git"}},
    ],
    "scheduler_awx_own_notifications": [
        {
            "name": "chat",
            "type": "webhook",
            "settings": {"url": "https://chat.example.com"},
            "secrets": {"password": "planted-hook"},
            "events": ["error", "success"],
        }
    ],
    "scheduler_awx_project_credential": "ConvoSphere prod git",
}
CHECKED = {"name": "checked", "verb": "deploy", "every": "hour", "limit": "prod-1", "check": True}


class Control:
    """A server in the place of AWX, and runs of schedules.yml for it."""

    def __init__(self, address: str, awx: Awx, folder: Path) -> None:
        self.address = address
        self.awx = awx
        self.folder = folder
        self.own = deepcopy(OWN)

    def run(self, schedules: Any, *, check: bool = False, verbosity: int = 0, **given: Any) -> PlaybookRun:
        """Run the playbook; `given` are extra variables. No output has a secret."""
        env = "prod"
        variables = {
            "convosphere_environment": env,
            "scheduler_backend": "awx",
            "scheduler_schedules": schedules,
            "scheduler_awx_host": self.address,
            "scheduler_awx_username": USER,
            "scheduler_awx_password": PASSWORD,
            "scheduler_awx_project_url": "https://git.example.com/platform.git",
            "scheduler_awx_credentials": ["ssh", "vault"],
            "scheduler_awx_notifications": ["on call"],
            "scheduler_awx_verbs": ["restore"],
            **self.own,
        }
        host = f"{env}-1"
        groups = {
            env: {"hosts": {host: {"ansible_host": "192.0.2.1"}}, "vars": variables},
            **{name: {"hosts": {host: {}}} for name in PLACEMENTS},
        }
        inventory = self.folder / "hosts.yml"
        inventory.write_text(yaml.safe_dump(groups))
        self.awx.writes.clear()
        run = run_playbook(
            PLAYBOOK,
            self.folder,
            inventory=inventory,
            extra_vars={"env": env, **given},
            check=check,
            verbosity=verbosity,
        )
        assert_no_secret(run, {PASSWORD, "planted-token", *SECRETS})
        return run

    def one(self, kind: str, name: str) -> dict[str, Any]:
        """Return the object of that name."""
        (found,) = self.awx.find(kind, name=name)
        return found


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Control]:
    with awx_server(PLAYBOOKS) as (address, awx):
        for name in ("ssh", "vault"):
            awx.create("credentials", {"name": name})
        hook = {"url": "https://call.example.com", "headers": {}}
        fields = {"notification_type": "webhook", "notification_configuration": hook}
        awx.create("notification_templates", {"name": "on call", **fields})
        yield Control(address, awx, tmp_path_factory.mktemp("awx"))


def test_check_mode_predicts_the_first_run_and_the_second_changes_nothing(control):
    before = deepcopy(control.awx.items)

    check = control.run([NIGHTLY, CHECKED], check=True).succeeded()
    assert (control.awx.items, control.awx.writes) == (before, [])

    first = control.run([NIGHTLY, CHECKED], verbosity=3).succeeded()
    again = control.run([NIGHTLY, CHECKED]).succeeded()

    differences = check.task("Report the differences").result["msg"]
    assert "create schedule ConvoSphere prod nightly" in differences
    assert first.task("Report the differences").result["msg"] == differences
    assert (check.changed > 0, first.changed > 0, again.changed) == (True, True, 0)
    assert control.awx.writes == []
    assert again.task("Report the differences").result["msg"] == ["AWX has what is declared."]
    assert control.awx.find("tokens") == [], "the token of the run is left"


def test_a_schedule_provably_carries_its_inventory_and_its_environment(control):
    schedule = control.one("schedules", "ConvoSphere prod nightly")
    template = control.awx.shown(schedule["unified_job_template"])

    assert schedule["rrule"] == "DTSTART;TZID=Europe/Berlin:20260101T013000 RRULE:FREQ=DAILY;INTERVAL=1"
    assert schedule["extra_data"] == {"steps": ["backup", "verify"]}
    assert "inventory" not in schedule  # it would be stored, and have no effect
    assert template["name"] == "ConvoSphere prod maintenance"
    assert (template["extra_vars"], template["summary_fields"]["inventory"]["name"]) == (
        '{"env": "prod"}',
        "ConvoSphere prod",
    )
    assert not template["ask_variables_on_launch"]
    checked = control.one("schedules", "ConvoSphere prod checked")
    assert (checked["limit"], checked["job_type"]) == ("prod-1", "check")


def test_credentials_and_notifications_are_brought_and_attached(control):
    awx = control.awx
    key, registry = (control.one("credentials", f"ConvoSphere prod {name}") for name in ("key", "registry"))
    chat = control.one("notification_templates", "ConvoSphere prod chat")["id"]

    assert awx.items[key["id"]]["inputs"] == {"username": "ops", "ssh_key_data": "planted-key"}
    assert awx.items[registry["id"]]["inputs"] == {"token": "planted-registry"}
    assert registry["summary_fields"]["credential_type"]["name"] == "ConvoSphere prod registry"
    injectors = control.one("credential_types", "ConvoSphere prod registry")["injectors"]
    assert injectors == {"env": {"REGISTRY_TOKEN": "{{ token }}"}}
    assert control.one("projects", "ConvoSphere")["summary_fields"]["credential"]["name"] == "ConvoSphere prod git"
    template = control.one("job_templates", "ConvoSphere prod maintenance")["id"]
    attached = {awx.items[each]["name"] for each in awx.links[(template, "credentials")]}
    assert attached == {"ssh", "vault", "ConvoSphere prod key", "ConvoSphere prod registry"}
    workflow = control.one("workflow_job_templates", "ConvoSphere prod release")["id"]
    for number in (template, workflow):
        assert awx.links[(number, "notification_templates_success")] == [chat]
        assert chat in awx.links[(number, "notification_templates_error")]


def test_a_credential_that_was_changed_by_hand_and_another_secret_are_repaired(control):
    awx, name = control.awx, "ConvoSphere prod key"
    key = control.one("credentials", name)["id"]
    awx.items[key]["inputs"] = {"username": "root"}
    chat = awx.items[control.one("notification_templates", "ConvoSphere prod chat")["id"]]
    chat["notification_configuration"]["url"] = "https://other.example.com"
    awx.items[control.one("projects", "ConvoSphere")["id"]]["credential"] = control.one("credentials", "ssh")["id"]

    lines = control.run([NIGHTLY, CHECKED]).succeeded().task("Report the differences").result["msg"]

    assert lines[0] == f"update credential {name}: inputs: ssh_key_data, username"
    assert [line.partition(" ->")[0] for line in lines[1:]] == [
        "update notification template ConvoSphere prod chat: notification_configuration: url",
        "update project ConvoSphere: credential: 'ssh'",
    ]
    assert awx.items[key]["inputs"] == {"username": "ops", "ssh_key_data": "planted-key"}
    control.own["scheduler_awx_own_credentials"][1]["secrets"]["token"] = "planted-other"

    rotated = control.run([NIGHTLY, CHECKED], verbosity=3).succeeded()
    again = control.run([NIGHTLY, CHECKED]).succeeded()

    (line,) = rotated.task("Report the differences").result["msg"]
    assert line.startswith("update credential ConvoSphere prod registry: description: 'Secrets ")
    assert (
        awx.items[control.one("credentials", "ConvoSphere prod registry")["id"]]["inputs"]["token"] == "planted-other"
    )
    assert (again.changed, awx.writes) == (0, [])


def test_a_survey_asks_for_the_parameters_and_for_a_confirmation(control):
    survey = control.awx.surveys[control.one("job_templates", "ConvoSphere prod restore")["id"]]["spec"]

    questions = {question["variable"]: question for question in survey}
    assert sorted(questions) == ["backup", "confirm", "restore_roles"]
    assert questions["confirm"]["required"]
    assert questions["restore_roles"]["choices"] == ["require", "create", "skip"]


def test_the_workflow_waits_for_an_approval_and_rolls_back(control):
    workflow = control.one("workflow_job_templates", "ConvoSphere prod release")["id"]

    nodes = control.awx.find("workflow_job_template_nodes", workflow_job_template=workflow)
    names = {node["id"]: node["identifier"] for node in nodes}
    edges = {
        node["identifier"]: (
            [names[each] for each in node["success_nodes"]],
            [names[each] for each in node["failure_nodes"]],
        )
        for node in nodes
    }
    assert edges == {
        "backup": (["approve"], []),
        "approve": (["deploy"], []),
        "deploy": (["health"], []),
        "health": ([], ["rollback"]),
        "rollback": ([], []),
    }


def test_what_was_changed_by_hand_is_named_and_repaired_and_what_leaves_the_list_is_removed(control):
    awx = control.awx
    awx.items[control.one("job_templates", "ConvoSphere prod maintenance")["id"]]["extra_vars"] = '{"env": "dev"}'
    awx.items[control.one("schedules", "ConvoSphere prod nightly")["id"]]["enabled"] = False
    awx.remove(awx.find("workflow_job_template_nodes", identifier="rollback")[0]["id"])

    repaired = control.run([NIGHTLY]).succeeded()

    lines = repaired.task("Report the differences").result["msg"]
    assert [line.partition(": ")[0] + ": " + line.split(": ")[1] for line in lines if ": " in line] == [
        "update job template ConvoSphere prod maintenance: extra_vars",
        "update workflow job template ConvoSphere prod release: nodes",
        "update schedule ConvoSphere prod nightly: enabled",
    ]
    assert "delete schedule ConvoSphere prod checked" in lines
    assert [item["name"] for item in awx.find("schedules")] == ["ConvoSphere prod nightly"]
    assert control.one("job_templates", "ConvoSphere prod maintenance")["extra_vars"] == '{"env": "prod"}'


def test_an_object_that_awx_stores_otherwise_fails_the_run(control):
    control.awx.distorted = {"schedules": {"enabled": False}}

    run = control.run([{**NIGHTLY, "at": "02:00"}])
    control.awx.distorted = {}

    assert run.rc == 2
    assert "update schedule ConvoSphere prod nightly: enabled: False -> True" in run.failures[0].message
    assert control.awx.find("tokens") == []


def test_what_awx_would_refuse_or_never_run_is_refused_in_check_mode_too(control):
    rule = "DTSTART:20260101T013000Z RRULE:FREQ=YEARLY;INTERVAL=1;UNTIL=20260102T013000Z"
    never = {"name": "never", "verb": "health", "rule": rule}
    unasked = {**NIGHTLY, "name": "unasked", "variables": {"maintenance_timeouts": {}}}
    control.awx.items[control.one("schedules", "ConvoSphere prod nightly")["id"]]["description"] = "mine"
    project = control.awx.items[control.one("projects", "ConvoSphere")["id"]]
    ours, project["description"] = project["description"], "mine"

    run = control.run([NIGHTLY, never, unasked], check=True)

    assert run.rc == 2
    assert control.awx.writes == []
    for message in (
        "AWX accepts the rule of 'ConvoSphere prod never'",
        "'unasked': AWX takes only the parameters of maintenance.yml from a schedule, not maintenance_timeouts",
        "AWX has schedule 'ConvoSphere prod nightly', whose description does not end with",
        "AWX has project 'ConvoSphere', whose description does not end with",
    ):
        assert message in run.failures[0].message
    control.awx.remove(control.one("schedules", "ConvoSphere prod nightly")["id"])
    project["description"] = ours


def test_a_removal_asks_for_a_confirmation_and_leaves_all_else(control):
    awx = control.awx
    organization = control.one("organizations", "ConvoSphere")["id"]
    for name, description in (("mine", ""), ("ConvoSphere prod-eu", "Managed by convosphere.platform for prod-eu.")):
        awx.create("inventories", {"name": name, "organization": organization, "description": description})
    before = deepcopy(awx.items)

    refused = control.run([NIGHTLY], state="absent")
    check = control.run([NIGHTLY], check=True, state="absent").succeeded()

    assert refused.rc == 2
    assert "delete inventory ConvoSphere prod, " in refused.failures[0].message
    assert (check.changed, awx.items) == (1, before)
    control.run([NIGHTLY], state="absent", confirm="prod").succeeded()
    kinds = ("inventories", "inventory_sources", "job_templates", "workflow_job_templates", "schedules", "projects")
    kinds += ("credentials", "notification_templates")
    types = [item["name"] for item in awx.find("credential_types") if not item.get("managed")]
    assert types == []
    assert {kind: [item["name"] for item in awx.find(kind)] for kind in kinds} == {
        **{kind: [] for kind in kinds},
        "inventories": ["mine", "ConvoSphere prod-eu"],
        "projects": ["ConvoSphere"],
        "credentials": ["ssh", "vault"],
        "notification_templates": ["on call"],
    }
    assert control.run([NIGHTLY], state="absent", confirm="prod").succeeded().changed == 0
