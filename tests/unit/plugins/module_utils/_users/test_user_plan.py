# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, DELETE, UPDATE, Change
from ansible_collections.convosphere.platform.plugins.module_utils._users import user_plan as plan
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_plan import Present, Task
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import Wanted, username_candidates

POLICY = {"state": "present", "groups_mode": "exact", "update_password": "on_create", "owned": "refuse"}


def wanted(email: str, new_email: str | None = None, groups: list[str] | None = None, **fields: Any) -> Wanted:
    user = Wanted(email, email)
    user.new_email, user.groups, user.fields, user.options = new_email, groups, fields, POLICY
    return user


def row(email: str, **more: Any) -> dict[str, Any]:
    return {"id": email, "email": email, "username": email[0], "role": "USER", "status": "ACTIVE", **more}


def present(email: str, **more: Any) -> Present:
    return Present(plan.normalised(row(email, **more)))


def task(action: str, email: str, after: dict[str, Any] | None, **more: Any) -> Task:
    there = None if action == CREATE else present(email, **more)
    return Task(Change(email, action, {}, after), wanted(email), there)


def test_users_are_found_by_their_email_or_new_email_in_any_case():
    users = [wanted("A@x.example", "B@x.example"), wanted("c@x.example")]
    matches = plan.match(users, [row("b@X.example"), row("d@x.example")])

    assert {key: one.email for key, one in matches.found.items()} == {"a@x.example": "b@X.example"}
    assert sorted(matches.holders) == ["b", "d"]
    assert matches.problems == []


@pytest.mark.parametrize(
    ("emails", "problem"),
    [
        (["a@x.example", "A@x.example"], "'A@x.example' and 'a@x.example', which differ only in case"),
        (["a@x.example", "b@x.example"], "'a@x.example' and 'b@x.example', so it cannot be renamed"),
    ],
)
def test_two_rows_for_one_user_are_a_problem(emails, problem):
    matches = plan.match([wanted("a@x.example", "b@x.example")], [row(email) for email in emails])

    assert matches.problems == [f"a@x.example: the platform has {problem}"]


def test_only_what_differs_is_changed():
    user = wanted("a@x.example", role="admin", status="active", first_name=None)

    assert plan.change_of(user, present("A@x.example", first_name=""), {}) == Change(
        "A@x.example", UPDATE, {"role": "user"}, {"role": "admin"}
    )
    assert plan.change_of(user, present("a@x.example", role="ADMIN", first_name=None), {}) is None


def test_a_new_user_gets_what_it_cannot_be_without_and_nothing_that_is_empty():
    change = plan.change_of(wanted("a@x.example", phone=None, role="admin"), None, {"a@x.example": "a"})

    assert change == Change(
        "a@x.example",
        CREATE,
        None,
        {
            "username": "a",
            "role": "admin",
            "status": "active",
            "language": "de",
            "timezone": "Europe/Berlin",
            "is_verified": False,
            "auth_provider": "local",
        },
    )


def test_groups_are_exact_or_added():
    there = present("a@x.example", groups=["b", "a"])
    user = wanted("a@x.example", groups=["c"])

    assert plan.fields_of(user, there, {})["groups"] == ["c"]
    user.options = {**POLICY, "groups_mode": "append"}
    assert plan.fields_of(user, there, {})["groups"] == ["a", "b", "c"]


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
    change = plan.deletion_of(present("a@x.example"), owns, owned)

    assert change is not None
    assert change.action == action


def test_one_that_is_archived_already_is_left_alone():
    assert plan.deletion_of(present("a@x.example", status="ARCHIVED"), {"documents": 1}, "archive") is None


def test_usernames_depend_on_the_email_alone():
    base, other = username_candidates("Ada.Lovelace+x@example.com")

    assert base == "ada.lovelace-x"
    assert other == username_candidates("ADA.lovelace+X@EXAMPLE.com")[1]
    assert len(other) == len(base) + 7
    assert username_candidates("漢字@example.com")[0] == "user"
    assert [len(name) for name in username_candidates("jo@example.com")] == [9]
    assert all(len(name) <= 100 for name in username_candidates("x" * 200 + "@example.com"))


