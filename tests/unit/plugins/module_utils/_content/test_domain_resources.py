# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content.domain_resources import Resources
from ansible_collections.convosphere.platform.plugins.module_utils._entities.values import ValueProblem


def test_a_resource_has_an_access_level_and_labels_in_lower_case():
    given = [{"type": "Assistant", "name": "Support"}, {"type": "tool", "name": "x", "access_level": "ADMIN"}]

    assert Resources().normalise("resources", given) == [
        {"type": "assistant", "name": "Support", "access_level": "read_write"},
        {"type": "tool", "name": "x", "access_level": "admin"},
    ]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("x", "must be a list of resources, each with type and name"),
        (["x"], r"\[0\] must be a dictionary of type, name and access_level"),
        ([{"type": "tool"}], r"\[0\] lacks name"),
        ([{"type": "tool", "name": "x"}, {}], r"\[1\] lacks type and name"),
        ([{"type": "tool", "name": 7}], "must be a text, not the number 7"),
        ([{"type": "car", "name": "x"}], r"\[0\] type 'car' is not one of assistant, tool, document, "),
        ([{"type": "tool", "name": "x", "access_level": "king"}], r"\[0\] access_level 'king' is not one of read_only"),
        ([{"type": "tool", "name": "x", "id": 1}], r"\[0\] has no option id: allowed are type, name, access_level"),
    ],
)
def test_a_resource_that_is_not_valid_is_named(given, problem):
    with pytest.raises(ValueProblem, match=problem):
        Resources().normalise("resources", given)
