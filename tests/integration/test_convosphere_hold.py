# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any
from unittest.mock import ANY

import pytest

from support.law import NO_DIFF, Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_hold"


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


@pytest.mark.law
def test_law(run_law, database):
    ada = database.add_user("ada@example.com")
    hold: dict[str, Any] = {**database.login, "user": "Ada@example.com", "reason": "Case 4711", "held_by": "eve"}
    name, entry = "user Ada@example.com", {"kind": "user", "id": ada, "held_by": "eve", "since": ANY}

    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                hold,
                diff={"before": {}, "after": {name: {"reason": "Case 4711"}}},
                returns={"kind": "user", "id": ada, "holds": [{**entry, "reason": "Case 4711"}]},
            ),
            Case(
                "change",
                {**hold, "reason": "Case 4712"},
                diff={"before": {name: {"reason": "Case 4711"}}, "after": {name: {"reason": "Case 4712"}}},
                returns={"holds": [{**entry, "reason": "Case 4712"}]},
            ),
            Case(
                "absent",
                {**database.login, "user": "ada@example.com", "state": "absent"},
                diff={"before": {"user ada@example.com": {"reason": "Case 4712"}}, "after": {}},
                returns={"holds": []},
            ),
        ],
        refused=[
            Refused("no reason", {**database.login, "user": "ada@example.com"}, "are missing: reason"),
            Refused("nothing", {**database.login, "reason": "why"}, "one of the following is required: user"),
            Refused("unknown", {**hold, "user": "eve@example.com"}, "There is no user eve@example.com"),
            Refused(
                "no id", {**database.login, "conversation": "x", "reason": "why"}, "conversation is 'x': give its id"
            ),
            Refused(
                "unknown id",
                {**database.login, "assistant": "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11", "reason": "why"},
                "There is no assistant 6f1c9a4e",
            ),
        ],
    )


def test_of_two_users_with_one_address_the_id_names_the_one(run_steps, database):
    small, large = database.add_user("ada@example.com"), database.add_user("ADA@example.com", username="ada2")
    hold = {**database.login, "reason": "why", "held_by": "eve"}

    run_steps(
        MODULE,
        [
            Step(
                "address",
                {**hold, "user": "Ada@example.com"},
                fails=f"ada@example.com has the id {small}. Nothing was changed. Give the id of the one"
                if large < small
                else f"ADA@example.com has the id {large}. Nothing was changed. Give the id of the one",
            ),
            Step("id", {**hold, "user": small.upper()}, changed=True, returns={"id": small}),
            Step("no id", {**hold, "user": "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"}, fails="There is no user 6f1c9a4e"),
        ],
    )
    database.query("DELETE FROM users WHERE id = %s", small)
    gone = {**database.login, "user": small, "state": "absent"}
    run_steps(MODULE, [Step("release", gone, changed=True, returns={"holds": []})])


def test_check_mode_creates_no_table(run_steps, database):
    database.add_user("ada@example.com")
    gone = {**database.login, "conversation": "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11", "state": "absent"}

    run_steps(
        MODULE,
        [
            Step("check", {**database.login, "user": "ada@example.com", "reason": "why"}, check=True, changed=True),
            Step("nothing to release", gone, changed=False, diff=NO_DIFF),
        ],
    )

    assert database.query("SELECT to_regnamespace('convosphere_platform') IS NULL") == [(True,)]
