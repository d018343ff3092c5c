# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from typing import Any

import pytest
from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible.utils.vars import load_extra_vars
from ansible_collections.convosphere.platform.plugins.lookup.hosts import (
    LookupModule,
    find_environments,
    find_scope,
    refuse,
)

GROUPS = {
    "all": ["red-1", "blue-1", "monitor"],
    "ungrouped": [],
    "red": ["red-1"],
    "blue": ["blue-1"],
    "watchers": ["monitor"],
    "edge": ["red-1", "blue-1"],
    "app": ["red-1", "blue-1"],
    "database": ["blue-1"],
}


def test_environments_are_the_groups_of_hosts_that_have_a_placement():
    assert find_environments(GROUPS) == ["blue", "red"]


def test_an_environment_with_a_host_in_the_placement_is_accepted():
    assert refuse("red", "app", GROUPS) is None


@pytest.mark.parametrize(
    "env", ["prod", "app", "all", "ungrouped", "red:blue", "red,blue", "*", "!blue", "red-1", "RED"]
)
def test_what_is_no_environment_is_refused_whatever_a_host_pattern_could_make_of_it(env):
    assert refuse(env, "app", GROUPS) == f"There is no environment '{env}'. Environments found: blue, red."


@pytest.mark.parametrize("env", [None, ""])
def test_without_an_environment_one_that_exists_is_proposed(env):
    message = refuse(env, "app", GROUPS)

    assert message == "No environment is given. Environments found: blue, red. Say which, for example -e env=blue."


def test_an_environment_without_a_host_in_the_placement_is_told_its_hosts():
    message = refuse("red", "database", GROUPS)

    assert message is not None
    assert message.startswith("The environment red has no host in the group database. Its hosts are: red-1.")


def test_an_empty_inventory_is_told_how_to_be_given():
    message = refuse("dev", "app", {"all": [], "ungrouped": []})

    assert message is not None
    assert "none (is an inventory given, with -i or in ansible.cfg?)" in message


@pytest.fixture
def run(monkeypatch):
    """Return the lookup as Ansible calls it, for an environment that Ansible has found in the variables."""

    def call(
        env: str | None,
        *terms: str,
        verb: str | None = None,
        limit: str = "",
        reads_only: bool = True,
        departed: str = "",
        groups: dict[str, list[str]] | None = None,
        **extra_vars: Any,
    ) -> list[str]:
        monkeypatch.setattr(load_extra_vars, "extra_vars", {"env": env, **extra_vars}, raising=False)
        monkeypatch.setattr(context, "CLIARGS", {"subset": limit})
        monkeypatch.setattr(LookupModule, "set_options", lambda _self, **_options: None)
        options = {"env": env, "verb": verb, "reads_only": reads_only, "departed": departed}
        monkeypatch.setattr(LookupModule, "get_option", lambda _self, name: options[name])
        loader = DataLoader()
        return LookupModule(loader=loader, templar=Templar(loader)).run(list(terms), {"groups": groups or GROUPS})

    return call


def test_the_pattern_is_the_placement_within_the_environment(run):
    assert run("red", "app") == ["app:&red"]


def test_the_filters_are_loaded_before_a_task_needs_one(run, monkeypatch):
    name = "ansible_collections.convosphere.platform.plugins.filter.report"
    monkeypatch.delitem(sys.modules, name, raising=False)

    run("red", "app")

    assert name in sys.modules


def test_no_pattern_is_made_where_there_is_a_problem(run):
    with pytest.raises(AnsibleLookupError, match="There is no environment 'prod'"):
        run("prod", "app")


@pytest.mark.parametrize("terms", [(), ("app", "edge")])
def test_a_play_is_for_one_placement(run, terms):
    with pytest.raises(AnsibleLookupError, match="Give one placement"):
        run("red", *terms)


