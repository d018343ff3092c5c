# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_plan
from ansible_collections.convosphere.platform.plugins.module_utils._entities.desired import Desired
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity_plan import Index
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems
from ansible_collections.convosphere.platform.plugins.module_utils._users.group import GROUP

INDEX = Index(GROUP, {"1": {"name": "a"}, "2": {"name": "twins"}, "3": {"name": "twins"}})


def test_a_group_is_identified_by_its_name_or_id():
    problems = Problems()
    names = [Desired(name, {"name": name}) for name in ("a", "new", "twins")]
    ids = [Desired(identifier, id=identifier) for identifier in ("2", "9")]
    entity_plan.identify(GROUP, [*names, *ids], INDEX, problems)

    assert [one.row for one in (names[0], ids[0])] == ["1", "2"]
    assert not names[1].exists
    assert list(problems) == [
        "twins: there are several groups with this key: give the id of one, 2, 3",
        "twins and 2 are the same group in the list",
        "9: there is no group with the id 9",
    ]


def test_a_group_may_get_the_name_of_another_one():
    problems = Problems()
    renamed = Desired("a", {"name": "a"}, id="2")
    entity_plan.identify(GROUP, [renamed], INDEX, problems)
    entity_plan.refuse_taken_keys(GROUP, [renamed], INDEX, problems)

    assert list(problems) == []


def test_an_id_without_a_group_names_an_absent_one():
    gone = Desired("9", options={"state": "absent"}, id="9")
    entity_plan.identify(GROUP, [gone], INDEX, Problems())

    assert entity_plan.title_of(GROUP, gone, INDEX) == "9"


def test_a_system_group_and_one_that_is_used_are_not_deleted():
    refuse = GROUP.departure.refuse

    assert refuse({"is_system": True}, {}, {"assistants": 2}) == "a system group cannot be deleted"
    assert refuse({"is_system": False}, {}, {"assistants": 2}) == "is still used by 2 assistants"
    assert refuse({"is_system": False}, {}, {}) == ""
