# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from unittest.mock import ANY

import pytest

from support.law import Refused, Step
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

MODULE = "convosphere_user_info"
ORGANIZATION = "6f1c9a4e-8f0f-4a0f-9d39-0a4d1f6a2b11"
HASH = "$2b$12$planted.planted.planted.planted.planted.planted.plant"


@pytest.fixture(scope="module")
def database(tables: Sandbox) -> PlatformDatabase:
    """Create three users, which no test changes."""
    database = PlatformDatabase(tables)
    ada = database.add_user(
        "Ada@example.com", role="SUPER_ADMIN", first_name="Ada", hashed_password=HASH,
        last_login="2026-01-31T12:00:00Z", created_at="2026-01-01T00:00:00Z",
    )  # fmt: skip
    database.add_user(
        "bob@example.com", locked_until="2027-01-01", status="SUSPENDED", created_at="2026-02-01T00:00:00Z"
    )
    database.add_user("carol@example.org", auth_provider="LDAP", first_name="100% Carol_")
    group = database.add_group("engineering")
    database.query("INSERT INTO user_group_association VALUES (%s, %s)", ada, group)
    return database


@pytest.mark.law
def test_law(run_info_law, database):
    run = run_info_law(
        MODULE,
        {**database.login, "return_groups": True, "role_changes_since": "2026-01-01", "return_unreadable": True},
        returns={
            "users": ANY,
            "total": 3,
            "by_role": {"super_admin": 1, "user": 2},
            "by_status": {"active": 2, "suspended": 1},
            "groups": [{"name": "engineering", "is_active": True}],
            "role_changes": [],
            "unreadable": [
                {"kind": "user", "id": ANY, "name": "bob@example.com", "reasons": ["locked_until must be NULL"]}
            ],
        },
        refused=[
            Refused("unknown role", {**database.login, "role": "king"}, "roles: 'king' is not one of super_admin,"),
            Refused("unknown field", {**database.login, "fields": ["hashed_password"]}, "no field 'hashed_password'"),
            Refused("unknown group", {**database.login, "group": "x"}, "there is no group 'x'"),
            Refused("no moment", {**database.login, "inactive_since": "soon"}, "soon"),
            Refused("negative", {**database.login, "limit": -1}, "cannot be negative"),
        ],
        secrets=[HASH],
    )
    users = run.task("read").result["users"]
    assert [user["email"] for user in users] == ["Ada@example.com", "bob@example.com", "carol@example.org"]
    assert users[0] == {
        "id": ANY, "email": "Ada@example.com", "username": "Ada", "role": "super_admin", "status": "active",
        "first_name": "Ada", "last_name": None, "display_name": None, "department": None, "job_title": None,
        "employee_id": None, "organization_id": None, "phone": None, "bio": None, "avatar_url": None, "language": "de",
        "timezone": "Europe/Berlin", "preferences": None, "is_verified": False, "auth_provider": "local",
        "external_id": None, "groups": ["engineering"], "locked": False, "has_password": True,
        "created_at": "2026-01-01T00:00:00Z", "last_login": "2026-01-31T12:00:00Z", "last_activity": None,
        "locked_until": None, "password_changed_at": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"email": ["ADA@EXAMPLE.COM", "bob@example.com"]}, ["Ada", "bob"]),
        ({"username": "carol"}, ["carol"]),
        ({"role": "user", "status": "active"}, ["carol"]),
        ({"group": "engineering"}, ["Ada"]),
        ({"auth_provider": "ldap"}, ["carol"]),
        ({"search": "EXAMPLE.ORG"}, ["carol"]),
        ({"search": "100% c"}, ["carol"]),
        ({"search": "' OR true --"}, []),
        ({"locked": True}, ["bob"]),
        ({"logged_in": False, "has_password": False}, ["bob", "carol"]),
        ({"inactive_since": "2026-01-31"}, []),
        ({"inactive_since": "2026-02-02"}, ["Ada", "bob"]),
        ({"inactive_days": 100000}, []),
        ({"limit": 1, "offset": 1}, ["bob"]),
    ],
)
def test_filters(run_steps, database, filters, found):
    options = {**database.login, **filters, "fields": ["username"]}
    run_steps(MODULE, [Step("Find", options, changed=False, returns={"users": [{"username": name} for name in found]})])


def test_what_the_platform_cannot_show_is_found(tables, run_steps):
    broken = PlatformDatabase(tables)
    rows = {
        "o'brien@example.org": {"username": "jo", "preferences": "[]", "bio": "x" * 2001, "created_at": None},
        "fine@example.org": {"preferences": "{}"},
        "nobody@localhost": {"preferences": "null"},
    }
    for email, columns in rows.items():
        broken.add_user(email, **columns)
    for name, permissions, settings in (
        ("fine", '["a"]', "{}"),
        ("null", "null", None),
        ("number", '["a", 1]', None),
        ("object", "{}", "[]"),
        ("", None, None),
    ):
        broken.query(
            "UPDATE user_groups SET permissions = %s, settings = %s WHERE id = %s",
            permissions,
            settings,
            broken.add_group(name),
        )
    step = Step("Find", {**broken.login, "fields": [], "return_unreadable": True}, changed=False)
    found = run_steps(MODULE, [step]).task("Find").result["unreadable"]

    email = (
        "email must be an email address of ASCII letters, digits and . _ % + - before the @, and a domain that ends "
    )
    email += "in a dot and letters"
    assert {(row["kind"], row["name"]): row["reasons"] for row in found} == {
        ("user", "nobody@localhost"): [email],
        ("user", "o'brien@example.org"): [
            email,
            "username must have 3 to 100 characters",
            "bio must have at most 2000 characters",
            "preferences must be an object",
            "created_at must not be NULL",
        ],
        ("group", ""): ["name must have 1 to 200 characters"],
        ("group", "number"): ["permissions must be a list of texts"],
        ("group", "object"): ["permissions must be a list of texts", "settings must be an object"],
    }


def test_a_hundred_thousand_users(tables, run_playbook):
    many = PlatformDatabase(tables)
    many.query(
        "INSERT INTO users (id, email, username, auth_provider, status, role, is_verified, failed_login_attempts, "
        "language, timezone) SELECT gen_random_uuid(), 'u' || n || '@example.com', 'u' || n, 'LOCAL', 'ACTIVE', "
        "'USER', false, '0', 'de', 'UTC' FROM generate_series(1, 100000) n"
    )
    page = {**many.login, "fields": ["email"], "limit": 50_000}
    pages = [
        {"name": str(offset), "convosphere.platform.convosphere_user_info": {**page, "offset": offset}}
        for offset in (0, 50_000)
    ]
    run = run_playbook(pages).succeeded()
    emails = {user["email"] for task in run.tasks for user in task.result["users"]}

    assert len(emails) == run.tasks[0].result["total"] == 100_000
