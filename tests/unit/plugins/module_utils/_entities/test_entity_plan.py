# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import CREATE, UPDATE, Change
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_plan
from ansible_collections.convosphere.platform.plugins.module_utils._entities.desired import Desired
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity import Entity
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_plan import Index
from ansible_collections.convosphere.platform.plugins.module_utils._entities.field_types import BOOL, Field
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._entities.names import Names
from ansible_collections.convosphere.platform.plugins.module_utils._postgres.catalog import Column

BOT = Entity(
    name="bot",
    table="bots",
    key=("name", "owner"),
    fields={"name": Field(), "text": Field(), "level": Field(default="low"), "is_default": Field(BOOL, default=False)},
    exclusive=("is_default",),
    renames={"new_owner": "owner"},
    title="{name} ({owner})",
)
KEYS = {
    "1": {"name": "a", "owner": "ada"},
    "2": {"name": "twin", "owner": "ada"},
    "3": {"name": "twin", "owner": "ada"},
    "4": {"name": "b", "owner": "bob"},
}
INDEX = Index(BOT, KEYS)
NULLABLE = Column("text", nullable=True, length=None, labels=())
REQUIRED = Column("text", nullable=False, length=None, labels=())


def desired(name: str | None = None, owner: str | None = "ada", state: str = "present", **fields: Any) -> Desired:
    identifier = fields.pop("id", None)
    given = {"name": name, "owner": owner} if name else {}
    return Desired(name or identifier, {**given, **fields}, {"state": state}, id=identifier)


def identified(*objects: Desired, entity: Entity = BOT, index: Index = INDEX) -> list[str]:
    problems = Problems()
    entity_plan.identify(entity, objects, index, problems)
    return list(problems)


def test_an_object_is_identified_by_its_key_or_id():
    objects = [desired("a"), desired(id="4"), desired("new")]

    assert identified(*objects) == []
    assert [(one.exists, one.row) for one in objects[:2]] == [(True, "1"), (True, "4")]
    assert not objects[2].exists
    assert entity_plan.title_of(BOT, objects[2], INDEX) == "new (ada)"


def test_a_key_of_several_rows_is_refused_with_their_ids():
    assert identified(desired("twin")) == ["twin: there are several bots with this key: give the id of one, 2, 3"]
    assert identified(desired(id="2")) == []
    assert INDEX.titles["2"] == "2"


@pytest.mark.parametrize(
    ("objects", "problem"),
    [
        ([desired(id="9")], "there is no bot with the id 9"),
        ([desired("a"), desired(id="1")], "a and 1 are the same bot in the list"),
        ([desired("new"), desired("new")], "new and new are the same bot in the list"),
        ([desired("a", new_owner="bob"), desired("b", owner="bob")], None),
        ([desired("b", owner="bob", new_owner="bob")], None),
    ],
)
def test_what_cannot_be_identified_is_refused(objects, problem):
    found = identified(*objects)
    assert (problem in found[0]) if problem else found == []


def test_a_new_owner_is_a_change_of_the_row_and_then_none():
    before, after = desired("a", new_owner="bob"), desired("b", owner="ada", new_owner="bob")
    assert identified(before, after) == []

    change = entity_plan.change_of(BOT, before, "a (ada)", {"name": "a", "owner": "ada"})
    assert change is not None
    assert (change.action, change.after) == (UPDATE, {"owner": "bob"})
    assert after.row == "4"
    assert entity_plan.change_of(BOT, after, "b (bob)", {"name": "b", "owner": "bob"}) is None


def test_only_what_is_given_and_differs_is_changed():
    row = {"name": "a", "owner": "ada", "text": "old", "level": "high", "is_default": False}
    change = entity_plan.change_of(BOT, desired("a", text=None), "a", row)

    assert change is not None
    assert (change.before, change.after) == ({"text": "old"}, {"text": None})


def test_a_new_row_gets_its_defaults_and_nothing_that_is_empty():
    change = entity_plan.change_of(BOT, desired("new", text=None), "new", None)

    assert change is not None
    assert change.action == CREATE
    assert change.after == {"name": "new", "owner": "ada", "level": "low", "is_default": False}


def test_a_new_row_needs_what_has_no_default():
    problems = Problems()
    columns = {"name": NULLABLE, "text": REQUIRED, "level": NULLABLE, "is_default": NULLABLE}
    objects = [desired("new"), desired("a")]
    identified(*objects)
    entity_plan.refuse_incomplete(BOT, objects, columns, problems)

    assert list(problems) == ["new: text must be given, because the bot is new"]


def test_the_key_of_another_row_is_refused_unless_that_row_leaves():
    renamed, leaving = desired("b", owner="bob", id="1"), desired("b", owner="bob", state="absent")
    identified(renamed)
    problems = Problems()
    entity_plan.refuse_taken_keys(BOT, [renamed], INDEX, problems)
    assert list(problems) == ["b: another bot has this key already, 4"]

    identified(leaving)
    problems = Problems()
    entity_plan.refuse_taken_keys(BOT, [renamed, leaving], INDEX, problems)
    assert list(problems) == []


