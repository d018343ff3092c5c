# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a playbook touches: those of the environment asked for, and where that is in doubt, none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from support.collection import ROOT, playbooks
from support.environment import PLACEMENTS
from support.playbook import PlaybookRun, run_playbook

DEPLOY = ROOT / "playbooks/deploy.yml"


class Inventory:
    """Two environments, red and blue, whose hosts leave a mark when anything is run on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.mark = folder / "touched"
        interpreter = folder / "python"
        interpreter.write_text(f'#!/bin/sh\ntouch {self.mark}\nexec /usr/bin/python3 "$@"\n')
        interpreter.chmod(0o755)
        local = {"ansible_connection": "local", "ansible_python_interpreter": str(interpreter)}
        self.groups: dict[str, Any] = {
            "red": {"hosts": {"red-1": local}, "vars": {"convosphere_environment": "red"}},
            "blue": {"hosts": {"blue-1": local}, "vars": {"convosphere_environment": "blue"}},
            **{placement: {"hosts": {"red-1": {}, "blue-1": {}}} for placement in PLACEMENTS},
        }

    def run(self, playbook: Path = DEPLOY, **extra_vars: str) -> PlaybookRun:
        """Run a playbook, which must be refused before it comes to any host."""
        path = self.folder / "hosts.yml"
        path.write_text(yaml.safe_dump(self.groups))
        run = run_playbook(playbook, self.folder, inventory=path, extra_vars=extra_vars)
        assert run.rc != 0, run.output
        assert not self.mark.exists(), f"a host was touched:\n{run.output}"
        assert run.changed == 0
        return run


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return Inventory(tmp_path)


def test_the_mark_is_left_where_a_host_is_touched(inventory):
    with pytest.raises(AssertionError, match="a host was touched"):
        inventory.run(env="red", environment_docker_host="unix:///nowhere.sock")


@pytest.mark.parametrize("playbook", playbooks(), ids=lambda path: path.stem)
def test_every_playbook_wants_an_environment(inventory, playbook):
    output = inventory.run(playbook).output

    assert "No environment is given. Environments found: blue, red. Say which, for example -e env=blue." in output


@pytest.mark.parametrize("env", ["prod", "app", "red:blue"])
def test_what_is_no_environment_is_refused(inventory, env):
    run = inventory.run(env=env)

    assert f"There is no environment '{env}'. Environments found: blue, red." in run.output
    assert run.tasks == []


def test_a_host_of_two_environments_is_refused(inventory):
    inventory.groups["blue"]["hosts"]["red-1"] = {}

    run = inventory.run(env="red")

    assert "red-1" in run.failures[0].message
    assert "it is in the environments blue, red" in run.failures[0].message
    assert "Environments found: blue, red." in run.failures[0].message


@pytest.mark.parametrize("variables", [{"convosphere_environment": "blue"}, {}])
def test_a_host_with_the_variables_of_another_environment_is_refused(inventory, variables):
    inventory.groups["red"]["vars"] = variables

    run = inventory.run(env="red")

    assert "red-1 was asked for as part of red, but its variables are those of" in run.failures[0].message
    assert "Environments found: blue" in run.failures[0].message


def test_an_environment_without_a_host_in_the_placement_is_refused(inventory):
    del inventory.groups["app"]["hosts"]["red-1"]

    run = inventory.run(env="red")

    assert "The environment red has no host in the group app. Its hosts are: red-1." in run.output
    assert run.tasks == []
