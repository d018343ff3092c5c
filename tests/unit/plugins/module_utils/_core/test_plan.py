# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

from ansible_collections.convosphere.platform.plugins.module_utils._core.plan import (
    CREATE,
    DELETE,
    UPDATE,
    Change,
    Plan,
    make_plan,
)
from ansible_collections.convosphere.platform.plugins.module_utils._core.redaction import HIDDEN, Secret, shown
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.text("abcde", min_size=1, max_size=2)
FIELDS = st.dictionaries(
    st.sampled_from(["role", "state", "size"]), st.none() | st.integers(0, 3) | st.text("xy", max_size=2)
)
CURRENT = st.dictionaries(NAMES, FIELDS)
DESIRED = st.dictionaries(NAMES, st.none() | FIELDS)


def carry_out(plan: Plan, current: dict) -> dict:
    """Return the state after the plan, derived from its changes alone."""
    result = {name: dict(fields) for name, fields in current.items()}
    for change in plan:
        if change.action == DELETE:
            del result[change.name]
        else:
            result[change.name] = {**result.get(change.name, {}), **change.after}
    return result


@given(DESIRED, CURRENT)
def test_after_a_plan_is_carried_out_there_is_nothing_left_to_do(desired, current):
    after = carry_out(make_plan(desired, current), current)

    assert not make_plan(desired, after).changed


@given(DESIRED, CURRENT)
def test_a_plan_names_every_desired_object_once_and_leaves_others_alone(desired, current):
    plan = make_plan(desired, current)

    names = [change.name for change in plan] + list(plan.unchanged)
    assert sorted(names) == sorted(desired)
    after = carry_out(plan, current)
    assert {name: after[name] for name in current if name not in desired} == {
        name: fields for name, fields in current.items() if name not in desired
    }


@given(DESIRED, CURRENT)
def test_changed_and_diff_agree(desired, current):
    plan = make_plan(desired, current)
    diff = plan.diff()

    assert plan.changed == (diff != {"before": {}, "after": {}})
    for change in plan.of(UPDATE):
        assert diff["before"][change.name] != diff["after"][change.name]
        assert diff["before"][change.name].keys() == diff["after"][change.name].keys()


@given(CURRENT)
def test_what_is_as_desired_makes_an_empty_plan(current):
    assert make_plan(current, current) == Plan((), tuple(current))


def test_each_kind_of_change_in_the_order_of_the_desired_objects():
    plan = make_plan(
        {
            "new": {"role": "user"},
            "same": {"role": "user"},
            "other": {"role": "admin", "age": 1},
            "gone": None,
            "never": None,
        },
        {"same": {"role": "user", "age": 3}, "other": {"role": "user", "age": 1, "size": 2}, "gone": {"role": "user"}},
    )

    assert plan.changes == (
        Change("new", CREATE, None, {"role": "user"}),
        Change("other", UPDATE, {"role": "user"}, {"role": "admin"}),
        Change("gone", DELETE, {"role": "user"}, None),
    )
    assert plan.unchanged == ("same", "never")
    assert plan.names(CREATE) == ["new"]
    assert plan.diff() == {
        "before": {"other": {"role": "user"}, "gone": {"role": "user"}},
        "after": {"new": {"role": "user"}, "other": {"role": "admin"}},
    }


def test_a_field_that_is_not_there_yet_was_none():
    plan = make_plan({"a": {"size": 1}}, {"a": {}})

    assert plan.diff() == {"before": {"a": {"size": None}}, "after": {"a": {"size": 1}}}


def test_plans_add_up():
    first = make_plan({"a": {"x": 1}, "b": {"x": 1}}, {"b": {"x": 1}})
    second = make_plan({"c": None}, {"c": {"x": 1}})

    both = first + second

    assert [change.name for change in both] == ["a", "c"]
    assert both.unchanged == ("b",)
    assert (Plan() + Plan()).changed is False


def test_a_changed_secret_is_seen_to_change_and_not_shown():
    plan = make_plan({"a": {"password": Secret("after-value")}}, {"a": {"password": Secret("before-value")}})

    assert plan.diff() == {"before": {"a": {"password": HIDDEN}}, "after": {"a": {"password": f"{HIDDEN} (changed)"}}}


def test_a_new_secret_is_not_shown():
    assert make_plan({"a": {"password": Secret("value")}}, {}).diff()["after"] == {"a": {"password": HIDDEN}}


@given(
    st.recursive(
        st.just(Secret("planted-secret")) | st.integers(), lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner)
    )
)
def test_no_secret_is_shown_at_any_depth(value):
    plan = make_plan({"a": {"field": value}, "b": {"field": [value]}}, {"b": {"field": [Secret("planted-secret-2")]}})

    assert "planted" not in json.dumps(shown(value)) + json.dumps(plan.diff()) + repr(plan)


def test_only_the_nested_secret_that_changes_is_marked():
    before = {"a": {"env": {"KEPT": Secret("one"), "NEW": Secret("two")}, "keys": [Secret("x")]}}
    after = {"a": {"env": {"KEPT": Secret("one"), "NEW": Secret("three")}, "keys": [Secret("x"), Secret("y")]}}

    assert make_plan(after, before).diff()["after"] == {
        "a": {"env": {"KEPT": HIDDEN, "NEW": f"{HIDDEN} (changed)"}, "keys": [HIDDEN, HIDDEN]}
    }
