# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, DELETE, UPDATE, Change
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import Secret
from ansible_collections.convosphere.platform.plugins.module_utils._entities.desired import Desired
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._users import user_login, user_spec
from ansible_collections.convosphere.platform.plugins.module_utils._users import user_plan as plan

from support.users import POLICY, current, desired, row, task


def match(users: list[Desired], rows: list[dict[str, Any]]) -> tuple[plan.Current, list[str]]:
    problems = Problems()
    return plan.match(users, rows, problems), list(problems)


def test_users_are_found_by_their_email_or_new_email_in_any_case():
    users = [desired("A@x.example", new_email="B@x.example"), desired("c@x.example")]
    found, problems = match(users, [row("b@X.example"), row("d@x.example")])

    assert {one: row["email"] for one, row in found.rows.items()} == {users[0].row: "b@X.example"}
    assert [user.exists for user in users] == [True, False]
    assert users[1].row
    assert sorted(found.holders) == ["b", "d"]
    assert problems == []


@pytest.mark.parametrize(
    ("emails", "problem"),
    [
        (["a@x.example", "A@x.example"], "'A@x.example' and 'a@x.example', which differ only in case"),
        (["a@x.example", "b@x.example"], "'a@x.example' and 'b@x.example', so it cannot be renamed"),
    ],
)
def test_two_rows_for_one_user_are_a_problem(emails, problem):
    user = desired("a@x.example", new_email="b@x.example")

    assert match([user], [row(email) for email in emails])[1] == [f"a@x.example: the platform has {problem}"]


def test_duplicates_name_both():
    users = [
        desired("a@x.example", username="one"),
        desired("b@x.example", username="one"),
        desired("c@x.example", new_email="A@x.example"),
    ]
    problems = Problems()
    plan.refuse_duplicates(users, problems)

    assert list(problems) == [
        "a@x.example and b@x.example have the same username 'one'",
        "a@x.example and c@x.example have the same email in the list",
    ]


def test_only_what_differs_is_changed():
    user = desired("a@x.example", role="admin", status="active", first_name=None)

    assert plan.change_of(user, "A@x.example", current("A@x.example", first_name="")) == Change(
        "A@x.example", UPDATE, {"role": "user"}, {"role": "admin"}
    )
    assert plan.change_of(user, "a@x.example", current("a@x.example", role="ADMIN", first_name=None)) is None


def test_a_new_user_gets_what_it_cannot_be_without_and_nothing_that_is_empty():
    user = desired("a@x.example", phone=None, role="admin", username="a", locked=False)
    change = plan.change_of(user, plan.title_of(user, None), None)

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


def test_a_user_is_renamed_only_by_its_new_email():
    there = current("A@x.example")

    assert plan.change_of(desired("a@x.example"), "A@x.example", there) is None
    user = desired("a@x.example", new_email="b@x.example")
    renamed = plan.change_of(user, plan.title_of(user, there), there)
    assert renamed == Change("A@x.example", UPDATE, {"email": "A@x.example"}, {"email": "b@x.example"})


ALWAYS = {**POLICY, "update_password": "always"}


def with_password(email: str, **given: str) -> Desired:
    return Desired(email, {"email": email, **{name: Secret(text) for name, text in given.items()}}, ALWAYS)


def test_a_password_is_verified_only_for_a_current_user_whose_password_is_always_set():
    users = [with_password(f"{name}@x.example", password=f"secret-{name}") for name in ("a", "new")]
    users.append(desired("c@x.example"))
    found, _problems = match(users, [row("a@x.example", hashed_password="hash"), row("c@x.example")])

    assert plan.to_verify(users, found.rows) == {"a@x.example": ("secret-a", "hash")}


@pytest.mark.parametrize(("verified", "sets"), [(True, False), (False, True)])
def test_a_password_is_set_unless_the_stored_hash_is_its_own(verified, sets):
    users = [with_password("a@x.example", password="secret-a")]
    found, _problems = match(users, [row("a@x.example", hashed_password="hash")])
    same = plan.same_passwords(users, found.rows, {("secret-a", "hash"): verified})
    change = plan.change_of(users[0], "a@x.example", found.rows["a@x.example"], same)

    assert (change is not None) is sets


def test_a_hash_is_compared_as_it_is():
    users = [with_password("a@x.example", password_hash="hash"), with_password("b@x.example", password_hash="other")]
    rows = [row("a@x.example", hashed_password="hash"), row("b@x.example", hashed_password="hash")]

    assert plan.same_passwords(users, match(users, rows)[0].rows, {}) == {"a@x.example"}


def test_what_a_login_needs_is_written_with_the_fields():
    login = user_login.Login()
    login.hashes = {"a@x.example": "hash"}
    after = {"password": Secret("secret-a"), "locked": False, "is_verified": True}

    assert login.columns(task(CREATE, "a@x.example", after)) == {
        "email": "a@x.example",
        "hashed_password": "hash",
        "password_changed_at": "now",
        "password_reset_token": None,
        "password_reset_expires_at": None,
        "locked_until": None,
        "failed_login_attempts": "0",
        "email_verified_at": "now",
    }
    assert login.columns(task(UPDATE, "b@x.example", {"is_verified": False})) == {"email_verified_at": None}
    given = login.columns(task(UPDATE, "b@x.example", {"password": Secret("given-hash")}))
    assert given["hashed_password"] == "given-hash"
    assert set(user_spec.USER.also_read) >= given.keys()


def test_rows_are_transferred_from_deleted_users_that_own_some():
    gone, kept = task(DELETE, "a@x.example", None), task(DELETE, "b@x.example", None)
    for one in (gone, kept):
        one.desired.options = {**POLICY, "owned": "transfer", "transfer_to": "Boss@x.example"}

    assert plan.heirs([gone, kept], {"a@x.example": {"documents": 1}}, {}) == {"a@x.example": "Boss@x.example"}


def test_credentials_are_those_of_users_whose_plain_password_is_set():
    secret = Secret("secret-text")
    changes = [
        Change("a@x.example", CREATE, None, {"username": "a", "password": secret}),
        Change("b@x.example", UPDATE, {}, {"email": "B@y.example", "password": secret}),
        Change("c@x.example", CREATE, None, {"username": "c", "password": Secret("hash")}),
    ]
    tasks = [replace(task(change.action, change.name, {}), change=change) for change in changes]
    for one in tasks[:2]:
        one.desired.fields["password"] = secret

    assert plan.credentials(tasks, {"b@x.example": current("b@x.example")}) == [
        ("a@x.example", "a", "secret-text"),
        ("B@y.example", "b", "secret-text"),
    ]
