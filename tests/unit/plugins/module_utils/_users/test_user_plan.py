# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, DELETE, UPDATE, Change
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._users import user_plan as plan
from ansible_collections.convosphere.platform.plugins.module_utils._users.group_spec import GroupNames
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_plan import Context
from ansible_collections.convosphere.platform.plugins.module_utils._users.user_spec import DesiredUser

from support.users import POLICY, current, desired, row, task

NOTHING = Context()


def test_users_are_found_by_their_email_or_new_email_in_any_case():
    users = [desired("A@x.example", "B@x.example"), desired("c@x.example")]
    matches = plan.match(users, [row("b@X.example"), row("d@x.example")])

    assert {key: one.email for key, one in matches.current.items()} == {"a@x.example": "b@X.example"}
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
    matches = plan.match([desired("a@x.example", "b@x.example")], [row(email) for email in emails])

    assert matches.problems == [f"a@x.example: the platform has {problem}"]


def test_only_what_differs_is_changed():
    user = desired("a@x.example", role="admin", status="active", first_name=None)

    assert plan.change_of(user, current("A@x.example", first_name=""), NOTHING) == Change(
        "A@x.example", UPDATE, {"role": "user"}, {"role": "admin"}
    )
    assert plan.change_of(user, current("a@x.example", role="ADMIN", first_name=None), NOTHING) is None


def test_a_new_user_gets_what_it_cannot_be_without_and_nothing_that_is_empty():
    context = Context(usernames={"a@x.example": "a"})
    change = plan.change_of(desired("a@x.example", phone=None, role="admin"), None, context)

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
    user_there = current("a@x.example", groups=["b", "a"])
    user = desired("a@x.example", groups=["c"])

    assert plan.fields_of(user, user_there, NOTHING)["groups"] == ["c"]
    user.options = {**POLICY, "groups_mode": "append"}
    assert plan.fields_of(user, user_there, NOTHING)["groups"] == ["a", "b", "c"]


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
    change = plan.deletion_of(current("a@x.example"), owns, owned)

    assert change is not None
    assert change.action == action


def test_one_that_is_archived_already_is_left_alone():
    assert plan.deletion_of(current("a@x.example", status="ARCHIVED"), {"documents": 1}, "archive") is None


ALWAYS = {**POLICY, "update_password": "always"}


def with_password(email: str, password: str | None = None, password_hash: str | None = None) -> DesiredUser:
    user = desired(email)
    user.password, user.password_hash, user.options = password, password_hash, ALWAYS
    return user


def test_a_password_is_verified_only_for_a_current_user_whose_password_is_always_set():
    users = [with_password(f"{name}@x.example", f"secret-{name}") for name in ("a", "new")] + [desired("c@x.example")]
    matches = plan.match(users, [row("a@x.example", hashed_password="hash"), row("c@x.example")])

    assert plan.to_verify(users, matches) == {"a@x.example": ("secret-a", "hash")}


@pytest.mark.parametrize(("verified", "sets"), [(True, False), (False, True)])
def test_a_password_is_set_unless_the_stored_hash_is_its_own(verified, sets):
    users = [with_password("a@x.example", "secret-a")]
    matches = plan.match(users, [row("a@x.example", hashed_password="hash")])
    same = plan.same_passwords(users, matches, {("secret-a", "hash"): verified})
    change = plan.change_of(users[0], matches.current["a@x.example"], Context(same_password=same))

    assert (change is not None) is sets


def test_a_hash_is_compared_as_it_is():
    users = [with_password("a@x.example", password_hash="hash"), with_password("b@x.example", password_hash="other")]
    rows = [row("a@x.example", hashed_password="hash"), row("b@x.example", hashed_password="hash")]

    assert plan.same_passwords(users, plan.match(users, rows), {}) == {"a@x.example"}


def test_groups_get_the_labels_of_the_database_and_unknown_ones_are_problems():
    users = [desired("a@x.example", groups=["a", "2"]), desired("b@x.example", groups=["a"]), desired("c@x.example")]
    problems = Problems()
    resolved = plan.resolve_groups(users, GroupNames([("1", "a"), ("2", "b")]), problems)

    assert resolved == {"a@x.example": ["a", "b"]}
    assert list(problems) == []
    plan.resolve_groups([desired("d@x.example", groups=["z"])], GroupNames(()), problems)
    assert list(problems) == ["d@x.example: groups: there is no group 'z'"]


def test_an_owner_is_not_removed_unless_the_options_say_how():
    gone = desired("a@x.example")
    gone.options = {**POLICY, "state": "absent"}
    matches = plan.match([gone], [row("a@x.example")])
    owns = {"a@x.example": {"documents": 2}}

    tasks, unchanged, problems = plan.plan_users([gone], matches, owns, NOTHING)
    assert [task.change.action for task in tasks] == [DELETE]
    assert unchanged == []
    assert problems == ["a@x.example owns 2 documents: set owned to transfer, or to archive to keep the user"]
    _tasks, (problem,) = plan.plan_pruned([current("p@x.example")], {"p@x.example": {"documents": 1}}, "refuse")
    assert problem.startswith("p@x.example (to be pruned) owns 1 documents: set owned")


def test_rows_are_transferred_from_deleted_users_that_own_some():
    gone, kept = task(DELETE, "a@x.example", None), task(DELETE, "b@x.example", None)
    for one in (gone, kept):
        one.desired.options = {**POLICY, "owned": "transfer", "transfer_to": "Boss@x.example"}

    assert plan.leaving([gone, kept], {"a@x.example": {"documents": 1}}, {}) == {"a@x.example": "Boss@x.example"}
