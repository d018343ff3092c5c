# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._entities.names import Names
from ansible_collections.convosphere.platform.plugins.module_utils._entities.values import ValueProblem

USERS = Names([("1", "ada", "ada@x.example"), ("2", "bob", None)], noun="user")
TWINS = Names([("1", "ada", "Ada@x"), ("2", "eve", "ADA@X"), ("3", "bob", "ada@y")], noun="user")
GROUPS = Names([("1", "a"), ("2", "twins"), ("3", "twins")], ["planned"], "group")


def test_a_row_is_found_by_its_name_another_text_or_its_id():
    assert USERS.find("ada") == "ada"
    assert USERS.find("Ada@X.example") == "ada"
    assert GROUPS.find("2") == "2"
    assert GROUPS.find("1") == "a"
    assert GROUPS.ids == {"a": "1", "2": "2", "3": "3"}


def test_a_text_that_is_exact_counts_before_one_in_another_case():
    assert TWINS.find("ADA@X") == "eve"
    assert TWINS.find("Ada@x") == "ada"
    assert TWINS.find("ADA@y") == "bob"


def test_a_planned_name_counts_as_existing_and_a_new_one_has_its_id():
    new = Names([], noun="group")
    new.add_planned({"kid": "9", None: "8"})

    assert GROUPS.find("planned") == "planned"
    assert (new.find("kid"), new.ids) == ("kid", {"kid": "9"})


@pytest.mark.parametrize(
    ("names", "text", "problem"),
    [
        (USERS, "cy", "there is no user 'cy'"),
        (USERS, "cy@x.example", "there is no user cy@x.example"),
        (TWINS, "ada@x", "ada@x belongs to several users: give the name of one, ada, eve"),
        (GROUPS, "twins", "'twins' is the name of several groups: give the id of one, 2, 3"),
    ],
)
def test_an_unknown_or_ambiguous_name_is_refused(names, text, problem):
    with pytest.raises(ValueProblem, match=problem):
        names.find(text)
