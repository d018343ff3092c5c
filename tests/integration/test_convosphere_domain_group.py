# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.law import Case, Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_domain_group"
NAME = "Küche"
ORGANIZATION = "11111111-2222-3333-4444-555555555555"
NEW = {
    "name": NAME,
    "organization_id": ORGANIZATION,
    "external_id": "ext-ü",
    "domain_type": "team",
    "is_public": False,
    "is_active": True,
    "default_access_level": "read_write",
    "allow_self_join": False,
    "require_approval": True,
    "members": [{"user": "ada", "access_level": "owner", "is_active": True}],
}
#: Every field with another value than that of a new row.
OTHERS = {
    "display_name": "Die Küche 🍲",
    "description": "Wer kocht",
    "domain_type": "cross_functional",
    "is_public": True,
    "is_active": False,
    "default_access_level": "admin",
    "allow_self_join": True,
    "require_approval": False,
    "tags": ["süß", "salzig"],
    "settings": {"farbe": "grün"},
    "permissions": ["kochen"],
    "expires_at": "2027-01-31T12:00:00Z",
    "members": [
        {"user": "ada", "access_level": "read_only", "is_active": False},
        {"user": "bob", "access_level": "read_write", "is_active": True},
    ],
    "resources": [
        {"type": "template", "name": "t-1", "access_level": "full_access"},
        {"type": "workspace", "name": "w-1", "access_level": "read_write"},
    ],
}


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    database = PlatformDatabase(tables)
    for email in ("ada@example.com", "bob@example.com"):
        database.add_user(email)
    return database


@pytest.mark.law
def test_law(run_law, database):
    login = database.login
    one = {**login, "name": NAME, "organization_id": ORGANIZATION, "external_id": "ext-ü"}
    before = {"resources": [], **{name: NEW.get(name) for name in OTHERS if name != "resources"}}
    change = {**OTHERS, "members": [{"user": "ADA@example.com", "access_level": "READ_ONLY", "is_active": False},
                                    {"user": "bob"}]}  # fmt: skip
    run_law(
        MODULE,
        cases=[
            Case(
                "create",
                {**one, "members": [{"user": "ada", "access_level": "owner"}]},
                diff={"before": {}, "after": {NAME: NEW}},
                returns={"created": [NAME], "ids": {NAME: ANY}},
            ),
            Case("change", {**one, **change}, diff={"before": {NAME: before}, "after": {NAME: OTHERS}}),
            Case(
                "absent",
                {**login, "external_id": "ext-ü", "state": "absent"},
                diff={"before": {NAME: {**NEW, **OTHERS, "parent": None}}, "after": {}},
                returns={"deleted": [NAME]},
            ),
        ],
        refused=[
            Refused(
                "members",
                {**one, "members": [{"user": "eve"}, {"user": "ada", "access_level": "king"}]},
                f"2 problems: domain group ext-ü, {NAME}, {ORGANIZATION}: members: there is no user 'eve'; ",
            ),
            Refused(
                "resources",
                {**one, "resources": [{"type": "assistant", "name": "Support"}, {"type": "tool", "name": "x"}]},
                "resources: there is no assistant 'Support'; ",
            ),
            Refused("resource", {**one, "resources": [{"type": "car", "name": "x"}]}, "[0] type 'car' is not one of"),
            Refused("tags", {**one, "settings": "[1]"}, "settings"),
        ],
        in_playbook=False,
    )


def test_parents_of_one_list_members_by_mode_and_resources_that_differ(run_steps, database):
    login = database.login
    groups = [
        {"name": "desk", "parent": "service", "members": [{"user": "ada"}]},
        {"name": "service", "resources": [{"type": "workspace", "name": "w"}, {"type": "workflow", "name": "f"}]},
    ]
    desk = {**login, "name": "desk"}
    service = {**login, "name": "service"}
    run_steps(
        MODULE,
        [
            Step("create", {**login, "domain_groups": groups}, changed=True, returns={"created": ["desk", "service"]}),
            Step("again", {**login, "domain_groups": groups}, changed=False),
            Step("append", {**desk, "members": [{"user": "bob"}], "members_mode": "append"}, changed=True),
            Step("one less", {**service, "resources": [{"type": "workflow", "name": "f"}]}, changed=True),
            Step("one more", {**service, "resources": [{"type": "template", "name": "t", "access_level": "admin"}],
                              "resources_mode": "append"}, changed=True),
        ],
    )  # fmt: skip

    parents = database.query(
        "SELECT c.name, p.name FROM domain_groups c JOIN domain_groups p ON p.id = c.parent_domain_id"
    )
    assert parents == [("desk", "service")]
    assert database.query("SELECT count(*) FROM domain_group_members WHERE is_active") == [(2,)]
    shared = "SELECT resource_type::text, resource_id, access_level::text FROM domain_resources ORDER BY 1"
    assert database.query(shared) == [("TEMPLATE", "t", "ADMIN"), ("WORKFLOW", "f", "READ_WRITE")]


def test_a_time_that_cannot_be_read_is_named(run_steps, database):
    login = database.login
    last = {**login, "name": "a", "expires_at": "9999-12-31T23:59:59Z"}
    database.query(f"ALTER DATABASE {database.name} SET timezone = 'Europe/Berlin'")
    run_steps(MODULE, [Step("create", last, changed=True), Step("last second", last, changed=False)])
    database.query("UPDATE domain_groups SET expires_at = 'infinity'")
    run_steps(MODULE, [Step("infinity", last, changed=False)])
    database.query("UPDATE domain_groups SET expires_at = '12026-01-01 00:00+00'")
    ((identifier,),) = database.query("SELECT id::text FROM domain_groups")
    told = f"Cannot read expires_at of the row {identifier} in table domain_groups: it is 12026-01-01 00:00:00+00, and"
    info = Step("info", {**login, "entities": ["domain_groups"]}, module="convosphere_content_info", fails=told)
    run_steps(MODULE, [Step("module", last, fails=told), info])


def test_a_group_is_not_above_itself(run_steps, database):
    login = database.login
    cycle = [{"name": "top", "parent": "low"}, {"name": "low", "parent": "top"}]
    below = "top): parent: it would be above itself, and 'low' is below it already"
    run_steps(
        MODULE,
        [
            Step("new", {**login, "domain_groups": cycle}, check=True, fails=below),
            Step("create", {**login, "domain_groups": [{"name": "top"}, cycle[1]]}, changed=True),
            Step("cycle", {**login, **cycle[0]}, fails="top: parent: it would be above itself, and 'low' is below it"),
            Step("itself", {**login, "name": "top", "parent": "top"}, fails="it would be above itself: give another"),
        ],
    )


def test_a_group_of_the_system_stays(run_steps, database):
    database.query(
        "INSERT INTO domain_groups (id, name, domain_type, is_public, is_active, is_system, default_access_level,"
        " allow_self_join, require_approval, external_id)"
        " VALUES (gen_random_uuid(), 'sso', 'TEAM', false, true, true, 'READ_ONLY', false, false, 'saml:sso')"
    )
    absent = {**database.login, "name": "sso", "state": "absent"}

    run_steps(MODULE, [Step("absent", absent, fails="belongs to the system, which created it at the login of a user")])
