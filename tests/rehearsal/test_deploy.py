# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""deploy.yml -e env=prod on a machine that is not the controller: in check mode, for real, and again."""

from __future__ import annotations

import re

from support.environment import SERVICES
from support.rehearsal import DIRECTORY, HOST, controller_traces


def test_check_mode_touches_nothing_on_an_empty_host(checked):
    assert sorted(checked.before ^ checked.after) == []
    assert len(checked.before) > 1000, "too few files to prove anything"


def test_check_mode_tells_what_would_be_done_on_an_empty_host(checked):
    steps = [result["msg"] for result in checked.run.task("Report the steps of a real run").result["results"]]
    stack = checked.run.task("Bring the stack up")

    assert [step for step in steps if step.startswith("Install the packages") and "docker.io" in step]
    assert {f"Set up the directory {DIRECTORY}", "Start Docker Engine"} <= set(steps)
    assert stack.changed
    files = {"file compose.yaml", "file edge/Caddyfile"}
    assert files | {"secret POSTGRES_PASSWORD", "release"} <= set(stack.diff["after"])


def test_the_first_deploy_brings_every_service_up(prod, deployed):
    states = {name: container["State"] for name, container in prod.containers().items()}

    assert {name: state["Health"]["Status"] for name, state in states.items()} == dict.fromkeys(SERVICES, "healthy")
    assert deployed.run.changed > 0


def test_the_second_deploy_changes_nothing(deployed_again):
    assert {host: counts["changed"] for host, counts in deployed_again.run.recap.items()} == {HOST: 0}


def test_only_prod_is_touched_though_all_inventories_are_given(checked, prepared, deployed):
    for step in (checked, prepared, deployed):
        assert set(step.run.recap) == {HOST}


def test_nothing_runs_on_the_controller(prod, prepared, deployed):
    for step in (prepared, deployed):
        addresses = set(re.findall(r"^<([^>]+)> (?:ESTABLISH|SSH|EXEC|PUT)", step.run.stdout, re.MULTILINE))
        assert addresses == {prod.host.address}
    assert controller_traces() == prod.controller_before


def test_an_environment_is_never_taken_for_another(prod):
    run = prod.run("deploy.yml", {"convosphere_environment": "staging"})

    assert run.rc != 0
    assert "was asked for as part of prod, but its variables are those of 'staging'" in run.failures[0].message