def test_a_misspelt_parameter_stops_the_run_with_what_else_is_wrong(run):
    with pytest.raises(AnsibleLookupError) as caught:
        run("prod", "app", verb="maintenance", stpes="backup")

    assert "There is no variable 'stpes', but the parameter 'steps'." in str(caught.value)
    assert "There is no environment 'prod'." in str(caught.value)


def test_a_play_without_a_verb_has_variables_of_its_own(run):
    assert run("red", "app", stpes="backup") == ["app:&red"]


def test_an_unknown_verb_is_refused(run):
    with pytest.raises(AnsibleLookupError, match=r"There is no playbook 'tear_down'\. Allowed: audit, backup, "):
        run("red", "app", verb="tear_down")


def test_a_parameter_of_another_playbook_is_warned_of(run, monkeypatch):
    warnings: list[str] = []
    monkeypatch.setattr("ansible.utils.display.Display.warning", lambda _self, text: warnings.append(text))

    assert run("red", "app", verb="teardown", label="x", volumes=True, site="berlin") == ["app:&red"]
    assert warnings == ["The parameter label has no effect on teardown.yml."]


DEPARTED = {**GROUPS, "red": ["red-1", "red-2"], "database": ["blue-1", "red-1"]}


def test_a_teardown_may_name_a_host_that_has_left_all_placements(run):
    assert run("red", verb="teardown", departed="red-2", groups=DEPARTED) == ["red-2:&red"]
    assert run("red", verb="teardown", departed="", groups=DEPARTED) == ["database:app:edge:&red"]


@pytest.mark.parametrize(
    ("host", "message"),
    [
        ("red-1", "red-1 has a placement in red (edge, app, database). Nothing was changed."),
        ("blue-1", "There is no host blue-1 in red. Nothing was changed. Hosts of red without a placement: red-2."),
        ("red-2:blue-1", "There is no host red-2:blue-1 in red."),
        ("*", "There is no host * in red."),
    ],
)
def test_a_teardown_of_any_other_host_is_refused(run, host, message):
    with pytest.raises(AnsibleLookupError) as caught:
        run("red", verb="teardown", departed=host, groups=DEPARTED)

    assert message in str(caught.value)


@pytest.mark.parametrize("limit", ["blue", "monitor", "all:!red", "red-2,blue-1"])
def test_a_limit_that_leaves_no_host_is_refused(run, limit):
    with pytest.raises(AnsibleLookupError) as caught:
        run("red", "app", limit=limit)

    assert f"--limit {limit} leaves none of the hosts of red that this playbook is for: red-1." in str(caught.value)


@pytest.mark.parametrize("limit", ["red", "red-1", "all", "edge:!blue", ""])
def test_a_limit_that_leaves_one_is_accepted(run, limit):
    assert run("red", "app", limit=limit) == ["app:&red"]


def test_a_play_that_only_reads_runs_for_any_hosts(run):
    with pytest.raises(AnsibleLookupError, match="The environment red has no host in database"):
        run("red", "app", reads_only=False)
    assert run("blue", "app", reads_only=False) == ["app:&blue"]
    assert run("red", "app", reads_only=True) == ["app:&red"]


def test_the_hosts_of_a_playbook_follow_from_its_verb(run):
    assert run("blue", verb="setup", reads_only=False) == ["database:app:edge:&blue"]
    assert run("blue", verb="migrate", reads_only=False) == ["database:&blue"]
    assert run("blue", verb="backup", reads_only=False) == ["database:app:&blue"]
    assert run("red", verb="status", reads_only=False) == ["app:edge:&red"]
    with pytest.raises(AnsibleLookupError, match="The environment red has no host in database"):
        run("red", verb="setup", reads_only=False)


@pytest.mark.parametrize("terms", [(), ("workers",), ("app", "edge")])
def test_a_scope_that_is_not_in_the_table_is_refused(terms):
    with pytest.raises(AnsibleLookupError, match="Allowed: all, database, app, edge"):
        find_scope(terms, None)
