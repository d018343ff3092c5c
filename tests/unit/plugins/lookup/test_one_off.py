# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible.errors import AnsibleLookupError, AnsibleUndefinedVariable
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.vars import load_extra_vars
from ansible_collections.convosphere.platform.plugins.lookup.one_off import LookupModule
from ansible_collections.convosphere.platform.plugins.plugin_utils._one_offs import ONE_OFFS


class Unrendered(dict[str, Any]):
    """Variables of a host, one of which is a template that cannot be rendered."""

    def __getitem__(self, key: str) -> Any:
        raise AnsibleUndefinedVariable(f"{key} is undefined")


@pytest.fixture
def run(monkeypatch):
    """Return the lookup for a host that has `outside` from its inventory, in a play whose variables are `inside`."""

    def call(name: str, outside: dict[str, Any], inside: dict[str, Any], **extra_vars: Any) -> Any:
        # Extra variables are in both: they override the others.
        monkeypatch.setattr(load_extra_vars, "extra_vars", {"env": "red", **extra_vars}, raising=False)
        outside.update(extra_vars)
        hosts = {"inventory_hostname": "red-1", "hostvars": {"red-1": outside}}
        variables = {**hosts, **inside, **extra_vars}
        loader = DataLoader()
        lookup = LookupModule(loader=loader, templar=Templar(loader, variables))
        lookup.set_options = lambda **_options: None  # Ansible's own: there is no option
        (value,) = lookup.run([name], variables)
        return value

    return call


@pytest.mark.parametrize("one_off", ONE_OFFS, ids=lambda one_off: one_off.name)
def test_a_value_from_an_inventory_is_refused_also_where_the_play_gives_another(run, one_off):
    value = True if one_off.harmless is False else "red"

    with pytest.raises(AnsibleLookupError) as caught:
        run(one_off.name, {one_off.name: value}, {one_off.name: one_off.harmless})

    assert f"{one_off.name} of red-1 comes from the inventory, a file of variables or a fact" in str(caught.value)
    assert f"-e {one_off.parameter or one_off.name}=..." in str(caught.value)


@pytest.mark.parametrize("one_off", ONE_OFFS, ids=lambda one_off: one_off.name)
def test_a_value_of_the_play_or_of_the_command_line_counts(run, one_off):
    value = True if one_off.harmless is False else "red"

    assert run(one_off.name, {}, {one_off.name: value}) == value
    assert run(one_off.name, {}, {}, **{one_off.name: value}) == value
    assert run(one_off.name, {one_off.name: value}, {one_off.name: value}, **{one_off.name: value}) == value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("stack_remove_volumes", False),
        ("database_force", "no"),
        ("stack_confirm", ""),
        ("database_force", None),
        ("database_restore_roles", "require"),
    ],
)
def test_a_value_that_does_nothing_may_stand_in_an_inventory(run, name, value):
    assert run(name, {name: value}, {name: "given"}) == "given"


@pytest.mark.parametrize("value", ["perhaps", "1", 1, ["true"]])
def test_whatever_is_not_plainly_off_is_refused(run, value):
    with pytest.raises(AnsibleLookupError, match="Nothing was done"):
        run("stack_remove_volumes", {"stack_remove_volumes": value}, {})


def test_a_template_that_cannot_be_rendered_is_refused(run):
    with pytest.raises(AnsibleLookupError, match="Nothing was done"):
        run("stack_confirm", Unrendered(stack_confirm="{{ nothing }}"), {})


def test_without_any_value_the_harmless_one_is_taken(run):
    assert run("stack_remove_volumes", {}, {}) is False


@pytest.mark.parametrize("name", ["users_prune", "confirm", ""])
def test_other_variables_are_refused(run, name):
    with pytest.raises(AnsibleLookupError, match="Allowed: stack_confirm, "):
        run(name, {}, {})