def test_an_exclusive_flag_is_taken_from_all_others():
    objects = [desired("a", is_default=True), desired("b", owner="bob")]
    identified(*objects)
    holders = entity_plan.exclusive_holders(BOT, objects, Problems())

    assert entity_plan.clear_others(objects, holders, {"is_default": ["1", "2", "4"]}) == {"2": {"is_default": False}}
    assert objects[1].fields["is_default"] is False
    assert holders == {"is_default": "1"}


def test_two_objects_cannot_have_an_exclusive_flag():
    problems = Problems()
    objects = [desired("a", is_default=True), desired("b", owner="bob", is_default=True)]
    identified(*objects)
    entity_plan.exclusive_holders(BOT, objects, problems)

    assert list(problems) == ["a and b: only one bot can have is_default"]


PRUNE = {"prune": True, "prune_limit": 1, "list_name": ""}
MARKS = {"1": "", "4": "", "2": "other", "gone": ""}


def pruned(*objects: Desired, **params: Any) -> tuple[list[str], list[str]]:
    identified(*objects)
    return entity_plan.choose_pruned(BOT, objects, MARKS, INDEX, {**PRUNE, **params})


def test_only_managed_rows_of_the_list_that_exist_are_pruned():
    assert pruned(desired("a")) == (["4"], [])
    assert pruned(desired("a"), prune=False) == ([], [])
    assert pruned(desired("a"), list_name="other") == (["2"], [])


def test_too_many_rows_and_an_empty_list_are_refused():
    assert pruned(desired("new"))[1] == ["prune would remove 2 bots, and prune_limit allows 1: a (ada), b (bob)"]
    assert "this list has none" in pruned()[1][0]
    assert "this list has none" in pruned(desired("a", state="absent"))[1][0]


def test_another_key_comes_first_and_an_optional_option_may_be_missing():
    group = Entity(
        name="group",
        table="groups",
        key=("name", "organization"),
        fields={"name": Field(), "organization": Field(), "external_id": Field()},
        other_keys=(("external_id",),),
        optional_key=frozenset({"organization"}),
    )
    index = Index(
        group,
        {
            "1": {"name": "a", "organization": None, "external_id": "saml:a"},
            "2": {"name": "a", "organization": "x", "external_id": None},
        },
    )
    assert index.find({"name": "a"}) == ["1"]
    assert index.find({"name": "a", "organization": "x"}) == ["2"]
    assert index.find({"name": "b", "external_id": "saml:a"}) == ["1"]
    assert index.titles == {"1": "1", "2": "2"}


def test_the_newest_row_of_a_singleton_is_the_object():
    settings = Entity(name="settings", table="settings", key=(), fields={"size": Field()}, singleton=True)
    index = Index(settings, {"newest": {}, "old": {}})
    only = Desired("settings", {"size": "1"})

    assert identified(only, entity=settings, index=index) == []
    assert (only.row, index.titles) == ("newest", {"newest": "settings", "old": "old"})
    assert identified(Desired("settings"), entity=settings, index=Index(settings, {})) == []


@pytest.mark.parametrize(
    ("above", "problems"),
    [
        ({"a": "b"}, []),
        ({"a": "a"}, ["a: parent: it would be above itself: give another parent"]),
        ({"b": "a", "a": None}, []),
        (
            {"b": "c"},  # c is below a, and a below b
            ["b: parent: it would be above itself, and 'c' is below it already: give another parent"],
        ),
        (
            {"b": "new", "new": "c"},
            [
                "b: parent: it would be above itself, and 'new' is below it already: give another parent",
                "new: parent: it would be above itself, and 'c' is below it already: give another parent",
            ],
        ),
    ],
)
def test_no_row_is_above_itself(above, problems):
    rows = {"a": "1", "b": "2", "c": "3"}
    found = Names([(identifier, name) for name, identifier in rows.items()])
    found.add_planned({"new": "4"})
    objects = [Desired(name, {"parent": parent}, row={**rows, "new": "4"}[name]) for name, parent in above.items()]
    refused = Problems()

    # A cycle that the list does not touch is not its problem.
    entity_plan.refuse_cycles("parent", objects, {"3": "1", "1": "2", "8": "9", "9": "8"}, found, refused)

    assert list(refused) == problems


def test_tasks_are_in_the_order_of_the_list():
    gone, new, same = desired("a", state="absent"), desired("b"), desired("c")
    gone.row, new.row = "1", "2"
    deletion, creation = Change("a", "delete", {}, None), Change("b", "create", None, {})

    tasks, unchanged = entity_plan.plan_desired(
        [gone, new, same],
        {"1": deletion},
        lambda one: one.label,
        lambda _one, title: creation if title == "b" else None,
    )
    assert [(task.change, task.id, task.desired) for task in tasks] == [(deletion, "1", gone), (creation, "2", new)]
    assert unchanged == ["c"]
