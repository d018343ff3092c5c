# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What check mode finds of other tables. The query itself is covered by tests/integration/test_convosphere_tool.py."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._entities import references
from ansible_collections.convosphere.platform.plugins.module_utils._entities.entity import Reference
from ansible_collections.convosphere.platform.plugins.module_utils._entities.names import Names
from ansible_collections.convosphere.platform.plugins.module_utils._entities.values import ValueProblem

OLD, GONE, NEW = (f"0b7c8e1e-6f53-5b7c-a1b0-0d6f0f6a7c1{number}" for number in range(3))


class Tables:
    """A database with two rows."""

    def fetch(self, _statement: str, asked: dict[str, Any]) -> list[tuple[str, str]]:
        self.asked = asked
        return [(OLD, "former"), (GONE, "gone")]


def found(planned: dict[str, Any], *, unique: bool = True) -> Names:
    reference = Reference("tools", "function_name", "", unique=unique)
    return references.of(Tables(), reference, ["x"], [], planned)  # type: ignore[arg-type]


def test_a_planned_row_has_its_new_name_alone_and_a_removed_one_none():
    names = found({"tools": {OLD: "new", NEW: "created"}, "removed": [GONE]})

    assert [names.find(text) for text in ("new", "created", OLD)] == ["new", "created", "new"]
    assert names.labels[OLD] == "new"
    for text in ("former", "gone"):
        with pytest.raises(ValueProblem, match=f"there is no tool '{text}'"):
            names.find(text)


def test_a_planned_name_that_another_row_has_is_ambiguous():
    with pytest.raises(ValueProblem, match="'gone' is the name of several tools"):
        found({"tools": {NEW: "gone"}}, unique=False).find("gone")


def test_planned_names_without_ids_exist():
    assert found({"tools": ["later"]}).find("later") == "later"
    assert found({}).find("former") == "former"
