# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.environment_problems import environment_problems


def problems(**more: Any) -> list[str]:
    host = {
        "name": "red-1",
        "env": "red",
        "environment": "red",
        "groups": ["app", "database", "edge", "red"],
        "other_groups": [],
        "environments": ["blue", "red"],
        "inventory_sources": [],
    }
    return environment_problems({**host, **more})


def test_a_host_of_its_environment_may_be_changed():
    assert problems() == []
    assert problems(groups=["red", "all", "ungrouped", "rack-1"], other_groups=["rack-1"]) == []


@pytest.mark.parametrize(
    "name", ["all", "ungrouped", "localhost", "tools", "sandbox", "edge", "app", "database", "../x", "-x", "x" * 64, ""]
)
def test_reserved_and_malformed_names_are_refused(name):
    first, *_others, last = problems(env=name, environment=name, groups=["app", name])

    assert first.startswith(f"An environment cannot be called {name}. Reserved are all, ungrouped, ")
    assert last == "Environments found: blue, red."


@pytest.mark.parametrize("name", ["x", "A1_.-x", "x" * 63])
def test_other_names_are_allowed(name):
    assert problems(env=name, environment=name, groups=[name]) == []


@pytest.mark.parametrize(("environment", "shown"), [("blue", "blue"), ("", "no environment")])
def test_variables_of_another_environment_are_refused(environment, shown):
    first, last = problems(environment=environment, environments=["blue", "blue"])

    assert f"red-1 was asked for as part of red, but its variables are those of '{shown}'." in first
    assert last == "Environments found: blue."


def test_a_name_that_yaml_reads_as_a_number_is_compared_as_text():
    assert problems(env="2026", environment=2026, groups=["2026"], environments=[2026, "red"]) == []
    assert problems(environment=2026, environments=[2026, "red"])[-1] == "Environments found: 2026, red."


def test_a_second_group_may_be_an_environment():
    first, _last = problems(groups=["rack-1", "red", "blue"])

    assert "but it is in the groups blue, rack-1, red, and each host" in first
    assert "If blue, rack-1 is an environment" in first


def test_a_host_outside_the_group_of_the_environment_is_in_its_own_groups():
    assert "in the groups blue, red," in problems(groups=["blue"])[0]


@pytest.mark.parametrize("name", ["blue", "red"])
def test_an_environment_is_not_another_group(name):
    (found,) = [each for each in problems(other_groups=[name]) if each.startswith("environment_other_groups")]

    assert found == f"environment_other_groups names {name}, which is an environment."


def inventories(folder: Path, *names: str) -> list[str]:
    """Return the paths of inventories, of which each one's own file of variables is harmless."""
    for name in names:
        (folder / name / "group_vars").mkdir(parents=True)
        (folder / name / "group_vars" / f"{name}.yml").touch()
        (folder / name / "hosts.yml").touch()
    return [str(folder / name) for name in names]


@pytest.mark.parametrize("group", ["all", "ungrouped", "edge", "app", "database"])
@pytest.mark.parametrize("suffix", ["", ".yml", ".yaml", ".json"])
def test_variables_of_a_shared_group_are_refused(tmp_path, group, suffix):
    sources = inventories(tmp_path, "red", "blue")
    shared = tmp_path / "blue/group_vars" / f"{group}{suffix}"
    shared.touch()

    assert f"Several inventories are loaded at once, and {shared} would set" in problems(inventory_sources=sources)[0]


def test_variables_of_a_shared_group_are_allowed_in_the_only_inventory(tmp_path):
    (source,) = inventories(tmp_path, "red")
    (tmp_path / "red/group_vars/all.yml").touch()
    (tmp_path / "link").symlink_to(source)
    same = [source, f"{source}/hosts.yml", str(tmp_path / "link"), "host-1,", str(tmp_path / "none")]

    assert problems(inventory_sources=same) == []
    assert problems(inventory_sources=inventories(tmp_path, "blue")) == []


@pytest.mark.parametrize("length", [300, 5000])
def test_a_list_of_hosts_that_is_too_long_for_a_path_is_no_inventory_folder(tmp_path, length):
    (source,) = inventories(tmp_path, "red")
    (tmp_path / "red/group_vars/all.yml").touch()

    assert problems(inventory_sources=[source, f"{'h' * length},"]) == []


SEVERAL = {
    "groups": ["red"],
    "inventory_groups": {"red": ["e", "a", "d"], "edge": ["e"], "app": ["a"], "database": ["d"]},
    "private_addresses": {"e": "10.0.0.1", "a": "10.0.0.2", "d": "10.0.0.3", "blue-1": ""},
}


def test_several_hosts_with_what_they_need_are_allowed():
    assert problems(**SEVERAL) == []


def test_one_host_needs_no_address():
    one = {placement: ["red-1"] for placement in ("red", "edge", "app", "database")}

    assert problems(inventory_groups=one, private_addresses={"red-1": ""}, domain="a.example") == []


def test_each_of_several_hosts_needs_an_address_of_its_own():
    first, _last = problems(**{**SEVERAL, "private_addresses": {"e": "10.0.0.1", "a": ""}})
    assert "(edge: e; app: a; database: d), and d, a has no stack_private_address" in first

    first, _last = problems(**{**SEVERAL, "private_addresses": {"e": "10.0.0.1", "a": "10.0.0.1", "d": "10.0.0.3"}})
    assert first == "The hosts a and e both have the stack_private_address 10.0.0.1."


def test_several_app_hosts_need_minio():
    placed = {**SEVERAL["inventory_groups"], "app": ["a", "e"]}
    first, _last = problems(**{**SEVERAL, "inventory_groups": placed})

    assert first.startswith("red has 2 app hosts (e, a), and each would have uploads of its own: set stack_minio")
    assert problems(**{**SEVERAL, "inventory_groups": placed, "minio": True}) == []


@pytest.mark.parametrize(
    ("options", "refused"), [({"tls": "acme"}, True), ({"tls": "files"}, False), ({"domain": ""}, False)]
)
def test_several_edge_hosts_need_a_given_certificate(options, refused):
    placed = {**SEVERAL["inventory_groups"], "edge": ["e", "a"]}
    found = problems(**{**SEVERAL, "inventory_groups": placed, "domain": "a.example", **options})

    assert [each for each in found if "red has 2 edge hosts (e, a)" in each] == found[:1] if refused else found == []


def test_a_play_that_changes_something_is_refused_if_it_lacks_a_host():
    assert problems(**SEVERAL, verb="services", play_hosts=["e", "a", "d"]) == []
    assert problems(**SEVERAL, verb="status", play_hosts=["e"]) == []
    first, _last = problems(**SEVERAL, verb="services", play_hosts=["e", "a"])
    assert first.startswith("This run of services.yml leaves out d, which would be left behind")


def test_all_hosts_have_the_same_managed_database():
    managed = {"host": "db.example.com", "ca": "PEM"}
    same = dict.fromkeys("ead", managed)

    assert problems(**SEVERAL, managed_databases=same) == []
    assert problems(**SEVERAL, managed_databases={host: {} for host in "ead"}) == []
    first, _last = problems(**SEVERAL, managed_databases={**same, "a": {}})
    assert first == (
        "stack_managed_database of a is not that of d, and red has one database: set it once, in group_vars of red."
    )
    first, _last = problems(**SEVERAL, managed_databases={**same, "d": {**managed, "port": 6432}})
    assert first.startswith("stack_managed_database of a, e is not that of d")
