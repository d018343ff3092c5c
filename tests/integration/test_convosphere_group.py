# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase, assert_shown
from support.sandbox import Sandbox

MODULE = "convosphere_group"
NOBODY = "00000000-0000-0000-0000-000000000000"


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


@pytest.mark.law
def test_law(run_law, database):
    database.add_user("Ada@example.com")
    database.add_user("bob@example.com")
    database.add_group("system", is_system=True)
    twins = [database.add_group("twins") for _each in range(2)]
    database.query("INSERT INTO user_group_association SELECT id, %s FROM users WHERE email LIKE 'bob@%%'", twins[0])
    login = database.login
    group = {**login, "name": "engineering"}
    members = {"before": {"engineering": {"members": ["Ada@example.com"]}}}
    cases = [
        Case(
            "create",
            {**group, "permissions": ["a.b"], "members": ["ada@example.com"]},
            diff={
                "before": {},
                "after": {
                    "engineering": {
                        "name": "engineering",
                        "is_active": True,
                        "permissions": ["a.b"],
                        "members": ["Ada@example.com"],
                    }
                },
            },
            returns={"created": ["engineering"], "groups": {"engineering": ANY}},
        ),
        Case(
            "change",
            {
                **group,
                "description": "Builders",
                "permissions": [],
                "settings": '{"color": "blue"}',
                "is_active": False,
            },
            diff={
                "before": {
                    "engineering": {
                        "description": None,
                        "permissions": ["a.b"],
                        "settings": None,
                        "is_active": True,
                    }
                },
                "after": {
                    "engineering": {
                        "description": "Builders",
                        "permissions": None,
                        "settings": {"color": "blue"},
                        "is_active": False,
                    }
                },
            },
        ),
        Case(
            "append a member",
            {**group, "members": ["bob@example.com"], "members_mode": "append"},
            diff={**members, "after": {"engineering": {"members": ["Ada@example.com", "bob@example.com"]}}},
        ),
        Case(
            "one of two by id",
            {**login, "id": twins[0], "description": "The first"},
            diff={"before": {twins[0]: {"description": None}}, "after": {twins[0]: {"description": "The first"}}},
        ),
        Case(
            "absent",
            {**group, "state": "absent"},
            diff={
                "before": {
                    "engineering": {
                        "name": "engineering",
                        "description": "Builders",
                        "organization_id": None,
                        "is_active": False,
                        "permissions": None,
                        "settings": {"color": "blue"},
                        "members": ["Ada@example.com", "bob@example.com"],
                    }
                },
                "after": {},
            },
            returns={"deleted": ["engineering"], "groups": {}},
        ),
    ]
    run = run_law(
        MODULE,
        cases,
        read_back=database.read_users(),
        refused=[
            Refused("ambiguous", {**login, "name": "twins"}, f"give the id of one, {', '.join(sorted(twins))}"),
            Refused(
                "of the system", {**login, "name": "system", "state": "absent"}, "a system group cannot be deleted"
            ),
            Refused("no such id", {**login, "id": NOBODY}, "there is no group with the id"),
            Refused("no such member", {**group, "members": ["x@example.com"]}, "there is no user x@example.com"),
            Refused("long name", {**login, "name": "x" * 201}, "at most 200 fit"),
            Refused("no name", {**login, "groups": [{"description": "x"}]}, "groups[0]: name or id is missing"),
            Refused("a number", {**login, "name": 7}, "name must be a text, not the number 7: quote it"),
            Refused("permissions", {**group, "permissions": ["a", 1]}, "permissions must be a list of texts"),
            Refused("settings", {**group, "settings": ["a"]}, "settings must be an object"),
        ],
    )
    assert_shown(run, cases)
    assert database.query("SELECT count(*) FROM user_group_association") == [(1,)]
    events = database.query(
        "SELECT event_type::text FROM audit_logs WHERE resource_type = 'user_group' ORDER BY created_at"
    )
    assert [row[0] for row in events] == ["USER_REGISTER", "USER_UPDATE", "USER_UPDATE", "USER_UPDATE", "USER_DELETE"]


def test_all_problems_of_a_list_are_told_together(run_steps, database):
    groups = [{"name": "a", "permissions": "{"}, {"name": "b", "colour": 1}, {"name": "c"}, {"name": "c"}]
    for message in ("permissions is not valid JSON", "there is no option 'colour'", "are the same group in the list"):
        run_steps(MODULE, [Step("Groups", {**database.login, "groups": groups}, fails=message)])

    assert database.query("SELECT count(*) FROM user_groups") == [(0,)]
