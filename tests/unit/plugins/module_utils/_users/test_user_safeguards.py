# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, DELETE, UPDATE
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._users import user_plan
from ansible_collections.convosphere.platform.plugins.module_utils._users import user_safeguards as safeguards

from support.users import POLICY, current, desired, row, task

ROOT = {"root@x.example": current("root@x.example", role="SUPER_ADMIN")}
ADMINS = {"root@x.example": "root@x.example"}


@pytest.mark.parametrize(
    ("tasks", "refused"),
    [
        ([task(UPDATE, "root@x.example", {"role": "user"})], True),
        ([task(UPDATE, "root@x.example", {"status": "suspended"})], True),
        ([task(DELETE, "root@x.example", None)], True),
        ([task(UPDATE, "root@x.example", {"first_name": "R"})], False),
        (
            [
                task(CREATE, "new@x.example", {"role": "super_admin", "status": "active"}),
                task(DELETE, "root@x.example", None),
            ],
            False,
        ),
        (
            [
                task(CREATE, "new@x.example", {"role": "super_admin", "status": "pending"}),
                task(DELETE, "root@x.example", None),
            ],
            True,
        ),
    ],
)
def test_the_last_active_super_admin_stays(tasks, refused):
    assert bool(safeguards.refuse_last_super_admin(tasks, ROOT, ADMINS)) is refused
    assert safeguards.needs_super_admins(tasks, ROOT) is (tasks[-1].change.after != {"first_name": "R"})


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
    assert bool(safeguards.problems_of_pruning_too_many(pruned, scope, 1, limit)) is refused


def test_pruning_never_removes_everybody_whatever_the_limit():
    (problem,) = safeguards.problems_of_pruning_too_many(10, 10, 0, 100)

    assert "the list has none of the 10" in problem
    assert safeguards.problems_of_pruning_too_many(0, 10, 0, 100) == []


PRUNING = {"prune_limit": 10, "prune_auth_provider": "local", "prune_organization_id": None, "prune_protected": []}
GONE = {**POLICY, "state": "absent"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"prune_limit": 101}, "prune_limit is 101: it must be a percentage from 0 to 100"),
        ({"prune_limit": -1}, "prune_limit is -1"),
        ({"prune_auth_provider": "locla"}, "prune_auth_provider 'locla' is not one of local, ldap"),
        ({"prune_auth_provider": ""}, "prune_auth_provider '' is not one of"),
        ({"prune_organization_id": "x"}, "prune_organization_id must be a UUID"),
        ({"prune_protected": ["admin"]}, "'admin' is not an email address, so it protects no user"),
    ],
)
def test_an_option_with_which_others_would_be_pruned_is_refused(options, problem):
    (found,) = safeguards.refuse_prune_options({**PRUNING, **options}, [desired("a@x.example")], ["LOCAL", "LDAP"])

    assert problem in found


def test_a_list_without_users_who_shall_be_present_prunes_nobody():
    absent = desired("a@x.example")
    absent.options = GONE
    for users in ([], [absent]):
        (found,) = safeguards.refuse_prune_options(PRUNING, users, ["LOCAL"])
        assert "this list has none: all users would be removed" in found
    assert safeguards.refuse_prune_options(PRUNING, [desired("a@x.example"), absent], ["LOCAL"]) == []


def test_a_user_who_is_listed_protected_or_takes_over_is_not_pruned():
    users = [desired("a@x.example")]
    user_plan.match(users, [row("a@x.example")], Problems())
    scope = [current(f"{name}@x.example") for name in ("a", "b", "boss", "root")]
    options = {**PRUNING, "prune_limit": 25, "prune_protected": ["Root@x.example"], "transfer_to": "boss@x.example"}

    pruned, problems = safeguards.choose_pruned(scope, users, {**options, "owned": "transfer"})
    assert [row["email"] for row in pruned] == ["b@x.example"]
    assert problems == []


def test_an_archived_user_is_not_pruned_again():
    users = [desired("a@x.example")]
    user_plan.match(users, [row("a@x.example")], Problems())
    scope = [current("a@x.example"), current("b@x.example", status="ARCHIVED")]
    options = {**PRUNING, "prune_protected": [], "transfer_to": None, "owned": "archive"}

    assert safeguards.choose_pruned(scope, users, options) == ([], [])
