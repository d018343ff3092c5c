# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The three inventories, as playbooks/ansible.cfg loads them together: no host may belong to two environments."""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import cache
from typing import Any

import pytest
import yaml

from support.collection import ROOT, playbooks
from support.environment import PLACEMENTS

ENVIRONMENTS = ("dev", "staging", "prod")


def run(*command: str) -> str:
    # As an operator from playbooks/, whose ansible.cfg names the inventories.
    env = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    done = subprocess.run(command, cwd=ROOT / "playbooks", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "WARNING" not in done.stderr
    return done.stdout


@cache
def inventory() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run("ansible-inventory", "--list"))
    return found


def hosts(group: str) -> list[str]:
    return list(inventory()[group]["hosts"])


def test_every_environment_is_loaded_and_no_other_group_is():
    assert set(inventory()["all"]["children"]) - {"ungrouped"} == {*ENVIRONMENTS, *PLACEMENTS}


def test_each_host_is_in_exactly_one_environment_and_knows_which():
    for host, variables in inventory()["_meta"]["hostvars"].items():
        assert [name for name in ENVIRONMENTS if host in hosts(name)] == [variables["convosphere_environment"]], host


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_each_environment_has_a_host_for_every_placement(environment):
    assert [group for group in PLACEMENTS if not set(hosts(group)) & set(hosts(environment))] == []


def test_every_placed_host_belongs_to_an_environment():
    everyone = {host for environment in ENVIRONMENTS for host in hosts(environment)}

    assert {host for group in PLACEMENTS for host in hosts(group)} == everyone


def test_playbooks_name_only_hosts_of_the_environment_asked_for():
    names = [path.name for path in playbooks() if path.stem != "help"]  # which is for no environment

    listed = run("ansible-playbook", *names, "-e", "env=prod", "--list-hosts").split("playbook: ")[1:]

    everyone = set(inventory()["_meta"]["hostvars"])
    assert [set(text.split()) & everyone for text in listed] == [set(hosts("prod"))] * len(names)


def test_every_play_of_a_playbook_asks_the_lookup_for_its_hosts():
    # Which refuses a run without an environment: tests/unit/plugins/lookup/test_hosts.py.
    for path in playbooks():
        wanted = (
            "localhost"
            if path.stem == "help"
            else f"{{{{ lookup('convosphere.platform.hosts', verb='{path.stem}') }}}}"
        )

        found = {play["hosts"] for play in yaml.safe_load(path.read_text())}
        assert {re.sub(r", departed=lookup\(.*?'host'\)", "", hosts) for hosts in found} == {wanted}, path.name


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_variables_are_those_of_the_environment_alone(environment):
    # The inventories are loaded together: variables of a shared group would leak from one into the others.
    folder = ROOT / "inventories" / environment
    groups = yaml.safe_load((folder / "hosts.yml").read_text())

    assert [path.name for path in (folder / "group_vars").iterdir()] == [environment]
    assert [name for name, group in groups.items() if name != environment and "vars" in group] == []
