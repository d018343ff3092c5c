# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import DELETE, UPDATE, Change
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_departures
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_departures import Leaving
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_departure import UserDeparture
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import USER

ROW = {"username": "a", "role": "user", "status": "active"}


def departed(
    owned: str, owns: dict[str, int], held: tuple[str, ...] = (), **row: Any
) -> tuple[Change | None, list[str]]:
    entity = replace(USER, departure=UserDeparture(lambda _database, _kind: held))
    one = Leaving("1", "users[0] (a@x.example)", "a@x.example", {"owned": owned})
    problems = Problems()
    rows = {"1": {**ROW, **row}}
    found = entity_departures.plan(None, entity, [one], rows, {"1": owns}, problems)  # type: ignore[arg-type]
    return found["1"], list(problems)


@pytest.mark.parametrize(
    ("owns", "owned", "action"),
    [
        ({}, "refuse", DELETE),
        ({}, "archive", DELETE),
        ({"documents": 1}, "archive", UPDATE),
        ({"tools": 1}, "transfer", DELETE),
    ],
)
def test_what_becomes_of_an_absent_user(owns, owned, action):
    change, problems = departed(owned, owns)

    assert change is not None
    assert (change.action, problems) == (action, [])


def test_one_that_is_archived_already_is_left_alone():
    assert departed("archive", {"documents": 1}, status="archived") == (None, [])


def test_an_owner_is_not_removed_unless_the_options_say_how():
    change, problems = departed("refuse", {"documents": 2})

    assert change == Change("a@x.example", DELETE, ROW, None)
    assert problems == [
        "users[0] (a@x.example) owns 2 documents: set owned to transfer, or to archive to keep the user"
    ]


def test_a_user_on_hold_may_be_archived_but_not_deleted():
    reason = "Cannot delete a@x.example, who is on hold: suspend the user with status: suspended, or release the hold"

    (problem,) = departed("transfer", {"documents": 2}, held=("1",))[1]
    assert problem.startswith(reason)
    assert departed("archive", {"documents": 2}, held=("1",))[1] == []
    assert departed("transfer", {}, held=("2",))[1] == []
