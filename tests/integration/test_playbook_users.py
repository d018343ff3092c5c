# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks of users: lists and files in, files out, and what an audit finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.database_verb import database_verb
from support.platform_database import PlatformDatabase
from support.sandbox import Sandbox

GROUPS = [{"name": "engineering", "description": "Builders"}, {"name": "sales", "permissions": ["a"]}]
USERS = [
    {"email": "Ada@example.com", "role": "super_admin", "groups": ["engineering", "sales"], "preferences": {"a": [1]}},
    {
        "email": "oneil@example.com",
        "first_name": 'Quo"te; , ñ',
        "bio": "two\nlines",
        "auth_provider": "ldap",
        "employee_id": "00123",
        "phone": "12:30:45",
        "last_name": "No",
        "external_id": "1e5",
        "job_title": "null",
        "department": "2026-01-31",
        "preferences": {"zip": "01234", "n": 1, "f": 1.5, "on": True, "x": "no"},
    },
]


@pytest.fixture
def database(tables: Sandbox) -> PlatformDatabase:
    return PlatformDatabase(tables)


@pytest.fixture
def verb(tmp_path: Path, database: PlatformDatabase) -> Any:
    """Run a playbook in an environment of its own whose database is the test's."""
    run = database_verb(tmp_path, database, "users", "userstest")
    return lambda name, **options: run(name, **options).succeeded()


def test_users_yml_has_groups_and_users_and_then_nothing_to_do(verb, database):
    lists = {"users_groups": GROUPS, "users_list": USERS}
    predicted = verb("users.yml", check=True, **lists)
    assert database.emails() == []
    first, again = verb("users.yml", **lists), verb("users.yml", **lists)

    assert [run.changed for run in (predicted, first, again)] == [2, 2, 0]
    assert first.task("Report the numbers of users").result["msg"] == "2 created, 0 updated, 0 deleted, 0 unchanged"
    assert database.emails() == ["Ada@example.com", "oneil@example.com"]


def test_what_users_export_yml_writes_changes_nothing_in_users_yml(verb, database, tmp_path):
    verb("users.yml", users_groups=GROUPS, users_list=USERS)
    for suffix in ("json", "csv", "yml"):
        file = tmp_path / f"exported.{suffix}"
        verb("users_export.yml", users_export_file=str(file))
        groups = {} if suffix == "csv" else {"users_groups_file": str(file)}

        assert "assword" not in file.read_text()
        assert verb("users.yml", users_file=str(file), **groups).changed == 0

    database.query("TRUNCATE users, user_group_association CASCADE")
    assert verb("users.yml", users_file=str(file), **groups).changed == 1
    assert verb("users_export.yml", users_export_file=str(file)).changed == 0


def test_users_audit_yml_lists_what_a_review_asks_for(verb, database):
    database.add_user("admin@example.com", role="ADMIN")
    database.add_user("locked@example.com", locked_until="2027-01-01", last_login="2020-01-01", created_at="2019-01-01")
    short = database.add_user("jo@example.org", role="ADMIN", last_login="2026-11-01")
    many = [{"email": f"user{number}@example.com"} for number in range(30)]
    verb("users.yml", users_list=[{"email": "admin@example.com", "role": "super_admin"}, *many])
    found = verb("users_audit.yml", users_audit_since="2026-01-01", users_audit_limit=2).task("Report the findings")
    lines = found.result["msg"]
    changed = next(line for line in lines if "admin -> super_admin" in line)

    assert lines == [
        "super_admins: 1",
        "  admin@example.com",
        "default_admin_active: 1",
        "  admin@example.com",
        "locked: 1",
        "  locked@example.com",
        "never_logged_in: 31",
        "  admin@example.com",
        "  user0@example.com",
        "  and 29 more: raise users_audit_limit to list them",
        "inactive: 1",
        "  locked@example.com",
        "local_without_password: 33",
        "  admin@example.com",
        "  jo@example.org",
        "  and 31 more: raise users_audit_limit to list them",
        "role_changes: 1",
        changed,
        "breaks_the_user_list: 2",
        f"  user jo@example.org ({short}): username must have 3 to 100 characters",
        next(line for line in lines if line.endswith(": locked_until must be NULL")),
    ]