def test_derived_usernames_do_not_collide():
    users = [wanted("ada@x.example"), wanted("ada@y.example")]
    made, problems = plan.make_usernames(users, {"b"})

    assert made["ada@x.example"] == "ada"
    assert made["ada@y.example"].startswith("ada-")
    assert plan.make_usernames(users[:1], {"ada"})[0]["ada@x.example"].startswith("ada-")
    assert problems == []
    assert len(plan.make_usernames(users[:1], set(username_candidates("ada@x.example")))[1]) == 1


def test_a_username_that_somebody_keeps_is_taken():
    holders = {"b": present("b@x.example")}
    takes = task(UPDATE, "a@x.example", {"username": "b"})

    assert len(plan.refuse_taken_usernames([takes], holders)) == 1
    assert plan.refuse_taken_usernames([takes, task(DELETE, "b@x.example", None)], holders) == []
    assert plan.refuse_taken_usernames([takes, task(UPDATE, "b@x.example", {"username": "c"})], holders) == []


ROOT = {"role": "SUPER_ADMIN"}
ADMINS = {"root@x.example": "root@x.example"}


@pytest.mark.parametrize(
    ("tasks", "refused"),
    [
        ([task(UPDATE, "root@x.example", {"role": "user"}, **ROOT)], True),
        ([task(UPDATE, "root@x.example", {"status": "suspended"}, **ROOT)], True),
        ([task(DELETE, "root@x.example", None, **ROOT)], True),
        ([task(UPDATE, "root@x.example", {"first_name": "R"}, **ROOT)], False),
        (
            [
                task(CREATE, "new@x.example", {"role": "super_admin", "status": "active"}),
                task(DELETE, "root@x.example", None, **ROOT),
            ],
            False,
        ),
        (
            [
                task(CREATE, "new@x.example", {"role": "super_admin", "status": "pending"}),
                task(DELETE, "root@x.example", None, **ROOT),
            ],
            True,
        ),
    ],
)
def test_the_last_active_super_admin_stays(tasks, refused):
    assert bool(plan.refuse_last_super_admin(tasks, ADMINS)) is refused
    assert plan.needs_super_admins(tasks) is (tasks[-1].change.after != {"first_name": "R"})


@pytest.mark.parametrize(
    ("pruned", "scope", "limit", "refused"),
    [
        (0, 0, 10, False),
        (1, 10, 10, False),
        (1, 9, 10, True),
        (2, 10, 10, True),
        (10, 11, 100, False),
        (1, 10, 0, True),
    ],
)
def test_never_more_is_pruned_than_the_limit(pruned, scope, limit, refused):
    assert bool(plan.refuse_pruning_too_many(pruned, scope, 1, limit)) is refused


def test_pruning_never_removes_everybody_whatever_the_limit():
    problem = plan.refuse_pruning_too_many(10, 10, 0, 100)

    assert "the list has none of the 10" in str(problem)
    assert plan.refuse_pruning_too_many(0, 10, 0, 100) is None


PRUNING = {"prune_limit": 10, "prune_auth_provider": "local", "prune_organization_id": None, "prune_protected": []}
GONE = {**POLICY, "state": "absent"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"prune_limit": 101}, "prune_limit is a percentage, 0 to 100, not 101"),
        ({"prune_limit": -1}, "not -1"),
        ({"prune_auth_provider": "locla"}, "prune_auth_provider 'locla' is not one of local, ldap"),
        ({"prune_auth_provider": ""}, "prune_auth_provider '' is not one of"),
        ({"prune_organization_id": "x"}, "prune_organization_id must be a UUID"),
        ({"prune_protected": ["admin"]}, "'admin' is no email address, so it protects nobody"),
    ],
)
def test_an_option_with_which_others_would_be_pruned_is_refused(options, problem):
    (found,) = plan.problems_of_pruning({**PRUNING, **options}, [wanted("a@x.example")], ["LOCAL", "LDAP"])

    assert problem in found


def test_a_list_without_users_who_shall_be_present_prunes_nobody():
    absent = wanted("a@x.example")
    absent.options = GONE
    for users in ([], [absent]):
        (found,) = plan.problems_of_pruning(PRUNING, users, ["LOCAL"])
        assert "this one has none: everybody would be removed" in found
    assert plan.problems_of_pruning(PRUNING, [wanted("a@x.example"), absent], ["LOCAL"]) == []
