# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The rulebook for alarms: it knows alarms that exist, begins runs that read, and leaves changes to an approval."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from support.collection import ROOT

RULEBOOK = ROOT / "extensions/eda/rulebooks/respond_to_alerts.yml"
#: The playbooks that change nothing of an environment.
READING = {"backup_verify", "health"}


def rules() -> list[dict[str, Any]]:
    (ruleset,) = yaml.safe_load(RULEBOOK.read_text())
    return [dict(rule) for rule in ruleset["rules"]]


@pytest.fixture(params=rules(), ids=lambda rule: rule["name"])
def rule(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(request.param)


def test_its_alarm_is_declared(rule):
    groups = yaml.safe_load((ROOT / "extensions/monitoring/alert_rules.yml").read_text())["groups"]
    declared = {each["alert"] for group in groups for each in group["rules"]}
    (alarm,) = re.findall(r'alertname == "(\w+)"', rule["condition"])

    assert alarm in declared


def test_it_acts_once_for_many_messages_about_an_environment(rule):
    assert rule["throttle"]["once_within"]
    assert rule["throttle"]["group_by_attributes"] == ["event.payload.commonLabels.environment"]


def test_what_begins_at_once_only_reads(rule):
    ((action, options),) = rule["action"].items()

    if action == "run_playbook":
        prefix, _dot, playbook = options["name"].rpartition(".")
        assert (prefix, playbook in READING) == ("convosphere.platform", True)
        assert (ROOT / f"playbooks/{playbook}.yml").is_file()
        assert options["extra_vars"] == {"env": "{{ event.payload.commonLabels.environment }}"}
    else:
        assert action == "run_workflow_template"
