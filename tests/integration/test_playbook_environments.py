# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which hosts a playbook touches: those of the environment asked for, and where that is in doubt, none."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.collection import ROOT
from support.environment import PLACEMENTS
from support.playbook import PlaybookRun, run_playbook

DEPLOY = ROOT / "playbooks/deploy.yml"
TEARDOWN = ROOT / "playbooks/teardown.yml"


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

    def run(
        self, playbook: Path = DEPLOY, more: Sequence[Path] = (), arguments: Sequence[str] = (), **extra_vars: str
    ) -> PlaybookRun:
        """Run a playbook, with `more` inventories, which must be refused before it comes to any host."""
        path = self.folder / "hosts.yml"
        path.write_text(yaml.safe_dump(self.groups))
        arguments = [*arguments, *(f"--inventory={source}" for source in more)]
        run = run_playbook(playbook, self.folder, inventory=path, extra_vars=extra_vars, arguments=arguments)
        assert run.rc != 0, run.output
        assert not self.mark.exists(), f"a host was touched:\n{run.output}"
        assert run.changed == 0
        return run


@pytest.fixture
def inventory(tmp_path: Path) -> Inventory:
    return Inventory(tmp_path)


def test_a_playbook_wants_an_environment(inventory):
    # That each playbook asks the same lookup for its hosts is shown in tests/unit/test_inventories.py.
    output = inventory.run().output

    assert "No environment is given. Environments found: blue, red. Say which, for example -e env=blue." in output


def test_what_is_no_environment_is_refused(inventory):
    run = inventory.run(env="red:blue")

    assert "There is no environment 'red:blue'. Environments found: blue, red." in run.output
    assert run.tasks == []


@pytest.mark.parametrize("only_host", [True, False])
@pytest.mark.parametrize("env", ["red", "blue"])
def test_a_host_of_two_environments_is_refused(inventory, env, only_host):
    # Even if it is the only host of the environment whose variables lose, so that no host reports its name.
    inventory.groups["blue"]["hosts"]["red-1"] = {}
    if only_host:
        del inventory.groups["blue"]["hosts"]["blue-1"]

    run = inventory.run(env=env)

    if env == "blue" and not only_host:  # which has two hosts by that
        assert "The environment blue has 2 hosts in database (blue-1, red-1)" in run.output
        return
    message = run.failures[0].message
    assert f"The host red-1 was asked for as part of {env}, but it is in the groups blue, red," in message


def test_a_group_that_is_no_environment_must_be_named(inventory):
    inventory.groups["rack-1"] = {"hosts": {"red-1": {}}}

    message = inventory.run(env="red").failures[0].message
    assert "but it is in the groups rack-1, red," in message
    assert "If it is not one (a rack, a region), name it in environment_other_groups." in message

    inventory.groups["red"]["vars"]["environment_other_groups"] = ["rack-1"]
    with pytest.raises(AssertionError, match="a host was touched"):
        inventory.run(env="red", environment_required_bytes=str(1 << 60))


def test_an_environment_is_no_other_group(inventory):
    inventory.groups["blue"]["hosts"]["red-1"] = {}
    inventory.groups["red"]["vars"]["environment_other_groups"] = ["blue"]
    inventory.groups["blue"]["vars"]["ansible_group_priority"] = 0

    message = inventory.run(env="red").failures[0].message

    assert "environment_other_groups names blue, which is an environment." in message


@pytest.mark.parametrize("name", ["tools", "../../x"])
def test_names_that_are_taken_are_refused(inventory, name):
    inventory.groups[name] = inventory.groups.pop("red")
    inventory.groups[name]["vars"] = {"convosphere_environment": name}

    assert f"An environment cannot be called {name}. Reserved are" in inventory.run(env=name).failures[0].message


def test_an_extra_variable_makes_no_environment(inventory):
    message = inventory.run(env="red", convosphere_environment="blue").failures[0].message

    assert "red-1 was asked for as part of red, but its variables are those of 'blue'." in message


# The other names are those of tests/unit/plugins/plugin_utils/test_environment_guard.py.
@pytest.mark.parametrize("name", ["all.yml", "app/main.yml"])
def test_variables_of_a_group_that_inventories_share_are_refused(inventory, name):
    path = inventory.folder / "group_vars" / name
    path.parent.mkdir(parents=True)
    path.write_text("{}\n")
    shared = path if path.parent.name == "group_vars" else path.parent
    second = inventory.folder / "second"
    second.mkdir()
    (second / "hosts.yml").write_text("ungrouped: {}\n")

    message = inventory.run(env="red", more=[second]).failures[0].message
    assert f"Several inventories are loaded at once, and {shared} would set variables for the hosts of all" in message

    with pytest.raises(AssertionError, match="a host was touched"):
        inventory.run(env="red", environment_required_bytes=str(1 << 60))


@pytest.mark.parametrize("variables", [{"convosphere_environment": "blue"}, {}])
def test_a_host_with_the_variables_of_another_environment_is_refused(inventory, variables):
    inventory.groups["red"]["vars"] = variables

    run = inventory.run(env="red")

    assert "red-1 was asked for as part of red, but its variables are those of" in run.failures[0].message
    assert "Environments found: blue" in run.failures[0].message


def test_an_environment_without_a_host_in_the_placement_is_refused(inventory):
    del inventory.groups["app"]["hosts"]["red-1"]

    run = inventory.run(env="red")

    assert "The environment red has no host in app (edge: red-1; app: none; database: red-1)." in run.output
    assert run.tasks == []


def test_a_limit_to_hosts_of_others_is_an_error(inventory):
    run = inventory.run(env="red", arguments=["--limit=blue-1"])

    assert "--limit blue-1 leaves none of the hosts of red that this playbook is for: red-1." in run.output
    assert run.tasks == []


def test_a_misspelt_parameter_and_one_of_a_wrong_type_stop_before_any_host(inventory):
    run = inventory.run(TEARDOWN, env="red", confrim="red", volumes="all")

    assert "There is no variable 'confrim', but the parameter 'confirm'." in run.output
    assert "The value of the parameter volumes is 'all'. Allowed: true or false." in run.output
    assert run.tasks == []


def test_variables_of_a_site_and_of_awx_are_no_misspelt_parameters(inventory):
    given = {"site": "berlin", "awx_job_id": "7", "tower_user_name": "x", "ansible_user": "x", "stack_debug": "true"}

    with pytest.raises(AssertionError, match="a host was touched"):
        inventory.run(env="red", environment_required_bytes=str(1 << 60), **given)


#: A playbook of somebody's own; its name is that of the play and not of the collection's.
OWN = """
- name: Remove the stack
  hosts: "{{ lookup('convosphere.platform.hosts', 'app') }}"
  gather_facts: false
  tasks:
    - name: Remove it
      ansible.builtin.import_role:
        name: convosphere.platform.stack
        tasks_from: teardown
"""


@pytest.mark.parametrize(
    ("variables", "settings", "message"),
    [
        ({"stack_confirm": "{{ convosphere_environment }}"}, {}, "stack_confirm of red-1 comes from the inventory"),
        (
            {"stack_remove_volumes": True},
            {"stack_confirm": "red", "arguments": ["--start-at-task=Remove the stack"]},
            "stack_remove_volumes of red-1 comes from the inventory",
        ),
    ],
)
def test_an_inventory_removes_nothing(inventory, variables, settings, message):
    inventory.groups["red"]["vars"] |= {**variables, "stack_directory": str(inventory.folder / "stack")}
    own = inventory.folder / "own.yml"
    own.write_text(OWN)

    assert message in inventory.run(**{"playbook": own, "env": "red", **settings}).failures[0].message
