# Copyright: (c) 2026, ConvoSphere Platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.convosphere.platform.plugins.module_utils._content.knowledge_settings import KNOWLEDGE_SETTINGS
from ansible_collections.convosphere.platform.plugins.module_utils._entities import entity_plan
from ansible_collections.convosphere.platform.plugins.module_utils._entities.desired import Desired
from ansible_collections.convosphere.platform.plugins.module_utils._entities.list_problems import Problems


@pytest.mark.parametrize(
    ("given", "row", "refused"),
    [
        ({"chunk_size": 400, "chunk_overlap": 400}, {}, "chunk_overlap is 400"),
        ({"chunk_overlap": 500}, {"1": {"chunk_size": 300, "chunk_overlap": 0}}, "chunk_size, which is 300"),
        ({"chunk_size": 100}, {"1": {"chunk_size": 300, "chunk_overlap": 200}}, "chunk_overlap is 200"),
        ({"chunk_overlap": 500}, {}, "chunk_size, which is 500"),  # the default of a new row
        ({"chunk_size": 300}, {"1": {"chunk_size": 100, "chunk_overlap": 200}}, ""),
        ({"batch_size": 5}, {"1": {"chunk_size": 100, "chunk_overlap": 200}}, ""),  # somewhere else
    ],
)
def test_chunks_overlap_by_less_than_their_size_also_with_what_the_row_has(
    given: dict[str, Any], row: dict[str, Any], refused: str
) -> None:
    problems = Problems()
    entity_plan.refuse_values(KNOWLEDGE_SETTINGS, [Desired("it", given, row="1")], row, problems)
    assert [refused in problem for problem in problems] == ([True] if refused else [])
