# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The alert rules and the dashboard use only metrics that a report emits; tests/integration runs the rules."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._operations.report.metrics import METRICS

from support.collection import ROOT, load_yaml

MONITORING = ROOT / "extensions/monitoring"
NAME = re.compile(r"\bconvosphere_(\w+)")


def rules() -> list[dict[str, str]]:
    return [rule for group in load_yaml(MONITORING / "alert_rules.yml")["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("file", ["alert_rules.yml", "dashboard.json"])
def test_only_emitted_metrics_are_used(file):
    used = set(NAME.findall((MONITORING / file).read_text()))

    assert used - METRICS.keys() == set()
    assert len(used) > 10


def test_every_rule_has_a_severity_and_says_what_is_wrong():
    assert [rule["alert"] for rule in rules() if not {"summary"} <= set(rule["annotations"])] == []
    assert {rule["labels"]["severity"] for rule in rules()} == {"critical", "warning", "info"}


def test_the_documentation_names_every_alert_and_every_metric():
    text = (ROOT / "docs/monitoring.md").read_text()

    assert [rule["alert"] for rule in rules() if f"`{rule['alert']}`" not in text] == []
    assert [name for name in METRICS if f"`convosphere_{name}`" not in text] == []


def test_panels_ask_for_the_chosen_environment_and_do_not_overlap():
    panels = json.loads((MONITORING / "dashboard.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    places = [panel["gridPos"] for panel in panels]
    cells = [
        (x, y)
        for place in places
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert [expr for expr in asked if expr.count("convosphere_") != expr.count('environment="$environment"')] == []
    assert len(cells) == len(set(cells))
    assert len({panel["id"] for panel in panels}) == len(panels)
