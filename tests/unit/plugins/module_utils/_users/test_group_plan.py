# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, DELETE, UPDATE
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._users import group_plan
from ansible_collections.convosphere.platform.plugins.module_utils._users.group_spec import DesiredGroup, GroupNames

NAMES = GroupNames([("1", "a"), ("2", "twins"), ("3", "twins")])
ROW = {
    "name": "a", "description": "", "organization_id": None, "is_active": True, "permissions": None, "settings": None,
    "is_system": False, "members": ["b@x.example", "a@x.example"],
}  # fmt: skip


def desired(name: str | None = None, identifier: str | None = None, **options: Any) -> DesiredGroup:
    fields = {"name": name} if name else {}
    return DesiredGroup(name or str(identifier), identifier, fields, None, {"state": "present", **options})


def plan(group: DesiredGroup, members: list[str] | None = None) -> Any:
    rows = {"1": group_plan.normalised(ROW)}
    ids = group_plan.identify([group], NAMES, Problems())
    (tasks, unchanged) = group_plan.plan_groups(
        [group], ids, rows, {} if members is None else {group.key: members}, NAMES
    )
    return tasks[0].change if tasks else unchanged


def test_a_group_is_identified_by_its_name_or_id():
    problems = Problems()
    groups = [desired("a"), desired(identifier="2"), desired("new"), desired("twins"), desired(identifier="9")]

    assert group_plan.identify(groups, NAMES, problems) == {"a": "1", "2": "2", "9": "9"}
    assert list(problems) == [
        "twins: name 'twins' is the name of several groups: give the id of one, 2, 3",
        "9: there is no group with the id 9",
    ]


def test_only_what_differs_is_changed():
    group = desired("a", description="new")
    group.fields["description"] = "new"

    change = plan(group)
    assert (change.action, change.before, change.after) == (UPDATE, {"description": None}, {"description": "new"})
    assert plan(desired("a")) == ["a"]


def test_a_new_group_gets_its_defaults_and_nothing_that_is_empty():
    group = desired("new")
    group.fields["description"] = None

    change = plan(group)
    assert (change.action, change.after) == (CREATE, {"name": "new", "is_active": True})


@pytest.mark.parametrize(("mode", "members"), [("exact", ["c@x.example"]), ("append", ["a", "b", "c"])])
def test_members_are_exact_or_added(mode, members):
    change = plan(desired("a", members_mode=mode), ["c@x.example"])

    assert [email.partition("@")[0] for email in change.after["members"]] == [one.partition("@")[0] for one in members]


def test_an_absent_group_is_deleted_and_one_that_does_not_exist_is_unchanged():
    assert plan(desired("a", state="absent")).action == DELETE
    assert plan(desired("new", state="absent")) == ["new"]


def test_a_system_group_and_one_that_is_used_are_not_deleted():
    rows = {"1": {**ROW, "is_system": True}}
    problems = group_plan.refuse_deletions([desired("a", state="absent")], {"a": "1"}, rows, {"1": {"assistants": 2}})

    assert problems == ["a: a system group cannot be deleted", "a is still used by 2 assistants"]
    assert group_plan.refuse_deletions([desired("a")], {"a": "1"}, rows, {}) == []


def test_members_get_the_spelling_of_the_database_and_unknown_ones_are_problems():
    group = desired("a")
    group.members = ["ADA@x.example", "no@x.example"]
    problems = Problems()

    assert group_plan.resolve_members([group], {"ada@x.example": "Ada@x.example"}, problems) == {"a": ["Ada@x.example"]}
    assert list(problems) == ["a: members: there is no user no@x.example"]
