# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.filter.service_turns import service_turns

GROUPS = {"prod": ["db", "app", "edge"], "database": ["db"], "app": ["app", "db"], "edge": ["edge"]}
STACK = ["postgres", "redis", "backend", "frontend", "edge", "agentrepo"]


def turns(host: str, state: str, *chosen: str) -> list[tuple[str, list[str]]]:
    """Return the placements that act on a host, with their services."""
    found = service_turns(list(chosen), state, STACK, host, "prod", GROUPS)
    return [(each["placement"], each["services"]) for each in found["turns"] if each["acts"]]


def beside(state: str, *chosen: str) -> Any:
    return service_turns(list(chosen), state, STACK, "app", "prod", GROUPS)["beside"]


@pytest.mark.parametrize(
    ("state", "order"),
    [("started", ["database", "app", "edge"]), ("stopped", ["edge", "app", "database"])],
)
def test_the_database_starts_first_and_stops_last(state, order):
    assert [each["placement"] for each in service_turns([], state, STACK, "db", "prod", GROUPS)["turns"]] == order


def test_all_services_of_a_host_are_those_of_its_project_or_of_its_placements():
    assert turns("edge", "stopped") == [("edge", [])]
    assert turns("app", "stopped") == [("app", [])]
    assert turns("db", "started") == [
        ("database", ["postgres", "redis"]),
        ("app", ["backend", "frontend", "agentrepo"]),
    ]


def test_a_chosen_service_is_started_where_it_belongs():
    assert turns("db", "started", "redis") == [("database", ["redis"])]
    assert turns("app", "started", "redis") == []
    assert turns("db", "started", "backend", "redis") == [("database", ["redis"]), ("app", ["backend"])]


def test_every_host_is_asked_for_a_service_of_no_placement():
    assert turns("edge", "started", "helper") == [("edge", ["helper"])]
    assert turns("db", "started", "helper") == [("app", ["helper"])]


def test_a_restart_replaces_backends_and_frontends_beside_those_that_serve():
    assert beside("restarted") == ["backend", "frontend"]
    assert beside("restarted", "frontend", "redis") == ["frontend"]
    assert beside("restarted", "redis") == []
    assert beside("stopped", "backend") == []
    assert turns("app", "restarted", "backend") == []
    assert turns("app", "restarted") == [("app", ["agentrepo"])]
    assert turns("edge", "restarted", "frontend", "edge") == [("edge", ["edge"])]
