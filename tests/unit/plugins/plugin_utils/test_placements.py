# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import re
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.plugin_utils._placements import (
    PARTS,
    PLACEMENTS,
    SCOPES,
    Play,
    Topology,
    find_part,
    missing_hosts,
    parts_of,
    pattern,
    refuse_hosts,
)
from ansible_collections.convosphere.platform.plugins.plugin_utils._verbs import VERBS

from support.collection import load_yaml, playbooks

ONE = {key: ["a"] for key in PLACEMENTS}
SEVERAL = {
    "prod": ["e", "a2", "a1", "d", "watcher"],
    "dev": ["x"],
    "edge": ["x", "e"],
    "app": ["a1", "x", "a2"],
    "database": ["x", "d"],
}


def test_every_playbook_is_in_the_table():
    assert {part.verb for part in PARTS} == {verb.name for verb in VERBS} - {"help"}
    assert {part.scope for part in PARTS} <= set(SCOPES)
    assert len({(part.verb, part.scope) for part in PARTS}) == len(PARTS)


def first_task(play: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """Return the first task of a play, and whether its error on one host ends the play on all of them."""
    task, ends = play["tasks"][0], play.get("any_errors_fatal") is True
    while True:
        ends = task.get("any_errors_fatal", ends)
        if "block" not in task:
            return task, ends
        task = task["block"][0]


def test_each_play_gives_the_guard_its_verb_and_scope():
    for path in playbooks():
        plays = [play for play in load_yaml(path) if "hosts(" in play["hosts"].replace("platform.hosts'", "hosts(")]
        named = []
        for play in plays:
            guard, _ends = first_task(play)
            assert guard["ansible.builtin.import_role"]["tasks_from"] == "guard", path
            scope = re.search(r"hosts', '(\w+)'", play["hosts"])
            assert guard["vars"].get("environment_scope", "") == (scope[1] if scope else ""), path
            assert guard["vars"]["environment_verb"] == path.stem
            part = find_part(path.stem, scope[1] if scope else "")
            assert part is not None, path
            named.append(part)
        assert set(named) == set(parts_of(path.stem)), path


#: Their roles decide after each step by the outcomes of all hosts, and bring all of them back.
DECIDE_THEMSELVES = {"backup", "config", "deploy", "restore", "rollback", "secrets", "services"}


def test_an_error_on_one_host_ends_each_play_that_changes_something():
    plays = [(path.stem, play) for path in playbooks() for play in load_yaml(path)]
    others = {name for name, play in plays if play.get("any_errors_fatal") is not True}
    guarded = {name for name, play in plays if first_task(play)[1]}

    # The logs of the other hosts show why one is lost.
    assert others == {"help", "logs", "maintenance", "support_bundle", *DECIDE_THEMSELVES}
    assert guarded >= DECIDE_THEMSELVES


def test_the_hosts_of_a_scope_are_those_of_the_environment_in_the_order_of_the_inventory():
    topology = Topology.of("prod", SEVERAL)

    assert topology == Topology("prod", edge=("e",), app=("a2", "a1"), database=("d",), unplaced=("watcher",))
    assert [topology.hosts(scope) for scope in SCOPES] == [
        ("d", "a2", "a1", "e"),
        ("d",),
        ("a2", "a1"),
        ("e",),
        ("d", "a2", "a1"),
    ]
    assert (topology.several, Topology.of("dev", SEVERAL).several) == (True, False)
    assert topology.describe() == "edge: e; app: a2, a1; database: d"
    assert [topology.placements(host) for host in ("e", "watcher")] == [["edge"], []]
    assert Topology.of("dev", SEVERAL).placements("x") == ["edge", "app", "database"]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("all", "database:app:edge:&prod"),
        ("app", "app:&prod"),
        ("edge", "edge:&prod"),
        ("writers", "database:app:&prod"),
    ],
)
def test_a_pattern_selects_the_scope_within_the_environment(scope, expected):
    assert pattern(Topology.of("prod", SEVERAL), scope) == expected


def test_a_pattern_names_no_placement_that_has_no_host():
    assert pattern(Topology("prod", app=("a",)), "all") == "app:&prod"


@pytest.mark.parametrize(
    ("placements", "message"),
    [
        ({**ONE, "edge": []}, "The environment prod has no host in edge (edge: none; app: a; database: a)."),
        ({"app": ["a"]}, "The environment prod has no host in edge and database (edge: none; app: a; database: none)."),
        ({**ONE, "database": ["a", "b"]}, "The environment prod has 2 hosts in database (a, b): each would get"),
    ],
)
def test_a_placement_without_a_host_and_a_second_database_are_refused(placements, message):
    found = refuse_hosts(Topology.of("prod", {"prod": ["a", "b", "watcher"], **placements}))

    assert found is not None
    assert found.startswith(message)
    assert "Nothing was changed." in found


def test_one_host_and_several_hosts_with_one_database_are_accepted():
    assert [refuse_hosts(Topology.of(name, SEVERAL)) for name in ("prod", "dev")] == [None, None]


def test_a_play_that_changes_something_has_all_its_hosts():
    topology = Topology.of("prod", SEVERAL)

    def missing(verb: str, *hosts: str, scope: str = "") -> str:
        return " ".join(missing_hosts(topology, Play(verb, scope, hosts)))

    assert missing("services", "d", "a1", "a2", "e") == ""
    assert (
        "This run of services.yml leaves out a2, e, which would be left behind: it is for all hosts of prod, d, a2,"
        in (missing("services", "d", "a1"))
    )
    assert missing("teardown", "watcher") == ""
    assert "leaves out d" in missing("teardown", "watcher", "a1")
    assert "leaves out d" in missing("deploy", "watcher")
    assert missing("migrate", "d") == ""
    assert "the database host of prod, d. Nothing was changed." in missing("migrate")
    assert "the database host and app hosts of prod, d, a2, a1." in missing("backup", "d")
    assert missing("status", "a1") == ""
    assert missing("", "a1") == ""
